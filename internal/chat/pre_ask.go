package chat

import (
	"context"

	"parley/internal/core"
	"parley/internal/store"
)

// Each question below first checks what the use case will check, so that nobody is asked about what is not allowed, and returns the input as
// the receiver wants it. The use case asks for permission by what the actor meant, since the receiver needs none.

// preSend is the question before a message.
func (in *NewMessage) preSend() string {
	if in.MediaSID != "" {
		return preMediaMessageSend
	}
	return preMessageSend
}

func (c *Chat) askSend(ctx context.Context, a *Actor, known *snapshot, in NewMessage, draft *Message) (NewMessage, *Message, error) {
	var f *Media
	asked := *draft
	err := c.st.View(ctx, func(r *store.Reader) error {
		seq, err := seqTable.One(r, "WHERE channel_id = $1", known.channel.ID)
		if err != nil {
			return or(err, core.CodeChannelNotFound)
		}
		current, err := known.refresh(r, known.channel.ID, seq)
		if err != nil {
			return err
		}
		if err := c.maySend(r, a, current.channel, current.seats[a.Identity], in.MediaSID != ""); err != nil {
			return err
		}
		asked.CreatedAt = r.Now()
		if draft.MediaID != 0 {
			f, err = mediaTable.One(r, "WHERE id = $1 AND service_id = $2 AND author = $3", draft.MediaID, a.Service.ID, a.Identity)
		}
		return or(err, core.CodeMediaNotFound)
	})
	if err != nil {
		return in, draft, err
	}
	v, err := c.ask(ctx, a, in.preSend(), func(p params) {
		c.draftMessage(p, known.channel, &asked, f)
		p["To"] = known.channel.SID
	})
	if err != nil {
		return in, draft, err
	}
	in.Body, in.Attributes = orMeant(v.Body, in.Body), *v.attributes(&in.Attributes)
	if v.From != nil {
		in.From, in.decreed = *v.From, true
	}
	in.Quiet = v.Mute != nil && *v.Mute == "true"
	if err := in.check(); err != nil {
		return in, draft, err
	}
	draft, err = c.draft(a, in)
	return in, draft, err
}

func (c *Chat) askMessageUpdate(ctx context.Context, a *Actor, ref, msgRef string, in MessagePatch) (MessagePatch, error) {
	var ch *Channel
	var m *Message
	err := c.look(ctx, *a, ref, func(r *store.Reader, channel *Channel, by *access) (err error) {
		ch = channel
		if m, err = c.findMessage(r, ch, msgRef); err != nil {
			return err
		}
		if err := by.mayEditMessage(m, in); err != nil {
			return err
		}
		_, err = in.apply(a, r.Now(), m)
		return err
	})
	if err != nil {
		return in, err
	}
	v, err := c.ask(ctx, a, preMessageUpdate, func(p params) { c.describeEdit(p, a, ch, m) })
	if err != nil {
		return in, err
	}
	in.Body, in.Attributes = orMeant(v.Body, in.Body), v.attributes(in.Attributes)
	if v.From != nil {
		in.From, in.decreed = v.From, true
	}
	return in, nil
}

func (c *Chat) askMessageRemove(ctx context.Context, a *Actor, ref, msgRef string) error {
	var ch *Channel
	var m *Message
	err := c.look(ctx, *a, ref, func(r *store.Reader, channel *Channel, by *access) (err error) {
		ch = channel
		if m, err = c.findMessage(r, ch, msgRef); err != nil {
			return err
		}
		return by.may(DeleteAnyMessagePermission, by.owns(m.Author))
	})
	if err != nil {
		return err
	}
	_, err = c.ask(ctx, a, preMessageRemove, func(p params) { c.describeRemoval(p, a, ch, m) })
	return err
}

func (c *Chat) askChannelAdd(ctx context.Context, a *Actor, in NewChannel) (NewChannel, error) {
	err := c.st.View(ctx, func(r *store.Reader) error { return c.mayCreateChannel(r, a) })
	if err != nil {
		return in, err
	}
	ch := &Channel{FriendlyName: in.FriendlyName, UniqueName: in.UniqueName, Attributes: orDefault(in.Attributes, "{}"), Type: orDefault(in.Type, TypePublic), CreatedBy: a.name()}
	v, err := c.ask(ctx, a, preChannelAdd, func(p params) { p.draftChannel(ch) })
	if err != nil {
		return in, err
	}
	in.FriendlyName, in.UniqueName, in.Attributes = orMeant(v.FriendlyName, in.FriendlyName), orMeant(v.UniqueName, in.UniqueName), *v.attributes(&in.Attributes)
	return in, nil
}

func orDefault(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func (c *Chat) askChannelUpdate(ctx context.Context, a *Actor, ref string, in ChannelPatch) (ChannelPatch, error) {
	var ch Channel
	err := c.look(ctx, *a, ref, func(r *store.Reader, channel *Channel, by *access) error {
		ch = *channel
		ch.UpdatedAt = r.Now()
		return by.mayEditChannel(in)
	})
	if err != nil {
		return in, err
	}
	ch.FriendlyName, ch.UniqueName, ch.Attributes = orMeant(in.FriendlyName, ch.FriendlyName), orMeant(in.UniqueName, ch.UniqueName), *orMeant(in.Attributes, &ch.Attributes)
	v, err := c.ask(ctx, a, preChannelUpdate, func(p params) { p.channel(&ch) })
	if err != nil {
		return in, err
	}
	in.FriendlyName, in.UniqueName, in.Attributes = orMeant(v.FriendlyName, in.FriendlyName), orMeant(v.UniqueName, in.UniqueName), v.attributes(in.Attributes)
	return in, nil
}

func (c *Chat) askChannelDestroy(ctx context.Context, a *Actor, ref string) error {
	var ch *Channel
	err := c.look(ctx, *a, ref, func(_ *store.Reader, channel *Channel, by *access) error {
		ch = channel
		return by.may(DestroyChannelPermission, false)
	})
	if err != nil {
		return err
	}
	_, err = c.ask(ctx, a, preChannelDestroy, func(p params) { p.channel(ch) })
	return err
}

func (c *Chat) askMemberAdd(ctx context.Context, a *Actor, ref string, in NewMember) (NewMember, error) {
	var ch *Channel
	err := c.look(ctx, *a, ref, func(_ *store.Reader, channel *Channel, by *access) error {
		ch = channel
		return by.mayAdd(in)
	})
	if err != nil {
		return in, err
	}
	role := a.Service.DefaultChannelRole
	if in.Identity == ch.CreatedBy {
		role = a.Service.DefaultCreatorRole
	}
	v, err := c.ask(ctx, a, preMemberAdd, func(p params) {
		p["ChannelSid"], p["Identity"], p["RoleSid"], p["Attributes"] = ch.SID, in.Identity, role, orDefault(in.Attributes, "{}")
	})
	if err != nil {
		return in, err
	}
	in.RoleSID, in.Attributes = *orMeant(v.RoleSID, &in.RoleSID), *v.attributes(&in.Attributes)
	return in, nil
}

func (c *Chat) askMemberUpdate(ctx context.Context, a *Actor, ref, memberRef string, in MemberPatch) (MemberPatch, error) {
	var ch *Channel
	var m *Member
	err := c.look(ctx, *a, ref, func(r *store.Reader, channel *Channel, by *access) (err error) {
		ch = channel
		if m, err = c.findMember(r, ch, memberRef); err != nil {
			return err
		}
		m.UpdatedAt = r.Now()
		if h := in.Horizon; h != nil && !h.Keep {
			m.ConsumedIndex, m.ConsumedAt = h.Index, nil
			if h.Index != nil {
				m.ConsumedAt = h.at(r.Now())
			}
		}
		return by.mayEditMember(m, in)
	})
	if err != nil {
		return in, err
	}
	m.Attributes = *orMeant(in.Attributes, &m.Attributes)
	v, err := c.ask(ctx, a, preMemberUpdate, func(p params) { c.describeMember(p, ch, m) })
	if err != nil {
		return in, err
	}
	in.Attributes, in.RoleSID = v.attributes(in.Attributes), orMeant(v.RoleSID, in.RoleSID)
	return in, nil
}

func (c *Chat) askMemberRemove(ctx context.Context, a *Actor, ref, memberRef string) error {
	var ch *Channel
	var m *Member
	err := c.look(ctx, *a, ref, func(r *store.Reader, channel *Channel, by *access) (err error) {
		ch = channel
		if m, err = c.findMember(r, ch, memberRef); err != nil {
			return err
		}
		return by.mayRemove(m)
	})
	if err != nil {
		return err
	}
	_, err = c.ask(ctx, a, preMemberRemove, func(p params) { c.describeMember(p, ch, m) })
	return err
}

func (c *Chat) askUserUpdate(ctx context.Context, a *Actor, ref string, in UserPatch) (UserPatch, error) {
	var u *User
	err := c.st.View(ctx, func(r *store.Reader) (err error) {
		if u, err = c.FindUserTx(r, a.Service, ref); err != nil {
			return err
		}
		return c.mayEditUser(r, a, u, in)
	})
	if err != nil {
		return in, err
	}
	u.FriendlyName, u.Attributes = orMeant(in.FriendlyName, u.FriendlyName), *orMeant(in.Attributes, &u.Attributes)
	v, err := c.ask(ctx, a, preUserUpdate, func(p params) { p.user(u) })
	if err != nil {
		return in, err
	}
	return UserPatch{FriendlyName: orMeant(v.FriendlyName, in.FriendlyName), Attributes: v.attributes(in.Attributes), RoleSID: orMeant(v.RoleSID, in.RoleSID)}, nil
}
