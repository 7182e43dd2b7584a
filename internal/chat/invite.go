package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// CreateInvite asks a user into a channel and makes the user where there is none (rest-semantics §2.7). 50404 for a member, 50212
// for one who is invited.
func (c *Chat) CreateInvite(ctx context.Context, a Actor, ref string, in NewInvite) (invite *Invite, err error) {
	err = c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) error {
		if err := by.may(InviteMemberPermission, false); err != nil {
			return err
		}
		if in.RoleSID != "" && !a.server() {
			return core.E(core.CodeNotAuthorized)
		}
		role, err := c.checkRole(&tx.Reader, a.Service, in.RoleSID, RoleChannel, a.Service.DefaultChannelRole, core.CodeChannelRoleNotFound)
		if err != nil {
			return err
		}
		u, fresh, err := c.EnsureUserTx(tx, a.Service, NewUser{Identity: in.Identity})
		if err != nil {
			return err
		}
		item, err := userChannelTable.One(&tx.Reader, "WHERE user_id = $1 AND channel_id = $2", u.ID, room.Channel.ID)
		switch {
		case errors.Is(err, store.ErrNoRow):
		case err != nil:
			return err
		case item.Status == StatusJoined:
			return core.E(core.CodeMemberExists)
		case item.Status == StatusInvited:
			return core.E(core.CodeAlreadyInvited)
		}
		invite = &Invite{ChannelSID: room.Channel.SID, ID: tx.NextID(), ChannelID: room.Channel.ID, UserID: u.ID, Identity: u.Identity,
			RoleSID: role, CreatedBy: a.name(), CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		if err := inviteTable.Append(tx, invite); err != nil {
			return err
		}
		if err := c.setUserChannel(tx, room.Channel, u.key(), StatusInvited, nil); err != nil {
			return err
		}
		if err := c.notifyOther(tx, &a, pushInvited, room.Channel, u.key()); err != nil || !fresh {
			return err
		}
		return c.fireUser(tx, eventUserAdded, &a, u)
	})
	if err != nil {
		return nil, err
	}
	return invite, nil
}

// findInvite reads an invite by SID or identity; 50601 when there is none.
func (c *Chat) findInvite(r *store.Reader, ch *Channel, ref string) (*Invite, error) {
	tail, arg := "WHERE channel_id = $1 AND identity = $2", any(ref)
	if id, ok := c.codec.Decode("IN", core.SIDInvite, ref); ok {
		tail, arg = "WHERE channel_id = $1 AND id = $2", id
	} else if !core.CleanText(ref) || len(ref) > core.MaxIdentity {
		return nil, core.E(core.CodeInviteNotFound)
	}
	invite, err := inviteTable.One(r, tail, ch.ID, arg)
	if err != nil {
		return nil, or(err, core.CodeInviteNotFound)
	}
	invite.ChannelSID = ch.SID
	return invite, nil
}

// FetchInvite reads an invite by SID or identity.
func (c *Chat) FetchInvite(ctx context.Context, a Actor, ref, inviteRef string) (invite *Invite, err error) {
	err = c.look(ctx, a, ref, func(r *store.Reader, ch *Channel, by *access) error {
		if invite, err = c.findInvite(r, ch, inviteRef); err == nil && !by.owns(invite.Identity) {
			err = by.reads()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return invite, nil
}

// ListInvites lists a channel's open invites, of all identities or of those given.
func (c *Chat) ListInvites(ctx context.Context, a Actor, ref string, identities []string, p Page) (out List[*Invite], err error) {
	size, after, err := c.keys("IN", p)
	if err != nil {
		return out, err
	}
	err = c.look(ctx, a, ref, func(r *store.Reader, ch *Channel, by *access) error {
		if err := by.reads(); err != nil {
			return err
		}
		tail, args, err := filterIdentities("WHERE channel_id = $1 AND id > $2", "identity", []any{ch.ID, after, size + 1}, identities)
		if err != nil {
			return err
		}
		rows, err := inviteTable.All(r, tail+" ORDER BY id LIMIT $3", args...)
		for _, i := range rows {
			i.ChannelSID = ch.SID
		}
		out = pageOf(c, "IN", rows, size, func(i *Invite) int64 { return i.ID })
		return err
	})
	return out, err
}

// DeleteInvite revokes an invite, named by SID or identity, or declines it where it is the actor's own. Who has become a member
// cannot decline any more (50602).
func (c *Chat) DeleteInvite(ctx context.Context, a Actor, ref, inviteRef string) error {
	return c.change(ctx, a, ref, func(tx *store.Tx, room *Room, by *access) error {
		if !by.sees() {
			return core.E(core.CodeChannelNotFound)
		}
		invite, err := c.findInvite(&tx.Reader, room.Channel, inviteRef)
		if core.HasCode(err, core.CodeInviteNotFound) && by.owns(inviteRef) && by.member != nil {
			return core.E(core.CodeInviteAlreadyMember)
		}
		if err != nil {
			return err
		}
		if !by.owns(invite.Identity) {
			if err := by.may(InviteMemberPermission, false); err != nil {
				return err
			}
		}
		u, err := userTable.One(&tx.Reader, "WHERE id = $1", invite.UserID)
		if err != nil {
			return err
		}
		if err := tx.Defer("DELETE FROM invite WHERE id = $1", invite.ID); err != nil {
			return err
		}
		return c.setUserChannel(tx, room.Channel, u.key(), StatusGone, nil)
	})
}
