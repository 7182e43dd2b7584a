package chat

import (
	"strings"
	"testing"

	"parley/internal/core"
)

func TestServices(t *testing.T) {
	each(t, func(w *world) {
		svc := w.svc
		if !svc.ReadStatus || svc.Reachability || svc.TypingTimeout != 5 || svc.ConsumptionInterval != 10 || svc.MaxMembers != 100 ||
			svc.MaxChannels != 250 || svc.WebhookFilters != "[]" {
			t.Errorf("defaults are %+v", svc)
		}
		for _, row := range []struct {
			name string
			in   ServicePatch
			code int
		}{
			{"name", ServicePatch{FriendlyName: ptr("")}, core.CodeChatNameRequired},
			{"long name", ServicePatch{FriendlyName: ptr(strings.Repeat("x", 257))}, core.CodeChatNameTooLong},
			{"role", ServicePatch{DefaultServiceRole: ptr(core.NewSID("RL"))}, core.CodeDeploymentRoleNotFound},
			{"role of the other kind", ServicePatch{DefaultChannelRole: &svc.DefaultServiceRole}, core.CodeChannelRoleNotFound},
			{"typing", ServicePatch{TypingTimeout: ptr(int64(-1))}, core.CodeInvalidTyping},
			{"consumption", ServicePatch{ConsumptionInterval: ptr(int64(-1))}, core.CodeInvalidConsumption},
			{"members", ServicePatch{MaxMembers: ptr(int64(1001))}, core.CodeInvalidChannelMembers},
			{"channels", ServicePatch{MaxChannels: ptr(int64(0))}, core.CodeInvalidUserChannels},
			{"webhook", ServicePatch{PreWebhookURL: ptr("ftp://x")}, core.CodeInvalidWebhook},
			{"method", ServicePatch{WebhookMethod: ptr("PUT")}, core.CodeInvalidWebhookMethod},
			{"filter", ServicePatch{WebhookFilters: &[]string{"onNothing"}}, core.CodeInvalidWebhook},
			{"retries", ServicePatch{PostWebhookRetries: ptr(int64(4))}, core.CodeInvalidWebhookRetries},
			{"template", ServicePatch{Notifications: map[string]any{"new_message.template": strings.Repeat("x", 2000)}}, core.CodeTemplateTooLong},
		} {
			if _, err := w.chat.UpdateService(w.ctx(), svc, row.in); err == nil || core.AsError(err).Code != row.code {
				t.Errorf("%s: error is %v, want %d", row.name, err, row.code)
			}
		}
		must(w.chat.UpdateService(w.ctx(), svc, ServicePatch{PostWebhookURL: ptr("https://x.test/hook"), WebhookMethod: ptr("get"),
			WebhookFilters: &[]string{"onMessageSent"}, Reachability: ptr(true), Notifications: map[string]any{"new_message.enabled": true, "log_enabled": true}}))(t)
		got := must(w.chat.Service(w.ctx(), testAccount, svc.SID))(t)
		if *got.PostWebhookURL != "https://x.test/hook" || *got.WebhookMethod != "GET" || !got.Reachability || got.FriendlyName != "test" ||
			!strings.Contains(got.Notifications, `"log_enabled":true`) || !strings.Contains(got.Notifications, `"new_message":{"enabled":true}`) {
			t.Errorf("service is %+v", got)
		}
		must(w.chat.UpdateService(w.ctx(), svc, ServicePatch{PostWebhookURL: ptr(""), WebhookFilters: &[]string{""}}))(t)
		if got := must(w.chat.ServiceByID(w.ctx(), svc.ID))(t); got.PostWebhookURL != nil || got.WebhookFilters != "[]" {
			t.Errorf("service is %+v", got)
		}
		_, err := w.chat.Service(w.ctx(), "ACother", svc.SID)
		w.code(core.CodeServiceNotFound, err)
		_, err = w.chat.Service(w.ctx(), testAccount, "nonsense")
		w.code(core.CodeServiceNotFound, err)

		ch := w.channel(NewChannel{}, "alice")
		w.send(w.as("alice"), ch.SID, "x")
		w.take()
		w.code(0, w.chat.DeleteService(w.ctx(), svc))
		_, err = w.chat.Service(w.ctx(), testAccount, svc.SID)
		w.code(core.CodeServiceNotFound, err)
		for _, table := range []string{"chat_service", "role", "chat_user", "user_seq", "user_channel", "channel", "channel_seq", "member", "message"} {
			w.rows(table, 0)
		}
		w.code(core.CodeServiceNotFound, w.chat.DeleteService(w.ctx(), svc))
		list := must(w.chat.ListServices(w.ctx(), testAccount, Page{}))(t)
		if len(list.Items) != 0 {
			t.Errorf("services are %+v", list)
		}
	})
}

// Names of channels and users are scoped to their service.
func TestForeignService(t *testing.T) {
	each(t, func(w *world) {
		other := must(w.chat.CreateService(w.ctx(), NewService{AccountSID: testAccount, FriendlyName: "other"}))(t)
		ch := w.channel(NewChannel{UniqueName: ptr("room")}, "alice")
		w.send(w.as("alice"), ch.SID, "x")
		foreign := Actor{Service: other, Source: SourceAPI}
		for _, ref := range []string{ch.SID, "room"} {
			_, err := w.chat.SendMessage(w.ctx(), foreign, ref, NewMessage{Body: ptr("x")})
			w.code(core.CodeChannelNotFound, err)
			_, err = w.chat.FetchChannel(w.ctx(), foreign, ref)
			w.code(core.CodeChannelNotFound, err)
			w.code(core.CodeChannelNotFound, w.chat.DeleteChannel(w.ctx(), foreign, ref))
		}
		_, err := w.chat.FetchUser(w.ctx(), other, "alice")
		w.code(core.CodeUserNotFound, err)
		must(w.chat.CreateChannel(w.ctx(), foreign, NewChannel{UniqueName: ptr("room")}))(t)
		_, err = w.chat.CreateUser(w.ctx(), foreign, NewUser{Identity: "x", RoleSID: w.svc.DefaultServiceRole})
		w.code(core.CodeDeploymentRoleNotFound, err)
	})
}
