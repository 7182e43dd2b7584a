package chat

import (
	"context"

	"parley/internal/core"
	"parley/internal/store"
)

// CreateChannel makes a channel (rest-semantics §2.7). Its creator does not become a member by it.
func (c *Chat) CreateChannel(ctx context.Context, a Actor, in NewChannel) (room *Room, err error) {
	if c.asks(&a, preChannelAdd) {
		if in, err = c.askChannelAdd(ctx, &a, in); err != nil {
			return nil, err
		}
	}
	err = c.st.Update(ctx, func(tx *store.Tx) (err error) {
		if err := c.mayCreateChannel(&tx.Reader, &a); err != nil {
			return err
		}
		room, err = c.CreateChannelTx(tx, a, in)
		return err
	})
	return room, err
}

func (c *Chat) mayCreateChannel(r *store.Reader, a *Actor) error {
	if a.server() {
		return nil
	}
	_, service, err := c.actor(r, a)
	if err == nil && !Allowed(CreateChannelPermission, service, 0, false) {
		err = core.E(core.CodeNotAuthorized)
	}
	return err
}

// CreateChannelTx is CreateChannel inside a transaction, without a question of permission. The room it returns is open.
func (c *Chat) CreateChannelTx(tx *store.Tx, a Actor, in NewChannel) (*Room, error) {
	ch := &Channel{ID: tx.NextID(), SID: in.SID, ServiceID: a.Service.ID, Type: in.Type, CreatedBy: in.CreatedBy,
		CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	if ch.SID == "" {
		ch.SID = core.NewSID("CH")
	}
	var err error
	if ch.FriendlyName, err = checkName(in.FriendlyName); err != nil {
		return nil, err
	}
	if ch.UniqueName, err = checkUniqueName(in.UniqueName); err != nil {
		return nil, err
	}
	if ch.Attributes, err = core.CheckAttributes(in.Attributes, core.MaxChannelAttributes); err != nil {
		return nil, err
	}
	switch ch.Type {
	case "":
		ch.Type = TypePublic
	case TypePublic, TypePrivate:
	default:
		return nil, core.Ef(core.CodeInvalidParameter, "Type must be public or private")
	}
	if ch.CreatedBy == "" || !a.server() {
		ch.CreatedBy = a.name()
	} else if err := checkCreator(ch.CreatedBy); err != nil {
		return nil, err
	}
	if err := checkDates(&a, tx.Now(), in.CreatedAt, in.UpdatedAt, &ch.CreatedAt, &ch.UpdatedAt); err != nil {
		return nil, err
	}
	room := &Room{ch, Seq{ChannelID: ch.ID, LastIndex: -1}}
	if err := or(channelTable.Insert(tx, ch), core.CodeUniqueNameExists); err != nil {
		return nil, err
	}
	if err := seqTable.Append(tx, &room.Seq); err != nil {
		return nil, err
	}
	tx.Emit(ChannelChanged{ch, room.Seq})
	return room, c.fireChannel(tx, eventChannelAdded, &a, room)
}

func checkCreator(s string) error {
	if len(s) > core.MaxIdentity {
		return core.Ef(core.CodeInvalidParameter, "CreatedBy has %d bytes; at most %d are allowed", len(s), core.MaxIdentity)
	}
	return checkText("CreatedBy", s)
}

// FetchChannel reads a channel that the actor can see, with where it stands.
func (c *Chat) FetchChannel(ctx context.Context, a Actor, ref string) (out *Standing, err error) {
	err = c.st.View(ctx, func(r *store.Reader) error {
		room, err := c.readRoom(r, a.Service, ref)
		if err != nil {
			return err
		}
		if a.server() {
			out = &Standing{Room: *room}
			return nil
		}
		u, _, err := c.actor(r, &a)
		if err != nil {
			return err
		}
		all, err := c.standings(r, u, []*Room{room})
		if err != nil {
			return err
		}
		out = all[0]
		if by := (&access{a: &a, channel: out.Channel, item: out.Item}); !by.sees() {
			return core.E(core.CodeChannelNotFound)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListChannels lists a service's channels, of every type or of the types given.
func (c *Chat) ListChannels(ctx context.Context, svc *Service, types []string, p Page) (out List[*Room], err error) {
	for _, t := range types {
		if t != TypePublic && t != TypePrivate {
			return out, core.Ef(core.CodeInvalidParameter, "Type must be public or private")
		}
	}
	size, after, err := c.keys("CH", p)
	if err != nil {
		return out, err
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		out, err = c.pageOfRooms(r, svc, types, after, size)
		return err
	})
	return out, err
}

// PublicChannels lists the public channels of a service with where the actor stands to them.
func (c *Chat) PublicChannels(ctx context.Context, a Actor, p Page) (out List[*Standing], err error) {
	size, after, err := c.keys("CH", p)
	if err != nil {
		return out, err
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		u, _, err := c.actor(r, &a)
		if err != nil {
			return err
		}
		rooms, err := c.pageOfRooms(r, a.Service, []string{TypePublic}, after, size)
		if err != nil {
			return err
		}
		out.Next = rooms.Next
		out.Items, err = c.standings(r, u, rooms.Items)
		return err
	})
	return out, err
}

func (c *Chat) pageOfRooms(r *store.Reader, svc *Service, types []string, after int64, size int) (out List[*Room], err error) {
	args := []any{svc.ID, after, size + 1}
	tail := "WHERE c.service_id = $1 AND c.id > $2"
	if len(types) > 0 {
		var cond string
		cond, args = store.In(args, types)
		tail += " AND c.type IN " + cond
	}
	rooms, err := readRooms(r, tail+" ORDER BY c.id LIMIT $3", args)
	return pageOf(c, "CH", rooms, size, func(room *Room) int64 { return room.Channel.ID }), err
}

// readRooms reads channels with their counters; tail speaks of channel c and channel_seq s.
func readRooms(r *store.Reader, tail string, args []any) (rooms []*Room, err error) {
	err = r.Query("SELECT "+channelTable.Columns("c")+", "+seqTable.Columns("s")+" FROM channel c JOIN channel_seq s ON s.channel_id = c.id "+tail,
		args, func(scan func(...any) error) error {
			room := &Room{}
			room.Channel, err = channelTable.Scan(scan, scanSeq(&room.Seq)...)
			rooms = append(rooms, room)
			return err
		})
	return rooms, err
}

// UpdateChannel changes a channel.
func (c *Chat) UpdateChannel(ctx context.Context, a Actor, ref string, in ChannelPatch) (out *Room, err error) {
	next := in
	if c.asks(&a, preChannelUpdate) {
		if next, err = c.askChannelUpdate(ctx, &a, ref, in); err != nil {
			return nil, err
		}
	}
	err = c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) error {
		out = room
		if err := by.mayEditChannel(in); err != nil {
			return err
		}
		return c.UpdateChannelTx(tx, a, room, next)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (by *access) mayEditChannel(in ChannelPatch) error {
	if in.FriendlyName != nil || in.UniqueName != nil {
		if err := by.may(EditChannelNamePermission, false); err != nil {
			return err
		}
	}
	if in.Attributes != nil {
		if err := by.may(EditChannelAttributesPermission, false); err != nil {
			return err
		}
	}
	if !by.sees() {
		return core.E(core.CodeChannelNotFound)
	}
	return nil
}

// UpdateChannelTx is UpdateChannel on an open room, without a question of permission. What changes nothing makes no event.
func (c *Chat) UpdateChannelTx(tx *store.Tx, a Actor, room *Room, in ChannelPatch) (err error) {
	was := *room.Channel
	ch := was
	if in.FriendlyName != nil {
		if ch.FriendlyName, err = checkName(in.FriendlyName); err != nil {
			return err
		}
	}
	if in.UniqueName != nil {
		if ch.UniqueName, err = checkUniqueName(in.UniqueName); err != nil {
			return err
		}
	}
	if in.Attributes != nil {
		if ch.Attributes, err = core.CheckAttributes(*in.Attributes, core.MaxChannelAttributes); err != nil {
			return err
		}
	}
	if in.CreatedBy != nil && a.server() {
		if err := checkCreator(*in.CreatedBy); err != nil {
			return err
		}
		ch.CreatedBy = *in.CreatedBy
	}
	if same(ch.FriendlyName, was.FriendlyName) && same(ch.UniqueName, was.UniqueName) && ch.Attributes == was.Attributes &&
		ch.CreatedBy == was.CreatedBy && in.CreatedAt == nil && in.UpdatedAt == nil {
		return nil
	}
	if err := checkEditDates(&a, tx.Now(), in.CreatedAt, in.UpdatedAt, &ch.CreatedAt, &ch.UpdatedAt); err != nil {
		return err
	}
	if err := or(channelTable.Update(tx, &ch), core.CodeUniqueNameExists); err != nil {
		return err
	}
	room.Channel = &ch
	room.Seq.Doc++
	tx.Emit(ChannelChanged{room.Channel, room.Seq})
	if err := room.save(tx); err != nil {
		return err
	}
	return c.fireChannel(tx, eventChannelUpdated, &a, room)
}

// DeleteChannel removes a channel with its members, messages, invites and webhooks.
func (c *Chat) DeleteChannel(ctx context.Context, a Actor, ref string) error {
	if c.asks(&a, preChannelDestroy) {
		if err := c.askChannelDestroy(ctx, &a, ref); err != nil {
			return err
		}
	}
	return c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) error {
		if err := by.may(DestroyChannelPermission, false); err != nil {
			return err
		}
		return c.DeleteChannelTx(tx, a, room)
	})
}

// DeleteChannelTx is DeleteChannel on an open room, without a question of permission. The users' channel maps keep tombstones.
func (c *Chat) DeleteChannelTx(tx *store.Tx, a Actor, room *Room) error {
	ch := room.Channel
	hooks, err := c.hooksFor(tx, &a, room)
	if err != nil {
		return err
	}
	if err := c.dropAllUsers(tx, ch); err != nil {
		return err
	}
	if err := tx.Defer("UPDATE media SET message_id = $2 WHERE channel_id = $1", ch.ID, mediaDropped); err != nil {
		return err
	}
	for _, table := range []string{"message", "message_edit", "member", "invite", "channel_webhook", "channel_seq"} {
		if err := tx.Defer("DELETE FROM "+table+" WHERE channel_id = $1", ch.ID); err != nil {
			return err
		}
	}
	c.roomGone(tx, room)
	if err := or(channelTable.Delete(tx, ch), core.CodeChannelNotFound); err != nil {
		return err
	}
	return c.fireChannelDestroyed(tx, &a, room, hooks)
}

// roomGone says that a channel is deleted.
func (c *Chat) roomGone(tx *store.Tx, room *Room) {
	tx.Emit(ChannelDeleted{room.Channel, room.Seq})
	tx.AfterCommit(func() { c.rooms.forget(room.Channel.SID) })
}

// dropAllUsers takes a channel off the maps of all who joined or were invited, with a constant number of statements for
// each block of users.
func (c *Chat) dropAllUsers(tx *store.Tx, ch *Channel) error {
	const block = 500
	users, ids := map[int64]userKey{}, []int64{}
	err := tx.Query(`SELECT id, sid, identity FROM chat_user WHERE id IN (SELECT user_id FROM member WHERE channel_id = $1 AND NOT removed
		UNION SELECT user_id FROM invite WHERE channel_id = $1) ORDER BY id`, []any{ch.ID}, func(scan func(...any) error) error {
		var u userKey
		err := scan(&u.id, &u.sid, &u.identity)
		users[u.id], ids = u, append(ids, u.id)
		return err
	})
	if err != nil {
		return err
	}
	for len(ids) > 0 {
		part := ids[:min(block, len(ids))]
		ids = ids[len(part):]
		cond, args := store.In(nil, part)
		if err := tx.Defer("UPDATE user_seq SET channels = channels + 1 WHERE user_id IN "+cond, args...); err != nil {
			return err
		}
		cond, args = store.In([]any{ch.ID}, part)
		err := tx.Query(`UPDATE user_channel SET status = 'gone', last_ev = (SELECT s.channels FROM user_seq s WHERE s.user_id = user_channel.user_id)
			WHERE channel_id = $1 AND user_id IN `+cond+` RETURNING user_id, notification_level, created_ev, last_ev`,
			args, func(scan func(...any) error) error {
				item := &UserChannel{ChannelID: ch.ID, ChannelSID: ch.SID, Status: StatusGone}
				err := scan(&item.UserID, &item.NotificationLevel, &item.CreatedEv, &item.LastEv)
				u := users[item.UserID]
				tx.Emit(UserChannelChanged{Channel: ch, UserSID: u.sid, Identity: u.identity, Item: item})
				return err
			})
		if err != nil {
			return err
		}
	}
	return nil
}
