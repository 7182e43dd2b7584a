package httpapi

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// Who must learn to send credentials is told so; a page's script is not, because its browser would ask the person.
func TestChallenge(t *testing.T) {
	rt := testRouter()
	for _, tt := range []struct {
		name   string
		header [2]string
		want   bool
	}{
		{"a program", [2]string{}, true},
		{"a program with a wrong password", [2]string{"Authorization", "Basic QUM6eA=="}, true},
		{"an address typed in", [2]string{"Sec-Fetch-Mode", "navigate"}, true},
		{"a page", [2]string{"Sec-Fetch-Mode", "cors"}, false},
		{"a page's form", [2]string{"Origin", "http://h.test"}, false},
		{"a token", [2]string{"Authorization", "Basic dG9rZW46eA=="}, false},
		{"the chat SDK's token", [2]string{"X-Twilio-Token", "x"}, false},
		{"the desktop's token", [2]string{"X-Flex-JWE", "x"}, false},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://h.test/chat/v2/Things/1", nil)
		if tt.header[0] != "" {
			r.Header.Set(tt.header[0], tt.header[1])
		}
		rt.ServeHTTP(w, r)
		if got := w.Header().Get("WWW-Authenticate") != ""; w.Code != http.StatusUnauthorized || got != tt.want {
			t.Errorf("%s: %d, challenged: %v", tt.name, w.Code, got)
		}
	}
}
