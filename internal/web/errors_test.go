package web

import (
	"strings"
	"testing"
)

func TestErrors(t *testing.T) {
	h := Errors()
	for _, tt := range []struct {
		name, target string
		status       int
		has, hasNot  []string
	}{
		{"a code", "/errors/20404", 200, []string{"<title>20404: Not Found", "What to do", "HTTP status 404"}, []string{"Why you will not"}},
		{"a code that never comes", "/errors/20008", 200, []string{"Test Credentials", "Why you will not see it here"}, []string{"What to do"}},
		{"a setting's name", "/errors/45003", 200, []string{"<code>widget-origins</code>"}, []string{"`"}},
		{"no such code", "/errors/12345", 404, []string{"There is no code 12345", `href="/errors/20404"`}, nil},
		{"no code", "/errors/<b>", 404, nil, []string{"<b>"}},
		{"all", "/errors/", 200, []string{`href="/errors/20404"`, `href="/errors/54100"`, `<label for="q">`}, []string{"codes match"}},
		{"by number", "/errors/?q=20404", 200, []string{`href="/errors/20404"`, "codes match"}, []string{`href="/errors/54100"`}},
		{"by words of the advice", "/errors/?q=Widget-Origins%20site", 200, []string{`href="/errors/45003"`}, []string{`href="/errors/20404"`}},
		{"nothing fits", "/errors/?q=%22%3E%3Cscript%3E", 200, []string{"0 of ", "&gt;&lt;script&gt;"}, []string{"<script>"}},
		{"a long search", "/errors/?q=" + strings.Repeat("%C3%A4", 200), 200, []string{`value="` + strings.Repeat("ä", maxQuery/2) + `"`}, nil},
		{"style", "/errors/errors.css", 200, []string{"--accent"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := get(t, h, "GET", tt.target, nil)
			text := body(t, res)
			if res.StatusCode != tt.status {
				t.Errorf("status %d", res.StatusCode)
			}
			for _, part := range tt.has {
				if !strings.Contains(text, part) {
					t.Errorf("%q is missing: %.2000s", part, text)
				}
			}
			for _, part := range tt.hasNot {
				if strings.Contains(text, part) {
					t.Errorf("%q should not be there", part)
				}
			}
			if !strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Error("no policy")
			}
		})
	}
	if res := get(t, h, "POST", "/errors/", nil); res.StatusCode != 405 {
		t.Errorf("POST: %d", res.StatusCode)
	}
	tag := get(t, h, "GET", "/errors/20404", nil).Header.Get("ETag")
	if res := get(t, h, "GET", "/errors/20404", map[string]string{"If-None-Match": tag}); res.StatusCode != 304 {
		t.Errorf("unchanged: %d", res.StatusCode)
	}
}
