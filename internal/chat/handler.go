package chat

import (
	"errors"

	"parley/internal/store"
)

// HookHandler is the type of the hook by which this server itself handles what customers write in a channel: each message becomes a
// Delivery of this type, which the outbox hands to the handler in place of posting it. No API shows such hooks or can make one.
const HookHandler = "handler"

// AttachHandlerTx attaches the handler to an open room. A room has at most one; attaching it again changes nothing.
func (c *Chat) AttachHandlerTx(tx *store.Tx, room *Room) error {
	_, err := roomHandler(tx, room)
	if !errors.Is(err, store.ErrNoRow) {
		return err
	}
	w := newWebhook(tx, room, NewWebhook{Type: HookHandler, Method: "POST", Filters: []string{eventMessageSent, eventMediaMessageSent}, CustomersOnly: true})
	if err := webhookTable.Append(tx, w); err != nil {
		return err
	}
	room.Seq.Hooks++
	return room.save(tx)
}

// DetachHandlerTx detaches the handler from an open room, if it has one. Messages that are on their way to it still arrive.
func (c *Chat) DetachHandlerTx(tx *store.Tx, room *Room) error {
	w, err := roomHandler(tx, room)
	if errors.Is(err, store.ErrNoRow) {
		return nil
	}
	if err != nil {
		return err
	}
	room.Seq.Hooks++
	if err := webhookTable.Delete(tx, w); err != nil {
		return err
	}
	return room.save(tx)
}

// HasWebhookTx reports whether an open room has a webhook of a type.
func (c *Chat) HasWebhookTx(tx *store.Tx, room *Room, kind string) (bool, error) {
	if room.Seq.Hooks == 0 { // never had a hook
		return false, nil
	}
	_, err := webhookTable.One(&tx.Reader, "WHERE channel_id = $1 AND type = $2", room.Channel.ID, kind)
	if errors.Is(err, store.ErrNoRow) {
		return false, nil
	}
	return err == nil, err
}

// RemoveWebhooksTx removes an open room's webhooks of a type. Deliveries that are due already still go out.
func (c *Chat) RemoveWebhooksTx(tx *store.Tx, room *Room, kind string) error {
	if has, err := c.HasWebhookTx(tx, room, kind); err != nil || !has {
		return err
	}
	room.Seq.Hooks++
	if err := tx.Defer("DELETE FROM channel_webhook WHERE channel_id = $1 AND type = $2", room.Channel.ID, kind); err != nil {
		return err
	}
	return room.save(tx)
}

// RetargetFlowTx has those of an open room's studio webhooks that name one flow name another. They keep their lanes, so the order of what is
// told stays.
func (c *Chat) RetargetFlowTx(tx *store.Tx, room *Room, from, to string) error {
	room.Seq.Hooks++
	err := tx.Defer("UPDATE channel_webhook SET flow_sid = $3, updated_at = $4 WHERE channel_id = $1 AND type = '"+HookStudio+"' AND flow_sid = $2",
		room.Channel.ID, from, to, tx.Now())
	if err != nil {
		return err
	}
	return room.save(tx)
}

// roomHandler reads the handler's hook; store.ErrNoRow when there is none.
func roomHandler(tx *store.Tx, room *Room) (*Webhook, error) {
	if room.Seq.Hooks == 0 { // never had a hook
		return nil, store.ErrNoRow
	}
	return webhookTable.One(&tx.Reader, "WHERE channel_id = $1 AND type = $2", room.Channel.ID, HookHandler)
}
