package chat

import (
	"context"
	"strings"

	"parley/internal/core"
	"parley/internal/store"
)

// The types of channel webhooks (rest-semantics §3.5).
const (
	HookWebhook = "webhook"
	HookTrigger = "trigger"
	HookStudio  = "studio"
)

// Bounds of channel webhooks (rest-semantics §2.8).
const (
	maxWebhooks = 5
	maxTriggers = 5
	maxTrigger  = 248 // bytes
)

// CreateWebhook adds a webhook to a channel. Webhooks are the business of servers, so nobody's role is asked.
func (c *Chat) CreateWebhook(ctx context.Context, svc *Service, ref string, in NewWebhook) (w *Webhook, err error) {
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		room, err := c.OpenTx(tx, svc, ref)
		if err != nil {
			return err
		}
		w, err = c.AddWebhookTx(tx, svc, room, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

// AddWebhookTx is CreateWebhook on an open room of a service.
func (c *Chat) AddWebhookTx(tx *store.Tx, svc *Service, room *Room, in NewWebhook) (*Webhook, error) {
	w := newWebhook(tx, room, in)
	if w.Method == "" {
		w.Method = "POST"
	}
	if err := c.checkWebhook(&tx.Reader, svc, w); err != nil {
		return nil, err
	}
	if room.Seq.Hooks > 0 { // a channel that never had one needs no count
		var n int
		if err := tx.One("SELECT count(*) FROM channel_webhook WHERE channel_id = $1 AND type NOT IN ($2, $3)", []any{room.Channel.ID, HookHandler, HookRelay}, &n); err != nil {
			return nil, err
		}
		if n >= maxWebhooks {
			return nil, core.Ef(core.CodeTooManyWebhooks, "A channel has at most %d webhooks", maxWebhooks)
		}
	}
	if err := webhookTable.Append(tx, w); err != nil {
		return nil, err
	}
	room.Seq.Hooks++
	return w, room.save(tx)
}

func newWebhook(tx *store.Tx, room *Room, in NewWebhook) *Webhook {
	if in.Type == HookStudio { // it hears what customers write, and nothing else
		in = NewWebhook{Type: HookStudio, Method: "POST", FlowSID: in.FlowSID, RetryCount: in.RetryCount, CustomersOnly: true,
			Filters: []string{eventMessageSent, eventMediaMessageSent}}
	} else {
		in.FlowSID = ""
	}
	return &Webhook{ChannelSID: room.Channel.SID, ID: tx.NextID(), SID: core.NewSID("WH"), ChannelID: room.Channel.ID, Type: in.Type,
		URL: in.URL, Method: strings.ToUpper(in.Method), Filters: encodeStrings(distinct(in.Filters)), Triggers: encodeStrings(distinct(in.Triggers)),
		FlowSID: in.FlowSID, RetryCount: in.RetryCount, CustomersOnly: in.CustomersOnly, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
}

// check refuses a webhook that could not work (rest-semantics §2.5.3).
func (w *Webhook) check() error {
	filters, triggers := w.FilterList(), w.TriggerList()
	switch w.Type {
	case HookWebhook, HookTrigger:
		if w.URL == "" {
			return core.E(core.CodeWebhookURLRequired)
		}
		if len(w.URL) > maxURL {
			return core.Ef(core.CodeWebhookURLTooLong, "Configuration.Url has %d bytes; at most %d are allowed", len(w.URL), maxURL)
		}
		if !webURL(w.URL) {
			return core.Ef(core.CodeInvalidWebhook, "Configuration.Url must be an absolute http or https URL")
		}
		if w.Method != "GET" && w.Method != "POST" {
			return core.Ef(core.CodeInvalidWebhookMethod, "Configuration.Method must be GET or POST")
		}
	case HookStudio:
	case "":
		return core.E(core.CodeWebhookTypeRequired)
	default:
		return core.Ef(core.CodeInvalidWebhookType, "Type must be webhook, trigger or studio")
	}
	if w.RetryCount < 0 || w.RetryCount > maxRetries {
		return core.Ef(core.CodeInvalidWebhookRetries, "Configuration.RetryCount must be between 0 and %d", maxRetries)
	}
	if w.Type == HookWebhook && len(filters) == 0 {
		return core.E(core.CodeWebhookFilterRequired)
	}
	for _, f := range filters {
		if !isChannelEvent(f) {
			return core.Ef(core.CodeInvalidWebhookFilter, "%q is no event of which a channel's webhooks are told", f)
		}
	}
	if w.Type != HookTrigger {
		return nil
	}
	if len(triggers) == 0 {
		return core.E(core.CodeWebhookTriggerRequired)
	}
	if len(triggers) > maxTriggers {
		return core.Ef(core.CodeTooManyTriggers, "A webhook has at most %d triggers", maxTriggers)
	}
	for _, t := range triggers {
		if t == "" || len(t) > maxTrigger || !core.CleanText(t) {
			return core.Ef(core.CodeInvalidWebhookTrigger, "A trigger is a text of 1 to %d bytes", maxTrigger)
		}
	}
	return nil
}

// checkWebhook is check with what only the store can say: the flow of a webhook of type studio must be one of the account.
func (c *Chat) checkWebhook(r *store.Reader, svc *Service, w *Webhook) error {
	if err := w.check(); err != nil || w.Type != HookStudio {
		return err
	}
	if c.hasFlow != nil && core.IsSID("FW", w.FlowSID) {
		if ok, err := c.hasFlow(r, svc.AccountSID, w.FlowSID); err != nil || ok {
			return err
		}
	}
	return core.Ef(core.CodeInvalidWebhookFlow, "Configuration.FlowSid must name a Studio flow of this account")
}

// distinct drops what a list says twice, and empty texts: an empty list is sent as one of them. The order stays.
func distinct(list []string) (out []string) {
	seen := make(map[string]bool, len(list))
	for _, s := range list {
		if s != "" && !seen[s] {
			seen[s], out = true, append(out, s)
		}
	}
	return out
}

// UpdateWebhook changes a channel's webhook. What it becomes must be one that could have been made; its type stays.
func (c *Chat) UpdateWebhook(ctx context.Context, svc *Service, ref, sid string, in WebhookPatch) (w *Webhook, err error) {
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		room, err := c.OpenTx(tx, svc, ref)
		if err != nil {
			return err
		}
		if w, err = findWebhook(&tx.Reader, room.Channel, sid); err != nil {
			return err
		}
		before := *w
		in.apply(w)
		if *w == before {
			return nil
		}
		if err := c.checkWebhook(&tx.Reader, svc, w); err != nil {
			return err
		}
		w.UpdatedAt = tx.Now()
		room.Seq.Hooks++
		if err := webhookTable.Update(tx, w); err != nil {
			return err
		}
		return room.save(tx)
	})
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (in *WebhookPatch) apply(w *Webhook) {
	if in.RetryCount != nil {
		w.RetryCount = *in.RetryCount
	}
	if w.Type == HookStudio {
		if in.FlowSID != nil {
			w.FlowSID = *in.FlowSID
		}
		return
	}
	if in.URL != nil {
		w.URL = *in.URL
	}
	if in.Method != nil {
		w.Method = strings.ToUpper(*in.Method)
	}
	if in.Filters != nil {
		w.Filters = encodeStrings(distinct(*in.Filters))
	}
	if in.Triggers != nil {
		w.Triggers = encodeStrings(distinct(*in.Triggers))
	}
}

// FilterList and TriggerList are the lists as the resources show them.
func (w *Webhook) FilterList() []string  { return decodeStrings(w.Filters) }
func (w *Webhook) TriggerList() []string { return decodeStrings(w.Triggers) }

// FetchWebhook reads a channel's webhook by its SID.
func (c *Chat) FetchWebhook(ctx context.Context, svc *Service, ref, sid string) (w *Webhook, err error) {
	err = c.st.View(ctx, func(r *store.Reader) error {
		ch, err := c.FindChannelTx(r, svc, ref)
		if err != nil {
			return err
		}
		w, err = findWebhook(r, ch, sid)
		return err
	})
	return w, err
}

func findWebhook(r *store.Reader, ch *Channel, sid string) (*Webhook, error) {
	if !core.IsSID("WH", sid) {
		return nil, core.E(core.CodeWebhookNotFound)
	}
	w, err := webhookTable.One(r, "WHERE sid = $1 AND channel_id = $2 AND type NOT IN ($3, $4)", sid, ch.ID, HookHandler, HookRelay)
	if err != nil {
		return nil, or(err, core.CodeWebhookNotFound)
	}
	w.ChannelSID = ch.SID
	return w, nil
}

// ListWebhooks lists a channel's webhooks.
func (c *Chat) ListWebhooks(ctx context.Context, svc *Service, ref string, p Page) (out List[*Webhook], err error) {
	size, after, err := c.keys("WH", p)
	if err != nil {
		return out, err
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		ch, err := c.FindChannelTx(r, svc, ref)
		if err != nil {
			return err
		}
		rows, err := webhookTable.All(r, "WHERE channel_id = $1 AND id > $2 AND type NOT IN ($3, $4) ORDER BY id LIMIT $5", ch.ID, after, HookHandler, HookRelay, size+1)
		for _, w := range rows {
			w.ChannelSID = ch.SID
		}
		out = pageOf(c, "WH", rows, size, func(w *Webhook) int64 { return w.ID })
		return err
	})
	return out, err
}

// DeleteWebhook removes a channel's webhook. Calls that are due already still go out.
func (c *Chat) DeleteWebhook(ctx context.Context, svc *Service, ref, sid string) error {
	return c.st.Update(ctx, func(tx *store.Tx) error {
		room, err := c.OpenTx(tx, svc, ref)
		if err != nil {
			return err
		}
		w, err := findWebhook(&tx.Reader, room.Channel, sid)
		if err != nil {
			return err
		}
		room.Seq.Hooks++
		if err := webhookTable.Delete(tx, w); err != nil {
			return err
		}
		return room.save(tx)
	})
}
