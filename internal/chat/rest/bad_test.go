package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/resttest"
)

const (
	strangeSID  = "0123456789abcdef0123456789abcdef"
	servicePath = "/chat/v2/Services/{service}"
)

// chatWorld has a service with a user, a channel, a member and a message in it, a second service, and one of another account.
func chatWorld(w *resttest.World) {
	w.Make("service", "/chat/v2/Services", "FriendlyName", "first")
	w.Names["channel role"] = w.Make("second", "/chat/v2/Services", "FriendlyName", "second").Text("default_channel_role_sid")
	a := w.Do("GET", servicePath)
	w.Names["member role"], w.Names["user role"] = a.Text("default_channel_role_sid"), a.Text("default_service_role_sid")
	w.Make("user", servicePath+"/Users", "Identity", "anna")
	w.Make("channel", servicePath+"/Channels", "UniqueName", "taken")
	w.Make("member", servicePath+"/Channels/{channel}/Members", "Identity", "anna")
	w.Make("message", servicePath+"/Channels/{channel}/Messages", "Body", "hello")
	w.Make("role", servicePath+"/Roles", "FriendlyName", "bot", "Type", "channel", "Permission", "sendMessage")
	w.Make("invite", servicePath+"/Channels/{channel}/Invites", "Identity", "guest")
	w.Make("hook", servicePath+"/Channels/{channel}/Webhooks", "Type", "webhook", "Configuration.Url", bot, "Configuration.Filters", "onMessageSent")
	w.Make("trigger", servicePath+"/Channels/{channel}/Webhooks", "Type", "trigger", "Configuration.Url", bot, "Configuration.Triggers", "help")
	device(w, "binding", "service", "anna", chat.NewBinding{Type: "fcm", Address: "anna's phone"})
	w.Make("elsewhere", "/chat/v2/Services/{second}/Channels", "UniqueName", "elsewhere")
	w.Make("their user", "/chat/v2/Services/{second}/Users", "Identity", "dora")
	w.Make("their member", "/chat/v2/Services/{second}/Channels/{elsewhere}/Members", "Identity", "dora")
	w.Make("their role", "/chat/v2/Services/{second}/Roles", "FriendlyName", "bot", "Type", "channel", "Permission", "sendMessage")
	w.Make("their invite", "/chat/v2/Services/{second}/Channels/{elsewhere}/Invites", "Identity", "guest")
	w.Make("their hook", "/chat/v2/Services/{second}/Channels/{elsewhere}/Webhooks", "Type", "webhook", "Configuration.Url", bot, "Configuration.Filters", "onMessageSent")
	device(w, "their binding", "second", "dora", chat.NewBinding{Type: "fcm", Address: "dora's phone"})
	w.Make("their message", "/chat/v2/Services/{second}/Channels/{elsewhere}/Messages", "Body", "secret")
	r := w.Request("POST", "/chat/v2/Services", "FriendlyName", "foreign")
	r.Header.Set("Authorization", resttest.Basic(resttest.Other, resttest.OtherToken))
	w.Names["foreign"] = w.Send(r).Text("sid")
	r = w.Request("POST", "/chat/v2/Services/{foreign}/Channels", "UniqueName", "foreign")
	r.Header.Set("Authorization", resttest.Basic(resttest.Other, resttest.OtherToken))
	w.Names["foreign channel"] = w.Send(r).Text("sid")
}

// Every parameter of every request, wrong in every way: the documented code, and nothing changed.
func TestBadParameters(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		chatWorld(w)
		badServices(w)
		badUsers(w)
		badChannels(w)
		badMembers(w)
		badMessages(w)
		badRoles(w)
		badInvites(w)
		badUserChannels(w)
		badWebhooks(w)
	})
}

func badServices(w *resttest.World) {
	opt, any := resttest.Optional, resttest.EachOf
	w.Bad("/chat/v2/Services", []string{"FriendlyName", "x"}, resttest.Required("FriendlyName", 50000, resttest.Longer(core.MaxName, 50003)))
	url := any(50054, "ftp://example.org/", "/relative", "example.org", "http://", "https://example.org/"+strings.Repeat("x", 512))
	deployment := any(50102, "", "x", "RL"+strangeSID, "{member role}")
	for i := range deployment {
		deployment[i].Status = 404
	}
	channel := any(50101, "", "x", "RL"+strangeSID, "{user role}", "{channel role}")
	for i := range channel {
		channel[i].Status = 404
	}
	params := []resttest.Param{
		opt("FriendlyName", any(50000, ""), resttest.Longer(core.MaxName, 50003)),
		opt("DefaultServiceRoleSid", deployment), opt("DefaultChannelRoleSid", channel), opt("DefaultChannelCreatorRoleSid", channel),
		opt("ReadStatusEnabled", resttest.Boolean()), opt("ReachabilityEnabled", resttest.Boolean()),
		opt("TypingIndicatorTimeout", resttest.Whole(50053, "-1", "86401")), opt("ConsumptionReportInterval", resttest.Whole(50052, "-1", "86401")),
		opt("Limits.ChannelMembers", resttest.Whole(50061, "0", "1001")), opt("Limits.UserChannels", resttest.Whole(50060, "0", "1001")),
		opt("PreWebhookUrl", url), opt("PostWebhookUrl", url), opt("WebhookMethod", any(50055, "PUT", "POST ")),
		opt("WebhookFilters", any(50054, "onEverything", "onmessagesent")).List(),
		opt("PreWebhookRetryCount", resttest.Whole(50065, "-1", "4")), opt("PostWebhookRetryCount", resttest.Whole(50065, "-1", "4")),
		opt("Media.CompatibilityMessage", resttest.Longer(core.MaxName, 20422)),
		opt("Notifications.LogEnabled", resttest.Boolean()), opt("Notifications.NewMessage.BadgeCountEnabled", resttest.Boolean()),
	}
	for _, kind := range []string{"NewMessage", "AddedToChannel", "RemovedFromChannel", "InvitedToChannel"} {
		params = append(params, opt("Notifications."+kind+".Enabled", resttest.Boolean()),
			opt("Notifications."+kind+".Template", resttest.Longer(1024, 50058)), opt("Notifications."+kind+".Sound", resttest.Longer(256, 50059)))
	}
	w.Bad(servicePath, []string{"FriendlyName", "changed"}, params...)
}

// notFound makes the faults of values that name something that is not there.
func notFound(code int, values ...string) []resttest.Fault {
	faults := resttest.EachOf(code, values...)
	for i := range faults {
		faults[i].Status = http.StatusNotFound
	}
	return faults
}

func identity() []resttest.Fault {
	return append(append(resttest.Longer(core.MaxIdentity, 50207), resttest.Fault{Value: "system", Code: 50203, Status: 403}), resttest.Fault{Value: "US" + strangeSID, Code: 50206})
}

func badUsers(w *resttest.World) {
	opt := resttest.Optional
	role := opt("RoleSid", notFound(50102, "x", "RL"+strangeSID, "{member role}"))
	name, attributes := opt("FriendlyName", resttest.Longer(core.MaxName, 50003)), opt("Attributes", resttest.JSON(core.MaxAttributes))
	w.Bad(servicePath+"/Users", []string{"Identity", "new", "FriendlyName", "New"}, resttest.Required("Identity", 50204, identity()), role, name, attributes)
	w.Bad(servicePath+"/Users/anna", []string{"FriendlyName", "New"}, role, name, attributes)
}

func badChannels(w *resttest.World) {
	opt := resttest.Optional
	params := []resttest.Param{
		opt("FriendlyName", resttest.Longer(core.MaxName, 50003)),
		opt("UniqueName", resttest.Longer(core.MaxName, 50004), resttest.EachOf(50306, "CH"+strangeSID), []resttest.Fault{{Value: "taken", Code: 50307, Status: 409}}),
		opt("Attributes", resttest.JSON(core.MaxChannelAttributes)),
		opt("DateCreated", resttest.Date(50308)), opt("DateUpdated", resttest.Date(50309)),
		opt("CreatedBy", resttest.Longer(core.MaxIdentity, 20422)),
	}
	list := servicePath + "/Channels"
	w.Make("free", list, "UniqueName", "free")
	w.Bad(list+"/{free}", []string{"FriendlyName", "New"}, params...)
	w.Bad(list, []string{"FriendlyName", "New"}, append(params, opt("Type", resttest.EachOf(20422, "", "secret", "public,private")))...)
	w.Refused("updated before it was created", w.Request("POST", list, "DateCreated", "2020-01-02T00:00:00Z", "DateUpdated", "2020-01-01T00:00:00Z"), 400, 50309)
}

func badMembers(w *resttest.World) {
	opt := resttest.Optional
	params := []resttest.Param{
		opt("RoleSid", notFound(50101, "x", "RL"+strangeSID, "{user role}", "{channel role}")),
		opt("Attributes", resttest.JSON(core.MaxAttributes)),
		opt("LastConsumedMessageIndex", resttest.Whole(50406, "-1")),
		opt("DateCreated", resttest.Date(50308)), opt("DateUpdated", resttest.Date(50309)),
	}
	list := servicePath + "/Channels/{channel}/Members"
	valid := []string{"LastConsumedMessageIndex", "0"}
	timestamp := opt("LastConsumptionTimestamp", resttest.Date(50405))
	w.Bad(list, append([]string{"Identity", "new"}, valid...), append(params, timestamp, resttest.Required("Identity", 50204, identity()))...)
	w.Bad(list+"/anna", valid, append(params, timestamp)...)
}

func badMessages(w *resttest.World) {
	opt := resttest.Optional
	params := []resttest.Param{
		opt("Body", resttest.Longer(core.MaxBody, 50504)), opt("From", resttest.Longer(core.MaxIdentity, 50310)),
		opt("Attributes", resttest.JSON(core.MaxAttributes)), opt("LastUpdatedBy", resttest.Longer(core.MaxIdentity, 50505)),
		opt("DateCreated", resttest.Date(50308)), opt("DateUpdated", resttest.Date(50309)),
	}
	list := servicePath + "/Channels/{channel}/Messages"
	w.Bad(list+"/{message}", []string{"Body", "changed"}, params...)
	w.Bad(list, []string{"Body", "new"}, append(params, opt("MediaSid", resttest.EachOf(50510, "x", "IM"+strangeSID), notFound(50507, "ME"+strangeSID)))...)
	w.Refused("a message of nothing", w.Request("POST", list, "From", "anna"), 400, 50503)
}

func badRoles(w *resttest.World) {
	list := servicePath + "/Roles"
	valid := []string{"FriendlyName", "new", "Type", "channel", "Permission", "sendMessage"}
	permission := resttest.Optional("Permission", notFound(50104, "", "sendmessage", "everything"), resttest.EachOf(50105, "createChannel", "joinChannel")).List()
	w.Bad(list, valid, resttest.Required("FriendlyName", 50000, resttest.Longer(64, 50003)), resttest.Required("Type", 50105, resttest.EachOf(50105, "service", "channel ")), permission)
	w.Refused("a role without permissions", w.Request("POST", list, "FriendlyName", "new", "Type", "channel"), 404, 50104)
	w.Refused("a service role that sends", w.Request("POST", list, "FriendlyName", "new", "Type", "deployment", "Permission", "sendMessage"), 400, 50105)
	w.Refused("one good and one bad", w.Request("POST", list+"/{role}", "Permission", "sendMessage", "Permission", "fly"), 404, 50104)
	w.Bad(list+"/{role}", []string{"Permission", "leaveChannel"}, permission)
	for _, name := range []string{"user role", "member role"} {
		w.Refused("a default role", w.Request("DELETE", list+"/{"+name+"}"), 409, 20409)
	}
}

func badInvites(w *resttest.World) {
	list := servicePath + "/Channels/{channel}/Invites"
	taken := []resttest.Fault{{Value: "anna", Code: 50404, Status: 409}, {Value: "guest", Code: 50212, Status: 409}}
	w.Bad(list, []string{"Identity", "new"}, resttest.Required("Identity", 50204, identity(), taken),
		resttest.Optional("RoleSid", notFound(50101, "x", "RL"+strangeSID, "{user role}", "{channel role}", "{their role}")))
}

func badUserChannels(w *resttest.World) {
	opt := resttest.Optional
	w.Bad(servicePath+"/Users/anna/Channels/{channel}", []string{"NotificationLevel", "muted", "LastConsumedMessageIndex", "0"},
		opt("NotificationLevel", resttest.EachOf(50210, "", "loud", "default,muted")),
		opt("LastConsumedMessageIndex", resttest.Whole(50406, "-1")), opt("LastConsumptionTimestamp", resttest.Date(50405)))
	for _, method := range []string{"POST", "DELETE"} {
		w.Refused(method+" of a stranger", w.Request(method, servicePath+"/Users/anna/Channels/{free}", "NotificationLevel", "muted"), 403, 50400)
	}
	w.Refused("of an invited user", w.Request("POST", servicePath+"/Users/guest/Channels/{channel}", "LastConsumedMessageIndex", "0"), 403, 50400)
}

func badWebhooks(w *resttest.World) {
	opt, req := resttest.Optional, resttest.Required
	list := servicePath + "/Channels/{channel}/Webhooks"
	url := append(resttest.EachOf(50054, "ftp://example.org/", "/relative", "example.org", "http://"), resttest.EachOf(50332, "https://example.org/"+strings.Repeat("x", 512))...)
	common := []resttest.Param{
		req("Configuration.Url", 50329, url), opt("Configuration.Method", resttest.EachOf(50055, "", "PUT", "POST ")),
		opt("Configuration.RetryCount", resttest.Whole(50065, "-1", "4")),
	}
	filters := req("Configuration.Filters", 50330, resttest.EachOf(50325, "onmessagesent", "onEverything", "onMessageSent,onMemberAdded")).List()
	triggers := req("Configuration.Triggers", 50331, resttest.EachOf(50326, strings.Repeat("x", 249), strings.Repeat("é", 125))).List()
	valid := []string{"Configuration.Url", bot, "Configuration.Method", "GET", "Configuration.RetryCount", "1"}
	w.Bad(list, append([]string{"Type", "webhook", "Configuration.Filters", "onMessageSent"}, valid...),
		append(common, filters, req("Type", 50328, resttest.EachOf(50324, "handler", "webhooks", "web hook")))...)
	w.Bad(list, append([]string{"Type", "trigger", "Configuration.Triggers", "stop"}, valid...), append(common, triggers)...)
	w.Refused("studio without a flow", w.Request("POST", list, "Type", "studio"), 400, 50327)
	w.Refused("too many triggers", w.Request("POST", list+"/{trigger}", "Configuration.Triggers", "1", "Configuration.Triggers", "2", "Configuration.Triggers", "3",
		"Configuration.Triggers", "4", "Configuration.Triggers", "5", "Configuration.Triggers", "6"), 400, 50322)
	for i := range common {
		common[i].Required = 0 // a change may leave them out, but not empty them
	}
	common[0].Faults = append(common[0].Faults, resttest.Fault{Value: "", Code: 50329})
	filters.Faults, filters.Required = append(filters.Faults, resttest.Fault{Value: "", Code: 50330}), 0
	triggers.Faults, triggers.Required = append(triggers.Faults, resttest.Fault{Value: "", Code: 50331}), 0
	w.Bad(list+"/{hook}", valid, append(common, filters)...)
	w.Bad(list+"/{trigger}", valid, append(common, triggers)...)
	for range 3 {
		w.Make("x", list, "Type", "webhook", "Configuration.Url", bot, "Configuration.Filters", "onMessageSent")
	}
	w.Refused("a sixth webhook", w.Request("POST", list, "Type", "webhook", "Configuration.Url", bot, "Configuration.Filters", "onMessageSent"), 403, 50321)
}

// What is another account's or another service's is not there, for every verb, and lists refuse pages that they did not give.
func TestForeign(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		chatWorld(w)
		for _, tt := range []struct {
			path string
			code int
		}{
			{"/chat/v2/Services/{foreign}", 50050},
			{"/chat/v2/Services/{foreign}/Users", 50050},
			{"/chat/v2/Services/{foreign}/Channels", 50050},
			{"/chat/v2/Services/{foreign}/Channels/{foreign channel}/Members", 50050},
			{"/chat/v2/Services/{foreign}/Channels/{foreign channel}/Messages", 50050},
			{"/chat/v2/Services/first", 50050},
			{"/chat/v2/Services/IS" + strangeSID, 50050},
			{"/chat/v2/Services/{channel}/Channels", 50050},
			{"/chat/v2/Services/IS%00/Users", 20404},
			{servicePath + "/Users/{their user}", 50200},
			{servicePath + "/Users/dora", 50200},
			{servicePath + "/Users/US" + strangeSID, 50200},
			{servicePath + "/Users/%FF", 20404},
			{servicePath + "/Users/a%00", 20404},
			{servicePath + "/Users/" + strings.Repeat("x", 300), 50200},
			{servicePath + "/Channels/{elsewhere}", 50300},
			{servicePath + "/Channels/elsewhere", 50300},
			{servicePath + "/Channels/{foreign channel}", 50300},
			{servicePath + "/Channels/%FF%00", 20404},
			{servicePath + "/Channels/" + strings.Repeat("x", 300), 50300},
			{servicePath + "/Channels/{elsewhere}/Members", 50300},
			{servicePath + "/Channels/{elsewhere}/Messages", 50300},
			{servicePath + "/Channels/{elsewhere}/Members/{their member}", 50300},
			{servicePath + "/Channels/{elsewhere}/Messages/{their message}", 50300},
			{servicePath + "/Channels/{channel}/Members/{their member}", 50402},
			{servicePath + "/Channels/{channel}/Members/dora", 50402},
			{servicePath + "/Channels/{channel}/Members/%FF%00", 20404},
			{servicePath + "/Channels/{channel}/Messages/{their message}", 50500},
			{servicePath + "/Channels/{channel}/Messages/99", 50500},
			{servicePath + "/Channels/{channel}/Messages/-1", 50500},
			{servicePath + "/Channels/{channel}/Messages/%00", 20404},
			{servicePath + "/Roles/{their role}", 50100},
			{servicePath + "/Roles/RL" + strangeSID, 50100},
			{servicePath + "/Roles/%FF%00", 20404},
			{"/chat/v2/Services/{foreign}/Roles", 50050},
			{"/chat/v2/Services/{foreign}/Roles/{role}", 50050},
			{servicePath + "/Channels/{elsewhere}/Invites", 50300},
			{servicePath + "/Channels/{channel}/Invites/{their invite}", 50601},
			{servicePath + "/Channels/{channel}/Invites/nobody", 50601},
			{servicePath + "/Channels/{channel}/Invites/%FF%00", 20404},
			{servicePath + "/Channels/{elsewhere}/Webhooks", 50300},
			{servicePath + "/Channels/{channel}/Webhooks/{their hook}", 50320},
			{servicePath + "/Channels/{channel}/Webhooks/WH" + strangeSID, 50320},
			{servicePath + "/Channels/{channel}/Webhooks/%FF%00", 20404},
			{servicePath + "/Users/dora/Channels", 50200},
			{servicePath + "/Users/{their user}/Channels/{elsewhere}", 50200},
			{servicePath + "/Users/anna/Channels/{elsewhere}", 50300},
			{servicePath + "/Users/anna/Channels/%00", 20404},
			{servicePath + "/Users/dora/Bindings", 50200},
			{servicePath + "/Users/dora/Bindings/{binding}", 50200},
			{servicePath + "/Users/anna/Bindings/{their binding}", 20404},
			{servicePath + "/Users/{user}/Bindings/%FF", 20404},
			{"/chat/v2/Services/{foreign}/Bindings", 50050},
			{servicePath + "/Bindings/{their binding}", 20404},
			{servicePath + "/Bindings/BS%00", 20404},
		} {
			for _, method := range methodsOf(tt.path) {
				r := w.Request(method, strings.ReplaceAll(w.Expand(tt.path), " ", "%20"))
				if method == "POST" { // valid for every one of them
					kind := map[bool]string{true: "channel", false: "public"}[strings.Contains(tt.path, "/Roles")]
					r = w.Request(method, strings.ReplaceAll(w.Expand(tt.path), " ", "%20"), "Identity", "eve", "Body", "hi", "FriendlyName", "mine",
						"Type", kind, "Permission", "sendMessage", "NotificationLevel", "muted")
				}
				w.Refused(method+" "+tt.path, r, http.StatusNotFound, tt.code)
			}
		}
		badPages(w)
	})
}

// methodsOf are the methods that a path's resource has.
func methodsOf(path string) []string {
	methods := []string{"GET", "POST", "DELETE"}
	switch segments := strings.Split(path, "/"); {
	case strings.HasSuffix(path, "/Bindings"), strings.Contains(path, "/Users/") && strings.HasSuffix(path, "/Channels"):
		return methods[:1]
	case segments[len(segments)-2] == "Bindings", segments[len(segments)-2] == "Invites":
		return []string{"GET", "DELETE"}
	}
	for _, list := range []string{"/Users", "/Channels", "/Members", "/Messages", "/Roles", "/Invites", "/Webhooks"} {
		if strings.HasSuffix(path, list) {
			return methods[:2]
		}
	}
	return methods
}

func badPages(w *resttest.World) {
	for _, list := range []string{"", "/{service}/Users", "/{service}/Channels", "/{service}/Channels/{channel}/Members", "/{service}/Channels/{channel}/Messages",
		"/{service}/Roles", "/{service}/Channels/{channel}/Invites", "/{service}/Channels/{channel}/Webhooks", "/{service}/Users/anna/Channels",
		"/{service}/Users/anna/Bindings", "/{service}/Bindings"} {
		list = "/chat/v2/Services" + list
		for _, tt := range []struct {
			query string
			code  int
		}{
			{"PageSize=0", 20422}, {"PageSize=-1", 20422}, {"PageSize=many", 20422}, {"PageSize=1001", 20007}, {"PageSize=99999999999999999999", 20422},
			{"Page=-1", 20422}, {"Page=x", 20422}, {"PageToken=-1", 19038}, {"PageToken=nonsense", 20422}, {"PageToken=PT", 20422},
			{"PageToken=PTCH" + strangeSID, 20422}, {"PageToken={channel}", 20422}, {"PageToken=PTBS" + strangeSID, 20422}, {"PageToken=%FF", 20422}, {"PageToken=%00", 20422},
		} {
			if strings.HasSuffix(list, "/anna/Channels") && strings.HasPrefix(tt.query, "PageToken=PTCH") {
				continue // that list goes by SID, so every one is a place in it
			}
			w.Refused(list+"?"+tt.query, w.Request("GET", list+"?"+tt.query), 400, tt.code)
		}
	}
	w.Refused("unknown type", w.Request("GET", servicePath+"/Channels?Type=public&Type=secret"), 400, 20422)
	w.Refused("unknown order", w.Request("GET", servicePath+"/Channels/{channel}/Messages?Order=sideways"), 400, 20422)
	for _, list := range []string{"/Bindings", "/Users/anna/Bindings"} {
		w.Refused("unknown type of binding", w.Request("GET", servicePath+list+"?BindingType=fcm&BindingType=sms"), 400, 50209)
	}
	w.Refused("too many identities", w.Request("GET", servicePath+"/Channels/{channel}/Members?"+strings.Repeat("Identity=x&", 1001)), 400, 20422)
	w.Refused("identity not UTF-8", w.Request("GET", servicePath+"/Channels/{channel}/Members?Identity=%FF"), 400, 20422)
}
