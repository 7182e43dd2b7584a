package chat

import (
	"slices"

	"parley/internal/store"
)

// HookRelay is the type of the hook by which what is said in a channel is brought to somebody outside: each message becomes a Delivery of this
// type, whoever sends it and however, for a bot's answer by REST is meant for the customer as well. No API shows such hooks or can make one.
const HookRelay = "relay"

// AttachRelayTx attaches the relay to an open room. A room has at most one; attaching it again changes nothing.
func (c *Chat) AttachRelayTx(tx *store.Tx, room *Room) error {
	if has, err := c.HasWebhookTx(tx, room, HookRelay); err != nil || has {
		return err
	}
	w := newWebhook(tx, room, NewWebhook{Type: HookRelay, Method: "POST", Filters: []string{eventMessageSent, eventMediaMessageSent}})
	if err := webhookTable.Append(tx, w); err != nil {
		return err
	}
	room.Seq.Hooks++
	return room.save(tx)
}

// relayed reports whether one of the hooks hears also what no other is told of.
func relayed(hooks []*Webhook) bool {
	return slices.ContainsFunc(hooks, func(w *Webhook) bool { return w.Type == HookRelay })
}
