package rest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/internal/resttest"
	"parley/internal/signin"
)

// The way of somebody who opens the desktop, with every answer that the desktop looks at.
func TestSignIn(t *testing.T) {
	each(t, nil, func(w *world) {
		w.passwords()
		a := w.json("/preview/iam/Accounts/{account}/authenticate", `{"products":["flex"],"resource":"`+origin+`/teams?theme=dark"}`)
		if a.Status != http.StatusOK || a.Text("location") != loginURL(origin+"/teams?theme=dark") {
			w.Fatalf("authenticate: %d %s", a.Status, a.Body)
		}
		page := w.Do("GET", a.Text("location"))
		for _, part := range []string{`name="name"`, `name="password"`, `value="agent"`, `value="boss"`, "action=\"" + strings.ReplaceAll(a.Text("location"), "&", "&amp;") + `"`} {
			if page.Status != http.StatusOK || !strings.Contains(string(page.Body), part) {
				w.Errorf("the page lacks %s: %d %s", part, page.Status, page.Body)
			}
		}
		w.tight(page)
		boss := w.form("192.0.2.1", origin+"/teams?theme=dark", "name", " Boss ", "password", password)
		if boss.Status != http.StatusSeeOther || boss.Header.Get("Referrer-Policy") != "no-referrer" {
			w.Fatalf("sign-in: %d %s", boss.Status, boss.Body)
		}
		w.tight(boss)
		to := w.login("boss")
		q := to.Query()
		if to.Path != "/agent-desktop" || q.Get("Identity") != "boss" || !slices.Equal(q["Roles"], []string{"agent", "admin"}) || q.Get("Expiration") == "" {
			w.Errorf("landing %s", to)
		}
		g, err := w.Identity.Verify(w.Context(), q.Get("Token"))
		if err != nil || g.Identity != "boss" || g.WorkerSID != w.Names["boss"] || g.WorkspaceSID != w.Names["workspace"] || g.WorkerRole != "supervisor" ||
			g.ChatServiceSID != w.Names["service"] || g.RoleSID == "" || g.SessionSID == "" {
			w.Errorf("token %+v, %v", g, err)
		}
		want := `{"valid":true,"roles":["agent","admin"],"identity":"boss","expiration":"` + q.Get("Expiration") + `"}`
		if v := w.about("validate", q.Get("Token")); v.Status != http.StatusOK || string(v.Body) != want {
			w.Errorf("validate: %s, want %s", v.Body, want)
		}
		if w.log.has(password) || w.log.has(q.Get("Token")) {
			w.Error("a secret is in the log")
		}
	})
}

// tight checks the headers of an answer that is for one pair of eyes.
func (w *world) tight(a resttest.Answer) {
	w.Helper()
	policy := a.Header.Get("Content-Security-Policy")
	if a.Header.Get("Access-Control-Allow-Origin") != "" || a.Header.Get("Cache-Control") != "no-store" || !strings.Contains(policy, "default-src 'none'") ||
		!strings.Contains(policy, "frame-ancestors 'none'") {
		w.Errorf("headers %v", a.Header)
	}
}

// The page of flows gets its token in a cookie for it alone, and nothing of it in its address. Pages of the same name elsewhere do not.
func TestLandingOnFlows(t *testing.T) {
	each(t, nil, func(w *world) {
		for _, c := range []struct {
			resource, want string
			handed         bool
		}{
			{origin + "/flows/", origin + "/flows/", true},
			{origin + "/flows?flow=FW1&x=a%20b#y", origin + "/flows/?flow=FW1&x=a%20b", true},
			{"https://desk.example.com/flows/", "https://desk.example.com/agent-desktop", false},
			{origin + "/flows/more", origin + "/agent-desktop", false},
		} {
			a := w.form("192.0.2.1", c.resource, "demo", "boss")
			to, _, _ := strings.Cut(a.Header.Get("Location"), "Token=")
			if a.Status != http.StatusSeeOther || strings.TrimSuffix(strings.Split(to, "Expiration")[0], "?") != c.want {
				w.Errorf("%s: %d %s", c.resource, a.Status, a.Header.Get("Location"))
			}
			cookie, err := http.ParseSetCookie(a.Header.Get("Set-Cookie"))
			if (err == nil) != c.handed {
				w.Errorf("%s: cookie %q, %v", c.resource, a.Header.Get("Set-Cookie"), err)
			}
			if !c.handed || err != nil {
				continue
			}
			text, err := base64.StdEncoding.DecodeString(cookie.Value)
			var got signin.Handed
			if err != nil || json.Unmarshal(text, &got) != nil || got.Identity != "boss" || !slices.Contains(got.Roles, "admin") {
				w.Errorf("handed %s, %v", text, err)
			}
			if cookie.Path != "/flows/" || cookie.MaxAge != 60 || cookie.SameSite != http.SameSiteLaxMode || strings.Contains(a.Header.Get("Location"), got.Token) {
				w.Errorf("cookie %+v", cookie)
			}
			if v := w.about("validate", got.Token); !strings.Contains(string(v.Body), `"valid":true`) {
				w.Errorf("validate: %s", v.Body)
			}
			w.tight(a)
		}
	})
}

// Where somebody lands: a view that exists for their roles, on the origin that asked, with nothing lost but what was there of an old token.
func TestLanding(t *testing.T) {
	each(t, nil, func(w *world) {
		for _, c := range []struct{ name, resource, want string }{
			{"agent", origin + "/desktop/", origin + "/agent-desktop"},
			{"agent", origin + "/", origin + "/agent-desktop"},
			{"agent", origin + "/teams", origin + "/agent-desktop"},
			{"boss", origin + "/teams/", origin + "/teams"},
			{"boss", origin + "/queues-stats#x", origin + "/queues-stats"},
			{"boss", origin + "/agent-desktop/WT1", origin + "/agent-desktop"},
			{"boss", origin + "/nowhere", origin + "/agent-desktop"},
			{"boss", origin + "/teams?a=1&Token=old&Roles=king", origin + "/teams?a=1"},
			{"boss", "https://desk.example.com/crm/", "https://desk.example.com/agent-desktop"},
			{"boss", "https://desk.example.com:443/teams", "https://desk.example.com:443/teams"},
		} {
			a := w.form("192.0.2.1", c.resource, "demo", c.name)
			to := w.query(a)
			if len(to["Token"]) != 1 || to["Token"][0] == "old" || slices.Contains(to["Roles"], "king") {
				w.Errorf("%s: %v", c.resource, to)
			}
			for _, key := range []string{"Token", "Identity", "Expiration", "Roles"} {
				to.Del(key)
			}
			got, _, _ := strings.Cut(a.Header.Get("Location"), "?")
			if len(to) > 0 {
				got += "?" + to.Encode()
			}
			if got != c.want {
				w.Errorf("%s of %s: %s, want %s", c.resource, c.name, got, c.want)
			}
		}
	})
}

// A session: refreshes until its end, and then no more.
func TestRefresh(t *testing.T) {
	each(t, nil, func(w *world) {
		token := w.token("boss")
		began := w.about("validate", token).Text("expiration")
		w.Pass(59 * time.Minute)
		next := w.about("refresh", token)
		if next.Status != http.StatusOK || next.Text("token") == token || next.Text("expiration") <= began || next.Text("identity") != "boss" || next.Get("roles") == nil ||
			next.Header.Get("Cache-Control") != "no-store" {
			w.Fatalf("refresh: %d %s", next.Status, next.Body)
		}
		w.Pass(2 * time.Minute)
		if a := w.about("refresh", token); a.Status != http.StatusUnauthorized || a.Code() != 20104 {
			w.Errorf("a token that expired is refreshed: %d %s", a.Status, a.Body)
		}
		token = next.Text("token")
		until := next.Text("expiration")
		for range 20 { // hours, of which a session has twelve
			w.Pass(w.left(until) - time.Minute)
			a := w.about("refresh", token)
			if a.Status != http.StatusOK {
				w.Fatalf("refresh: %d %s", a.Status, a.Body)
			}
			if a.Text("expiration") == until {
				if a.Text("token") != token {
					w.Error("another token without a longer life")
				}
				break
			}
			token, until = a.Text("token"), a.Text("expiration")
		}
		end, err := time.Parse(time.RFC3339, until)
		start, _ := time.Parse(time.RFC3339, began)
		if err != nil || end.Sub(start) != 11*time.Hour { // the first token had one hour
			w.Errorf("the session ends at %s, %s after its first token", until, end.Sub(start))
		}
		w.Pass(time.Minute)
		if a := w.about("validate", token); a.Get("valid") != false {
			w.Errorf("after the end: %s", a.Body)
		}
	})
}

// What ends a session at the next check, and leaves those of others.
func TestEnds(t *testing.T) {
	const worker, secret = "/taskrouter/v1/Workspaces/{workspace}/Workers/{ann}", "/flex-api/v1/Parley/Workers/{ann}/Password"
	each(t, nil, func(w *world) {
		other := w.token("boss")
		for name, end := range map[string]func(token string) resttest.Answer{
			"a sign-out":             func(token string) resttest.Answer { return w.about("revoke", token) },
			"another password":       func(string) resttest.Answer { return w.Do("POST", secret, "Password", "another one altogether") },
			"no password any more":   func(string) resttest.Answer { return w.Do("DELETE", secret) },
			"the worker is deleted":  func(string) resttest.Answer { return w.Do("DELETE", worker) },
			"its roles are taken":    func(string) resttest.Answer { return w.Do("POST", worker, "Attributes", `{"roles":[]}`) },
			"its roles are nonsense": func(string) resttest.Answer { return w.Do("POST", worker, "Attributes", `{"roles":{"agent":true}}`) },
		} {
			w.worker("ann", `{"roles":["agent"]}`)
			w.Do("POST", secret, "Password", password)
			token := w.query(w.form("192.0.2.1", origin+"/desktop/", "name", "ann", "password", password)).Get("Token")
			if a := w.about("validate", token); a.Get("valid") != true {
				w.Fatalf("before %s: %s", name, a.Body)
			}
			if a := end(token); a.Status/100 != 2 {
				w.Fatalf("%s: %d %s", name, a.Status, a.Body)
			}
			if a := w.about("validate", token); a.Status != http.StatusOK || string(a.Body) != `{"valid":false}` {
				w.Errorf("%s: validate: %d %s", name, a.Status, a.Body)
			}
			if a := w.about("refresh", token); a.Status != http.StatusUnauthorized || a.Code() != 20104 && a.Code() != 20003 {
				w.Errorf("%s: refresh: %d %s", name, a.Status, a.Body)
			}
			if a := w.about("validate", other); a.Get("valid") != true {
				w.Errorf("%s: another's session: %s", name, a.Body)
			}
			w.Do("DELETE", worker)
		}
	})
}

// A promoted worker has its role with the next refresh, and keeps its name in chat when it is renamed.
func TestChangesInASession(t *testing.T) {
	each(t, nil, func(w *world) {
		token := w.token("agent")
		w.Do("POST", "/taskrouter/v1/Workspaces/{workspace}/Workers/{agent}", "Attributes", `{"roles":"supervisor"}`, "FriendlyName", "Ann")
		w.Pass(time.Minute)
		a := w.about("refresh", token)
		g, err := w.Identity.Verify(w.Context(), a.Text("token"))
		if err != nil || g.Identity != "agent" || g.WorkerRole != "supervisor" || a.Text("identity") != "agent" {
			w.Errorf("%s: %+v, %v", a.Body, g, err)
		}
		if q := w.login("Ann").Query(); q.Get("Identity") != "Ann" {
			w.Errorf("signed in anew: %v", q)
		}
	})
}
