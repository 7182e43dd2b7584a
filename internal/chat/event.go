package chat

import (
	"errors"
	"slices"
	"strings"

	"parley/internal/store"
)

// Outbox takes the webhook calls that a transaction causes, inside that transaction: they are due exactly when it commits.
type Outbox interface {
	Enqueue(tx *store.Tx, d Delivery) error
}

// Delivery is a webhook call: one that is due, or a question before something happens (Asker).
type Delivery struct {
	Type string // of the channel's webhook, "" for the service's receiver; what HookHandler and HookRelay say is not called, but handled by this server
	// Lane is the webhook's SID or, for the service's receiver, that of the channel or the user: deliveries of a lane go out in the
	// order of LaneSeq.
	Lane       string
	LaneSeq    int64
	AccountSID string // whose auth token signs the call
	URL        string
	Method     string            // GET or POST
	Retries    int64             // how often to try again after the first time
	Params     map[string]string // without RetryCount, which the sender adds
	Flow       bool              // a Studio flow did it
	FlowSID    string            // of type HookStudio: the Studio flow that is to hear it, in place of a receiver
}

// The post-events (rest-semantics §3.3).
const (
	eventMessageSent      = "onMessageSent"
	eventMediaMessageSent = "onMediaMessageSent"
	eventMessageUpdated   = "onMessageUpdated"
	eventMessageRemoved   = "onMessageRemoved"
	eventChannelAdded     = "onChannelAdded"
	eventChannelUpdated   = "onChannelUpdated"
	eventChannelDestroyed = "onChannelDestroyed"
	eventMemberAdded      = "onMemberAdded"
	eventMemberUpdated    = "onMemberUpdated"
	eventMemberRemoved    = "onMemberRemoved"
	eventUserAdded        = "onUserAdded"
	eventUserUpdated      = "onUserUpdated"
)

// isChannelEvent reports whether a webhook of a channel may ask for an event: for one that happens after the fact, in a channel that exists
// (rest-semantics §3.1).
func isChannelEvent(name string) bool {
	switch name {
	case eventMessageSent, eventMediaMessageSent, eventMessageUpdated, eventMessageRemoved, eventChannelUpdated, eventChannelDestroyed,
		eventMemberAdded, eventMemberUpdated, eventMemberRemoved:
		return true
	}
	return false
}

// isServiceEvent reports whether the filters of a service, which are for both kinds, may name an event.
func isServiceEvent(name string) bool {
	switch name {
	case eventChannelAdded, eventUserAdded, eventUserUpdated:
		return true
	}
	return isChannelEvent(name) || isPreEvent(name)
}

// wants reports whether a service's receiver is to be told of an event. Filters are a JSON array of plain names, so that no list need be made
// for the many messages of which nobody is told.
func (s *Service) wants(url *string, event string) bool {
	return url != nil && strings.Contains(s.WebhookFilters, `"`+event+`"`)
}

// method is how the service's receivers are called.
func (s *Service) method() string {
	if s.WebhookMethod == nil {
		return "POST"
	}
	return *s.WebhookMethod
}

// happening is a post-event: what happened, to whom, by whom, and the parameters of its own.
type happening struct {
	event     string
	actor     *Actor
	channel   *Channel // where it happened; nil for what happened to a user
	lane      string   // the SID of the channel or user
	order     int64    // rises with the changes of the lane, see Seq.Order
	agentRole string   // the SID of the channel role by which an agent's doing is known; "" for others
	body      string   // of a message, for triggers
	params    func(p params)
}

// fire enqueues a call to the service's receiver and to each webhook of the channel that asks for what happened.
func (c *Chat) fire(tx *store.Tx, hooks []*Webhook, h happening) error {
	fires := h.actor.fires()
	if c.outbox == nil || !fires && !relayed(hooks) {
		return nil
	}
	svc := h.actor.Service
	if fires && svc.wants(svc.PostWebhookURL, h.event) {
		p := h.actor.params(h.event)
		h.params(p)
		if err := c.outbox.Enqueue(tx, Delivery{Lane: h.lane, LaneSeq: h.order, AccountSID: svc.AccountSID, URL: *svc.PostWebhookURL,
			Method: svc.method(), Retries: svc.PostWebhookRetries, Params: p}); err != nil {
			return err
		}
	}
	if len(hooks) == 0 {
		return nil
	}
	byAgent, err := c.byAgent(tx, &h)
	if err != nil {
		return err
	}
	for _, hook := range hooks {
		if !fires && hook.Type != HookRelay || byAgent && hook.CustomersOnly || h.actor.Flow && hook.Type == HookStudio || !hook.wants(&h) {
			continue
		}
		p := h.actor.params(h.event)
		p["WebhookType"], p["WebhookSid"] = hook.Type, hook.SID
		h.params(p)
		if hook.Type == HookStudio { // rest-semantics §3.3
			p["To"], p["ChannelAttributes"] = h.channel.SID, h.channel.Attributes
		}
		if err := c.outbox.Enqueue(tx, Delivery{Type: hook.Type, Lane: hook.SID, LaneSeq: h.order, AccountSID: svc.AccountSID,
			URL: hook.URL, Method: hook.Method, Retries: hook.RetryCount, Params: p, Flow: h.actor.Flow, FlowSID: hook.FlowSID}); err != nil {
			return err
		}
	}
	return nil
}

// byAgent reports whether it was an agent's doing.
func (c *Chat) byAgent(tx *store.Tx, h *happening) (bool, error) {
	if h.agentRole == "" {
		return false, nil
	}
	role, err := c.role(&tx.Reader, h.actor.Service.ID, h.agentRole)
	if errors.Is(err, store.ErrNoRow) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return role.FriendlyName == RoleAgent || role.FriendlyName == RoleSupervisor || role.FriendlyName == RoleAdmin, nil
}

// fireIn is fire for what happened in an open room; most channels never had a webhook, and theirs are not looked for.
func (c *Chat) fireIn(tx *store.Tx, room *Room, h happening) error {
	hooks, err := c.hooksFor(tx, h.actor, room)
	if err != nil {
		return err
	}
	h.channel, h.lane, h.order = room.Channel, room.Channel.SID, room.Seq.Order()
	return c.fire(tx, hooks, h)
}

// hooksFor reads the webhooks of an open room, unless what the actor does calls none.
func (c *Chat) hooksFor(tx *store.Tx, a *Actor, room *Room) ([]*Webhook, error) {
	if room.Seq.Hooks == 0 || c.outbox == nil || !a.fires() {
		return nil, nil
	}
	return webhookTable.All(&tx.Reader, "WHERE channel_id = $1 ORDER BY id", room.Channel.ID)
}

// wants reports whether a webhook asks for what happened: a trigger for messages that contain one of its words, in any case
// (rest-semantics §3.5).
func (w *Webhook) wants(h *happening) bool {
	if w.Type != HookTrigger {
		return slices.Contains(w.FilterList(), h.event)
	}
	if h.event != eventMessageSent {
		return false
	}
	body := strings.ToLower(h.body)
	return slices.ContainsFunc(w.TriggerList(), func(word string) bool { return strings.Contains(body, strings.ToLower(word)) })
}

// messageSent is the event of a new message.
func (c *Chat) messageSent(a *Actor, ch *Channel, seq *Seq, m *Message, authorRole string) happening {
	h := happening{event: eventMessageSent, actor: a, channel: ch, lane: ch.SID, order: seq.Order(), agentRole: authorRole, body: m.Body,
		params: func(p params) { c.describeMessage(p, ch, m) }}
	if m.MediaID != 0 {
		h.event = eventMediaMessageSent
	}
	return h
}

func (c *Chat) fireMessageUpdated(tx *store.Tx, a *Actor, room *Room, m *Message) error {
	return c.fireIn(tx, room, happening{event: eventMessageUpdated, actor: a, params: func(p params) { c.describeEdit(p, a, room.Channel, m) }})
}

// fireMessageRemoved tells of a message as it was before.
func (c *Chat) fireMessageRemoved(tx *store.Tx, a *Actor, room *Room, before *Message) error {
	return c.fireIn(tx, room, happening{event: eventMessageRemoved, actor: a, params: func(p params) {
		c.describeRemoval(p, a, room.Channel, before)
		p.at("DateRemoved", tx.Now())
	}})
}

func (c *Chat) fireChannel(tx *store.Tx, event string, a *Actor, room *Room) error {
	return c.fireIn(tx, room, happening{event: event, actor: a, params: func(p params) { p.channel(room.Channel) }})
}

// fireChannelDestroyed tells the webhooks that the channel had. The deletion counts in none of its counters, so that it is one further.
func (c *Chat) fireChannelDestroyed(tx *store.Tx, a *Actor, room *Room, hooks []*Webhook) error {
	return c.fire(tx, hooks, happening{event: eventChannelDestroyed, actor: a, channel: room.Channel, lane: room.Channel.SID, order: room.Seq.Order() + 1, params: func(p params) {
		p.channel(room.Channel)
		p.at("DateRemoved", tx.Now())
	}})
}

func (c *Chat) fireMember(tx *store.Tx, event string, a *Actor, room *Room, m *Member) error {
	return c.fireIn(tx, room, happening{event: event, actor: a, params: func(p params) {
		c.describeMember(p, room.Channel, m)
		if m.Removed {
			p.at("DateRemoved", tx.Now())
		}
	}})
}

// fireUser tells the service's receiver: a user is in no channel. Its lane goes by the events of its info map.
func (c *Chat) fireUser(tx *store.Tx, event string, a *Actor, u *User) error {
	return c.fire(tx, nil, happening{event: event, actor: a, lane: u.SID, order: max(u.NameEv, u.AttributesEv, u.ReachEv), params: func(p params) { p.user(u) }})
}
