package chat

import (
	"slices"
	"testing"
)

// settings changes the service and everybody's view of it.
func (w *world) settings(in ServicePatch) {
	w.Helper()
	w.svc = must(w.chat.UpdateService(w.ctx(), w.svc, in))(w)
	w.api.Service = w.svc
}

// told lists what was enqueued since the last call as "event receiver", and returns the deliveries.
func (w *world) told() (list []string, all []Delivery) {
	all = w.outbox.take()
	for _, d := range all {
		list = append(list, d.Params["EventType"]+" "+d.URL)
	}
	return list, all
}

// TestPostEvents: each thing that a user of an SDK does is told to the service's receiver and to the channel's webhook, in the channel's order
// and with its own parameters (rest-semantics §3.3).
func TestPostEvents(t *testing.T) {
	each(t, func(w *world) {
		const service, hook = "https://service.test/", "https://hook.test/"
		posts := []string{eventMessageSent, eventMessageUpdated, eventMessageRemoved, eventChannelAdded, eventChannelUpdated, eventChannelDestroyed,
			eventMemberAdded, eventMemberUpdated, eventMemberRemoved, eventUserAdded, eventUserUpdated}
		w.settings(ServicePatch{PostWebhookURL: ptr(service), WebhookMethod: ptr("GET"), WebhookFilters: &posts, PostWebhookRetries: ptr(int64(2))})
		ctx := w.ctx()

		alice := w.as("alice")
		admin := w.role(RoleDeployment, "service admin")
		must(w.chat.UpdateUser(ctx, w.api, "alice", UserPatch{RoleSID: &admin.SID}))(w)
		list, all := w.told()
		if !slices.Equal(list, []string{"onUserAdded " + service}) {
			t.Fatalf("a login and a silent change told %v", list)
		}
		if d := all[0]; d.Params["UserSid"] == "" || d.Params["Identity"] != "alice" || d.Params["ClientIdentity"] != "alice" || d.Params["Source"] != "SDK" ||
			d.Method != "GET" || d.Retries != 2 || d.Params["WebhookType"] != "" {
			t.Errorf("%+v", d)
		}
		room := must(w.chat.CreateChannel(ctx, alice, NewChannel{FriendlyName: ptr("Room")}))(w)
		sid := room.Channel.SID
		must(w.chat.CreateWebhook(ctx, w.svc, sid, NewWebhook{Type: HookWebhook, URL: hook, Filters: []string{eventMessageSent, eventMessageUpdated,
			eventMessageRemoved, eventChannelUpdated, eventChannelDestroyed, eventMemberAdded, eventMemberUpdated, eventMemberRemoved}}))(w)
		w.told()
		both := func(event string) []string { return []string{event + " " + service, event + " " + hook} }
		var last int64
		step := func(name string, want []string, params map[string]string, do func() error) {
			t.Helper()
			if err := do(); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			list, all := w.told()
			if !slices.Equal(list, want) {
				t.Errorf("%s told %v, want %v", name, list, want)
			}
			for _, d := range all {
				for k, v := range params {
					if got := d.Params[k]; got != v && (v != "*" || got == "") {
						t.Errorf("%s: %s is %q, want %q", name, k, got, v)
					}
				}
				if d.Lane == sid {
					if d.LaneSeq <= last {
						t.Errorf("%s: number %d after %d", name, d.LaneSeq, last)
					}
					last = d.LaneSeq
				}
			}
		}
		step("join", both(eventMemberAdded), map[string]string{"ChannelSid": sid, "MemberSid": "*", "Identity": "alice", "RoleSid": "*", "DateCreated": "*"}, func() error {
			_, err := w.chat.AddMember(ctx, alice, sid, NewMember{Identity: "alice"})
			return err
		})
		step("add a stranger", append([]string{eventUserAdded + " " + service}, both(eventMemberAdded)...), map[string]string{"Identity": "bob"}, func() error {
			_, err := w.chat.AddMember(ctx, alice, sid, NewMember{Identity: "bob"})
			return err
		})
		step("send", both(eventMessageSent), map[string]string{"Index": "0", "Body": "hi", "From": "alice", "MessageSid": "*", "To": ""}, func() error {
			_, err := w.chat.SendMessage(ctx, alice, sid, NewMessage{Body: ptr("hi")})
			return err
		})
		step("edit", both(eventMessageUpdated), map[string]string{"Index": "0", "Body": "ho", "ModifiedBy": "alice", "DateUpdated": "*"}, func() error {
			_, err := w.chat.UpdateMessage(ctx, alice, sid, "0", MessagePatch{Body: ptr("ho")})
			return err
		})
		step("horizon", both(eventMemberUpdated), map[string]string{"LastConsumedMessageIndex": "0", "LastConsumptionTimestamp": "*"}, func() error {
			_, err := w.chat.SetHorizon(ctx, alice, sid, ptr(int64(0)))
			return err
		})
		step("the same horizon", nil, nil, func() error {
			_, err := w.chat.SetHorizon(ctx, alice, sid, ptr(int64(0)))
			return err
		})
		step("member", both(eventMemberUpdated), map[string]string{"Attributes": `{"a":1}`, "Identity": "alice"}, func() error {
			_, err := w.chat.UpdateMember(ctx, alice, sid, "alice", MemberPatch{Attributes: ptr(`{"a":1}`)})
			return err
		})
		step("channel", both(eventChannelUpdated), map[string]string{"FriendlyName": "Hall", "ChannelType": "public", "CreatedBy": "alice"}, func() error {
			_, err := w.chat.UpdateChannel(ctx, alice, sid, ChannelPatch{FriendlyName: ptr("Hall")})
			return err
		})
		step("remove the message", both(eventMessageRemoved), map[string]string{"Body": "ho", "RemovedBy": "alice", "DateRemoved": "*"}, func() error {
			return w.chat.DeleteMessage(ctx, alice, sid, "0")
		})
		step("remove the member", both(eventMemberRemoved), map[string]string{"Identity": "bob", "DateRemoved": "*"}, func() error {
			return w.chat.RemoveMember(ctx, alice, sid, "bob")
		})
		step("user", []string{eventUserUpdated + " " + service}, map[string]string{"FriendlyName": "Alice", "DateUpdated": "*", "IsOnline": "false"}, func() error {
			_, err := w.chat.UpdateUser(ctx, alice, "alice", UserPatch{FriendlyName: ptr("Alice")})
			return err
		})
		step("the same user", nil, nil, func() error {
			_, err := w.chat.UpdateUser(ctx, alice, "alice", UserPatch{FriendlyName: ptr("Alice")})
			return err
		})
		withHeader := w.api
		withHeader.Webhooks = true
		step("a user who is in a channel", both(eventMemberRemoved), map[string]string{"Identity": "alice", "Source": "API", "ClientIdentity": ""}, func() error {
			return w.chat.DeleteUser(ctx, withHeader, "alice")
		})
		step("REST without the header", nil, nil, func() error {
			_, err := w.chat.UpdateChannel(ctx, w.api, sid, ChannelPatch{FriendlyName: ptr("Attic")})
			return err
		})
		step("destroy", both(eventChannelDestroyed), map[string]string{"ChannelSid": sid, "FriendlyName": "Attic", "DateRemoved": "*"}, func() error {
			return w.chat.DeleteChannel(ctx, withHeader, sid)
		})
	})
}

// TestFiltersDecide: nothing is told that no filter names.
func TestFiltersDecide(t *testing.T) {
	each(t, func(w *world) {
		w.settings(ServicePatch{PostWebhookURL: ptr("https://service.test/"), PreWebhookURL: ptr("https://pre.test/")})
		ch := w.channel(NewChannel{}, "alice")
		w.send(w.as("alice"), ch.SID, "x")
		if list, _ := w.told(); len(list) != 0 {
			t.Errorf("without filters, told %v", list)
		}
		for event, refused := range map[string]bool{eventMemberRemoved: false, preMessageSend: true, eventUserAdded: true, eventChannelAdded: true} {
			_, err := w.chat.CreateWebhook(w.ctx(), w.svc, ch.SID, NewWebhook{Type: HookWebhook, URL: "https://x.test/", Filters: []string{event}})
			if (err != nil) != refused {
				t.Errorf("a channel's filter %s: %v", event, err)
			}
		}
	})
}
