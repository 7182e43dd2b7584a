package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/identity"
)

type fakeAuth struct{}

func (fakeAuth) Basic(_ context.Context, user, password string) (Caller, error) {
	switch {
	case password != "secret":
		return Caller{}, core.E(core.CodeAuthenticate)
	case user == "SK1":
		return Caller{AccountSID: "AC1", KeySID: "SK1"}, nil
	}
	return Caller{AccountSID: user}, nil
}

func (fakeAuth) Token(_ context.Context, jwt string) (Caller, error) {
	if jwt != "jwt" {
		return Caller{}, core.E(core.CodeTokenInvalid)
	}
	return Caller{AccountSID: "AC1", Token: &identity.Token{Identity: "alice"}}, nil
}

func testRouter() *Router {
	rt := New(Options{Auth: fakeAuth{}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	echo := func(r *Request) (Response, error) {
		return OK(map[string]any{"id": r.Path("Id"), "url": r.Base.URL("chat", r.URL.EscapedPath()), "account": r.Caller.AccountSID})
	}
	rt.Handle("chat", "GET /v2/Things/{Id}", Account, echo)
	rt.Handle("chat", "GET /v2/Things", Account, func(r *Request) (Response, error) {
		p := r.Page()
		if err := r.Err(); err != nil {
			return Response{}, err
		}
		next := ""
		if p.Token == "" {
			next = "PTx"
		}
		return Listing(r, "chat", "things", p, []int{1, 2}, next)
	})
	rt.Handle("chat", "POST /v2/Things", Account, func(r *Request) (Response, error) {
		name, on, n := r.Required("Name", core.CodeChatNameRequired), r.Bool("On"), r.Int("N", core.CodeInvalidParameter, 0, 10)
		when := r.Time("When", core.CodeInvalidDateCreated)
		if err := r.Err(); err != nil {
			return Response{}, err
		}
		return Created(map[string]any{"name": name, "on": on, "n": n, "when": when, "list": r.List("L")})
	})
	rt.Handle("chat", "GET /v2/Panic", Public, func(*Request) (Response, error) { panic("boom") })
	rt.Handle("api", "DELETE /2010-04-01/Keys/{Id}", Owner, func(*Request) (Response, error) { return NoContent() })
	rt.Handle("mcs", "GET /v1/Media", Token, echo)
	rt.Handle("preview", "GET /iam/Accounts/{Id}", Account, echo)
	rt.Handle(Socket, "GET /v1/Things/{Id}", Token, echo)
	return rt
}

func basicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

func TestRoutesAndCallers(t *testing.T) {
	auth := basicAuth("AC1", "secret")
	tests := []struct {
		name, method, url string
		header            map[string]string
		remote            string
		body              string
		status, code      int
		want              string // a part of the body
	}{
		{name: "path style", url: "http://h:1/chat/v2/Things/a", header: map[string]string{"Authorization": auth}, status: 200, want: `"url":"http://h:1/chat/v2/Things/a"`},
		{name: "alias", url: "http://h:1/ip-messaging/v2/Things/a", header: map[string]string{"Authorization": auth}, status: 200, want: `"id":"a"`},
		{name: "alias in answers", url: "http://h:1/ip-messaging/v2/Things/a", header: map[string]string{"Authorization": auth}, status: 200, want: `"url":"http://h:1/ip-messaging/v2/Things/a"`},
		{name: "alias as host", url: "http://ip-messaging.us1.twilio.com/v2/Things/a", header: map[string]string{"Authorization": auth}, status: 200, want: `"url":"https://ip-messaging.us1.twilio.com/v2/Things/a"`},
		{name: "host style", url: "http://chat.twilio.com/v2/Things/a", header: map[string]string{"Authorization": auth}, status: 200, want: `"url":"https://chat.twilio.com/v2/Things/a"`},
		{name: "host style with region", url: "http://chat.ashburn.us1.twilio.com/v2/Things/a", header: map[string]string{"Authorization": auth}, status: 200, want: `"https://chat.ashburn.us1.twilio.com/v2`},
		{name: "host whose path begins like a product", url: "http://Preview.twilio.com/iam/Accounts/a", header: map[string]string{"Authorization": auth}, status: 200, want: `"id":"a"`},
		{name: "the same in path style", url: "http://h:1/preview/iam/Accounts/a", header: map[string]string{"Authorization": auth}, status: 200, want: `"id":"a"`},
		{name: "own host style", url: "http://chat.example.org/v2/Things/a", header: map[string]string{"Authorization": auth}, status: 200, want: `"http://chat.example.org/v2`},
		{name: "header style", url: "http://h:1/v2/Things/a", header: map[string]string{"Authorization": auth, "X-Original-Host": "chat.twilio.com"}, status: 200, want: `"https://chat.twilio.com/v2`},
		{name: "trusted proxy", url: "http://h:1/chat/v2/Things/a", remote: "10.1.2.3:5", header: map[string]string{"Authorization": auth, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "p.example.org"}, status: 200, want: `"https://p.example.org/chat/v2`},
		{name: "untrusted proxy", url: "http://h:1/chat/v2/Things/a", remote: "11.1.2.3:5", header: map[string]string{"Authorization": auth, "X-Forwarded-Proto": "https"}, status: 200, want: `"http://h:1/chat/v2`},
		{name: "escaped segment", url: "http://h:1/chat/v2/Things/a%2Fb%20c", header: map[string]string{"Authorization": auth}, status: 200, want: `"id":"a/b c"`},
		{name: "stray bracket", url: "http://h:1/chat/v2/Things/a", header: map[string]string{"Authorization": auth + ")"}, status: 200, want: `"account":"AC1"`},
		{name: "no credentials", url: "http://h:1/chat/v2/Things/a", status: 401, code: 20003},
		{name: "wrong secret", url: "http://h:1/chat/v2/Things/a", header: map[string]string{"Authorization": basicAuth("AC1", "x")}, status: 401, code: 20003},
		{name: "token on a REST route", url: "http://h:1/chat/v2/Things/a", header: map[string]string{"Authorization": basicAuth("token", "jwt")}, status: 403, code: 20003},
		{name: "key on an owner route", method: "DELETE", url: "http://h:1/api/2010-04-01/Keys/a", header: map[string]string{"Authorization": basicAuth("SK1", "secret")}, status: 403, code: 20003},
		{name: "owner", method: "DELETE", url: "http://h:1/api/2010-04-01/Keys/a", header: map[string]string{"Authorization": auth}, status: 204},
		{name: "token header", url: "http://h:1/mcs/v1/Media", header: map[string]string{"X-Twilio-Token": "jwt"}, status: 200},
		{name: "desktop's token header", url: "http://h:1/mcs/v1/Media", header: map[string]string{"X-Flex-JWE": "jwt"}, status: 200},
		{name: "desktop's token header on a REST route", url: "http://h:1/chat/v2/Things/a", header: map[string]string{"X-Flex-JWE": "jwt"}, status: 401, code: 20003},
		{name: "bad token", url: "http://h:1/mcs/v1/Media", header: map[string]string{"X-Twilio-Token": "no"}, status: 401, code: 20101},
		{name: "unknown product", url: "http://h:1/nothing/v2", status: 404, code: 20404},
		{name: "unserved product", url: "http://h:1/status/api/v2/summary.json", status: 404, code: 20404},
		{name: "unserved host", url: "http://assets.flex.twilio.com/assets/countries.json", status: 404, code: 20404},
		{name: "unknown path", url: "http://h:1/chat/v2/Nothing", status: 404, code: 20404},
		{name: "path tricks", url: "http://h:1/chat/v2/../v2/Things/a", header: map[string]string{"Authorization": auth}, status: 404, code: 20404},
		{name: "socket routes are not for HTTP", url: "http://h:1/socket/v1/Things/a", status: 404, code: 20404},
		{name: "wrong verb", method: "DELETE", url: "http://h:1/chat/v2/Things/a", status: 405, code: 20004},
		{name: "panic", url: "http://h:1/chat/v2/Panic", status: 500, code: 20500},
		{name: "first page", url: "http://h:1/chat/v2/Things?PageSize=2&Type=private", header: map[string]string{"Authorization": auth}, status: 200, want: `"next_page_url":"http://h:1/chat/v2/Things?Page=1\u0026PageSize=2\u0026PageToken=PTx\u0026Type=private"`},
		{name: "page too large", url: "http://h:1/chat/v2/Things?PageSize=1001", header: map[string]string{"Authorization": auth}, status: 400, code: 20007},
		{name: "negative token", url: "http://h:1/chat/v2/Things?PageToken=-1", header: map[string]string{"Authorization": auth}, status: 400, code: 19038},
		{name: "form", method: "POST", url: "http://h:1/chat/v2/Things", body: "Name=n&On=True&N=3&L=a&L=b&When=2026-01-02T03:04:05%2B01:00", header: map[string]string{"Authorization": auth}, status: 201, want: `"list":["a","b"]`},
		{name: "missing", method: "POST", url: "http://h:1/chat/v2/Things", body: "N=3", header: map[string]string{"Authorization": auth}, status: 400, code: 50000},
		{name: "bad number", method: "POST", url: "http://h:1/chat/v2/Things", body: "Name=n&N=11", header: map[string]string{"Authorization": auth}, status: 400, code: 20422},
		{name: "bad bool", method: "POST", url: "http://h:1/chat/v2/Things", body: "Name=n&On=maybe", header: map[string]string{"Authorization": auth}, status: 400, code: 20422},
		{name: "bad date", method: "POST", url: "http://h:1/chat/v2/Things", body: "Name=n&When=yesterday", header: map[string]string{"Authorization": auth}, status: 400, code: 50308},
		{name: "null byte", method: "POST", url: "http://h:1/chat/v2/Things", body: "Name=n%00", header: map[string]string{"Authorization": auth}, status: 400, code: 20422},
		{name: "invalid UTF-8", method: "POST", url: "http://h:1/chat/v2/Things", body: "Name=%ff", header: map[string]string{"Authorization": auth}, status: 400, code: 20422},
		{name: "too large", method: "POST", url: "http://h:1/chat/v2/Things", body: "Name=" + strings.Repeat("x", maxBody), header: map[string]string{"Authorization": auth}, status: 413, code: 20413},
	}
	rt := testRouter()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			method := tt.method
			if method == "" {
				method = "GET"
			}
			r := httptest.NewRequest(method, tt.url, strings.NewReader(tt.body))
			if tt.body != "" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
			}
			if tt.remote != "" {
				r.RemoteAddr = tt.remote
			}
			for k, v := range tt.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			rt.ServeHTTP(w, r)
			body, _ := io.ReadAll(w.Body)
			if w.Code != tt.status {
				t.Fatalf("status %d, want %d: %s", w.Code, tt.status, body)
			}
			text := string(body)
			if tt.want != "" && !strings.Contains(text, tt.want) && !strings.Contains(text, strings.ReplaceAll(tt.want, `\u0026`, "&")) {
				t.Errorf("body lacks %s: %s", tt.want, text)
			}
			if tt.code != 0 {
				var e struct {
					Code, Status int
					Message      string
					MoreInfo     string `json:"more_info"`
				}
				if err := json.Unmarshal(body, &e); err != nil || e.Code != tt.code || e.Status != tt.status || e.Message == "" || e.MoreInfo == "" {
					t.Errorf("error body %s, want code %d", text, tt.code)
				}
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	rt := New(Options{Auth: fakeAuth{}, Origins: []string{"https://desk.example.org"}})
	for _, tt := range []struct{ url, origin, headers, allowed, credentials string }{
		{"http://h/mcs/v1/Media", "https://app.example.org", "x-twilio-token", "*", ""},
		{"http://h/flex/plugins", "https://app.example.org", "x-flex-jwe,x-flex-version", "*", ""},
		{"http://h/flex/plugins", "https://desk.example.org", "x-flex-jwe,x-flex-version", "https://desk.example.org", "true"},
		{"http://h/flex/plugins", "https://desk.example.org.evil.org", "x-flex-jwe", "*", ""},
		{"http://h/flex-api/v1/Configuration", "https://desk.example.org", "authorization,content-type", "https://desk.example.org", "true"},
		{"http://status.twilio.com/api/v2/summary.json", "https://app.example.org", "authorization", "*", ""},
		{"http://h/event-bridge/v1/wschannels", "https://app.example.org", "apiversion,clientversion", "*", ""},
	} {
		for _, method := range []string{"OPTIONS", "GET"} { // what was allowed must be readable too, also where nothing is found
			r := httptest.NewRequest(method, tt.url, nil)
			r.Header.Set("Origin", tt.origin)
			w := httptest.NewRecorder()
			rt.ServeHTTP(w, r)
			h := w.Header()
			if h.Get("Access-Control-Allow-Origin") != tt.allowed || h.Get("Access-Control-Allow-Credentials") != tt.credentials || h.Get("Vary") != "Origin" {
				t.Errorf("%s %s from %s: %v", method, tt.url, tt.origin, h)
			}
			if method == "OPTIONS" && w.Code != 204 {
				t.Errorf("%s: %d", tt.url, w.Code)
			}
			for name := range strings.SplitSeq(tt.headers, ",") {
				if !strings.Contains(strings.ToLower(h.Get("Access-Control-Allow-Headers")), name) {
					t.Errorf("%s: %s is not allowed", tt.url, name)
				}
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "", time.Millisecond: "1", time.Second: "1", 90*time.Second + 1: "91"} {
		w := httptest.NewRecorder()
		WriteError(w, httptest.NewRequest("GET", "/", nil), core.E(core.CodeTooManyRequests).RetryAfter(wait))
		if got := w.Header().Get("Retry-After"); got != want || w.Code != 429 {
			t.Errorf("%s: %d, Retry-After %q, want %q", wait, w.Code, got, want)
		}
	}
}

// An error leads to its page by the way that the request came.
func TestMoreInfo(t *testing.T) {
	rt := testRouter()
	for _, tt := range []struct {
		url    string
		header string // X-Original-Host
		want   string
	}{
		{"http://h.test:8080/chat/v2/Nothing", "", "http://h.test:8080/errors/20404"},
		{"https://chat.h.test/v2/Nothing", "", "https://chat.h.test/errors/20404"},
		{"http://chat.twilio.com/v2/Nothing", "", "https://chat.twilio.com/errors/20404"},
		{"http://h.test:8080/v2/Nothing", "chat.twilio.com", "https://chat.twilio.com/errors/20404"},
		{"http://localhost/nothing", "", "http://localhost/errors/20404"},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", tt.url, nil)
		if tt.header != "" {
			r.Header.Set("X-Original-Host", tt.header)
		}
		rt.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `"more_info":"`+tt.want+`"`) {
			t.Errorf("%s: %s, want %s", tt.url, w.Body, tt.want)
		}
	}
	w := httptest.NewRecorder()
	WriteError(w, httptest.NewRequest("GET", "https://h.test/", nil), core.E(core.CodeNotFound))
	if !strings.Contains(w.Body.String(), `"https://h.test/errors/20404"`) {
		t.Errorf("outside of the router: %s", w.Body)
	}
}

func TestTunnel(t *testing.T) {
	rt := testRouter()
	alice := Caller{AccountSID: "AC1", Token: &identity.Token{Identity: "alice"}}
	got := rt.Tunnel(context.Background(), alice, Base{Scheme: "wss", Host: "h", PathStyle: true}, httptest.NewRequest("GET", "/v1/Things/x", nil))
	if got.Status != 200 || !strings.Contains(string(got.Body), `"id":"x"`) {
		t.Errorf("tunnelled: %d %s", got.Status, got.Body)
	}
	if got := rt.Tunnel(context.Background(), Caller{}, Base{}, httptest.NewRequest("GET", "/v1/Things/x", nil)); got.Status != 403 {
		t.Errorf("nobody got %d", got.Status)
	}
}

func FuzzBasic(f *testing.F) {
	f.Add("Basic dG9rZW46and0)")
	f.Fuzz(func(t *testing.T, header string) {
		user, _, ok := basic(header)
		if ok && strings.Contains(user, ":") {
			t.Errorf("user %q holds a colon", user)
		}
	})
}

func BenchmarkTunnel(b *testing.B) {
	rt := testRouter()
	alice := Caller{AccountSID: "AC1", Token: &identity.Token{Identity: "alice"}}
	r := httptest.NewRequest("GET", "/v1/Things/x", nil)
	b.ReportAllocs()
	for b.Loop() {
		rt.Tunnel(context.Background(), alice, Base{}, r)
	}
}
