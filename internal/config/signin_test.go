package config

import (
	"strings"
	"testing"
	"time"
)

func TestValidateSignIn(t *testing.T) {
	for _, c := range []struct {
		name  string
		in    SignIn
		fault string // its beginning; "" for none
	}{
		{"passwords only", SignIn{SessionMax: time.Hour}, ""},
		{"a provider", SignIn{SessionMax: time.Hour, OIDCIssuer: "https://login.example.com/realms/main", OIDCClientID: "parley", OIDCClientSecret: "hushhush"}, ""},
		{"a session too short", SignIn{SessionMax: time.Second}, "session-max: "},
		{"a session too long", SignIn{SessionMax: 8 * 24 * time.Hour}, "session-max: "},
		{"a client without a provider", SignIn{SessionMax: time.Hour, OIDCClientID: "parley"}, "oidc-issuer: is not set"},
		{"a secret without a provider", SignIn{SessionMax: time.Hour, OIDCClientSecret: "hushhush"}, "oidc-issuer: is not set"},
		{"no address", SignIn{SessionMax: time.Hour, OIDCIssuer: "login.example.com", OIDCClientID: "parley"}, "oidc-issuer: "},
		{"an address with a query", SignIn{SessionMax: time.Hour, OIDCIssuer: "https://login.example.com/?a=b", OIDCClientID: "parley"}, "oidc-issuer: "},
		{"no client", SignIn{SessionMax: time.Hour, OIDCIssuer: "https://login.example.com", OIDCClientSecret: "hushhush"}, "oidc-client-id: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := Default()
			all.SignIn = c.in
			err := all.Validate()
			switch {
			case c.fault == "" && err != nil:
				t.Error(err)
			case c.fault != "" && (err == nil || !strings.HasPrefix(err.Error(), c.fault) || strings.Contains(err.Error(), "hushhush")):
				t.Errorf("%v, want %s…", err, c.fault)
			}
		})
	}
}
