package chat

import (
	"testing"

	"parley/internal/store"
)

// The handler hears customers and nobody else, once each, and is invisible to whoever manages webhooks.
func TestHandler(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{Type: TypePrivate}, "customer")
		must(w.chat.AddMember(w.ctx(), w.api, ch.SID, NewMember{Identity: "agent", RoleSID: w.role(RoleChannel, RoleAgent).SID}))(t)
		customer, agent := w.as("customer"), w.as("agent")
		change := func(fn func(c *Chat, room *Room, tx *store.Tx) error) {
			t.Helper()
			w.code(0, w.st.Update(w.ctx(), func(tx *store.Tx) error {
				room, err := w.chat.OpenTx(tx, w.svc, ch.SID)
				if err != nil {
					return err
				}
				return fn(w.chat, room, tx)
			}))
		}
		attach := func(c *Chat, room *Room, tx *store.Tx) error { return c.AttachHandlerTx(tx, room) }
		detach := func(c *Chat, room *Room, tx *store.Tx) error { return c.DetachHandlerTx(tx, room) }

		change(detach) // nothing to detach
		w.send(customer, ch.SID, "unheard")
		change(attach)
		change(attach)
		w.send(agent, ch.SID, "from the agent")
		w.send(w.api, ch.SID, "by REST")
		if sent := w.outbox.take(); len(sent) != 0 {
			t.Fatalf("heard %+v", sent)
		}
		w.send(customer, ch.SID, "hello")
		sent := w.outbox.take()
		if len(sent) != 1 || sent[0].Type != HookHandler || sent[0].URL != "" || sent[0].AccountSID != testAccount || sent[0].Params["ChannelSid"] != ch.SID {
			t.Fatalf("heard %+v", sent)
		}

		if list := must(w.chat.ListWebhooks(w.ctx(), w.svc, ch.SID, Page{}))(t); len(list.Items) != 0 {
			t.Errorf("listed %+v", list.Items)
		}
		hidden := sent[0].Lane
		_, err := w.chat.FetchWebhook(w.ctx(), w.svc, ch.SID, hidden)
		w.code(50320, err)
		w.code(50320, w.chat.DeleteWebhook(w.ctx(), w.svc, ch.SID, hidden))
		_, err = w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, NewWebhook{Type: HookHandler, URL: "https://x.test/", Filters: []string{"onMessageSent"}})
		w.code(50324, err)
		for range 5 { // it takes nobody's place
			must(w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, NewWebhook{Type: HookWebhook, URL: "https://x.test/", Filters: []string{"onMessageUpdated"}}))(t)
		}

		change(detach)
		w.send(customer, ch.SID, "unheard again")
		if sent := w.outbox.take(); len(sent) != 0 {
			t.Errorf("heard %+v", sent)
		}
	})
}

// Whoever follows a channel learns of its change (rest-semantics §3.3); what is not set is left out.
func TestChannelUpdatedIsTold(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{Type: TypePrivate, FriendlyName: ptr("Anna's chat")}, "customer")
		loud := w.api
		loud.Webhooks = true
		update := func(a Actor, attributes string) {
			t.Helper()
			must(w.chat.UpdateChannel(w.ctx(), a, ch.SID, ChannelPatch{Attributes: &attributes}))(t)
		}
		update(loud, `{"n":0}`)
		hook := must(w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, NewWebhook{Type: HookWebhook, URL: "https://x.test/", Filters: []string{"onChannelUpdated"}}))(t)
		w.send(w.as("customer"), ch.SID, "not asked for")
		update(w.api, `{"n":1}`)
		update(loud, `{"n":2}`)
		update(loud, `{"n":2}`) // no change
		sent := w.outbox.take()
		if len(sent) != 1 || sent[0].Lane != hook.SID {
			t.Fatalf("told %+v", sent)
		}
		p := sent[0].Params
		if _, named := p["UniqueName"]; named || p["EventType"] != "onChannelUpdated" || p["Attributes"] != `{"n":2}` || p["ChannelType"] != "private" ||
			p["CreatedBy"] != "system" || p["FriendlyName"] != "Anna's chat" || p["Source"] != "API" || p["ChannelSid"] != ch.SID || p["DateUpdated"] == "" {
			t.Errorf("parameters %v", p)
		}
	})
}
