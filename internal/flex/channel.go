package flex

import (
	"context"
	"encoding/json"
	"errors"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/store"
)

// Channel is the record of a Flex Channel ("CH…", the chat channel's SID).
type Channel struct {
	ID                                                int64
	SID, AccountSID, FlowSID, ChatServiceSID, UserSID string
	TaskSID                                           *string // of its newest task
	Target                                            string
	ChannelType                                       string // of its flow
	TaskAttributes                                    string // of the tasks that it makes, a JSON object; "" for a channel that makes none
	CreatedAt, UpdatedAt                              int64
}

var channels = store.NewTable("flex_channel",
	store.Col[Channel]{Name: "id", Ptr: func(c *Channel) any { return &c.ID }},
	store.Col[Channel]{Name: "sid", Ptr: func(c *Channel) any { return &c.SID }},
	store.Col[Channel]{Name: "account_sid", Ptr: func(c *Channel) any { return &c.AccountSID }},
	store.Col[Channel]{Name: "flow_sid", Ptr: func(c *Channel) any { return &c.FlowSID }},
	store.Col[Channel]{Name: "chat_service_sid", Ptr: func(c *Channel) any { return &c.ChatServiceSID }},
	store.Col[Channel]{Name: "user_sid", Ptr: func(c *Channel) any { return &c.UserSID }},
	store.Col[Channel]{Name: "task_sid", Ptr: func(c *Channel) any { return &c.TaskSID }},
	store.Col[Channel]{Name: "target", Ptr: func(c *Channel) any { return &c.Target }},
	store.Col[Channel]{Name: "channel_type", Ptr: func(c *Channel) any { return &c.ChannelType }},
	store.Col[Channel]{Name: "task_attributes", Ptr: func(c *Channel) any { return &c.TaskAttributes }},
	store.Col[Channel]{Name: "created_at", Ptr: func(c *Channel) any { return &c.CreatedAt }},
	store.Col[Channel]{Name: "updated_at", Ptr: func(c *Channel) any { return &c.UpdatedAt }},
)

// NewChannel is the request for a Flex Channel. The first four are required.
type NewChannel struct {
	FlowSID, Identity, ChatUserFriendlyName, ChatFriendlyName string
	Target, ChatUniqueName                                    string
	PreEngagementData                                         string // JSON; goes into the channel's attributes
	TaskAttributes                                            string // JSON; used by flows that make tasks
	TaskSID                                                   string // a task that exists, for flows that make tasks
	LongLived                                                 *bool  // overrides the flow's
}

// CreateChannel makes the whole chat in one transaction, or returns the channel that is still active for the same flow and
// target (rest-semantics §4.1–4.3).
func (x *Flex) CreateChannel(ctx context.Context, accountSID string, n NewChannel) (*Channel, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	flow, err := x.FetchFlow(ctx, accountSID, n.FlowSID)
	if err != nil {
		return nil, err
	}
	by, err := x.conductor(ctx, accountSID, flow.ChatServiceSID)
	if err != nil {
		return nil, err
	}
	var made *Channel
	err = x.store.Update(ctx, func(tx *store.Tx) (err error) {
		made, err = x.obtain(tx, by, flow, n)
		return err
	})
	return made, err
}

// obtain returns the channel that is active for the flow and the target, or makes it.
func (x *Flex) obtain(tx *store.Tx, by chat.Actor, flow *Flow, n NewChannel) (*Channel, error) {
	if err := reach(flow, &n); err != nil {
		return nil, err
	}
	was, err := x.reusable(tx, by, flow, n.target())
	if err != nil || was == nil {
		if err == nil {
			was, err = x.build(tx, by, flow, n)
		}
		return was, err
	}
	return was, x.rejoin(tx, flow, was, n.Identity)
}

// conductor is Flex as an actor in a chat service: a server, whom roles do not bind.
func (x *Flex) conductor(ctx context.Context, accountSID, serviceSID string) (chat.Actor, error) {
	service, err := x.chat.Service(ctx, accountSID, serviceSID)
	return chat.Actor{Service: service, Source: chat.SourceAPI}, err
}

func (n NewChannel) check() error {
	for _, p := range []struct{ name, value string }{
		{"FlexFlowSid", n.FlowSID}, {"Identity", n.Identity}, {"ChatUserFriendlyName", n.ChatUserFriendlyName}, {"ChatFriendlyName", n.ChatFriendlyName},
	} {
		if p.value == "" {
			return core.Ef(core.CodeFlexValidation, "Missing required parameter %s", p.name)
		}
	}
	if len(n.Target) > core.MaxIdentity {
		return core.Ef(core.CodeFlexValidation, "Target has %d bytes; at most %d are allowed", len(n.Target), core.MaxIdentity)
	}
	if n.TaskSID != "" && !core.IsSID("WT", n.TaskSID) {
		return core.Ef(core.CodeFlexValidation, "TaskSid is not a task SID (WT…)")
	}
	for _, p := range []struct{ name, value string }{{"PreEngagementData", n.PreEngagementData}, {"TaskAttributes", n.TaskAttributes}} {
		if _, err := core.CheckAttributes(p.value, core.MaxChannelAttributes); err != nil {
			return core.Ef(core.CodeFlexValidation, "%s: %s", p.name, core.AsError(err).Message)
		}
	}
	return nil
}

// target is what reuse keys on: the customer's address, or the identity where none is given.
func (n NewChannel) target() string {
	if n.Target != "" {
		return n.Target
	}
	return n.Identity
}

// from names the customer to those who answer.
func (n NewChannel) from() string {
	if n.Target != "" {
		return n.Target
	}
	return n.ChatUserFriendlyName
}

// reusable locks the pair of flow and target, so that two requests for it come one after the other, and returns its channel
// if that is still active.
func (x *Flex) reusable(tx *store.Tx, by chat.Actor, flow *Flow, target string) (*Channel, error) {
	var id int64
	err := tx.One(`INSERT INTO flex_target (flow_sid, target, channel_id) VALUES ($1, $2, 0)
		ON CONFLICT (flow_sid, target) DO UPDATE SET target = excluded.target RETURNING channel_id`, []any{flow.SID, target}, &id)
	if err != nil || id == 0 {
		return nil, err
	}
	was, err := channels.One(&tx.Reader, `WHERE id = $1`, id)
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	ch, err := x.chat.FindChannelTx(&tx.Reader, by.Service, was.SID)
	if core.HasCode(err, core.CodeChannelNotFound) {
		return nil, nil // deleted through the chat API
	}
	if err != nil || status(ch) != StatusActive {
		return nil, err
	}
	if spent, err := x.spent(&tx.Reader, flow, was, ch); err != nil || spent {
		return nil, err
	}
	return was, nil
}

// spent reports whether an active channel's task has ended a moment ago, before the janitor came.
func (x *Flex) spent(r *store.Reader, flow *Flow, c *Channel, ch *chat.Channel) (bool, error) {
	if c.TaskSID == nil || !flow.JanitorEnabled || longLived(ch) {
		return false, nil
	}
	open, err := x.hasOpenTask(r, c.AccountSID, c.SID)
	return !open, err
}

func (x *Flex) build(tx *store.Tx, by chat.Actor, flow *Flow, n NewChannel) (*Channel, error) {
	user, err := x.customer(tx, by, n)
	if err != nil {
		return nil, flexCode(err)
	}
	if err := x.freeName(tx, by, n.ChatUniqueName); err != nil {
		return nil, err
	}
	made := &Channel{SID: core.NewSID("CH"), AccountSID: flow.AccountSID, FlowSID: flow.SID, ChatServiceSID: by.Service.SID, UserSID: user.SID,
		Target: n.target(), ChannelType: flow.ChannelType, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	if flow.IntegrationType == IntegrationTask {
		if err := x.handOff(tx, flow, made, n); err != nil {
			return nil, err
		}
	}
	room, err := x.openChat(tx, by, flow, made, n)
	if err != nil {
		return nil, flexCode(err)
	}
	made.ID = room.Channel.ID
	guest, err := x.chat.RoleByName(&tx.Reader, by.Service, chat.RoleChannel, chat.RoleGuest)
	if err != nil {
		return nil, err
	}
	if _, err := x.chat.AddMemberTx(tx, by, room, chat.NewMember{Identity: n.Identity, RoleSID: guest.SID}); err != nil {
		return nil, flexCode(err)
	}
	if err := x.attachHandler(tx, by.Service, flow, made, room); err != nil {
		return nil, err
	}
	if sid := sessionOf(room.Channel); sid != "" { // last, for it opens the room anew
		if err := x.link(tx, flow, made, sid, n.Identity); err != nil {
			return nil, err
		}
	}
	if err := channels.Insert(tx, made); err != nil {
		return nil, err
	}
	return made, tx.Defer(`UPDATE flex_target SET channel_id = $3 WHERE flow_sid = $1 AND target = $2`, flow.SID, made.Target, made.ID)
}

// handOff gives the channel its first task: one that exists, a new one, or one that its first message will make.
func (x *Flex) handOff(tx *store.Tx, flow *Flow, made *Channel, n NewChannel) (err error) {
	if made.TaskAttributes, err = n.taskAttributes(flow, made.SID); err != nil {
		return err
	}
	in, err := flow.Handler()
	if err != nil {
		return err
	}
	sid := n.TaskSID
	switch {
	case sid != "":
		err = x.tieTask(tx, flow, sid, made.SID)
	case *in.CreationOnMessage:
		return nil
	default:
		sid, err = x.createTask(tx, flow, made.TaskAttributes)
	}
	made.TaskSID = &sid
	return err
}

// customer makes the chat user where there is none. One who signed in first, as in the guide, exists without a name and gets it now;
// a name that somebody gave stays.
func (x *Flex) customer(tx *store.Tx, by chat.Actor, n NewChannel) (*chat.User, error) {
	user, _, err := x.chat.EnsureUserTx(tx, by.Service, chat.NewUser{Identity: n.Identity, FriendlyName: &n.ChatUserFriendlyName})
	if err != nil || user.FriendlyName != nil {
		return user, err
	}
	return x.chat.UpdateUserTx(tx, by, user, chat.UserPatch{FriendlyName: &n.ChatUserFriendlyName})
}

func (x *Flex) openChat(tx *store.Tx, by chat.Actor, flow *Flow, made *Channel, n NewChannel) (*chat.Room, error) {
	a := attributes{Status: StatusActive, LongLived: flow.LongLived, From: n.from(), ChannelType: flow.ChannelType}
	if n.LongLived != nil {
		a.LongLived = *n.LongLived
	}
	if made.TaskSID != nil {
		a.TaskSID = *made.TaskSID
	}
	if n.PreEngagementData != "" {
		a.PreEngagement = json.RawMessage(n.PreEngagementData)
	}
	if proxied(flow.ChannelType) {
		a.ProxySession = core.NewSID("KC")
	}
	text, err := encode(a)
	if err != nil {
		return nil, err
	}
	create := chat.NewChannel{SID: made.SID, Type: chat.TypePrivate, FriendlyName: &n.ChatFriendlyName, Attributes: text}
	if n.ChatUniqueName != "" {
		create.UniqueName = &n.ChatUniqueName
	}
	room, err := x.chat.CreateChannelTx(tx, by, create)
	if a.ProxySession != "" && core.HasCode(err, core.CodeAttributesTooLong) {
		err = core.Ef(core.CodeProxyChatAttributes, "The channel's attributes have no room for its proxySession: %s", core.AsError(err).Message).Because(err)
	}
	return room, err
}

// freeName takes a unique name from a Flex Channel that has ended; one in use is 45208 (rest-semantics §4.3).
func (x *Flex) freeName(tx *store.Tx, by chat.Actor, name string) error {
	if name == "" {
		return nil
	}
	holder, err := x.chat.OpenTx(tx, by.Service, name)
	if core.HasCode(err, core.CodeChannelNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if status(holder.Channel) != StatusInactive {
		return core.Ef(core.CodeFlexUniqueNameExists, "ChatUniqueName %s belongs to channel %s, which is still in use; end that channel or use another name",
			clip(name), holder.Channel.SID)
	}
	none := ""
	return x.chat.UpdateChannelTx(tx, by, holder, chat.ChannelPatch{UniqueName: &none})
}

// attachHandler connects what answers the customer (rest-semantics §4.2).
func (x *Flex) attachHandler(tx *store.Tx, svc *chat.Service, flow *Flow, made *Channel, room *chat.Room) error {
	switch flow.IntegrationType {
	case IntegrationExternal:
		in, err := flow.Handler()
		if err != nil {
			return err
		}
		_, err = x.chat.AddWebhookTx(tx, svc, room, chat.NewWebhook{Type: chat.HookWebhook, URL: in.URL, Method: "POST",
			Filters: []string{"onMessageSent", "onMediaMessageSent"}, RetryCount: *in.RetryCount, CustomersOnly: true})
		return err
	case IntegrationStudio:
		in, err := flow.Handler()
		if err != nil {
			return err
		}
		if ok, err := x.studio.HasFlow(&tx.Reader, flow.AccountSID, in.FlowSID); err != nil || !ok {
			return err // it was deleted since; the chat is opened all the same
		}
		return x.attachStudio(tx, svc, room, in)
	case IntegrationTask:
		if made.TaskSID == nil || longLived(room.Channel) {
			return x.chat.AttachHandlerTx(tx, room)
		}
	}
	return nil
}

// flexCode maps chat's errors to those that Flex documents for the same fault (rest-semantics §4.3).
func flexCode(err error) error {
	for chatCode, code := range map[int]int{
		core.CodeIdentityReserved: core.CodeFlexIdentityReserved,
		core.CodeUserChannelLimit: core.CodeFlexUserChannelLimit,
		core.CodeMemberExists:     core.CodeFlexAlreadyMember,
		core.CodeUniqueNameExists: core.CodeFlexUniqueNameExists,
	} {
		if core.HasCode(err, chatCode) {
			return core.Ef(code, "%s", core.AsError(err).Message).Because(err)
		}
	}
	return err
}

// FetchChannel returns a Flex Channel or 45204.
func (x *Flex) FetchChannel(ctx context.Context, accountSID, sid string) (c *Channel, err error) {
	err = x.store.View(ctx, func(r *store.Reader) error {
		c, err = channelIn(r, accountSID, sid)
		return err
	})
	return c, err
}

// ListChannels returns up to limit Flex Channels after the SID after ("" for the first), oldest first.
func (x *Flex) ListChannels(ctx context.Context, accountSID, after string, limit int) ([]*Channel, error) {
	return x.listChannels(ctx, channelIn, ``, accountSID, after, limit)
}

// listChannels lists those channels that find finds, whom the condition further leaves.
func (x *Flex) listChannels(ctx context.Context, find func(r *store.Reader, accountSID, sid string) (*Channel, error), further, accountSID, after string, limit int) (list []*Channel, err error) {
	err = x.store.View(ctx, func(r *store.Reader) error {
		var from int64
		if after != "" {
			c, err := find(r, accountSID, after)
			if err != nil {
				return core.Ef(core.CodeInvalidParameter, "PageToken is not one that this list gave")
			}
			from = c.ID
		}
		list, err = channels.All(r, `WHERE account_sid = $1 AND id > $2`+further+` ORDER BY id LIMIT $3`, accountSID, from, int64(limit))
		return err
	})
	return list, err
}

// DeleteChannel removes a Flex Channel with its chat channel and its Proxy session.
func (x *Flex) DeleteChannel(ctx context.Context, accountSID, sid string) error {
	c, err := x.FetchChannel(ctx, accountSID, sid)
	if err != nil {
		return err
	}
	by, err := x.conductor(ctx, accountSID, c.ChatServiceSID)
	if err != nil {
		return err
	}
	return x.store.Update(ctx, func(tx *store.Tx) error {
		room, err := x.chat.OpenTx(tx, by.Service, c.SID)
		if err == nil {
			err = x.proxy.RemoveTx(tx, accountSID, sessionOf(room.Channel))
		}
		if err == nil {
			err = x.chat.DeleteChannelTx(tx, by, room)
		}
		if err != nil && !core.HasCode(err, core.CodeChannelNotFound) {
			return err
		}
		if _, err := tx.Exec(`UPDATE flex_target SET channel_id = 0 WHERE flow_sid = $1 AND target = $2 AND channel_id = $3`, c.FlowSID, c.Target, c.ID); err != nil {
			return err
		}
		err = channels.Delete(tx, c)
		if errors.Is(err, store.ErrNoRow) {
			return notFound(sid)
		}
		return err
	})
}

func channelIn(r *store.Reader, accountSID, sid string) (*Channel, error) {
	if core.IsSID("CH", sid) { // other text may be such as the store refuses
		c, err := channels.One(r, `WHERE sid = $1 AND account_sid = $2`, sid, accountSID)
		if !errors.Is(err, store.ErrNoRow) {
			return c, err
		}
	}
	return nil, notFound(sid)
}

func notFound(sid string) error {
	return core.Ef(core.CodeFlexChannelNotFound, "Flex Chat Channel %s was not found", clip(sid))
}
