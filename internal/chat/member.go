package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// AddMember adds an identity to a channel, or lets the actor join where it is its own. A public channel is joined by whoever
// may join channels, a private one by invite (rest-semantics §2.7). Joining deletes the invite.
func (c *Chat) AddMember(ctx context.Context, a Actor, ref string, in NewMember) (m *Member, err error) {
	next := in
	if c.asks(&a, preMemberAdd) {
		if next, err = c.askMemberAdd(ctx, &a, ref, in); err != nil {
			return nil, err
		}
	}
	err = c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) (err error) {
		if err := by.mayAdd(in); err != nil {
			return err
		}
		m, err = c.AddMemberTx(tx, a, room, next)
		return err
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (by *access) mayAdd(in NewMember) error {
	switch {
	case by.a.server():
		return nil
	case in.RoleSID != "":
		return core.E(core.CodeNotAuthorized)
	case by.owns(in.Identity) && (by.founds() || by.item != nil && by.item.Status != StatusGone):
		return nil // the creator, or invited; a member is told so
	case by.owns(in.Identity) && by.channel.Type == TypePublic && by.may(JoinChannelPermission, false) == nil:
		return nil
	}
	return by.may(AddMemberPermission, false)
}

// AddMemberTx is AddMember on an open room, without a question of permission.
func (c *Chat) AddMemberTx(tx *store.Tx, a Actor, room *Room, in NewMember) (*Member, error) {
	attributes, err := core.CheckAttributes(in.Attributes, core.MaxAttributes)
	if err != nil {
		return nil, err
	}
	if err := checkHorizon(in.Horizon, tx.Now()); err != nil {
		return nil, err
	}
	u, fresh, err := c.EnsureUserTx(tx, a.Service, NewUser{Identity: in.Identity})
	if err != nil {
		return nil, err
	}
	m := &Member{ChannelSID: room.Channel.SID, UserSID: u.SID, ID: tx.NextID(), ChannelID: room.Channel.ID, UserID: u.ID,
		Identity: u.Identity, Attributes: attributes, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	if err := checkDates(&a, tx.Now(), in.CreatedAt, in.UpdatedAt, &m.CreatedAt, &m.UpdatedAt); err != nil {
		return nil, err
	}
	fallback, err := c.roleOnEntry(tx, a.Service, room.Channel, u, fresh)
	if err != nil {
		return nil, err
	}
	if m.RoleSID, err = c.checkRole(&tx.Reader, a.Service, in.RoleSID, RoleChannel, fallback, core.CodeChannelRoleNotFound); err != nil {
		return nil, err
	}
	if room.Seq.Members >= a.Service.MaxMembers {
		return nil, core.Ef(core.CodeMemberLimit, "The channel has %d members; its service allows %d", room.Seq.Members, a.Service.MaxMembers)
	}
	if h := in.Horizon; h != nil && h.Index != nil {
		m.ConsumedIndex, m.ConsumedAt = h.Index, h.at(tx.Now())
	}
	room.Seq.Roster++
	room.Seq.Members++
	m.CreatedEv, m.LastEv = room.Seq.RosterEvent(), room.Seq.RosterEvent()
	if err := memberTable.Append(tx, m); err != nil {
		return nil, err
	}
	if err := room.save(tx); err != nil {
		return nil, err
	}
	tx.Emit(MemberChanged{Channel: room.Channel, Member: m, UserSID: u.SID})
	if err := c.setUserChannel(tx, room.Channel, u.key(), StatusJoined, m.ConsumedIndex); err != nil {
		return nil, err
	}
	if err := c.notifyOther(tx, &a, pushAdded, room.Channel, u.key()); err != nil {
		return nil, err
	}
	if fresh {
		err = c.fireUser(tx, eventUserAdded, &a, u)
	} else {
		err = checkChannelLimit(tx, a.Service, u)
	}
	if err != nil {
		return nil, err
	}
	return m, c.fireMember(tx, eventMemberAdded, &a, room, m)
}

// roleOnEntry is the role of a member that is given none: that of its invite, which goes, or the service's default; a channel's
// creator gets the creator's. 50404 for one who is a member.
func (c *Chat) roleOnEntry(tx *store.Tx, svc *Service, ch *Channel, u *User, fresh bool) (string, error) {
	role := svc.DefaultChannelRole
	if u.Identity == ch.CreatedBy {
		role = svc.DefaultCreatorRole
	}
	if fresh {
		return role, nil
	}
	item, err := userChannelTable.One(&tx.Reader, "WHERE user_id = $1 AND channel_id = $2", u.ID, ch.ID)
	if errors.Is(err, store.ErrNoRow) || err == nil && item.Status == StatusGone {
		return role, nil
	}
	if err != nil {
		return "", err
	}
	if item.Status == StatusJoined {
		return "", core.E(core.CodeMemberExists)
	}
	invite, err := inviteTable.One(&tx.Reader, "WHERE channel_id = $1 AND user_id = $2", ch.ID, u.ID)
	if err != nil {
		return "", err
	}
	if u.Identity != ch.CreatedBy {
		role = invite.RoleSID
	}
	return role, tx.Defer("DELETE FROM invite WHERE id = $1", invite.ID)
}

// checkChannelLimit counts a user's channels, while the transaction holds the lock of the user's map (50208).
func checkChannelLimit(tx *store.Tx, svc *Service, u *User) error {
	var n int64
	err := tx.One("SELECT count(*) FROM user_channel WHERE user_id = $1 AND status <> 'gone' AND status = 'joined'", []any{u.ID}, &n)
	if err == nil && n > svc.MaxChannels {
		err = core.Ef(core.CodeUserChannelLimit, "The user is in %d channels; the service allows %d", n-1, svc.MaxChannels)
	}
	return err
}

func (h *Horizon) at(now int64) *int64 {
	if h.At != nil {
		return h.At
	}
	return &now
}

// memberOf reads a user's membership; nil if there is none.
func (c *Chat) memberOf(r *store.Reader, ch *Channel, u *User) (*Member, error) {
	m, err := memberTable.One(r, "WHERE channel_id = $1 AND user_id = $2 AND NOT removed", ch.ID, u.ID)
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m.ChannelSID, m.UserSID = ch.SID, u.SID
	return m, nil
}

// findMember reads a member by SID or identity; 50402 when there is none.
func (c *Chat) findMember(r *store.Reader, ch *Channel, ref string) (m *Member, err error) {
	tail, arg := "m.identity = $2", any(ref)
	if id, ok := c.codec.Decode("MB", core.SIDMember, ref); ok {
		tail, arg = "m.id = $2", id
	} else if !core.CleanText(ref) || len(ref) > core.MaxIdentity {
		return nil, core.E(core.CodeMemberNotFound)
	}
	rows, err := readMembers(r, "WHERE m.channel_id = $1 AND "+tail+" AND NOT m.removed", []any{ch.ID, arg})
	if err == nil && len(rows) == 0 {
		err = core.E(core.CodeMemberNotFound)
	}
	if err != nil {
		return nil, err
	}
	rows[0].ChannelSID = ch.SID
	return rows[0], nil
}

// readMembers reads members with their users' SIDs; tail speaks of member m and chat_user u. ChannelSID is for the caller.
func readMembers(r *store.Reader, tail string, args []any) (rows []*Member, err error) {
	err = r.Query("SELECT "+memberTable.Columns("m")+", u.sid FROM member m JOIN chat_user u ON u.id = m.user_id "+tail, args,
		func(scan func(...any) error) error {
			var sid string
			m, err := memberTable.Scan(scan, &sid)
			m.UserSID = sid
			rows = append(rows, m)
			return err
		})
	return rows, err
}

// FetchMember reads a member by SID or identity.
func (c *Chat) FetchMember(ctx context.Context, a Actor, ref, memberRef string) (m *Member, err error) {
	err = c.look(ctx, a, ref, func(r *store.Reader, ch *Channel, by *access) (err error) {
		if err := by.reads(); err != nil {
			return err
		}
		m, err = c.findMember(r, ch, memberRef)
		return err
	})
	return m, err
}

// ListMembers lists a channel's members in the order of their joining, of all identities or of those given.
func (c *Chat) ListMembers(ctx context.Context, a Actor, ref string, identities []string, p Page) (out List[*Member], err error) {
	size, after, err := c.keys("MB", p)
	if err != nil {
		return out, err
	}
	err = c.look(ctx, a, ref, func(r *store.Reader, ch *Channel, by *access) error {
		if err := by.reads(); err != nil {
			return err
		}
		args := []any{ch.ID, after, size + 1}
		tail := "WHERE m.channel_id = $1 AND m.id > $2 AND NOT m.removed"
		tail, args, err := filterIdentities(tail, "m.identity", args, identities)
		if err != nil {
			return err
		}
		rows, err := readMembers(r, tail+" ORDER BY m.id LIMIT $3", args)
		for _, m := range rows {
			m.ChannelSID = ch.SID
		}
		out = pageOf(c, "MB", rows, size, func(m *Member) int64 { return m.ID })
		return err
	})
	return out, err
}

// maxIdentities bounds the identities of a filter.
const maxIdentities = 1000

// filterIdentities adds the condition of a filter by identities to a query; without any it leaves nothing out.
func filterIdentities(tail, column string, args []any, identities []string) (string, []any, error) {
	if len(identities) == 0 {
		return tail, args, nil
	}
	if len(identities) > maxIdentities {
		return "", nil, core.Ef(core.CodeInvalidParameter, "Identity was given %d times; a list is filtered by at most %d", len(identities), maxIdentities)
	}
	for _, s := range identities {
		if err := checkText("Identity", s); err != nil {
			return "", nil, err
		}
	}
	cond, args := store.In(args, identities)
	return tail + " AND " + column + " IN " + cond, args, nil
}

// UpdateMember changes a member's attributes, role or horizon. SDK users may change attributes as their roles allow, and their
// own horizon.
func (c *Chat) UpdateMember(ctx context.Context, a Actor, ref, memberRef string, in MemberPatch) (m *Member, err error) {
	next := in
	if c.asks(&a, preMemberUpdate) {
		if next, err = c.askMemberUpdate(ctx, &a, ref, memberRef, in); err != nil {
			return nil, err
		}
	}
	err = c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) error {
		if !by.sees() {
			return core.E(core.CodeChannelNotFound)
		}
		if m, err = c.findMember(&tx.Reader, room.Channel, memberRef); err != nil {
			return err
		}
		if err := by.mayEditMember(m, in); err != nil {
			return err
		}
		if err := checkHorizon(in.Horizon, tx.Now()); err != nil {
			return err
		}
		before := m.LastEv
		if err := c.editMember(tx, &a, room, m, next); err != nil {
			return err
		}
		if in.Horizon != nil {
			if err := c.moveHorizon(tx, room, userKey{m.UserID, m.UserSID, m.Identity}, m, *in.Horizon); err != nil {
				return err
			}
		}
		if m.LastEv == before {
			return nil
		}
		return c.fireMember(tx, eventMemberUpdated, &a, room, m)
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (by *access) mayEditMember(m *Member, in MemberPatch) error {
	if by.a.server() {
		return nil
	}
	if in.RoleSID != nil || in.Horizon != nil && !by.owns(m.Identity) {
		return core.E(core.CodeNotAuthorized)
	}
	if in.Attributes != nil {
		return by.may(EditAnyMemberAttributesPermission, by.owns(m.Identity))
	}
	return nil
}

// editMember writes what in says of role, attributes and dates into m and the store.
func (c *Chat) editMember(tx *store.Tx, a *Actor, room *Room, m *Member, in MemberPatch) (err error) {
	role, attributes := m.RoleSID, m.Attributes
	if in.RoleSID != nil {
		if role, err = c.checkRole(&tx.Reader, a.Service, *in.RoleSID, RoleChannel, role, core.CodeChannelRoleNotFound); err != nil {
			return err
		}
	}
	if in.Attributes != nil {
		if attributes, err = core.CheckAttributes(*in.Attributes, core.MaxAttributes); err != nil {
			return err
		}
	}
	if role == m.RoleSID && attributes == m.Attributes && in.CreatedAt == nil && in.UpdatedAt == nil {
		return nil
	}
	if role != m.RoleSID {
		room.Seq.Roster++
	} else {
		room.Seq.Horizons++
	}
	m.RoleSID, m.Attributes = role, attributes
	if err := checkEditDates(a, tx.Now(), in.CreatedAt, in.UpdatedAt, &m.CreatedAt, &m.UpdatedAt); err != nil {
		return err
	}
	m.LastEv = room.Seq.RosterEvent()
	if err := memberTable.Update(tx, m); err != nil {
		return err
	}
	emitMember(tx, room.Channel, m)
	return room.save(tx)
}

// emitMember emits a snapshot of m, which the caller may change on.
func emitMember(tx *store.Tx, ch *Channel, m *Member) {
	snapshot := *m
	tx.Emit(MemberChanged{Channel: ch, Member: &snapshot, UserSID: m.UserSID})
}

// RemoveMember removes a member, or lets the actor leave where it is its own. Its messages stay.
func (c *Chat) RemoveMember(ctx context.Context, a Actor, ref, memberRef string) error {
	if c.asks(&a, preMemberRemove) {
		if err := c.askMemberRemove(ctx, &a, ref, memberRef); err != nil {
			return err
		}
	}
	return c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) error {
		if !by.sees() {
			return core.E(core.CodeChannelNotFound)
		}
		m, err := c.findMember(&tx.Reader, room.Channel, memberRef)
		if err != nil {
			return err
		}
		if err := by.mayRemove(m); err != nil {
			return err
		}
		return c.endMembership(tx, &a, room, m)
	})
}

func (by *access) mayRemove(m *Member) error {
	if by.owns(m.Identity) && by.may(LeaveChannelPermission, false) == nil {
		return nil
	}
	return by.may(RemoveMemberPermission, false)
}

// RemoveMemberTx is RemoveMember on an open room, without a question of permission.
func (c *Chat) RemoveMemberTx(tx *store.Tx, a Actor, room *Room, memberRef string) error {
	m, err := c.findMember(&tx.Reader, room.Channel, memberRef)
	if err != nil {
		return err
	}
	return c.endMembership(tx, &a, room, m)
}

// endMembership turns a member into a tombstone and takes the channel off its user's map.
func (c *Chat) endMembership(tx *store.Tx, a *Actor, room *Room, m *Member) error {
	room.Seq.Roster++
	room.Seq.Members--
	m.Removed, m.LastEv = true, room.Seq.RosterEvent()
	if err := tx.Defer("UPDATE member SET removed = $2, last_ev = $3 WHERE id = $1", m.ID, true, m.LastEv); err != nil {
		return err
	}
	if err := room.save(tx); err != nil {
		return err
	}
	emitMember(tx, room.Channel, m)
	u := userKey{m.UserID, m.UserSID, m.Identity}
	if err := c.setUserChannel(tx, room.Channel, u, StatusGone, m.ConsumedIndex); err != nil {
		return err
	}
	if err := c.notifyOther(tx, a, pushRemoved, room.Channel, u); err != nil {
		return err
	}
	return c.fireMember(tx, eventMemberRemoved, a, room, m)
}
