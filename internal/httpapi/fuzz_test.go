package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"parley/internal/core"
)

// FuzzForm reads every kind of parameter from any body: no panic, a JSON answer, and only clean text gets through.
func FuzzForm(f *testing.F) {
	rt := New(Options{Auth: fakeAuth{}})
	rt.Handle("chat", "POST /v2/Form", Public, func(r *Request) (Response, error) {
		out := map[string]any{"text": r.Text("T"), "list": r.List("L"), "bool": r.Bool("B"), "int": r.Int("I", core.CodeInvalidParameter, -5, 5),
			"time": r.Time("D", core.CodeInvalidDateCreated), "enum": r.Enum("E", core.CodeInvalidParameter, "one", "two"), "page": r.Page()}
		for _, s := range append(r.List("L"), r.Text("T")) {
			if !core.CleanText(s) {
				t := "unclean text got through: " + s
				panic(t)
			}
		}
		if err := r.Err(); err != nil {
			return Response{}, err
		}
		return Created(out)
	})
	f.Add("T=a&L=b&L=c&B=True&I=-5&D=2026-01-02T03:04:05.6%2B01:00&E=One&PageSize=2&PageToken=PTx", "application/x-www-form-urlencoded; charset=UTF-8", "T=q")
	f.Add("T=%ff&L=%00", "", "L=%ff")
	f.Add("T=%zz;B=1", "APPLICATION/X-WWW-FORM-URLENCODED", "%zz=1")
	f.Add(`{"T":1}`, "application/json", "")
	f.Add("&&==&=%3D&T", "multipart/form-data; boundary=x", "&&")
	f.Fuzz(func(t *testing.T, body, kind, query string) {
		r := httptest.NewRequest(http.MethodPost, "http://h/chat/v2/Form", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", kind)
		answered(t, rt, r, http.StatusCreated, http.StatusBadRequest, http.StatusRequestEntityTooLarge)
	})
}

// FuzzRoute sends any method, path and host: no panic, and every answer is JSON in the documented form.
func FuzzRoute(f *testing.F) {
	rt := testRouter()
	for _, path := range []string{"/chat/v2/Things/a", "/chat/v2/Things", "/chat", "/", "//", "/chat//v2", "/chat/v2/Things/a%2Fb", "/chat/v2/../v2/Things", "/socket/v1/Things/x",
		"/ip-messaging/v2/Things/%00", "/api/2010-04-01/Keys/.json", "/chat/v2/Things/" + strings.Repeat("a", 300)} {
		f.Add("GET", path, "h:1", "")
	}
	f.Add("POST", "/v2/Things", "chat.twilio.com", "")
	f.Add("TRACE", "/v2/Things", "chat.eu1.twilio.com:443", "flex-api.twilio.com")
	f.Add("CONNECT", "*", "[::1]:80", "chat..")
	f.Fuzz(func(t *testing.T, method, path, host, original string) {
		r := httptest.NewRequest(http.MethodGet, "http://h/", nil)
		r.Method, r.Host = method, host
		r.URL = &url.URL{Path: path}
		if u, err := url.ParseRequestURI(path); err == nil {
			r.URL = u
		}
		r.Header.Set("X-Original-Host", original)
		r.Header.Set("Authorization", basicAuth("AC1", "secret"))
		if method == http.MethodOptions {
			return // preflights have no body
		}
		answered(t, rt, r)
	})
}

// answered checks the form of an answer, and its status where statuses are given.
func answered(t *testing.T, rt *Router, r *http.Request, statuses ...int) {
	t.Helper()
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, r)
	known := len(statuses) == 0
	for _, s := range statuses {
		known = known || s == w.Code
	}
	if !known {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if w.Code == http.StatusNoContent {
		return
	}
	var e struct {
		Code, Status int
		Message      string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("status %d with %q: %v", w.Code, w.Body, err)
	}
	if w.Code >= 400 && (e.Status != w.Code || e.Code == 0 || e.Message == "") {
		t.Errorf("status %d with %s", w.Code, w.Body)
	}
	// The route that panics on purpose is the one cause of 20500.
	if w.Code == http.StatusInternalServerError && !strings.HasSuffix(r.URL.Path, "/v2/Panic") {
		t.Errorf("%s %s failed: %s", r.Method, r.URL, w.Body)
	}
}
