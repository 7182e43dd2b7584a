package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"parley/internal/core"
	"parley/internal/resttest"
)

const strangeSID = "0123456789abcdef0123456789abcdef"

// flexWorld has a service, a flow and a channel, and the same of another account.
func flexWorld(w *resttest.World) {
	workspace(w)
	w.Make("service", "/chat/v2/Services", "FriendlyName", "Support")
	w.Make("flow", flows, "FriendlyName", "Custom", "ChatServiceSid", "{service}", "ChannelType", "custom", "Enabled", "true")
	w.Make("channel", channels, "FlexFlowSid", "{flow}", "Identity", "anna", "ChatUserFriendlyName", "Anna", "ChatFriendlyName", "Anna", "ChatUniqueName", "taken")
	for _, step := range [][]string{
		{"foreign service", "/chat/v2/Services", "FriendlyName", "Theirs"},
		{"foreign flow", flows, "FriendlyName", "Theirs", "ChatServiceSid", "{foreign service}", "ChannelType", "custom"},
		{"foreign channel", channels, "FlexFlowSid", "{foreign flow}", "Identity", "x", "ChatUserFriendlyName", "X", "ChatFriendlyName", "X"},
	} {
		r := w.Request("POST", step[1], step[2:]...)
		r.Header.Set("Authorization", resttest.Basic(resttest.Other, resttest.OtherToken))
		a := w.Send(r)
		if a.Status != http.StatusCreated {
			w.Fatalf("%s: %s", step[0], a.Body)
		}
		w.Names[step[0]] = a.Text("sid")
	}
}

// Every parameter of every request, wrong in every way: the documented code, and nothing changed.
func TestBadParameters(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		flexWorld(w)
		badFlows(w)
		badChannels(w)
		badUsers(w)
	})
}

func badFlows(w *resttest.World) {
	opt, any := resttest.Optional, resttest.EachOf
	service := any(45210, "x", "IS"+strangeSID, "{foreign service}", "{flow}")
	kind := any(45210, "pigeon", "custom ")
	name := resttest.Longer(core.MaxName, 45210)
	params := []resttest.Param{
		opt("ContactIdentity", resttest.Longer(core.MaxIdentity, 45210)),
		opt("Enabled", resttest.Boolean()), opt("LongLived", resttest.Boolean()), opt("JanitorEnabled", resttest.Boolean()),
		opt("IntegrationType", any(45210, "", "bot", "task", "studio")), // task lacks a workspace
		opt("Integration.Url", any(45210, "", "/relative", "ftp://example.org/", "https://", "https://example.org/"+strings.Repeat("x", 512))),
		opt("Integration.FlowSid"), opt("Integration.WorkspaceSid"), opt("Integration.WorkflowSid"), opt("Integration.Channel"),
		opt("Integration.RetryCount", resttest.Whole(45210, "-1", "4")), opt("Integration.Timeout", resttest.Whole(45210, "-1")),
		opt("Integration.Priority", resttest.Whole(45210, "-1")), opt("Integration.CreationOnMessage", resttest.Boolean()),
	}
	valid := []string{"FriendlyName", "x", "ChatServiceSid", "{service}", "ChannelType", "custom", "IntegrationType", "external", "Integration.Url", bot}
	w.Bad(flows, valid, append(params, resttest.Required("FriendlyName", 45210, name), resttest.Required("ChatServiceSid", 45210, service), resttest.Required("ChannelType", 45210, kind))...)
	w.Bad(flows+"/{flow}", valid, append(params, opt("FriendlyName", any(45210, ""), name), opt("ChatServiceSid", service), opt("ChannelType", any(45210, ""), kind))...)
	w.Refused("a handler without its URL", w.Request("POST", flows+"/{flow}", "IntegrationType", "external"), 400, 45210)
	task := []string{"FriendlyName", "x", "ChatServiceSid", "{service}", "ChannelType", "custom", "IntegrationType", "task", "Integration.WorkspaceSid", "{workspace}",
		"Integration.WorkflowSid", "{workflow}", "Integration.Channel", "chat"}
	w.Bad(flows, task, opt("Integration.WorkspaceSid", any(45210, "", "x", "WS"+strangeSID, "{workflow}")), opt("Integration.WorkflowSid", any(45210, "", "x", "WW"+strangeSID, "{workspace}")),
		opt("Integration.Channel", any(45210, "pigeon", "TC"+strangeSID)), opt("Integration.Timeout", resttest.Whole(45210, "0", "1209601")),
		opt("Integration.Priority", resttest.Whole(45210, "-1", "2147483648")), opt("Integration.CreationOnMessage", resttest.Boolean()))
	w.Make("task flow", flows, task...)
	w.Refused("a second enabled flow", w.Request("POST", flows, append(valid, "Enabled", "true")...), 400, 45212)
}

func badChannels(w *resttest.World) {
	opt, required, any := resttest.Optional, resttest.Required, resttest.EachOf
	gone := any(45205, "x", "FO"+strangeSID, "{foreign flow}", "{channel}")
	for i := range gone {
		gone[i].Status = http.StatusNotFound
	}
	attributes := append(any(45004, "{", "nonsense", "[1,]"), resttest.Fault{Value: `"` + strings.Repeat("x", core.MaxChannelAttributes) + `"`, Code: 45004})
	valid := []string{"FlexFlowSid", "{flow}", "Identity", "new", "ChatUserFriendlyName", "New", "ChatFriendlyName", "A chat"}
	w.Bad(channels, valid,
		required("FlexFlowSid", 45004, gone),
		required("Identity", 45004, resttest.Longer(core.MaxIdentity, 50207), any(50206, "US"+strangeSID), []resttest.Fault{{Value: "system", Code: 45211, Status: 403}}),
		required("ChatUserFriendlyName", 45004, resttest.Longer(core.MaxName, 50003)),
		required("ChatFriendlyName", 45004, resttest.Longer(core.MaxName, 50003)),
		opt("Target", resttest.Longer(core.MaxIdentity, 45004)),
		opt("ChatUniqueName", resttest.Longer(core.MaxName, 50004), any(50306, "CH"+strangeSID), []resttest.Fault{{Value: "taken", Code: 45208, Status: 409}}),
		opt("PreEngagementData", attributes), opt("TaskAttributes", attributes),
		opt("TaskSid", any(45004, "x", "CH"+strangeSID)), opt("LongLived", resttest.Boolean()),
	)
	w.Bad(channels, append(valid[2:], "FlexFlowSid", "{task flow}"), opt("TaskSid", any(45004, "x", "WT"+strangeSID)),
		opt("TaskAttributes", any(45004, "[]", "1", `{"x":"`+strings.Repeat("x", 4060)+`"}`)))
}

func badUsers(w *resttest.World) {
	const users = channels + "/{channel}/Roles/agent/Users"
	w.Bad(users, []string{"Identity", "ann"}, resttest.Required("Identity", 45004, resttest.Longer(core.MaxIdentity, 50207), resttest.EachOf(50206, "US"+strangeSID),
		[]resttest.Fault{{Value: "system", Code: 45211, Status: 403}, {Value: "anna", Code: 45206, Status: 409}}))
	for path, fault := range map[string]resttest.Fault{
		channels + "/{channel}/Roles/king/Users":               {Code: 45004, Status: 400},
		channels + "/{foreign channel}/Roles/agent/Users":      {Code: 45204, Status: 404},
		channels + "/CH" + strangeSID + "/Roles/agent/Users":   {Code: 45204, Status: 404},
		channels + "/x/Roles/agent/Users":                      {Code: 45204, Status: 404},
		channels + "/%FF/Roles/agent/Users":                    {Code: 20404, Status: 404},
		channels + "/{channel}/Roles/%00/Users":                {Code: 20404, Status: 404},
		channels + "/{channel}/Roles/" + "agent%2F" + "/Users": {Code: 45004, Status: 400},
	} {
		w.Refused(path, w.Request("POST", path, "Identity", "ann"), fault.Status, fault.Code)
	}
}

// What is another account's is not there, for every verb, and lists refuse pages that they did not give.
func TestForeign(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		flexWorld(w)
		for _, path := range []string{flows + "/{foreign flow}", flows + "/FO" + strangeSID, flows + "/x", flows + "/{channel}"} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				w.Refused(method+" "+path, w.Request(method, path), 404, 45205)
			}
		}
		for _, path := range []string{channels + "/{foreign channel}", channels + "/CH" + strangeSID, channels + "/x", channels + "/{flow}"} {
			for _, method := range []string{"GET", "DELETE"} {
				w.Refused(method+" "+path, w.Request(method, path), 404, 45204)
			}
			w.Refused("POST "+path, w.Request("POST", path), 405, 20004)
		}
		for _, list := range []string{flows, channels} {
			for query, code := range map[string]int{"PageSize=0": 20422, "PageSize=x": 20422, "PageSize=1001": 20007, "Page=-1": 20422, "PageToken=-1": 19038,
				"PageToken=nonsense": 20422, "PageToken=PT" + "CH" + strangeSID: 20422, "PageToken=PT{foreign flow}": 20422, "PageToken=PT{foreign channel}": 20422,
				"PageToken=%FF": 20422, "PageToken=%00": 20422} {
				w.Refused(list+"?"+query, w.Request("GET", list+"?"+query), 400, code)
			}
		}
	})
}
