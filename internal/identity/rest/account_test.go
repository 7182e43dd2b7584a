package rest_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/internal/resttest"
)

const accounts = "/api/2010-04-01/Accounts"

// as is the header of somebody else's credentials.
func as(user, password string) map[string]string {
	return map[string]string{"Authorization": resttest.Basic(user, password)}
}

// A subaccount lives apart from its owner and from all others, until it is suspended or closed.
func subaccounts(w *resttest.World) {
	w.Run(
		resttest.Scenario{Name: "account/fetch", URL: account + ".json", Status: 200},
		resttest.Scenario{Name: "account/foreign", URL: accounts + "/{other}.json", Status: 404, Code: 20404},
		resttest.Scenario{Name: "account/update", Method: "POST", URL: account + ".json", Form: []string{"FriendlyName", "Renamed"}, Status: 200},
		resttest.Scenario{Name: "account/update-empty", Method: "POST", URL: account + ".json", Form: []string{"Status", "active"}, Status: 200},
		resttest.Scenario{Name: "account/close-own", Method: "POST", URL: account + ".json", Form: []string{"Status", "closed"}, Status: 403, Code: 20403},
		resttest.Scenario{Name: "account/create", Method: "POST", URL: accounts + ".json", Form: []string{"FriendlyName", "Staging"}, Status: 201, Save: "sub",
			Check: func(w *resttest.World, a resttest.Answer) { w.Names["sub token"] = a.Text("auth_token") }},
		resttest.Scenario{Name: "account/create-bare", Method: "POST", URL: accounts + ".json", Status: 201, Save: "bare"},
		resttest.Scenario{Name: "account/fetch-sub", URL: accounts + "/{sub}.json", Status: 200},
		resttest.Scenario{Name: "account/list-name", URL: accounts + ".json?FriendlyName=Staging&Status=active", Status: 200},
		resttest.Scenario{URL: accounts + ".json?Status=closed", Status: 200, Check: empty},
		resttest.Scenario{Method: "POST", URL: accounts + "/{sub}/Keys.json", Form: []string{"FriendlyName", "of the subaccount"}, Status: 201, Save: "sub key"},
	)
	sub, stranger := as(w.Names["sub"], w.Names["sub token"]), as(resttest.Other, resttest.OtherToken)
	w.Run(
		resttest.Scenario{URL: "/chat/v2/Services", Header: sub, Status: 200},
		resttest.Scenario{URL: accounts + "/{sub}/Keys/{sub key}.json", Header: sub, Status: 200},
		resttest.Scenario{Name: "account/sub-of-sub", Method: "POST", URL: accounts + ".json", Header: sub, Status: 403, Code: 20403},
		resttest.Scenario{Name: "account/rename-by-itself", Method: "POST", URL: accounts + "/{sub}.json", Form: []string{"FriendlyName", "Test"}, Header: sub, Status: 200},
		resttest.Scenario{URL: account + ".json", Header: sub, Status: 404, Code: 20404},
		resttest.Scenario{URL: account + "/Keys.json", Header: sub, Status: 404, Code: 20404},
		resttest.Scenario{URL: accounts + "/{sub}.json", Header: stranger, Status: 404, Code: 20404},
		resttest.Scenario{Method: "POST", URL: accounts + "/{sub}.json", Form: []string{"Status", "closed"}, Header: stranger, Status: 404, Code: 20404},
		resttest.Scenario{URL: accounts + "/{sub}/Keys.json", Header: stranger, Status: 404, Code: 20404},

		resttest.Scenario{Name: "account/suspend", Method: "POST", URL: accounts + "/{sub}.json", Form: []string{"Status", "suspended"}, Status: 200},
		resttest.Scenario{URL: "/chat/v2/Services", Header: sub, Status: 401, Code: 20003},
		resttest.Scenario{Method: "POST", URL: accounts + "/{sub}.json", Form: []string{"Status", "active"}, Status: 200},
		resttest.Scenario{URL: "/chat/v2/Services", Header: sub, Status: 200},
		resttest.Scenario{Method: "POST", URL: accounts + "/{sub}.json", Form: []string{"Status", "closed"}, Status: 200},
		resttest.Scenario{URL: "/chat/v2/Services", Header: sub, Status: 401, Code: 20003},
		resttest.Scenario{Name: "account/reopen", Method: "POST", URL: accounts + "/{sub}.json", Form: []string{"Status", "active"}, Status: 403, Code: 20403},
		resttest.Scenario{Method: "DELETE", URL: accounts + "/{sub}/Keys/{sub key}.json", Status: 204},
	)
}

func empty(w *resttest.World, a resttest.Answer) {
	if all, ok := a.Get("accounts").([]any); !ok || len(all) > 0 {
		w.Errorf("want no accounts: %s", a.Body)
	}
}

// The second auth token is good beside the first, takes its place, and the first is good no more.
func authTokens(w *resttest.World) {
	const tokens = "/accounts/v1/AuthTokens"
	remember := func(field string) func(*resttest.World, resttest.Answer) {
		return func(w *resttest.World, a resttest.Answer) { w.Names["token"] = a.Text(field) }
	}
	stranger := as(resttest.Other, resttest.OtherToken)
	w.Run(
		resttest.Scenario{Name: "auth-token/none", Method: "POST", URL: tokens + "/Promote", Header: stranger, Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: tokens + "/Secondary", Header: stranger, Status: 404, Code: 20404},
		resttest.Scenario{Name: "auth-token/secondary", Method: "POST", URL: tokens + "/Secondary", Header: stranger, Status: 201, Check: remember("secondary_auth_token")},
		resttest.Scenario{Name: "auth-token/again", Method: "POST", URL: tokens + "/Secondary", Header: stranger, Status: 409, Code: 20409},
	)
	second := as(resttest.Other, w.Names["token"])
	w.Run(
		resttest.Scenario{URL: "/chat/v2/Services", Header: second, Status: 200},
		resttest.Scenario{Name: "auth-token/promoted", Method: "POST", URL: tokens + "/Promote", Header: second, Status: 200, Check: func(w *resttest.World, a resttest.Answer) {
			if a.Text("auth_token") != w.Names["token"] {
				w.Errorf("promoted %s", a.Body)
			}
		}},
		resttest.Scenario{URL: "/chat/v2/Services", Header: stranger, Status: 401, Code: 20003},
		resttest.Scenario{Method: "POST", URL: tokens + "/Secondary", Header: second, Status: 201, Check: remember("secondary_auth_token")},
	)
	third := as(resttest.Other, w.Names["token"])
	w.Run(
		resttest.Scenario{URL: "/chat/v2/Services", Header: third, Status: 200},
		resttest.Scenario{Method: "DELETE", URL: tokens + "/Secondary", Header: second, Status: 204},
		resttest.Scenario{URL: "/chat/v2/Services", Header: third, Status: 401, Code: 20003},
		resttest.Scenario{URL: "/chat/v2/Services", Header: second, Status: 200},
	)
}

// iamKeys are the same keys as those of the 2010 API, in a newer dress.
func iamKeys(w *resttest.World) {
	const list = "/iam/v1/Keys"
	w.Run(
		resttest.Scenario{Name: "iam-key/create", Method: "POST", URL: list, Form: []string{"AccountSid", "{account}", "FriendlyName", "token server"}, Status: 201, Save: "key",
			Check: func(w *resttest.World, a resttest.Answer) { w.Names["secret"] = a.Text("secret") }},
		resttest.Scenario{Name: "iam-key/fetch", URL: list + "/{key}", Status: 200},
		resttest.Scenario{Name: "iam-key/update", Method: "POST", URL: list + "/{key}", Form: []string{"FriendlyName", "renamed"}, Status: 200},
		resttest.Scenario{Name: "iam-key/update-empty", Method: "POST", URL: list + "/{key}", Status: 200},
		resttest.Scenario{URL: account + "/Keys/{key}.json", Status: 200},
		resttest.Scenario{Name: "iam-key/list", URL: list + "?AccountSid={account}", Status: 200},
		resttest.Scenario{Name: "iam-key/host-style", URL: "http://iam.twilio.com/v1/Keys?AccountSid={account}&PageSize=1", Status: 200},
		resttest.Scenario{Name: "iam-key/foreign-account", URL: list + "?AccountSid={other}", Status: 404, Code: 20404},
		resttest.Scenario{Method: "POST", URL: list, Form: []string{"AccountSid", "{sub}"}, Status: 201, Save: "sub key"},
		resttest.Scenario{URL: list + "/{sub key}", Status: 200},
	)
	asKey, stranger := as(w.Names["key"], w.Names["secret"]), as(resttest.Other, resttest.OtherToken)
	w.Run(
		resttest.Scenario{URL: "/chat/v2/Services", Header: asKey, Status: 200},
		resttest.Scenario{URL: list + "/{key}", Header: asKey, Status: 403, Code: 20003},
	)
	for _, method := range []string{"GET", "POST", "DELETE"} {
		w.Run(resttest.Scenario{Method: method, URL: list + "/{key}", Header: stranger, Status: 404, Code: 20404})
	}
	w.Run(
		resttest.Scenario{Method: "DELETE", URL: list + "/{sub key}", Status: 204},
		resttest.Scenario{Method: "DELETE", URL: list + "/{key}", Status: 204},
		resttest.Scenario{Name: "iam-key/deleted", URL: list + "/{key}", Status: 404, Code: 20404},
		resttest.Scenario{URL: "/chat/v2/Services", Header: asKey, Status: 401, Code: 20003},
	)
}

// Wrong parameters of accounts and of keys: the documented code, and nothing changed.
func TestBadAccounts(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		w.Make("key", "/iam/v1/Keys", "AccountSid", "{account}")
		w.Make("sub", accounts+".json")
		name := resttest.Optional("FriendlyName", resttest.EachOf(20002, strings.Repeat("x", 65), strings.Repeat("é", 65)))
		w.Bad(accounts+".json", []string{"FriendlyName", "new"}, name)
		w.Bad(accounts+"/{sub}.json", []string{"FriendlyName", "new"}, name, resttest.Optional("Status", resttest.EachOf(20422, "", "open", "active,closed")))
		keyType := resttest.Optional("KeyType", resttest.EachOf(70105, "restricted", "x"))
		policy := resttest.Optional("Policy", resttest.EachOf(70001, `{"allow":["/twilio/messaging/messages/read"]}`, "x"))
		w.Bad("/iam/v1/Keys", []string{"AccountSid", "{account}", "FriendlyName", "new"}, name, keyType, policy,
			resttest.Required("AccountSid", 20422, []resttest.Fault{{Value: "x", Code: 20404, Status: 404}, {Value: resttest.Other, Code: 20404, Status: 404}}))
		w.Bad("/iam/v1/Keys/{key}", []string{"FriendlyName", "new"}, name, policy)
		for _, sid := range []string{"x", "%FF", "SK%00", "SK0123456789abcdef0123456789abcdef", "{account}"} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				w.Refused(method+" key "+sid, w.Request(method, "/iam/v1/Keys/"+sid), 404, 20404)
			}
		}
		for _, sid := range []string{"x.json", ".json", "%FF.json", "AC%00.json", "AC0123456789abcdef0123456789abcdef.json", "{sub}", "{key}.json"} {
			for _, method := range []string{"GET", "POST"} {
				w.Refused(method+" account "+sid, w.Request(method, accounts+"/"+sid), 404, 20404)
			}
		}
		for query, code := range map[string]int{"PageSize=0": 20422, "PageSize=1001": 20007, "Page=-1": 20422, "PageToken=-1": 19038, "PageToken=PTx": 20422,
			"PageToken=PT{key}x": 20422, "PageToken=%FF": 20422} {
			w.Refused(query, w.Request("GET", accounts+".json?"+query), 400, code)
			w.Refused(query, w.Request("GET", "/iam/v1/Keys?AccountSid={account}&"+query), 400, code)
		}
		w.Refused("unknown state", w.Request("GET", accounts+".json?Status=x"), 400, 20422)
		w.Refused("no account", w.Request("GET", "/iam/v1/Keys"), 400, 20422)
	})
}

// Lists of accounts and of keys give every one once, in both dresses.
func TestAccountPages(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		all, keys := []string{resttest.Account}, []string{}
		for i := range 5 {
			w.Make("sub", accounts+".json", "FriendlyName", strconv.Itoa(i))
			w.Make("key", "/iam/v1/Keys", "AccountSid", "{account}")
			all, keys = append(all, w.Names["sub"]), append(keys, w.Names["key"])
		}
		slices.Sort(all)
		slices.Sort(keys)
		for _, size := range []int{1, 2, 6, 50} {
			n := strconv.Itoa(size)
			if got := w.Pages(accounts+".json?PageSize="+n, "accounts", "sid", size); !slices.Equal(got, all) {
				t.Errorf("accounts by %d: got %q, want %q", size, got, all)
			}
			for _, style := range []string{"/iam", "http://iam.twilio.com"} {
				if got := w.Pages(w.Expand(style+"/v1/Keys?AccountSid={account}&PageSize="+n), "keys", "sid", size); !slices.Equal(got, keys) {
					t.Errorf("keys of %s by %d: got %q, want %q", style, size, got, keys)
				}
			}
		}
	})
}
