package rest_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"parley/internal/resttest"
)

const list = "/chat/v2/Credentials"

// Every operation with its whole answer; no secret is ever part of one.
func TestGolden(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		secrets := func(w *resttest.World, a resttest.Answer) {
			if strings.Contains(string(a.Body), "hidden") {
				w.Errorf("a secret is shown: %s", a.Body)
			}
		}
		stranger := map[string]string{"Authorization": resttest.Basic(resttest.Other, resttest.OtherToken)}
		w.Run(
			resttest.Scenario{Name: "create-apn", Method: "POST", URL: list, Form: []string{"Type", "apn", "FriendlyName", "our app", "Certificate", "hidden cert",
				"PrivateKey", "hidden key", "Sandbox", "true"}, Status: 201, Save: "apn", Check: secrets},
			resttest.Scenario{Name: "create-fcm", Method: "POST", URL: list, Form: []string{"Type", "fcm", "Secret", "hidden"}, Status: 201, Save: "fcm", Check: secrets},
			resttest.Scenario{Name: "create-gcm", Method: "POST", URL: list, Form: []string{"Type", "gcm", "ApiKey", "hidden"}, Status: 201, Save: "gcm", Check: secrets},
			resttest.Scenario{Name: "fetch", URL: list + "/{apn}", Status: 200, Check: secrets},
			resttest.Scenario{Name: "update", Method: "POST", URL: list + "/{apn}", Form: []string{"FriendlyName", "ünïcode", "Sandbox", "false", "PrivateKey", "hidden"}, Status: 200, Check: secrets},
			resttest.Scenario{Name: "update-nothing", Method: "POST", URL: list + "/{fcm}", Status: 200},
			resttest.Scenario{URL: list + "/{apn}", Header: stranger, Status: 404, Code: 20404},
			resttest.Scenario{Method: "POST", URL: list + "/{apn}", Form: []string{"FriendlyName", "mine"}, Header: stranger, Status: 404, Code: 20404},
			resttest.Scenario{Method: "DELETE", URL: list + "/{apn}", Header: stranger, Status: 404, Code: 20404},
			resttest.Scenario{Name: "list-of-nobody", URL: list, Header: stranger, Status: 200},
			resttest.Scenario{Method: "DELETE", URL: list + "/{fcm}", Status: 204},
			resttest.Scenario{Method: "DELETE", URL: list + "/{fcm}", Status: 404, Code: 20404},
			resttest.Scenario{Method: "DELETE", URL: list + "/{gcm}", Status: 204},
			resttest.Scenario{Name: "list", URL: list, Status: 200, Check: secrets},
		)
		w.Covered("chat", "/v2/Credentials")
	})
}

// A list gives every credential once, whatever the size of its pages.
func TestPages(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		var want []string
		for range 5 {
			w.Make("c", list, "Type", "fcm")
			want = append(want, w.Names["c"])
		}
		slices.Sort(want)
		for _, size := range []int{1, 2, 5, 50} {
			if got := w.Pages(list+"?PageSize="+strconv.Itoa(size), "credentials", "sid", size); !slices.Equal(got, want) {
				t.Errorf("by %d: got %q, want %q", size, got, want)
			}
		}
	})
}

// Wrong parameters and paths: the documented code, and nothing changed.
func TestBadRequests(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		w.Make("c", list, "Type", "apn")
		large := strings.Repeat("x", 16<<10+1)
		values := []resttest.Param{
			resttest.Optional("FriendlyName", resttest.EachOf(20002, strings.Repeat("é", 65))),
			resttest.Optional("Sandbox", resttest.EachOf(20422, "perhaps")),
			resttest.Optional("Certificate", resttest.EachOf(20422, large)),
			resttest.Optional("PrivateKey", resttest.EachOf(20422, large)),
			resttest.Optional("Secret", resttest.EachOf(20422, large)),
		}
		valid := []string{"Type", "apn", "FriendlyName", "new", "Sandbox", "true", "Certificate", "c", "PrivateKey", "k", "Secret", "s"}
		w.Bad(list, valid, append(values, resttest.Required("Type", 20422, resttest.EachOf(20422, "pigeon", "FCM")))...)
		w.Bad(list+"/{c}", valid[2:], values...)
		for _, sid := range []string{"x", "%FF", "CR%00", "CR0123456789abcdef0123456789abcdef", "{account}"} {
			for _, method := range []string{"GET", "POST", "DELETE"} {
				w.Refused(method+" "+sid, w.Request(method, list+"/"+sid), 404, 20404)
			}
		}
		for query, code := range map[string]int{"PageSize=0": 20422, "PageSize=1001": 20007, "Page=-1": 20422, "PageToken=-1": 19038, "PageToken=PTx": 20422} {
			w.Refused(query, w.Request("GET", list+"?"+query), 400, code)
		}
	})
}
