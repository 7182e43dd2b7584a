package chat

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/store"
)

// Outbox takes the webhook calls that a transaction causes, inside that transaction: they are due exactly when it commits.
type Outbox interface {
	Enqueue(tx *store.Tx, d Delivery) error
}

// Delivery is a webhook call that is due.
type Delivery struct {
	Type       string // of the webhook; what HookHandler says is not called, but handled by this server
	Lane       string // the webhook's SID: deliveries of a lane go out in the order of LaneSeq, which is unique in it
	LaneSeq    int64
	AccountSID string // whose auth token signs the call
	URL        string
	Method     string            // GET or POST
	Retries    int64             // how often to try again after the first time
	Params     map[string]string // without RetryCount, which the sender adds
}

// The post-events that channel webhooks are called for (rest-semantics §3.3).
const (
	eventMessageSent      = "onMessageSent"
	eventMediaMessageSent = "onMediaMessageSent"
	eventChannelUpdated   = "onChannelUpdated"
)

// isEvent reports whether a filter may name this event, of either kind.
func isEvent(name string) bool {
	switch name {
	case "onMessageSend", eventMessageSent, "onMediaMessageSend", eventMediaMessageSent, "onMessageUpdate", "onMessageUpdated",
		"onMessageRemove", "onMessageRemoved", "onChannelAdd", "onChannelAdded", "onChannelUpdate", eventChannelUpdated,
		"onChannelDestroy", "onChannelDestroyed", "onMemberAdd", "onMemberAdded", "onMemberUpdate", "onMemberUpdated",
		"onMemberRemove", "onMemberRemoved", "onUserAdded", "onUserUpdate", "onUserUpdated":
		return true
	}
	return false
}

// happening is a post-event: what happened in a channel, by whom, and the parameters of its own.
type happening struct {
	event     string
	actor     *Actor
	channel   *Channel
	order     int64  // Seq.Order()
	agentRole string // the SID of the channel role by which an agent's doing is known; "" for others
	body      string // of a message, for triggers
	params    func(p map[string]string)
}

// fire enqueues a call to each webhook of the channel that asks for what happened.
func (c *Chat) fire(tx *store.Tx, hooks []*Webhook, h happening) error {
	if len(hooks) == 0 || c.outbox == nil || !h.actor.fires() {
		return nil
	}
	byAgent := false
	if h.agentRole != "" {
		role, err := c.role(&tx.Reader, h.channel.ServiceID, h.agentRole)
		if err != nil && !errors.Is(err, store.ErrNoRow) {
			return err
		}
		byAgent = err == nil && (role.FriendlyName == RoleAgent || role.FriendlyName == RoleSupervisor || role.FriendlyName == RoleAdmin)
	}
	for _, hook := range hooks {
		if byAgent && hook.CustomersOnly || !hook.wants(&h) {
			continue
		}
		params := map[string]string{
			"EventType": h.event, "AccountSid": h.actor.Service.AccountSID, "InstanceSid": h.actor.Service.SID, "ChannelSid": h.channel.SID,
			"Source": string(h.actor.Source), "WebhookType": hook.Type, "WebhookSid": hook.SID,
		}
		if h.actor.Source == SourceSDK {
			params["ClientIdentity"] = h.actor.Identity
		}
		h.params(params)
		if err := c.outbox.Enqueue(tx, Delivery{Type: hook.Type, Lane: hook.SID, LaneSeq: h.order, AccountSID: h.actor.Service.AccountSID,
			URL: hook.URL, Method: hook.Method, Retries: hook.RetryCount, Params: params}); err != nil {
			return err
		}
	}
	return nil
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
	h := happening{event: eventMessageSent, actor: a, channel: ch, order: seq.Order(), agentRole: authorRole, body: m.Body}
	if m.MediaID != 0 {
		h.event = eventMediaMessageSent
	}
	h.params = func(p map[string]string) {
		p["MessageSid"], p["Index"] = c.MessageSID(m.ID), strconv.FormatInt(m.Index, 10)
		p["From"], p["Body"], p["Attributes"] = m.Author, m.Body, m.Attributes
		p["DateCreated"] = core.ISOMillis(m.CreatedAt)
		if f := m.Media; f != nil {
			p["MediaSid"], p["MediaContentType"], p["MediaSize"] = c.MediaSID(f.ID), f.ContentType, strconv.FormatInt(f.Size, 10)
			if f.Filename != nil {
				p["MediaFilename"] = *f.Filename
			}
		}
	}
	return h
}

// fireChannelUpdated enqueues the calls for a channel that was changed (rest-semantics §3.3). A name that is not set is left out.
func (c *Chat) fireChannelUpdated(tx *store.Tx, a *Actor, room *Room) error {
	if room.Seq.Hooks == 0 || !a.fires() { // most channels never had a webhook
		return nil
	}
	ch := room.Channel
	hooks, err := webhookTable.All(&tx.Reader, "WHERE channel_id = $1 ORDER BY id", ch.ID)
	if err != nil {
		return err
	}
	return c.fire(tx, hooks, happening{event: eventChannelUpdated, actor: a, channel: ch, order: room.Seq.Order(), params: func(p map[string]string) {
		p["Attributes"], p["ChannelType"], p["CreatedBy"] = ch.Attributes, ch.Type, ch.CreatedBy
		p["DateCreated"], p["DateUpdated"] = core.ISOMillis(ch.CreatedAt), core.ISOMillis(ch.UpdatedAt)
		if ch.FriendlyName != nil {
			p["FriendlyName"] = *ch.FriendlyName
		}
		if ch.UniqueName != nil {
			p["UniqueName"] = *ch.UniqueName
		}
	}})
}
