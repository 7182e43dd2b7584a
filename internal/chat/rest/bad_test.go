package rest_test

import (
	"net/http"
	"strings"
	"testing"

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
	w.Make("elsewhere", "/chat/v2/Services/{second}/Channels", "UniqueName", "elsewhere")
	w.Make("their user", "/chat/v2/Services/{second}/Users", "Identity", "dora")
	w.Make("their member", "/chat/v2/Services/{second}/Channels/{elsewhere}/Members", "Identity", "dora")
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
		opt("WebhookFilters", any(50054, "onEverything", "onmessagesent")),
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
			{"/chat/v2/Services/IS%00/Users", 50050},
			{servicePath + "/Users/{their user}", 50200},
			{servicePath + "/Users/dora", 50200},
			{servicePath + "/Users/US" + strangeSID, 50200},
			{servicePath + "/Users/%FF", 50200},
			{servicePath + "/Users/a%00", 50200},
			{servicePath + "/Users/" + strings.Repeat("x", 300), 50200},
			{servicePath + "/Channels/{elsewhere}", 50300},
			{servicePath + "/Channels/elsewhere", 50300},
			{servicePath + "/Channels/{foreign channel}", 50300},
			{servicePath + "/Channels/%FF%00", 50300},
			{servicePath + "/Channels/" + strings.Repeat("x", 300), 50300},
			{servicePath + "/Channels/{elsewhere}/Members", 50300},
			{servicePath + "/Channels/{elsewhere}/Messages", 50300},
			{servicePath + "/Channels/{elsewhere}/Members/{their member}", 50300},
			{servicePath + "/Channels/{elsewhere}/Messages/{their message}", 50300},
			{servicePath + "/Channels/{channel}/Members/{their member}", 50402},
			{servicePath + "/Channels/{channel}/Members/dora", 50402},
			{servicePath + "/Channels/{channel}/Members/%FF%00", 50402},
			{servicePath + "/Channels/{channel}/Messages/{their message}", 50500},
			{servicePath + "/Channels/{channel}/Messages/99", 50500},
			{servicePath + "/Channels/{channel}/Messages/-1", 50500},
			{servicePath + "/Channels/{channel}/Messages/%00", 50500},
		} {
			methods := []string{"GET", "POST", "DELETE"}
			for _, list := range []string{"/Users", "/Channels", "/Members", "/Messages"} {
				if strings.HasSuffix(tt.path, list) {
					methods = methods[:2]
				}
			}
			for _, method := range methods {
				r := w.Request(method, strings.ReplaceAll(w.Expand(tt.path), " ", "%20"))
				if method == "POST" { // valid for every one of them
					r = w.Request(method, strings.ReplaceAll(w.Expand(tt.path), " ", "%20"), "Identity", "eve", "Body", "hi", "FriendlyName", "mine")
				}
				w.Refused(method+" "+tt.path, r, http.StatusNotFound, tt.code)
			}
		}
		badPages(w)
	})
}

func badPages(w *resttest.World) {
	for _, list := range []string{"/chat/v2/Services", servicePath + "/Users", servicePath + "/Channels", servicePath + "/Channels/{channel}/Members", servicePath + "/Channels/{channel}/Messages"} {
		for _, tt := range []struct {
			query string
			code  int
		}{
			{"PageSize=0", 20422}, {"PageSize=-1", 20422}, {"PageSize=many", 20422}, {"PageSize=1001", 20007}, {"PageSize=99999999999999999999", 20422},
			{"Page=-1", 20422}, {"Page=x", 20422}, {"PageToken=-1", 19038}, {"PageToken=nonsense", 20422}, {"PageToken=PT", 20422},
			{"PageToken=PTCH" + strangeSID, 20422}, {"PageToken={channel}", 20422}, {"PageToken=%FF", 20422}, {"PageToken=%00", 20422},
		} {
			w.Refused(list+"?"+tt.query, w.Request("GET", list+"?"+tt.query), 400, tt.code)
		}
	}
	w.Refused("unknown type", w.Request("GET", servicePath+"/Channels?Type=public&Type=secret"), 400, 20422)
	w.Refused("unknown order", w.Request("GET", servicePath+"/Channels/{channel}/Messages?Order=sideways"), 400, 20422)
	w.Refused("identity not UTF-8", w.Request("GET", servicePath+"/Channels/{channel}/Members?Identity=%FF"), 400, 20422)
}
