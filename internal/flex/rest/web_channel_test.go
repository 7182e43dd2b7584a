package rest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/flex/rest"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/resttest"
)

const tokens = "/iam/v1/Accounts/{account}/Tokens"

// widget has a desk and a flow of the chat widget, {web}, in front of which stands a door of its own.
func widget(w *resttest.World, o rest.Widget) *rest.API {
	w.Helper()
	desk(w)
	w.Make("web", flows, "FriendlyName", "Widget", "ChatServiceSid", "{service}", "ChannelType", "web", "ContactIdentity", "web", "Enabled", "true")
	api := rest.New(w.Flex, rest.Options{Widget: o, Version: "test", Now: func() time.Time { return time.UnixMicro(w.Store.Now()) }})
	router := httpapi.New(httpapi.Options{Auth: w.Auth()})
	api.Routes(router)
	refresh := func(r *httpapi.Request) (httpapi.Response, error) {
		var in struct{ Token string }
		if err := r.JSON(&in); err != nil {
			return httpapi.Response{}, err
		}
		return api.RefreshVisitor(r, in.Token)
	}
	router.Handle("iam", "POST /v1/Accounts/{AccountSid}/Tokens/refresh", httpapi.Public, refresh)
	w.Router = router
	return api
}

// visit is a visitor's first request.
func visit(w *resttest.World) *http.Request {
	r := body(w, "POST", tokens, `{"products":["flex"]}`)
	r.Header["Authorization"] = nil
	return r
}

// open is a visitor's second request.
func open(w *resttest.World, token, who string) *http.Request {
	return as(w, token, w.Request("POST", webChannels, "FlexFlowSid", "{web}", "Identity", who, "ChatFriendlyName", "Flex WebChat", "CustomerFriendlyName", "Carol"))
}

// A visitor comes in without a name, opens its own chat and nothing else, and renews its token while that is good.
func TestVisitor(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		widget(w, rest.Widget{TokenTTL: 10 * time.Minute})
		a := w.Send(visit(w))
		who, token := a.Text("identity"), a.Text("token")
		at, err := w.Identity.Verify(w.Context(), token)
		if err != nil || a.Status != 200 || !at.Visitor || at.Identity != who || at.ChatServiceSID != w.Names["service"] || at.RoleSID == "" || at.WorkerSID != "" {
			t.Fatalf("%d %s: %+v, %v", a.Status, a.Body, at, err)
		}
		if roles, _ := a.Get("roles").([]any); len(roles) != 1 || a.Text("expiration") != core.ISO(at.ExpiresAt.UnixMicro()) || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %v", a.Body, a.Header)
		}
		if at.ExpiresAt.Sub(time.UnixMicro(w.Store.Now())) > 10*time.Minute {
			t.Errorf("it lives until %s", at.ExpiresAt)
		}
		w.Refused("for somebody else", open(w, token, "anna"), 403, 45003)
		first := w.Send(open(w, token, who))
		second := w.Send(open(w, token, who))
		if first.Status != 201 || second.Status != 201 || first.Text("sid") != second.Text("sid") {
			t.Errorf("%s %s", first.Body, second.Body)
		}
		w.Names["mine"] = first.Text("sid")
		for _, r := range []*http.Request{
			w.Request("GET", webChannels), w.Request("GET", webChannels+"/{mine}"), w.Request("DELETE", webChannels+"/{mine}"),
			w.Request("POST", webChannels+"/{mine}", "ChatStatus", "inactive"), w.Request("GET", flows), w.Request("GET", channels),
		} {
			w.Refused(r.Method+" "+r.URL.Path, as(w, token, r), 403, 20003)
		}
		for _, r := range []*http.Request{
			w.Request("GET", configuration), body(w, "POST", configuration, `{}`), w.Request("GET", "/flex/plugins"), w.Request("GET", "/flex/api/v1/Session"),
			w.Request("POST", "/preview/Flex/Worker/Instance", "Sid", "{worker}", "WorkspaceSid", "{workspace}"),
		} {
			w.Refused(r.Method+" "+r.URL.Path, as(w, token, r), 403, 45003)
		}
		again := w.Send(body(w, "POST", tokens+"/refresh", `{"token":"`+token+`"}`))
		next, err := w.Identity.Verify(w.Context(), again.Text("token"))
		if err != nil || again.Text("identity") != who || !next.ExpiresAt.After(at.ExpiresAt) || !next.Visitor || next.RoleSID != at.RoleSID {
			t.Errorf("%s: %+v, %v", again.Body, next, err)
		}
		w.Refused("of another account", body(w, "POST", strings.Replace(tokens, "{account}", "{other}", 1)+"/refresh", `{"token":"`+token+`"}`), 401, 20103)
		w.Refused("of somebody who is known", body(w, "POST", tokens+"/refresh", `{"token":"`+w.Mint(identity.Claim{Identity: "x", ChatServiceSID: w.Names["service"]})+`"}`), 401, 20106)
		w.Refused("forged", body(w, "POST", tokens+"/refresh", `{"token":"`+token[:len(token)-4]+`AAAA"}`), 401, 20107)
		w.Refused("none", body(w, "POST", tokens+"/refresh", `{}`), 401, 20101)
		w.Pass(time.Hour)
		w.Refused("expired", body(w, "POST", tokens+"/refresh", `{"token":"`+token+`"}`), 401, 20104)
		w.Refused("expired", open(w, token, who), 401, 20104)
	})
}

// Without a flow for the widget, nobody comes in, and nobody who was let in opens anything.
func TestNoWidget(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		widget(w, rest.Widget{})
		a := w.Send(visit(w))
		w.Do("POST", flows+"/{web}", "Enabled", "false")
		w.Refused("disabled", visit(w), 403, 45003)
		w.Refused("disabled", open(w, a.Text("token"), a.Text("identity")), 403, 45003)
		elsewhere := w.Mint(identity.Claim{Identity: "x", WorkspaceSID: w.Names["workspace"], WorkerSID: w.Names["worker"]})
		w.Refused("without a chat grant", open(w, elsewhere, "x"), 403, 45003)
		if by := w.Do("POST", webChannels, "FlexFlowSid", "{web}", "Identity", "x", "ChatFriendlyName", "x", "CustomerFriendlyName", "x"); by.Status != 201 {
			t.Errorf("a server may use a disabled flow: %s", by.Body)
		}
		for name, text := range map[string]string{"no JSON": `x`, "nothing": ``, "another product": `{"products":["chat"]}`, "a list": `[]`} {
			r := body(w, "POST", tokens, text)
			code := 45004
			if name == "no JSON" || name == "a list" {
				code = 20422
			}
			w.Refused(name, r, 400, code)
		}
		for _, account := range []string{"{other}", "AC" + strangeSID, "x"} {
			w.Refused(account, body(w, "POST", "/iam/v1/Accounts/"+account+"/Tokens", `{"products":["flex"]}`), 403, 45003)
		}
	})
}

// What an operator deleted by mistake is told to the log, not to a stranger.
func TestVisitorWithoutKey(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		widget(w, rest.Widget{})
		c, err := w.Flex.FetchConfiguration(w.Context(), resttest.Account)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Identity.DeleteKey(w.Context(), resttest.Account, c.KeySID); err != nil {
			t.Fatal(err)
		}
		if a := w.Send(visit(w)); a.Status != 500 || a.Code() != 20500 || strings.Contains(string(a.Body), c.KeySID) {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
}

func TestBadWebChannels(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		widget(w, rest.Widget{})
		w.Make("custom", flows, "FriendlyName", "Custom", "ChatServiceSid", "{service}", "ChannelType", "custom")
		w.Make("custom channel", channels, "FlexFlowSid", "{custom}", "Identity", "anna", "ChatUserFriendlyName", "Anna", "ChatFriendlyName", "A", "ChatUniqueName", "taken")
		w.Make("mine", webChannels, "FlexFlowSid", "{web}", "Identity", "carol", "ChatFriendlyName", "x", "CustomerFriendlyName", "x")
		opt, required, any := resttest.Optional, resttest.Required, resttest.EachOf
		gone := any(45205, "x", "FO"+strangeSID)
		for i := range gone {
			gone[i].Status = http.StatusNotFound
		}
		data := append(any(45004, "{", "nonsense", "[1,]"), resttest.Fault{Value: `"` + strings.Repeat("x", core.MaxChannelAttributes) + `"`, Code: 45004})
		w.Bad(webChannels, []string{"FlexFlowSid", "{web}", "Identity", "new", "CustomerFriendlyName", "New", "ChatFriendlyName", "A chat"},
			required("FlexFlowSid", 45004, gone, any(45004, "{custom}")),
			required("Identity", 45004, resttest.Longer(core.MaxIdentity, 50207), any(50206, "US"+strangeSID), []resttest.Fault{{Value: "system", Code: 45211, Status: 403}}),
			required("CustomerFriendlyName", 45004, resttest.Longer(core.MaxName, 50003)), required("ChatFriendlyName", 45004, resttest.Longer(core.MaxName, 50003)),
			opt("ChatUniqueName", resttest.Longer(core.MaxName, 50004), []resttest.Fault{{Value: "taken", Code: 45208, Status: 409}}),
			opt("PreEngagementData", data))
		w.Bad(webChannels+"/{mine}", nil, opt("ChatStatus", any(45004, "", "active", "INACTIVE!")), opt("PostEngagementData", data))
		full := `"` + strings.Repeat("x", core.MaxChannelAttributes-10) + `"`
		w.Refused("what does not fit", w.Request("POST", webChannels+"/{mine}", "PostEngagementData", full, "ChatStatus", "inactive"), 400, 45004)
		for _, path := range []string{"/{custom channel}", "/CH" + strangeSID, "/x"} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				w.Refused(method+" "+path, w.Request(method, webChannels+path), 404, 45204)
			}
		}
		for query, code := range map[string]int{"PageSize=0": 20422, "PageSize=1001": 20007, "PageToken=nonsense": 20422, "PageToken=PT{custom channel}": 20422, "PageToken=%FF": 20422} {
			w.Refused(query, w.Request("GET", webChannels+"?"+query), 400, code)
		}
		if _, err := w.Flex.UpdateWebChannel(w.Context(), resttest.Other, w.Names["mine"], flex.WebChannelPatch{End: true}); !core.HasCode(err, 45204) {
			t.Errorf("another account's: %v", err)
		}
	})
}

// Pages of sites that are not named cannot open the widget; what is no browser meets the limits only.
func TestOrigins(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		widget(w, rest.Widget{Origins: []string{"https://shop.example.org"}})
		from := func(r *http.Request, origin string) *http.Request {
			r.Header.Set("Origin", origin)
			return r
		}
		for _, origin := range []string{"https://evil.example.org", "http://shop.example.org", "https://shop.example.org:8443", "null", "https://shop.example.org.evil.org"} {
			w.Refused(origin, from(visit(w), origin), 403, 45003)
		}
		var a resttest.Answer
		for _, origin := range []string{"https://shop.example.org", "http://parley.example.org:8080"} {
			if a = w.Send(from(visit(w), origin)); a.Status != 200 {
				t.Errorf("%s: %s", origin, a.Body)
			}
		}
		token, who := a.Text("token"), a.Text("identity")
		w.Refused("a chat", from(open(w, token, who), "https://evil.example.org"), 403, 45003)
		w.Refused("a renewal", from(body(w, "POST", tokens+"/refresh", `{"token":"`+token+`"}`), "https://evil.example.org"), 403, 45003)
		server := from(open(w, token, who), "https://evil.example.org")
		server.Header.Set("Authorization", resttest.Basic(resttest.Account, resttest.Token))
		if a := w.Send(server); a.Status != 201 {
			t.Errorf("a server's credentials are enough: %s", a.Body)
		}
	})
}

func TestFlood(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		widget(w, rest.Widget{PerAddress: 6, PerFlow: 3})
		from := func(r *http.Request, address string) *http.Request {
			r.RemoteAddr = address
			return r
		}
		var a resttest.Answer
		for i := range 6 {
			if a = w.Send(from(visit(w), "192.0.2.1:1")); a.Status != 200 {
				t.Fatalf("visit %d: %s", i, a.Body)
			}
			w.Pass(-time.Second) // World moves on by one for each request
		}
		if a := w.Send(from(visit(w), "192.0.2.1:2")); a.Status != 429 || a.Code() != 20429 || a.Header.Get("Retry-After") != "10" {
			t.Errorf("%d %s %v", a.Status, a.Body, a.Header)
		}
		w.Refused("a chat from there", from(open(w, a.Text("token"), a.Text("identity")), "192.0.2.1:3"), 429, 20429)
		token := w.Mint(identity.Claim{Identity: "x", ChatServiceSID: w.Names["service"]})
		for i := range 3 {
			w.Pass(-time.Second)
			if a := w.Send(from(open(w, token, "x"), "192.0.2.2:1")); a.Status != 201 {
				t.Fatalf("chat %d: %s", i, a.Body)
			}
		}
		w.Refused("a chat from elsewhere", from(open(w, token, "x"), "192.0.2.3:1"), 429, 20429)
		w.Pass(time.Minute)
		if a := w.Send(from(visit(w), "192.0.2.1:4")); a.Status != 200 {
			t.Errorf("after a minute: %s", a.Body)
		}
	})
}
