package rest_test

import (
	"strings"
	"testing"

	"parley/internal/resttest"
)

// Wrong parameters and paths: the documented code, and nothing changed.
func TestBadRequests(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		w.Make("key", account+"/Keys.json", "FriendlyName", "first")
		name := resttest.Optional("FriendlyName", resttest.EachOf(20002, strings.Repeat("x", 65), strings.Repeat("é", 65)))
		for _, resource := range []string{"/Keys", "/SigningKeys"} {
			w.Bad(account+resource+".json", []string{"FriendlyName", "new"}, name)
			w.Bad(account+resource+"/{key}.json", []string{"FriendlyName", "new"}, name)
			for _, sid := range []string{"x.json", ".json", "%FF.json", "SK%00.json", "SK0123456789abcdef0123456789abcdef.json", "{account}.json"} {
				for _, method := range []string{"GET", "POST", "DELETE"} {
					w.Refused(method+" "+sid, w.Request(method, account+resource+"/"+sid), 404, 20404)
				}
			}
			for query, code := range map[string]int{"PageSize=0": 20422, "PageSize=1001": 20007, "Page=-1": 20422, "PageToken=-1": 19038, "PageToken=PTx": 20422, "PageToken=%FF": 20422} {
				w.Refused(query, w.Request("GET", account+resource+".json?"+query), 400, code)
			}
		}
	})
}
