package webhook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/internal/webhook"
)

// Files are fetched over a few redirects; what refuses for good is told from what may be had later; private addresses stay closed.
func TestFetch(t *testing.T) {
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/a":
			http.Redirect(w, r, "/b", http.StatusFound)
		case "/b":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte("picture"))
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(far.Close)
	open, err := webhook.NewCaller(webhook.Options{AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(open.Close)
	f, err := open.Fetch(t.Context(), far.URL+"/a?token=secret")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil || string(text) != "picture" || f.ContentType != "image/png" || f.Path != "/b" {
		t.Errorf("got %q of %+v, %v", text, f, err)
	}
	f.Close()
	closed, err := webhook.NewCaller(webhook.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closed.Close)
	for _, tt := range []struct {
		caller *webhook.Caller
		url    string
		final  bool
	}{
		{open, far.URL + "/none?token=secret", true}, {open, far.URL + "/busy?token=secret", false}, {open, far.URL + "/loop?token=secret", false},
		{open, "file:///etc/passwd", true}, {open, "http://", true}, {closed, far.URL + "/b?token=secret", true},
	} {
		f, err := tt.caller.Fetch(t.Context(), tt.url)
		if err == nil || f.Final != tt.final || f.ReadCloser != nil {
			t.Errorf("%s: %+v, %v", tt.url, f, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("a secret is told: %v", err)
		}
	}
}
