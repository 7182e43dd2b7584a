package chat

import (
	"context"

	"parley/internal/core"
	"parley/internal/store"
)

// userKey names a user to those who write its maps.
type userKey struct {
	id            int64
	sid, identity string
}

func (u *User) key() userKey { return userKey{u.ID, u.SID, u.Identity} }

// nextChannelEvent takes the next event number of a user's channel map, and with it the lock of the map.
func nextChannelEvent(tx *store.Tx, userID int64) (ev int64, err error) {
	err = tx.One("UPDATE user_seq SET channels = channels + 1 WHERE user_id = $1 RETURNING channels", []any{userID}, &ev)
	return ev, or(err, core.CodeUserNotFound)
}

// setUserChannel writes the status of a channel in a user's map: joined, invited or gone. An item that was gone begins anew.
func (c *Chat) setUserChannel(tx *store.Tx, ch *Channel, u userKey, status string, consumed *int64) error {
	ev, err := nextChannelEvent(tx, u.id)
	if err != nil {
		return err
	}
	item := &UserChannel{UserID: u.id, ChannelID: ch.ID, ChannelSID: ch.SID, Status: status, LastEv: ev}
	err = tx.One(`INSERT INTO user_channel (user_id, channel_id, channel_sid, status, notification_level, created_ev, last_ev)
		VALUES ($1, $2, $3, $4, 'default', $5, $5)
		ON CONFLICT (user_id, channel_id) DO UPDATE SET status = excluded.status, last_ev = excluded.last_ev,
			created_ev = CASE WHEN user_channel.status = 'gone' THEN excluded.created_ev ELSE user_channel.created_ev END,
			notification_level = CASE WHEN user_channel.status = 'gone' THEN 'default' ELSE user_channel.notification_level END
		RETURNING notification_level, created_ev`,
		[]any{u.id, ch.ID, ch.SID, status, ev}, &item.NotificationLevel, &item.CreatedEv)
	if err != nil {
		return err
	}
	tx.Emit(UserChannelChanged{Channel: ch, UserSID: u.sid, Identity: u.identity, Item: item, ConsumedIndex: consumed})
	return nil
}

// touchUserChannel makes an event of a joined item because the member's horizon changed, or its level (if not "").
func (c *Chat) touchUserChannel(tx *store.Tx, ch *Channel, u userKey, level string, consumed *int64) error {
	ev, err := nextChannelEvent(tx, u.id)
	if err != nil {
		return err
	}
	item := &UserChannel{UserID: u.id, ChannelID: ch.ID, ChannelSID: ch.SID, LastEv: ev}
	err = tx.One(`UPDATE user_channel SET last_ev = $3, notification_level = CASE WHEN $4 = '' THEN notification_level ELSE $4 END
		WHERE user_id = $1 AND channel_id = $2 RETURNING status, notification_level, created_ev`,
		[]any{u.id, ch.ID, ev, level}, &item.Status, &item.NotificationLevel, &item.CreatedEv)
	if err != nil {
		return or(err, core.CodeNotMember)
	}
	tx.Emit(UserChannelChanged{Channel: ch, UserSID: u.sid, Identity: u.identity, Item: item, ConsumedIndex: consumed})
	return nil
}

// mayReadOf refuses SDK users the channels of others.
func mayReadOf(a *Actor, u *User) error {
	if a.server() || a.Identity == u.Identity {
		return nil
	}
	return core.E(core.CodeNotAuthorized)
}

// UserChannels lists the channels that a user joined or is invited to, by channel SID.
func (c *Chat) UserChannels(ctx context.Context, a Actor, userRef string, p Page) (out List[*Standing], err error) {
	size, err := p.size()
	if err != nil {
		return out, err
	}
	from := ""
	if p.Token != "" {
		if len(p.Token) < 2 || p.Token[:2] != "PT" || !core.IsSID("CH", p.Token[2:]) {
			return out, core.Ef(core.CodeInvalidParameter, "PageToken is not one of this list")
		}
		from = p.Token[2:]
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		u, err := c.FindUserTx(r, a.Service, userRef)
		if err != nil {
			return err
		}
		if err := mayReadOf(&a, u); err != nil {
			return err
		}
		rooms, err := readRooms(r, `JOIN user_channel i ON i.channel_id = c.id WHERE i.user_id = $1 AND i.status <> 'gone' AND i.channel_sid > $2
			ORDER BY i.channel_sid LIMIT $3`, []any{u.ID, from, size + 1})
		if err != nil {
			return err
		}
		if len(rooms) > size {
			rooms = rooms[:size]
			out.Next = "PT" + rooms[size-1].Channel.SID // the order is the SID's, so the token needs no row
		}
		out.Items, err = c.standings(r, u, rooms)
		return err
	})
	return out, err
}

// UserChannel reads one channel of a user; 50300 if the user neither joined nor is invited.
func (c *Chat) UserChannel(ctx context.Context, a Actor, userRef, ref string) (out *Standing, err error) {
	err = c.st.View(ctx, func(r *store.Reader) error {
		u, err := c.FindUserTx(r, a.Service, userRef)
		if err != nil {
			return err
		}
		if err := mayReadOf(&a, u); err != nil {
			return err
		}
		out, err = c.standing(r, a.Service, u, ref)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (c *Chat) standing(r *store.Reader, svc *Service, u *User, ref string) (*Standing, error) {
	room, err := c.readRoom(r, svc, ref)
	if err != nil {
		return nil, err
	}
	all, err := c.standings(r, u, []*Room{room})
	if err != nil {
		return nil, err
	}
	if all[0].Status() == StatusStranger {
		return nil, core.E(core.CodeChannelNotFound)
	}
	return all[0], nil
}

// UpdateUserChannel sets a user's notification level and horizon for a channel.
func (c *Chat) UpdateUserChannel(ctx context.Context, a Actor, userRef, ref string, in UserChannelPatch) (out *Standing, err error) {
	if l := in.NotificationLevel; l != nil && *l != LevelDefault && *l != LevelMuted {
		return nil, core.Ef(core.CodeInvalidNotification, "NotificationLevel must be default or muted")
	}
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		if err := checkHorizon(in.Horizon, tx.Now()); err != nil {
			return err
		}
		u, err := c.FindUserTx(&tx.Reader, a.Service, userRef)
		if err != nil {
			return err
		}
		if err := mayReadOf(&a, u); err != nil {
			return err
		}
		room, err := c.OpenTx(tx, a.Service, ref)
		if err != nil {
			return err
		}
		m, err := c.memberOf(&tx.Reader, room.Channel, u)
		if err != nil {
			return err
		}
		if m == nil {
			return core.E(core.CodeNotMember)
		}
		if in.NotificationLevel != nil {
			if err := c.setLevel(tx, &a, room, u, m, *in.NotificationLevel); err != nil {
				return err
			}
		}
		if in.Horizon != nil {
			before := m.LastEv
			if err := c.moveHorizon(tx, room, u.key(), m, *in.Horizon); err != nil {
				return err
			}
			if m.LastEv != before {
				if err := c.fireMember(tx, eventMemberUpdated, &a, room, m); err != nil {
					return err
				}
			}
		}
		out, err = c.standing(&tx.Reader, a.Service, u, ref)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// LeaveUserChannel takes a user out of a channel, or its invite back (rest-semantics §2.7). 50400 for one who is neither.
func (c *Chat) LeaveUserChannel(ctx context.Context, a Actor, userRef, ref string) error {
	if !a.server() {
		return core.E(core.CodeNotAuthorized)
	}
	return c.st.Update(ctx, func(tx *store.Tx) error {
		u, err := c.FindUserTx(&tx.Reader, a.Service, userRef)
		if err != nil {
			return err
		}
		room, err := c.OpenTx(tx, a.Service, ref)
		if err != nil {
			return err
		}
		if _, err := userChannelTable.One(&tx.Reader, "WHERE user_id = $1 AND channel_id = $2 AND status <> $3", u.ID, room.Channel.ID, StatusGone); err != nil {
			return or(err, core.CodeNotMember)
		}
		return c.dropUser(tx, &a, room, u)
	})
}

// SetNotificationLevel sets the actor's own level for a channel.
func (c *Chat) SetNotificationLevel(ctx context.Context, a Actor, ref, level string) error {
	_, err := c.UpdateUserChannel(ctx, a, a.Identity, ref, UserChannelPatch{NotificationLevel: &level})
	return err
}

func (c *Chat) setLevel(tx *store.Tx, a *Actor, room *Room, u *User, m *Member, level string) error {
	if !a.server() {
		inside, err := c.permissions(&tx.Reader, room.Channel.ServiceID, m.RoleSID)
		if err != nil {
			return err
		}
		if !Allowed(EditNotificationLevelPermission, 0, inside, true) {
			return core.E(core.CodeNotAuthorized)
		}
	}
	return c.touchUserChannel(tx, room.Channel, u.key(), level, m.ConsumedIndex)
}

// standings reads where a user stands to many channels, with a constant number of reads.
func (c *Chat) standings(r *store.Reader, u *User, rooms []*Room) ([]*Standing, error) {
	if len(rooms) == 0 {
		return nil, nil
	}
	out := make([]*Standing, len(rooms))
	at := make(map[int64]*Standing, len(rooms))
	ids := make([]int64, len(rooms))
	for i, room := range rooms {
		out[i] = &Standing{Room: *room}
		at[room.Channel.ID], ids[i] = out[i], room.Channel.ID
	}
	cond, args := inIDs([]any{u.ID}, ids)
	items, err := userChannelTable.All(r, "WHERE user_id = $1 AND channel_id IN "+cond, args...)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		at[item.ChannelID].Item = item
	}
	members, err := memberTable.All(r, "WHERE user_id = $1 AND channel_id IN "+cond+" AND NOT removed", args...)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		s := at[m.ChannelID]
		m.ChannelSID, m.UserSID = s.Channel.SID, u.SID
		s.Member = m
	}
	return out, countUnread(r, out)
}

// countUnread fills in how many messages after its horizon each standing has: all indexes after it, but for those whose message
// was removed.
func countUnread(r *store.Reader, all []*Standing) error {
	var pairs [][]int64
	at := make(map[int64]*Standing)
	for _, s := range all {
		if h := s.Horizon(); h != nil {
			n := max(s.Seq.NextIndex-1-*h, 0)
			s.Unread = &n
			if s.Seq.Removed > 0 && n > 0 {
				at[s.Channel.ID] = s
				pairs = append(pairs, []int64{s.Channel.ID, *h})
			}
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	with, args := values("p(channel_id, horizon)", pairs)
	return r.Query(with+`SELECT p.channel_id, count(*) FROM p CROSS JOIN message_edit e
		WHERE e.channel_id = p.channel_id AND e.removed AND e.idx > p.horizon GROUP BY p.channel_id`, args, func(scan func(...any) error) error {
		var id, removed int64
		err := scan(&id, &removed)
		*at[id].Unread -= removed
		return err
	})
}
