package rest_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"parley/internal/identity"
	"parley/internal/resttest"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// Whatever is wrong with a name and a password, the answer is the same, and nobody's session begins.
func TestWrongPassword(t *testing.T) {
	each(t, nil, func(w *world) {
		w.passwords()
		before := w.State()
		var first string
		for i, c := range [][2]string{
			{"agent", "wrong horse battery"}, {"agent", ""}, {"agent", password + " "}, {"agent", strings.Repeat("x", 4000)}, {"nobody", password},
			{"keyless", password}, {"keyless", ""}, {"", ""}, {"a\x00b", password}, {"a\xffb", password}, {strings.Repeat("é", 1000), password}, {"{agent}", password},
		} {
			a := w.form("192.0.2."+strconv.Itoa(i+1), origin+"/desktop/", "name", c[0], "password", c[1])
			fault := between(string(a.Body), `id="fault">`, "<")
			if first == "" {
				first = fault
			}
			if a.Status != http.StatusForbidden || fault != first || fault == "" || a.Header.Get("Location") != "" {
				w.Errorf("%.20q, %.20q: %d %q", c[0], c[1], a.Status, fault)
			}
			w.tight(a)
		}
		if w.State() != before {
			w.Error("something was changed")
		}
		if w.log.has("wrong horse") {
			w.Error("a password is in the log")
		}
		a := w.form("192.0.2.99", origin+"/desktop/", "name", "mute", "password", password)
		if a.Status != http.StatusForbidden || !strings.Contains(string(a.Body), "has no role in Flex") || w.State() != before {
			w.Errorf("without a role: %d %s", a.Status, a.Body)
		}
		page := w.form("192.0.2.98", origin+"/desktop/", "name", `"><script>x</script>`, "password", "x")
		if strings.Contains(string(page.Body), "<script") || !strings.Contains(string(page.Body), "&lt;script&gt;") {
			w.Errorf("the name is not escaped: %s", page.Body)
		}
	})
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

// Who guesses is barred from that name at that address for a while, and nobody else is.
func TestGuessing(t *testing.T) {
	each(t, nil, func(w *world) {
		w.passwords()
		try := func(from, name, secret string, want int) {
			w.Helper()
			a := w.form(from, origin+"/desktop/", "name", name, "password", secret)
			if a.Status != want {
				w.Errorf("%s from %s with %s: %d, want %d", name, from, secret, a.Status, want)
			}
			if wait, _ := strconv.Atoi(a.Header.Get("Retry-After")); want == http.StatusTooManyRequests && (wait < 1 || wait > 200 || !strings.Contains(string(a.Body), "Please wait")) {
				w.Errorf("wait %d: %s", wait, a.Body)
			}
		}
		for range 5 {
			try("192.0.2.7", "Agent", "guess guess", http.StatusForbidden)
		}
		try("192.0.2.7", "agent", "guess guess", http.StatusTooManyRequests)
		try("192.0.2.7", "agent", password, http.StatusTooManyRequests)
		try("192.0.2.7", "boss", password, http.StatusSeeOther)
		try("192.0.2.8", "agent", password, http.StatusSeeOther)
		try("2001:db8::1", "agent", password, http.StatusSeeOther)
		w.Pass(4 * time.Minute)
		try("192.0.2.7", "agent", password, http.StatusSeeOther)
		try("192.0.2.7", "agent", "guess guess", http.StatusForbidden)

		// Whole networks of version 6 are one address; many names use up what an address has.
		n := 0
		for n < 100 && w.form("2001:db8::"+strconv.Itoa(n), origin+"/desktop/", "name", "name"+strconv.Itoa(n), "password", "guess guess").Status == http.StatusForbidden {
			n++
		}
		if n < 60 || n > 70 { // each request takes a second, and every ten seconds forgive one failure
			w.Errorf("%d names were tried from one network", n)
		}
		try("2001:db8::ffff", "boss", password, http.StatusTooManyRequests)
		try("2001:db8:1::ffff", "boss", password, http.StatusSeeOther)
	})
}

// Nobody bars a name in a browser where its owner has signed in, whoever shares the address; that browser's own guesses are counted.
func TestGuessingBesideAKnownBrowser(t *testing.T) {
	each(t, nil, func(w *world) {
		w.passwords()
		try := func(mark *http.Cookie, name, secret string, want int) *http.Cookie {
			w.Helper()
			r := w.Request("POST", loginURL(origin+"/desktop/"), "name", name, "password", secret)
			r.Header.Set("Origin", origin)
			if mark != nil {
				r.AddCookie(mark)
			}
			a := w.Send(r)
			if a.Status != want {
				w.Errorf("%s with %s: %d, want %d", name, secret, a.Status, want)
			}
			given, err := http.ParseSetCookie(a.Header.Get("Set-Cookie"))
			if (err == nil) != (want == http.StatusSeeOther) {
				w.Errorf("%s with %s: cookie %q", name, secret, a.Header.Get("Set-Cookie"))
			}
			return given
		}
		mark := try(nil, "agent", password, http.StatusSeeOther)
		if mark == nil || !mark.HttpOnly || mark.SameSite != http.SameSiteLaxMode || mark.Path != "/preview/iam/login" || mark.MaxAge != 180*24*3600 {
			w.Fatalf("cookie %+v", mark)
		}
		boss := try(nil, "boss", password, http.StatusSeeOther)
		for range 5 {
			try(nil, "agent", "guess guess", http.StatusForbidden)
		}
		try(nil, "agent", password, http.StatusTooManyRequests)
		try(mark, "Agent", password, http.StatusSeeOther)

		// What is no mark of that name helps nobody: another's, a changed one, one that is too old.
		other, changed := *boss, *mark
		other.Name, changed.Value = mark.Name, swapped(mark.Value)
		try(&other, "agent", password, http.StatusTooManyRequests)
		try(&changed, "agent", password, http.StatusTooManyRequests)
		for range 5 {
			try(mark, "agent", "guess guess", http.StatusForbidden)
		}
		try(mark, "agent", password, http.StatusTooManyRequests)
		w.Pass(181 * 24 * time.Hour)
		for range 5 {
			try(mark, "agent", "guess guess", http.StatusForbidden)
		}
		try(nil, "agent", password, http.StatusTooManyRequests)
	})
}

// Where a token may go is asked at every step.
func TestForeignPages(t *testing.T) {
	each(t, nil, func(w *world) {
		authenticate := "/preview/iam/Accounts/{account}/authenticate"
		for _, resource := range []string{"https://evil.example/desktop/", "https://parley.example.org:8080/", "http://parley.example.org/", "//parley.example.org:8080/", "/desktop/",
			"http://parley.example.org:8080@evil.example/", "http://user:pw@parley.example.org:8080/", "http://parley.example.org:8080.evil.example/", "javascript:alert(1)",
			"https://desk.example.com:444/", "https://DESK.example.com.evil.example/", "", "http://[", "data:text/html,x", "http:parley.example.org:8080"} {
			if a := w.json(authenticate, `{"products":["flex"],"resource":"`+resource+`"}`); a.Status != http.StatusBadRequest || a.Code() != 70002 {
				w.Errorf("authenticate for %q: %d %s", resource, a.Status, a.Body)
			}
			if a := w.form("192.0.2.1", resource, "demo", "agent"); a.Status != http.StatusBadRequest || a.Header.Get("Location") != "" || strings.Contains(string(a.Body), "<form") {
				w.Errorf("sign-in for %q: %d %s", resource, a.Status, a.Body)
			}
		}
		if a := w.json("/preview/iam/Accounts/{other}/authenticate", `{"resource":"`+origin+`/"}`); a.Status != http.StatusNotFound || a.Code() != 20404 {
			w.Errorf("another account: %d %s", a.Status, a.Body)
		}
		for _, body := range []string{"", "{", "[]", `{"resource":1}`} {
			if a := w.json(authenticate, body); a.Status != http.StatusBadRequest {
				w.Errorf("authenticate with %q: %d %s", body, a.Status, a.Body)
			}
		}
	})
}

// A form that another site sends signs nobody in.
func TestForgedForms(t *testing.T) {
	each(t, nil, func(w *world) {
		before := w.State()
		for _, header := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "https://desk.example.com"}} {
			r := w.Request("POST", loginURL(origin+"/desktop/"), "demo", "agent")
			r.Header.Set(header[0], header[1])
			if a := w.Send(r); a.Status != http.StatusForbidden || a.Header.Get("Location") != "" {
				w.Errorf("%v: %d %s", header, a.Status, a.Body)
			}
		}
		large := w.form("192.0.2.1", origin+"/desktop/", "name", "agent", "password", strings.Repeat("x", 10_000))
		broken := w.RequestBody("POST", loginURL(origin+"/desktop/"), "demo=%zz")
		for _, a := range []resttest.Answer{large, w.Send(broken)} {
			if a.Status != http.StatusBadRequest {
				w.Errorf("a form that cannot be read: %d %s", a.Status, a.Body)
			}
		}
		if a := w.form("192.0.2.1", origin+"/desktop/", "demo", "keyless"); a.Status != http.StatusForbidden {
			w.Errorf("a worker who is none of the demo's: %d", a.Status)
		}
		if w.State() != before {
			w.Error("something was changed")
		}
	})
}

// swapped is a signature with another letter in it.
func swapped(s string) string {
	letter := "A"
	if s[10] == 'A' {
		letter = "B"
	}
	return s[:10] + letter + s[11:]
}

// Tokens that are not good.
func TestBadTokens(t *testing.T) {
	each(t, nil, func(w *world) {
		good := w.token("agent")
		visitor := w.mint(identity.Claim{Identity: "visitor", ChatServiceSID: w.Names["service"]})
		gone := w.mint(identity.Claim{Identity: "x", WorkspaceSID: w.Names["workspace"], WorkerSID: "WK" + strings.Repeat("0", 32)})
		elsewhere := w.mint(identity.Claim{Identity: "x", WorkspaceSID: w.Names["workspace"], WorkerSID: w.Names["boss"], SessionSID: "FS" + strings.Repeat("0", 32)})
		parts := strings.Split(good, ".")
		for _, c := range []struct {
			name, token string
			code        int // of refresh
		}{
			{"nonsense", "nonsense", 20101},
			{"forged", parts[0] + "." + parts[1] + "." + swapped(parts[2]), 20107},
			{"unsigned", parts[0] + "." + parts[1] + ".", 20107},
			{"of a worker who is not there", gone, 20003},
			{"of a session that is not there", elsewhere, 20104},
			{"too long", strings.Repeat("x", 9000), 20101},
		} {
			if a := w.about("validate", c.token); a.Status != http.StatusOK || string(a.Body) != `{"valid":false}` {
				w.Errorf("validate of a token %s: %d %s", c.name, a.Status, a.Body)
			}
			for _, operation := range []string{"refresh", "revoke"} {
				if a := w.about(operation, c.token); operation == "refresh" && a.Code() != c.code || a.Status == http.StatusOK {
					w.Errorf("%s of a token %s: %d %s", operation, c.name, a.Status, a.Body)
				}
			}
		}
		if a := w.about("validate", visitor); a.Get("valid") != false {
			w.Errorf("a visitor's token is good for the desktop: %s", a.Body)
		}
		if a := w.about("refresh", visitor); a.Get("visitor") != true {
			w.Errorf("a visitor's token is not handed on: %s", a.Body)
		}
		for _, operation := range []string{"validate", "refresh", "revoke"} {
			for _, body := range []string{"", "{}", "[", `{"token":""}`, `{"token":7}`} {
				if a := w.json(tokens+"/"+operation, body); a.Status != http.StatusBadRequest || a.Code() != 20422 {
					w.Errorf("%s of %q: %d %s", operation, body, a.Status, a.Body)
				}
			}
			a := w.json(strings.Replace(tokens, "{account}", "{other}", 1)+"/"+operation, `{"token":"`+good+`"}`)
			if operation == "validate" && a.Get("valid") != false || operation != "validate" && a.Code() != 20103 {
				w.Errorf("%s for another account: %d %s", operation, a.Status, a.Body)
			}
		}
		if a := w.about("validate", good); a.Get("valid") != true {
			w.Errorf("after all this: %s", a.Body)
		}
	})
}

func (w *world) mint(c identity.Claim) string {
	w.Helper()
	c.KeySID, c.TTL = w.Names["key"], time.Hour
	token, _, err := w.Identity.Mint(w.Context(), c)
	if err != nil {
		w.Fatal(err)
	}
	return token
}

// A token that an application made for a worker lets it in, and is as long as it is.
func TestOwnTokens(t *testing.T) {
	each(t, nil, func(w *world) {
		token := w.mint(identity.Claim{Identity: "agent", WorkspaceSID: w.Names["workspace"], WorkerSID: w.Names["agent"], WorkerRole: "worker"})
		if a := w.about("validate", token); a.Get("valid") != true || a.Text("identity") != "agent" {
			w.Errorf("validate: %s", a.Body)
		}
		w.Pass(time.Minute)
		if a := w.about("refresh", token); a.Text("token") != token {
			w.Errorf("refresh: %s", a.Body)
		}
		if a := w.about("revoke", token); a.Status != http.StatusNoContent {
			w.Errorf("revoke: %d %s", a.Status, a.Body)
		}
	})
}

// A worker that is made anew under a SID of old, as a start does with the first one, has no password of old.
func TestNewWorkerOldSID(t *testing.T) {
	each(t, nil, func(w *world) {
		w.passwords()
		w.Do("DELETE", "/taskrouter/v1/Workspaces/{workspace}/Workers/{agent}")
		err := w.Store.Update(w.Context(), func(tx *store.Tx) error {
			return w.Tasks.ProvisionTx(tx, taskrouter.Provision{AccountSID: resttest.Account, WorkspaceSID: w.Names["workspace"], WorkflowSID: w.Names["workflow"],
				QueueSID: w.Names["queue"], WorkerSID: w.Names["agent"], WorkerName: "agent"})
		})
		if err != nil {
			w.Fatal(err)
		}
		if a := w.form("192.0.2.1", origin+"/desktop/", "name", "agent", "password", password); a.Status != http.StatusForbidden {
			w.Errorf("the password of old is good: %d", a.Status)
		}
		w.passwords()
		if a := w.form("192.0.2.1", origin+"/desktop/", "name", "agent", "password", password); a.Status != http.StatusSeeOther {
			w.Errorf("the new password: %d %s", a.Status, a.Body)
		}
	})
}

// Passwords over REST.
func TestPasswords(t *testing.T) {
	each(t, nil, func(w *world) {
		path := "/flex-api/v1/Parley/Workers/{keyless}/Password"
		set := w.Do("POST", path, "Password", "correct horse battery")
		want := w.Expand(`{"account_sid":"{account}","worker_sid":"{keyless}","url":"` + origin + path + `"}`)
		if set.Status != http.StatusOK || string(set.Body) != want {
			w.Errorf("set: %d %s", set.Status, set.Body)
		}
		if a := w.Do("DELETE", path); a.Status != http.StatusNoContent {
			w.Errorf("remove: %d %s", a.Status, a.Body)
		}
		w.Refused("remove again", w.Request("DELETE", path), http.StatusNotFound, 20404)
		w.Refused("of nobody", w.Request("POST", "/flex-api/v1/Parley/Workers/WK0123456789abcdef0123456789abcdef/Password", "Password", password), http.StatusNotFound, 20404)
		w.worker("long-enough", `{}`)
		w.Bad("/flex-api/v1/Parley/Workers/{long-enough}/Password", []string{"Password", "correct horse battery"},
			resttest.Required("Password", 20422, resttest.EachOf(20422, "short", "ninechars", "Long-Enough"), resttest.Longer(256, 20422)))
		for user, secret := range map[string]string{resttest.Other: resttest.OtherToken, "token": w.token("boss")} {
			r := w.Request("POST", path, "Password", "correct horse battery")
			r.Header.Set("Authorization", resttest.Basic(user, secret))
			if a := w.Send(r); a.Status != http.StatusNotFound && a.Status != http.StatusForbidden {
				w.Errorf("set by %s: %d %s", user, a.Status, a.Body)
			}
		}
		if a := w.form("192.0.2.1", origin+"/desktop/", "name", "keyless", "password", "correct horse battery"); a.Status != http.StatusForbidden {
			w.Errorf("a refused password is good: %d", a.Status)
		}
	})
}
