package resttest

import (
	"strings"
	"testing"
)

// notServed says why operations of the published files are not served. A row holds for all paths that begin with it; the
// longest one counts. A row without an operation must go, and an operation without a row must be served.
var notServed = []struct{ product, path, why string }{
	{"flex-api", "/v1/Insights", "reports of Flex Insights: not part of Flex UI 1.x with chat"},
	{"flex-api", "/v1/Interactions", "Flex Conversations, the successor of Programmable Chat: out of scope"},
	{"flex-api", "/v1/PluginService", "plugins are set by PARLEY_PLUGINS instead"},

	{"api", "/", "telephony, messaging, billing and usage of the 2010 API: out of scope"},

	{"iam", "/v1/", "OAuth apps, roles and tokens of the hosted console: out of scope"},

	{"accounts", "/v1/", "public keys, AWS credentials, consents and SMS settings: out of scope"},
}

func TestPublishedOperations(t *testing.T) {
	Each(t, func(w *World) {
		used := map[int]bool{}
		for product := range Files() {
			for _, o := range w.specs.Operations(w, product) {
				row := -1
				for i, r := range notServed {
					if r.product == o.Product && strings.HasPrefix(o.Path, r.path) && (row < 0 || len(r.path) > len(notServed[row].path)) {
						row = i
					}
				}
				serves := w.Serves(o)
				if !serves && row < 0 {
					w.Errorf("%s %s %s (%s) is not served: serve it, or say why not", product, o.Method, o.Path, o.ID)
				}
				if !serves && row >= 0 {
					used[row] = true
				}
			}
		}
		for i, r := range notServed {
			if !used[i] {
				w.Errorf("%s %s is served in full: delete its row", r.product, r.path)
			}
		}
	})
}

func TestFits(t *testing.T) {
	for _, tt := range []struct {
		template, path string
		want           bool
	}{
		{"/v2/Services/{Sid}", "/v2/Services/IS1", true},
		{"/v2/Services/{Sid}", "/v2/Services", false},
		{"/v2/Services/{Sid}", "/v2/Services/IS1/Users", false},
		{"/Accounts/{A}/Keys/{Sid}.json", "/Accounts/AC1/Keys/SK1.json", true},
		{"/Accounts/{A}/Keys/{Sid}.json", "/Accounts/AC1/Keys/SK1", false},
		{"/Accounts/{A}/Keys/{Sid}.json", "/Accounts/AC1/Keys/.json", false},
	} {
		if got := fits(tt.template, tt.path); got != tt.want {
			t.Errorf("fits(%s, %s) = %v", tt.template, tt.path, got)
		}
	}
}

func TestTidy(t *testing.T) {
	w := &World{T: t}
	one, two := "CH0123456789abcdef0123456789abcdef", "CHfedcba9876543210fedcba9876543210"
	got := w.Tidy(one + " PT" + two + " " + one + ` "secret": "abc" ` + Account)
	want := "CH00000000000000000000000000000001 PTCH00000000000000000000000000000002 CH00000000000000000000000000000001" + ` "secret": "…" ` + Account
	if got != want {
		t.Errorf("tidied to %s, want %s", got, want)
	}
}
