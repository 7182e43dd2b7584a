package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"parley/internal/resttest"
)

// badWorld has a service with a pool, a session with both participants and an interaction, and a session of another account.
func badWorld(w *resttest.World) {
	w.Make("chat", "/chat/v2/Services", "FriendlyName", "Support")
	w.Make("room", "/chat/v2/Services/{chat}/Channels", "FriendlyName", "Anna")
	w.Make("ks", services, "UniqueName", "one", "ChatInstanceSid", "{chat}")
	w.Make("untied", services, "UniqueName", "two")
	w.Make("pn", pool, "PhoneNumber", "+14155550100")
	w.Make("line", pool, "PhoneNumber", "line:us")
	w.Make("kc", sessions, "UniqueName", "taken")
	w.Make("kp", people, "Identifier", "+14155550101", "ProxyIdentifier", "+14155550100")
	w.Names["ki"] = w.Do("POST", people+"/{kp}/MessageInteractions", "Body", "x").Text("sid")
	for _, step := range [][]string{
		{"foreign chat", "/chat/v2/Services", "FriendlyName", "Theirs"},
		{"foreign ks", services, "UniqueName", "one"},
		{"foreign pn", services + "/{foreign ks}/PhoneNumbers", "PhoneNumber", "+14155550111"},
		{"foreign kc", services + "/{foreign ks}/Sessions"},
		{"foreign kp", services + "/{foreign ks}/Sessions/{foreign kc}/Participants", "Identifier", "+14155550112"},
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
		badWorld(w)
		badServices(w)
		badNumbers(w)
		badSessions(w)
		badParticipants(w)
		badMessages(w)
	})
}

func at404(faults []resttest.Fault) []resttest.Fault {
	for i := range faults {
		faults[i].Status = http.StatusNotFound
	}
	return faults
}

func badServices(w *resttest.World) {
	opt, any := resttest.Optional, resttest.EachOf
	url := any(80701, "/relative", "ftp://example.org/", "https://", "https://example.org/"+strings.Repeat("x", 2048))
	name := any(80701, strings.Repeat("é", 192), "KS"+strangeSID)
	params := []resttest.Param{
		opt("DefaultTtl", resttest.Whole(80701, "-1", "315360001")), opt("CallbackUrl", url), opt("InterceptCallbackUrl", url), opt("OutOfSessionCallbackUrl", url),
		opt("GeoMatchLevel", any(80701, "", "planet")), opt("NumberSelectionBehavior", any(80701, "", "sticky")),
		opt("ChatInstanceSid", at404(any(80306, "x", "IS"+strangeSID, "{foreign chat}", "{ks}"))),
	}
	valid := []string{"UniqueName", "new"}
	w.Bad(services, valid, append(params, resttest.Required("UniqueName", 80701, name, []resttest.Fault{{Value: "one", Code: 80602, Status: 409}}))...)
	w.Bad(services+"/{ks}", valid, append(params, opt("UniqueName", any(80701, ""), name, []resttest.Fault{{Value: "two", Code: 80602, Status: 409}}))...)
	w.Refused("a chat service that is tied", w.Request("POST", services+"/{untied}", "ChatInstanceSid", "{chat}"), 404, 80306)
}

func badNumbers(w *resttest.World) {
	opt, any := resttest.Optional, resttest.EachOf
	address := any(80406, "x", "12345", "+0123456", "+1415555010x", "whatsapp:12345", "{room}", " +14155550109", "sms:", "+"+strings.Repeat("1", 16), strings.Repeat("x", 191)+":")
	w.Bad(pool, []string{"PhoneNumber", "+14155550102"}, resttest.Required("PhoneNumber", 80701, address,
		[]resttest.Fault{{Value: "+14155550100", Code: 80104, Status: 409}, {Value: "+14155550111", Code: 80606}}),
		opt("Sid", any(80407, "x", "KS"+strangeSID), []resttest.Fault{{Value: "{pn}", Code: 80104, Status: 409}}), opt("IsReserved", resttest.Boolean()))
	w.Bad(pool+"/{pn}", []string{"IsReserved", "true"}, opt("IsReserved", resttest.Boolean()))
	w.Refused("a number of another pool", w.Request("POST", services+"/{untied}/PhoneNumbers", "PhoneNumber", "+14155550100"), 409, 80101)
}

// date is what dates refuse; dates of long ago have passed.
func date() []resttest.Fault {
	return resttest.EachOf(80701, "yesterday", "2026-13-01T00:00:00Z", "2020-01-01", "1577836800", "1960-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
}

func badSessions(w *resttest.World) {
	opt, any := resttest.Optional, resttest.EachOf
	people := append(any(80701, "", "x", "1", "[1]", "{", `{"Identifier":1}`, `[{"Identifier":"+14155550109"}`, `{"Identifier":"+14155550109","FriendlyName":"`+strings.Repeat("é", 256)+`"}`),
		any(80404, "{}", "[{}]", `{"Identifier":"x"}`, `{"Identifier":"+14155550109 "}`)...)
	people = append(people, resttest.Fault{Value: `{"Identifier":"+14155550109","ProxyIdentifier":"+14155550110"}`, Code: 80605},
		resttest.Fault{Value: `{"Identifier":"+14155550109","ProxyIdentifier":"+14155550109"}`, Code: 80402}, resttest.Fault{Value: `{"Identifier":"+14155550109","ProxyIdentifier":"line:us"}`, Code: 80402},
		resttest.Fault{Value: `{"Identifier":"+14155550109","ProxyIdentifierSid":"x"}`, Code: 80407}, resttest.Fault{Value: `{"Identifier":"+14155550109","ProxyIdentifierSid":"PN` + strangeSID + `"}`, Code: 80301, Status: 404},
		resttest.Fault{Value: `{"Identifier":"+14155550109","ProxyIdentifierSid":"{line}"}`, Code: 80402}, resttest.Fault{Value: `{"Identifier":"+493012345"}`, Code: 80203},
		resttest.Fault{Value: `{"Identifier":"messenger:1"}`, Code: 80206}, resttest.Fault{Value: `{"Identifier":"+14155550101"}`, Code: 80208}, resttest.Fault{Value: `{"Identifier":"+14155550101","ProxyIdentifier":"+14155550100"}`, Code: 80604},
		resttest.Fault{Value: `{"Identifier":"CH` + strangeSID + `"}`, Code: 80618}, resttest.Fault{Value: `[{"Identifier":"+14155550109"},{"Identifier":"+14155550109"}]`, Code: 80623, Status: 409},
		resttest.Fault{Value: `[{"Identifier":"+14155550109"},{"Identifier":"+14155550108"},{"Identifier":"+14155550107"}]`, Code: 80609})
	w.Bad(sessions, []string{"UniqueName", "new"},
		opt("UniqueName", any(80701, strings.Repeat("é", 192), "KC"+strangeSID), []resttest.Fault{{Value: "taken", Code: 80603, Status: 409}}),
		opt("DateExpiry", date()), opt("Ttl", resttest.Whole(80701, "-1", "315360001")), opt("Mode", any(80701, "", "fax")),
		opt("Status", any(80701, "", "x"), any(80608, "closed", "failed", "unknown")), opt("Participants", people).List())
	w.Bad(sessions+"/{kc}", []string{"Ttl", "60"}, opt("DateExpiry", date()), opt("Ttl", resttest.Whole(80701, "-1", "315360001")),
		opt("Status", any(80701, "", "x"), any(80608, "failed", "unknown")))
	w.Refused("a channel in a session of voice", w.Request("POST", sessions, "Mode", "voice-only", "Participants", `{"Identifier":"{room}"}`), 400, 80616)
	w.Refused("a channel where no chat service is", w.Request("POST", services+"/{untied}/Sessions", "Participants", `{"Identifier":"{room}"}`), 404, 80306)
}

func badParticipants(w *resttest.World) {
	opt, any := resttest.Optional, resttest.EachOf
	w.Bad(people, []string{"Identifier", "+14155550102"},
		resttest.Required("Identifier", 80701, any(80404, "x", "+1", "whatsapp:x"), []resttest.Fault{{Value: "+14155550101", Code: 80103, Status: 409}, {Value: "CH" + strangeSID, Code: 80618}, {Value: "messenger:1", Code: 80206}}),
		opt("FriendlyName", any(80701, strings.Repeat("é", 256))),
		opt("ProxyIdentifier", any(80402, "x", "{room}", "+14155550102", "whatsapp:+14155550100"), any(80605, "+14155550111")),
		opt("ProxyIdentifierSid", any(80407, "x"), at404(any(80301, "PN"+strangeSID, "{foreign pn}")), any(80402, "{line}")))
	w.Refused("two that differ", w.Request("POST", people, "Identifier", "+14155550102", "ProxyIdentifier", "+14155550199", "ProxyIdentifierSid", "{pn}"), 400, 80402)
}

func badMessages(w *resttest.World) {
	many := make([]string, 0, 24)
	for range 11 {
		many = append(many, "MediaUrl", "https://x.example.org/")
	}
	const messages = people + "/{kp}/MessageInteractions"
	w.Bad(messages, []string{"Body", "x"}, resttest.Required("Body", 80701, resttest.Longer(32<<10, 80701)),
		resttest.Optional("MediaUrl", resttest.EachOf(80701, "", "x", "ftp://x.example.org/", "https://")).List())
	w.Refused("too many files", w.Request("POST", messages, many...), 400, 80701)
	w.Make("voice", sessions, "Mode", "voice-only")
	w.Make("caller", sessions+"/{voice}/Participants", "Identifier", "+14155550107")
	w.Refused("a message in a session of voice", w.Request("POST", sessions+"/{voice}/Participants/{caller}/MessageInteractions", "Body", "x"), 400, 80910)
}

// Paths that lead nowhere, also to what is another account's, and pages that are none.
func TestBadPaths(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		badWorld(w)
		for path, code := range map[string]int{
			services + "/{foreign ks}": 20404, services + "/x": 20404, services + "/%FF": 20404, services + "/KS%00": 20404, services + "/{kc}": 20404,
			pool + "/{foreign pn}": 20404, pool + "/x": 20404, services + "/{foreign ks}/PhoneNumbers/{foreign pn}": 20404, services + "/{untied}/PhoneNumbers/{pn}": 20404,
			sessions + "/{foreign kc}": 20404, sessions + "/x": 80308, sessions + "/%FF": 20404, sessions + "/%00": 20404, services + "/{foreign ks}/Sessions/{foreign kc}": 20404,
			services + "/{untied}/Sessions/{kc}": 20404, services + "/{untied}/Sessions/taken": 80308,
			people + "/{foreign kp}": 20404, people + "/x": 20404, sessions + "/{kc}/Interactions/x": 20404, sessions + "/{kc}/Interactions/KI" + strangeSID: 20404,
			services + "/{untied}/Sessions/{kc}/Interactions/{ki}": 20404,
		} {
			for _, method := range []string{"GET", "DELETE"} {
				w.Refused(method+" "+path, w.Request(method, path), 404, code)
			}
		}
		for _, path := range []string{services + "/{foreign ks}", pool + "/x", sessions + "/{foreign kc}", services + "/{foreign ks}/Sessions", services + "/{foreign ks}/PhoneNumbers"} {
			w.Refused("POST "+path, w.Request("POST", path, "UniqueName", "x", "IsReserved", "true", "PhoneNumber", "+14155550109"), 404, 20404)
		}
		messages := people + "/{kp}/MessageInteractions"
		for _, path := range []string{messages + "/x", messages + "/KI" + strangeSID, people + "/{foreign kp}/MessageInteractions", people + "/{foreign kp}/MessageInteractions/{ki}"} {
			w.Refused(path, w.Request("GET", path), 404, 20404)
		}
		for _, list := range []string{services, pool, sessions, people, sessions + "/{kc}/Interactions", messages} {
			for query, code := range map[string]int{"PageSize=0": 20422, "PageSize=x": 20422, "PageSize=1001": 20007, "Page=-1": 20422, "PageToken=-1": 19038,
				"PageToken=nonsense": 20422, "PageToken=PTKC" + strangeSID: 20422, "PageToken=PT{foreign kc}": 20422, "PageToken=PT{foreign ks}": 20422, "PageToken=%FF": 20422, "PageToken=%00": 20422} {
				w.Refused(list+"?"+query, w.Request("GET", list+"?"+query), 400, code)
			}
		}
	})
}
