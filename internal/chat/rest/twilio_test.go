package rest_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
	chatv2 "github.com/twilio/twilio-go/rest/chat/v2"
	flexv1 "github.com/twilio/twilio-go/rest/flex/v1"

	parleychat "parley/internal/chat"
	"parley/internal/resttest"
)

// The official library lives the whole life in both URL styles: a key, with the key a service, a flow, a chat made by one request, its messages and members,
// pages, errors, and the end.
func TestTwilioGo(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		server := httptest.NewServer(w.Router)
		defer server.Close()
		for _, byHost := range []bool{false, true} {
			live(w, server.URL, byHost)
		}
	})
}

func live(w *resttest.World, base string, byHost bool) {
	keys := api.NewApiService(w.Official(base, resttest.Account, resttest.Token, byHost))
	key := ok(keys.CreateNewKey((&api.CreateNewKeyParams{}).SetFriendlyName("token server")))(w)
	handler := w.Official(base, *key.Sid, *key.Secret, byHost)
	chat, flex := chatv2.NewApiService(handler), flexv1.NewApiService(handler)

	service := *ok(chat.CreateService((&chatv2.CreateServiceParams{}).SetFriendlyName("Support")))(w).Sid
	updated := ok(chat.UpdateService(service, (&chatv2.UpdateServiceParams{}).SetReachabilityEnabled(true).SetWebhookFilters([]string{"onMessageSent", "onChannelAdded"})))(w)
	if !*updated.ReachabilityEnabled || len(*updated.WebhookFilters) != 2 {
		w.Errorf("updated service %+v", updated)
	}
	flow := ok(flex.CreateFlexFlow((&flexv1.CreateFlexFlowParams{}).SetFriendlyName("Custom").SetChatServiceSid(service).SetChannelType("custom").
		SetEnabled(true).SetIntegrationType("external").SetIntegrationUrl(bot).SetIntegrationRetryCount(2)))(w)
	if *flow.IntegrationType != "external" || *flow.ChannelType != "custom" {
		w.Errorf("flow %+v", flow)
	}
	made := ok(flex.CreateChannel((&flexv1.CreateChannelParams{}).SetFlexFlowSid(*flow.Sid).SetIdentity("anna").SetChatUserFriendlyName("Anna").
		SetChatFriendlyName("Anna's chat").SetChatUniqueName("anna 1").SetLongLived(true).SetPreEngagementData(`{"topic":"bill"}`)))(w)
	conversation(w, chat, service, *made.Sid)
	people(w, chat, service, *made.Sid)
	channelWebhooks(w, chat, service, *made.Sid)
	pages(w, chat, service)

	if err := flex.DeleteChannel(*made.Sid); err != nil {
		w.Error(err)
	}
	refused(w, 45204)(flex.FetchChannel(*made.Sid))
	if err := flex.DeleteFlexFlow(*flow.Sid); err != nil {
		w.Error(err)
	}
	if err := chat.DeleteService(service); err != nil {
		w.Error(err)
	}
	refused(w, 50050)(chat.FetchService(service))
	if err := keys.DeleteKey(*key.Sid, nil); err != nil {
		w.Error(err)
	}
	refused(w, 20003)(chat.FetchService(service))
}

func conversation(w *resttest.World, chat *chatv2.ApiService, service, channel string) {
	sent := ok(chat.CreateMessage(service, channel, (&chatv2.CreateMessageParams{}).SetFrom("anna").SetBody("Grüße 😀").
		SetAttributes(`{"a":1}`).SetXTwilioWebhookEnabled("true")))(w)
	if *sent.Body != "Grüße 😀" || *sent.From != "anna" || sent.Index != 0 || *sent.Attributes != `{"a":1}` {
		w.Errorf("sent %+v", sent)
	}
	edited := ok(chat.UpdateMessage(service, channel, *sent.Sid, (&chatv2.UpdateMessageParams{}).SetBody("Hello").SetLastUpdatedBy("agent")))(w)
	if !*edited.WasEdited || *edited.LastUpdatedBy != "agent" {
		w.Errorf("edited %+v", edited)
	}
	member := ok(chat.CreateMember(service, channel, (&chatv2.CreateMemberParams{}).SetIdentity("agent").SetLastConsumedMessageIndex(0)))(w)
	if got := ok(chat.FetchMember(service, channel, "agent"))(w); *got.Sid != *member.Sid || *got.LastConsumedMessageIndex != 0 {
		w.Errorf("member %+v", got)
	}
	user := ok(chat.FetchUser(service, "agent"))(w)
	if user.JoinedChannelsCount != 1 || user.IsOnline != nil || *user.IsNotifiable {
		w.Errorf("user %+v", user)
	}
	if got := ok(chat.FetchChannel(service, "anna 1"))(w); *got.Sid != channel || got.MembersCount != 2 || got.MessagesCount != 1 || *got.Type != "private" {
		w.Errorf("channel %+v", got)
	}
	refused(w, 50404)(chat.CreateMember(service, channel, (&chatv2.CreateMemberParams{}).SetIdentity("agent")))
	refused(w, 50304)(chat.UpdateChannel(service, channel, (&chatv2.UpdateChannelParams{}).SetAttributes("{")))
	if err := chat.DeleteMember(service, channel, *member.Sid, nil); err != nil {
		w.Error(err)
	}
	if err := chat.DeleteMessage(service, channel, *sent.Sid, nil); err != nil {
		w.Error(err)
	}
	refused(w, 50500)(chat.FetchMessage(service, channel, *sent.Sid))
}

// people lives the life of roles, invites, users' channels and bindings.
func people(w *resttest.World, chat *chatv2.ApiService, service, channel string) {
	role := ok(chat.CreateRole(service, (&chatv2.CreateRoleParams{}).SetFriendlyName("Reader").SetType("channel").SetPermission([]string{"leaveChannel"})))(w)
	if role = ok(chat.UpdateRole(service, *role.Sid, (&chatv2.UpdateRoleParams{}).SetPermission([]string{"sendMessage", "leaveChannel"})))(w); len(*role.Permissions) != 2 {
		w.Errorf("role %+v", role)
	}
	if all := ok(chat.ListRole(service, (&chatv2.ListRoleParams{}).SetPageSize(5)))(w); len(all) != 13 {
		w.Errorf("%d roles, want 13", len(all))
	}
	invite := ok(chat.CreateInvite(service, channel, (&chatv2.CreateInviteParams{}).SetIdentity("dan").SetRoleSid(*role.Sid)))(w)
	if got := ok(chat.FetchInvite(service, channel, *invite.Sid))(w); *got.Identity != "dan" || *got.RoleSid != *role.Sid || *got.CreatedBy != "system" {
		w.Errorf("invite %+v", got)
	}
	if all := ok(chat.ListInvite(service, channel, (&chatv2.ListInviteParams{}).SetIdentity([]string{"dan", "x"})))(w); len(all) != 1 {
		w.Errorf("%d invites, want 1", len(all))
	}
	refused(w, 50212)(chat.CreateInvite(service, channel, (&chatv2.CreateInviteParams{}).SetIdentity("dan")))
	if got := ok(chat.FetchUserChannel(service, "dan", channel))(w); *got.Status != "invited" || got.MemberSid != nil {
		w.Errorf("invited %+v", got)
	}
	if member := ok(chat.CreateMember(service, channel, (&chatv2.CreateMemberParams{}).SetIdentity("dan")))(w); *member.RoleSid != *role.Sid {
		w.Errorf("member %+v", member)
	}
	refused(w, 50601)(chat.FetchInvite(service, channel, *invite.Sid))
	moved := ok(chat.UpdateUserChannel(service, "dan", channel, (&chatv2.UpdateUserChannelParams{}).SetNotificationLevel("muted").SetLastConsumedMessageIndex(0)))(w)
	if *moved.Status != "joined" || *moved.NotificationLevel != "muted" || *moved.LastConsumedMessageIndex != 0 || *moved.UnreadMessagesCount != 0 {
		w.Errorf("user channel %+v", moved)
	}
	if all := ok(chat.ListUserChannel(service, "dan", nil))(w); len(all) != 1 || *all[0].ChannelSid != channel {
		w.Errorf("dan's channels %+v", all)
	}
	device(w, "phone", service, "dan", parleychat.NewBinding{Type: "fcm", Address: "token", Endpoint: "dan's phone"})
	if all := ok(chat.ListBinding(service, (&chatv2.ListBindingParams{}).SetBindingType([]string{"fcm"}).SetIdentity([]string{"dan"})))(w); len(all) != 1 || *all[0].Endpoint != "dan's phone" {
		w.Errorf("bindings %+v", all)
	}
	if got := ok(chat.FetchUserBinding(service, "dan", w.Names["phone"]))(w); *got.Identity != "dan" || *got.BindingType != "fcm" {
		w.Errorf("binding %+v", got)
	}
	if err := chat.DeleteUserBinding(service, "dan", w.Names["phone"]); err != nil {
		w.Error(err)
	}
	refused(w, 20404)(chat.FetchBinding(service, w.Names["phone"]))
	if err := chat.DeleteUserChannel(service, "dan", channel, nil); err != nil {
		w.Error(err)
	}
	refused(w, 50402)(chat.FetchMember(service, channel, "dan"))
	if err := chat.DeleteUser(service, "dan"); err != nil {
		w.Error(err)
	}
	if err := chat.DeleteRole(service, *role.Sid); err != nil {
		w.Error(err)
	}
}

// channelWebhooks lives the life of the webhooks of a channel.
func channelWebhooks(w *resttest.World, chat *chatv2.ApiService, service, channel string) {
	before := len(ok(chat.ListChannelWebhook(service, channel, nil))(w))
	hook := ok(chat.CreateChannelWebhook(service, channel, (&chatv2.CreateChannelWebhookParams{}).SetType("webhook").SetConfigurationUrl(agents).
		SetConfigurationFilters([]string{"onMessageSent", "onMemberAdded"}).SetConfigurationRetryCount(1)))(w)
	hook = ok(chat.UpdateChannelWebhook(service, channel, *hook.Sid, (&chatv2.UpdateChannelWebhookParams{}).SetConfigurationMethod("GET")))(w)
	configuration, _ := (*hook.Configuration).(map[string]any)
	if configuration["method"] != "GET" || configuration["url"] != agents || configuration["retry_count"] != 1. {
		w.Errorf("webhook %+v", configuration)
	}
	if all := ok(chat.ListChannelWebhook(service, channel, (&chatv2.ListChannelWebhookParams{}).SetPageSize(1)))(w); len(all) != before+1 {
		w.Errorf("%d webhooks, want %d", len(all), before+1)
	}
	refused(w, 50325)(chat.UpdateChannelWebhook(service, channel, *hook.Sid, (&chatv2.UpdateChannelWebhookParams{}).SetConfigurationFilters([]string{"x"})))
	if err := chat.DeleteChannelWebhook(service, channel, *hook.Sid); err != nil {
		w.Error(err)
	}
	refused(w, 50320)(chat.FetchChannelWebhook(service, channel, *hook.Sid))
}

func pages(w *resttest.World, chat *chatv2.ApiService, service string) {
	const users = 7
	for i := range users {
		ok(chat.CreateUser(service, (&chatv2.CreateUserParams{}).SetIdentity("user "+string(rune('a'+i)))))(w)
	}
	list := ok(chat.ListUser(service, (&chatv2.ListUserParams{}).SetPageSize(2)))(w)
	var got []string
	for _, u := range list {
		if *u.Identity != "anna" && *u.Identity != "agent" {
			got = append(got, *u.Identity)
		}
	}
	if want := "user a,user b,user c,user d,user e,user f,user g"; strings.Join(got, ",") != want {
		w.Errorf("users %q, want %s", got, want)
	}
	if some := ok(chat.ListUser(service, (&chatv2.ListUserParams{}).SetPageSize(2).SetLimit(3)))(w); len(some) != 3 {
		w.Errorf("%d users, want 3", len(some))
	}
}

// ok ends the test unless a call went well.
func ok[T any](v T, err error) func(w *resttest.World) T {
	return func(w *resttest.World) T {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		return v
	}
}

// refused checks the code of a call that must fail.
func refused(w *resttest.World, code int) func(v any, err error) {
	w.Helper()
	return func(_ any, err error) {
		w.Helper()
		if e, is := err.(*client.TwilioRestError); !is || e.Code != code {
			w.Errorf("error %v, want code %d", err, code)
		}
	}
}
