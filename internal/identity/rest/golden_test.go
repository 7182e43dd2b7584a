package rest_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/internal/resttest"
)

const account = "/api/2010-04-01/Accounts/{account}"

// Every operation of the resources with its whole answer.
func TestGolden(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		keys(w, account+"/Keys", "key")
		keys(w, account+"/SigningKeys", "signing-key")
		subaccounts(w)
		iamKeys(w)
		authTokens(w)
		relayTokens(w)
		w.Covered("api", "/2010-04-01/")
		w.Covered("iam", "/v1/")
		w.Covered("accounts", "/v1/")
	})
}

func keys(w *resttest.World, list, folder string) {
	w.Run(
		resttest.Scenario{Name: folder + "/create", Method: "POST", URL: list + ".json", Form: []string{"FriendlyName", "token server"}, Status: 201, Save: "key",
			Check: func(w *resttest.World, a resttest.Answer) { w.Names["secret"] = a.Text("secret") }},
		resttest.Scenario{Name: folder + "/create-bare", Method: "POST", URL: list + ".json", Status: 201, Save: "bare"},
		resttest.Scenario{Name: folder + "/fetch", URL: list + "/{key}.json", Status: 200},
		resttest.Scenario{Name: folder + "/update", Method: "POST", URL: list + "/{key}.json", Form: []string{"FriendlyName", "ünïcode"}, Status: 200},
		resttest.Scenario{Name: folder + "/update-empty", Method: "POST", URL: list + "/{key}.json", Status: 200},
		resttest.Scenario{Name: folder + "/without-suffix", URL: list + "/{key}", Status: 404, Code: 20404},
		resttest.Scenario{Name: folder + "/unknown", URL: list + "/SK0123456789abcdef0123456789abcdef.json", Status: 404, Code: 20404},
		resttest.Scenario{Name: folder + "/too-long", Method: "POST", URL: list + ".json", Form: []string{"FriendlyName", strings.Repeat("x", 65)}, Status: 400, Code: 20002},
	)
	asKey := map[string]string{"Authorization": resttest.Basic(w.Names["key"], w.Names["secret"])}
	stranger := map[string]string{"Authorization": resttest.Basic(resttest.Other, resttest.OtherToken)}
	w.Run(
		// A standard key serves the products but manages no keys (rest-semantics §1.4).
		resttest.Scenario{URL: "/chat/v2/Services", Header: asKey, Status: 200},
		resttest.Scenario{Name: folder + "/as-key", URL: list + ".json", Header: asKey, Status: 403, Code: 20003},
		resttest.Scenario{URL: list + ".json", Header: stranger, Status: 404, Code: 20404},
		resttest.Scenario{URL: list + "/{key}.json", Header: stranger, Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: list + "/{key}.json", Header: stranger, Status: 404, Code: 20404},
		resttest.Scenario{Method: "POST", URL: list + "/{key}.json", Form: []string{"FriendlyName", "mine"}, Header: stranger, Status: 404, Code: 20404},
		resttest.Scenario{Method: "DELETE", URL: list + "/{bare}.json", Status: 204},
		resttest.Scenario{Name: folder + "/list", URL: list + ".json", Status: 200},
		resttest.Scenario{Method: "DELETE", URL: list + "/{key}.json", Status: 204},
		resttest.Scenario{URL: list + "/{key}.json", Status: 404, Code: 20404},
		resttest.Scenario{URL: "/chat/v2/Services", Header: asKey, Status: 401, Code: 20003},
	)
}

// A token for relays is signed with the secret that they share with the server: a TURN server computes the same (coturn's use-auth-secret).
func relayTokens(w *resttest.World) {
	const list = account + "/Tokens.json"
	w.Run(
		resttest.Scenario{Name: "relay-token/create", Method: "POST", URL: list, Status: 201, Check: func(w *resttest.World, a resttest.Answer) {
			mac := hmac.New(sha1.New, []byte("shared with the relay"))
			mac.Write([]byte(a.Text("username")))
			if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); a.Text("password") != want {
				w.Errorf("the password is %q, and the relay computes %q", a.Text("password"), want)
			}
		}},
		resttest.Scenario{Name: "relay-token/create-short", Method: "POST", URL: list, Form: []string{"Ttl", "60"}, Status: 201},
		resttest.Scenario{Method: "POST", URL: accounts + "/{other}/Tokens.json", Status: 404, Code: 20404},
	)
	w.Bad(list, []string{"Ttl", "60"}, resttest.Optional("Ttl", resttest.Whole(20422, "0", "-1", "86401")))
}

// A list of keys gives every key once; its URIs are relative and without a prefix (rest-semantics §2.6).
func TestPages(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		var want []string
		for i := range 5 {
			w.Make("key", account+"/Keys.json", "FriendlyName", strconv.Itoa(i))
			want = append(want, w.Names["key"])
		}
		slices.Sort(want)
		for _, size := range []int{1, 2, 5, 50} {
			got := w.Pages(w.Expand(account+"/Keys.json?PageSize="+strconv.Itoa(size)), "keys", "sid", size)
			if !slices.Equal(got, want) {
				t.Errorf("by %d: got %q, want %q", size, got, want)
			}
		}
		if next := w.Do("GET", account+"/Keys.json?PageSize=1").Text("next_page_uri"); next[:12] != "/2010-04-01/" {
			t.Errorf("next page %q", next)
		}
	})
}
