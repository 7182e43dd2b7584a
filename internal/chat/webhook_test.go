package chat

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"parley/internal/core"
	"parley/internal/store"
)

func TestWebhookRules(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{})
		good := NewWebhook{Type: HookWebhook, URL: "https://x.test/", Filters: []string{"onMessageSent"}}
		for _, row := range []struct {
			name string
			edit func(in *NewWebhook)
			code int
		}{
			{"type", func(in *NewWebhook) { in.Type = "x" }, core.CodeInvalidWebhookType},
			{"no URL", func(in *NewWebhook) { in.URL = "" }, core.CodeWebhookURLRequired},
			{"URL", func(in *NewWebhook) { in.URL = "x.test" }, core.CodeInvalidWebhook},
			{"long URL", func(in *NewWebhook) { in.URL = "https://x.test/" + strings.Repeat("x", 512) }, core.CodeWebhookURLTooLong},
			{"method", func(in *NewWebhook) { in.Method = "PUT" }, core.CodeInvalidWebhookMethod},
			{"no filters", func(in *NewWebhook) { in.Filters = nil }, core.CodeWebhookFilterRequired},
			{"filter", func(in *NewWebhook) { in.Filters = []string{"x"} }, core.CodeInvalidWebhookFilter},
			{"retries", func(in *NewWebhook) { in.RetryCount = 4 }, core.CodeInvalidWebhookRetries},
			{"no triggers", func(in *NewWebhook) { in.Type = HookTrigger }, core.CodeWebhookTriggerRequired},
			{"triggers", func(in *NewWebhook) { in.Type, in.Triggers = HookTrigger, strings.Split("abcdef", "") }, core.CodeTooManyTriggers},
			{"long trigger", func(in *NewWebhook) { in.Type, in.Triggers = HookTrigger, []string{strings.Repeat("x", 249)} }, core.CodeInvalidWebhookTrigger},
			{"studio", func(in *NewWebhook) { in.Type, in.FlowSID = HookStudio, core.NewSID("FW") }, core.CodeInvalidWebhookFlow},
		} {
			in := good
			row.edit(&in)
			if _, err := w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, in); err == nil || core.AsError(err).Code != row.code {
				t.Errorf("%s: error is %v, want %d", row.name, err, row.code)
			}
		}
		var last *Webhook
		for range 5 {
			last = must(w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, good))(t)
		}
		_, err := w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, good)
		w.code(core.CodeTooManyWebhooks, err)
		if got := must(w.chat.FetchWebhook(w.ctx(), w.svc, ch.SID, last.SID))(t); got.Method != "POST" || got.FilterList()[0] != "onMessageSent" {
			t.Errorf("webhook is %+v", got)
		}
		page := must(w.chat.ListWebhooks(w.ctx(), w.svc, ch.SID, Page{Size: 3}))(t)
		rest := must(w.chat.ListWebhooks(w.ctx(), w.svc, ch.SID, Page{Size: 3, Token: page.Next}))(t)
		if len(page.Items) != 3 || len(rest.Items) != 2 {
			t.Errorf("pages of %d and %d", len(page.Items), len(rest.Items))
		}
		w.code(0, w.chat.DeleteWebhook(w.ctx(), w.svc, ch.SID, last.SID))
		w.code(core.CodeWebhookNotFound, w.chat.DeleteWebhook(w.ctx(), w.svc, ch.SID, last.SID))
	})
}

// Who fires webhooks (rest-semantics §3.2), in which shape (§3.3), and not for agents where only customers count.
func TestWebhookDeliveries(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{Type: TypePrivate}, "customer")
		agentRole := w.role(RoleChannel, RoleAgent)
		must(w.chat.AddMember(w.ctx(), w.api, ch.SID, NewMember{Identity: "agent", RoleSID: agentRole.SID}))(t)
		hook := must(w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, NewWebhook{Type: HookWebhook, URL: "https://x.test/", Filters: []string{"onMessageSent"},
			RetryCount: 2, CustomersOnly: true}))(t)
		customer, agent := w.as("customer"), w.as("agent")

		w.send(agent, ch.SID, "from the agent")
		w.send(w.api, ch.SID, "by REST")
		if sent := w.outbox.take(); len(sent) != 0 {
			t.Fatalf("sent %+v", sent)
		}
		m := w.send(customer, ch.SID, "hello")
		sent := w.outbox.take()
		if len(sent) != 1 {
			t.Fatalf("sent %+v", sent)
		}
		d := sent[0]
		if d.Lane != hook.SID || d.AccountSID != testAccount || d.URL != "https://x.test/" || d.Method != "POST" || d.Retries != 2 {
			t.Errorf("delivery is %+v", d)
		}
		want := map[string]string{"EventType": "onMessageSent", "InstanceSid": w.svc.SID, "Attributes": "{}", "DateCreated": core.ISOMillis(m.CreatedAt),
			"Index": "2", "From": "customer", "MessageSid": w.chat.MessageSID(m.ID), "AccountSid": testAccount, "Source": "SDK", "ChannelSid": ch.SID,
			"ClientIdentity": "customer", "WebhookType": "webhook", "Body": "hello", "WebhookSid": hook.SID}
		if !maps.Equal(d.Params, want) {
			t.Errorf("parameters are %v, want %v", d.Params, want)
		}
		withHeader := w.api
		withHeader.Webhooks = true
		must(w.chat.SendMessage(w.ctx(), withHeader, ch.SID, NewMessage{Body: ptr("x"), From: "customer"}))(t)
		must(w.chat.SendMessage(w.ctx(), withHeader, ch.SID, NewMessage{Body: ptr("x"), From: "agent"}))(t)
		sent = w.outbox.take()
		if len(sent) != 1 || sent[0].Params["Source"] != "API" || sent[0].Params["ClientIdentity"] != "" || sent[0].LaneSeq <= d.LaneSeq {
			t.Errorf("sent %+v", sent)
		}
		w.code(0, w.chat.DeleteWebhook(w.ctx(), w.svc, ch.SID, hook.SID))
		w.send(customer, ch.SID, "x")
		if len(w.outbox.take()) != 0 {
			t.Error("a deleted webhook was called")
		}
		must(w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, NewWebhook{Type: HookTrigger, URL: "https://x.test/", Triggers: []string{"Help", "agent"}}))(t)
		w.send(customer, ch.SID, "hello again")
		w.send(customer, ch.SID, "i need HELP")
		if sent := w.outbox.take(); len(sent) != 1 || sent[0].Params["WebhookType"] != HookTrigger || sent[0].Params["Body"] != "i need HELP" {
			t.Errorf("sent %+v", sent)
		}
	})
}

func (w *world) role(kind, name string) (role *Role) {
	w.Helper()
	err := w.st.View(w.ctx(), func(r *store.Reader) (err error) {
		role, err = w.chat.RoleByName(r, w.svc, kind, name)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return role
}

func TestMedia(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel(NewChannel{Type: TypePrivate}, "alice", "bob")
		alice, bob, eve := w.as("alice"), w.as("bob"), w.as("eve")
		upload := func(a Actor) string {
			id := must(w.chat.MediaID(w.ctx()))(t)
			must(w.chat.CreateMedia(w.ctx(), a, NewMedia{ID: id, ContentType: "image/png", Filename: ptr("pic.png"), Size: 8}))(t)
			return w.chat.MediaSID(id)
		}
		send := func(a Actor, sid string) (*Message, error) {
			return w.chat.SendMessage(w.ctx(), a, ch.SID, NewMessage{MediaSID: sid})
		}
		pic := upload(alice)
		_, err := w.chat.FetchMedia(w.ctx(), bob, pic)
		w.code(core.CodeMediaNotFound, err)
		_, err = send(bob, pic)
		w.code(core.CodeMediaNotFound, err)
		m := must(send(alice, pic))(t)
		if m.Media == nil || *m.Media.Filename != "pic.png" || m.Media.MessageID != m.ID {
			t.Errorf("message is %+v", m)
		}
		_, err = send(alice, pic)
		w.code(core.CodeMediaSent, err)
		got := must(w.chat.FetchMedia(w.ctx(), bob, pic))(t)
		if got.ChannelSID != ch.SID || got.Author != "alice" {
			t.Errorf("media is %+v", got)
		}
		_, err = w.chat.FetchMedia(w.ctx(), eve, pic)
		w.code(core.CodeMediaNotFound, err)
		_, err = w.chat.UpdateMessage(w.ctx(), alice, ch.SID, "0", MessagePatch{Body: ptr("x")})
		w.code(core.CodeMediaBody, err)
		list := must(w.chat.ListMessages(w.ctx(), bob, ch.SID, Page{}))(t)
		if list.Items[0].Media == nil {
			t.Error("the list lacks the media")
		}
		must(send(w.api, upload(w.api)))(t)
		w.code(0, w.chat.DeleteMessage(w.ctx(), alice, ch.SID, "0"))
		_, err = w.chat.FetchMedia(w.ctx(), bob, pic)
		w.code(core.CodeMediaNotFound, err)
		unsent := upload(bob)
		if rows := must(w.chat.CollectableMedia(w.ctx(), 0, 10))(t); len(rows) != 1 || w.chat.MediaSID(rows[0].ID) != pic || !must(w.chat.ForgetMedia(w.ctx(), rows[0].ID))(t) {
			t.Errorf("collectable: %+v", rows)
		}
		w.code(0, w.chat.DeleteChannel(w.ctx(), w.api, ch.SID))
		rows := must(w.chat.CollectableMedia(w.ctx(), 0, 10))(t)
		if len(rows) != 1 || !must(w.chat.ForgetMedia(w.ctx(), rows[0].ID))(t) {
			t.Errorf("collectable: %+v", rows)
		}
		rows = must(w.chat.CollectableMedia(w.ctx(), 1<<62, 10))(t)
		if !slices.ContainsFunc(rows, func(m *Media) bool { return w.chat.MediaSID(m.ID) == unsent }) {
			t.Errorf("collectable: %+v", rows)
		}
	})
}
