package identity_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	twilio "github.com/twilio/twilio-go/client/jwt"

	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/store/engine/sqlite"
	"parley/internal/store/storetest"
)

const (
	acct    = "AC00000000000000000000000000000001"
	other   = "AC00000000000000000000000000000002"
	keySID  = "SK00000000000000000000000000000001"
	service = "IS00000000000000000000000000000001"
	foreign = "IS00000000000000000000000000000002"
	token   = "primaryTokenprimaryToken01"
	secret  = "abcdefghijklmnopqrstuvwxyz012345"
)

// services is who owns which chat service.
func services(_ context.Context, accountSID, sid string) (bool, error) {
	return map[string]string{service: acct, foreign: other}[sid] == accountSID, nil
}

// seed makes two accounts and a key.
func seed(t *testing.T, st *store.Store, o identity.Options) *identity.Identity {
	t.Helper()
	o.HasService = services
	id := identity.New(st, o)
	err := st.Update(t.Context(), func(tx *store.Tx) error {
		for _, sid := range []string{acct, other} {
			if _, err := id.CreateAccountTx(tx, sid, "test", token); err != nil {
				return err
			}
		}
		_, err := id.CreateKeyTx(tx, identity.Key{SID: keySID, AccountSID: acct, Kind: identity.KindStandard, Secret: secret})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func wantCode(t *testing.T, err error, code, status int) {
	t.Helper()
	e := core.AsError(err)
	if err == nil || e.Code != code || e.Status != status {
		t.Fatalf("got %v, want code %d with status %d", err, code, status)
	}
}

func TestBasic(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		id := seed(t, open(), identity.Options{})
		for _, c := range []struct {
			name, user, password string
			keySID               string
			main, ok             bool
		}{
			{"auth token", acct, token, "", true, true},
			{"API key", keySID, secret, keySID, false, true},
			{"wrong token", acct, token + "x", "", false, false},
			{"empty token", acct, "", "", false, false},
			{"wrong secret", keySID, "x", "", false, false},
			{"empty secret", keySID, "", "", false, false},
			{"unknown account", "AC000000000000000000000000000000ff", token, "", false, false},
			{"unknown account, no password", "AC000000000000000000000000000000ff", "", "", false, false},
			{"unknown key", "SK000000000000000000000000000000ff", "", "", false, false},
			{"another account's name with a key's secret", other, secret, "", false, false},
			{"no SID", "root", "root", "", false, false},
		} {
			t.Run(c.name, func(t *testing.T) {
				got, err := id.Basic(t.Context(), c.user, c.password)
				if !c.ok {
					wantCode(t, err, 20003, 401)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got.AccountSID != acct || got.KeySID != c.keySID || got.Main != c.main {
					t.Errorf("got %+v", got)
				}
			})
		}
	})
}

// TestDeletedKey: a key that is deleted here is dead at once; on another node, as soon as its cache has aged.
func TestDeletedKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		now := time.Now()
		o := identity.Options{Now: func() time.Time { return now }, HasService: services}
		here := seed(t, open(), o)
		there := identity.New(open(), o)
		jwt := mint(t, nil)
		for _, id := range []*identity.Identity{here, there} {
			if _, err := id.Verify(t.Context(), jwt); err != nil {
				t.Fatal(err)
			}
		}
		if err := here.DeleteKey(t.Context(), acct, keySID); err != nil {
			t.Fatal(err)
		}
		_, err := here.Verify(t.Context(), jwt)
		wantCode(t, err, 20103, 401)
		_, err = here.Basic(t.Context(), keySID, secret)
		wantCode(t, err, 20003, 401)
		now = now.Add(3 * time.Second)
		_, err = there.Verify(t.Context(), jwt)
		wantCode(t, err, 20103, 401)
		wantCode(t, here.DeleteKey(t.Context(), acct, keySID), 20404, 404)
	})
}

// A suspended account's keys sign no tokens and open no door, its sockets are asked to end, and all is well again once it is active.
func TestSuspendedAccount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		ended := 0
		id := seed(t, open(), identity.Options{OnKeyDeleted: func() { ended++ }})
		sub, err := id.CreateSubaccount(t.Context(), acct, "staging")
		if err != nil {
			t.Fatal(err)
		}
		key, err := id.CreateKey(t.Context(), sub.SID, "its key")
		if err != nil {
			t.Fatal(err)
		}
		set := func(status string) {
			t.Helper()
			if _, err := id.UpdateAccount(t.Context(), acct, sub.SID, identity.AccountPatch{Status: &status}); err != nil {
				t.Fatal(err)
			}
			if good, err := id.HasKey(t.Context(), key.SID); err != nil || good != (status == identity.StatusActive) {
				t.Errorf("%s: the key is good: %v %v", status, good, err)
			}
		}
		for i, status := range []string{identity.StatusActive, identity.StatusSuspended, identity.StatusActive, identity.StatusClosed} {
			set(status)
			if ended != i {
				t.Errorf("%s: sockets were asked to end %d times, want %d", status, ended, i)
			}
		}
		_, err = id.Basic(t.Context(), key.SID, key.Secret)
		wantCode(t, err, 20003, 401)
		_, err = id.Basic(t.Context(), sub.SID, sub.AuthToken)
		wantCode(t, err, 20003, 401)
		bad := "open"
		_, err = id.UpdateAccount(t.Context(), acct, acct, identity.AccountPatch{Status: &bad})
		wantCode(t, err, 20403, 403)
		_, err = id.UpdateAccount(t.Context(), acct, other, identity.AccountPatch{FriendlyName: &bad})
		wantCode(t, err, 20404, 404)
	})
}

// mint makes a token as a helper library does, with changes to its header and claims.
func mint(t *testing.T, change func(header, claims map[string]any)) string {
	t.Helper()
	return mintWith(t, jwt.SigningMethodHS256, []byte(secret), change)
}

func mintWith(t *testing.T, method jwt.SigningMethod, key any, change func(header, claims map[string]any)) string {
	t.Helper()
	now := time.Now().Unix()
	claims := jwt.MapClaims{
		"jti": keySID + "-1", "iss": keySID, "sub": acct, "iat": now, "exp": now + 3600,
		"grants": map[string]any{"identity": "alice", "chat": map[string]any{"service_sid": service}},
	}
	tok := jwt.NewWithClaims(method, claims)
	tok.Header["cty"] = "twilio-fpa;v=1"
	if change != nil {
		change(tok.Header, claims)
	}
	s, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVerifyFailures(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		id := seed(t, open(), identity.Options{})
		now := time.Now().Unix()
		claim := func(name string, v any) string {
			return mint(t, func(_, c map[string]any) { c[name] = v })
		}
		grants := func(v any) string { return claim("grants", v) }
		good := mint(t, nil)
		for _, c := range []struct {
			name, jwt string
			code      int
		}{
			{"empty", "", 20101},
			{"garbage", "not a token", 20101},
			{"two parts", "a.b", 20101},
			{"four parts", good + ".x", 20101},
			{"payload not base64", strings.Replace(good, ".", ".!", 1), 20101},
			{"claims are an array", "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0.W10.AAAA", 20101},
			{"too long", strings.Repeat("a", 9000), 20101},
			{"alg none", mintWith(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), 20102},
			{"alg unknown", mint(t, func(h, _ map[string]any) { h["alg"] = "HS1" }), 20102},
			{"alg of a public key", mint(t, func(h, _ map[string]any) { h["alg"] = "RS256" }), 20102},
			{"no cty", mint(t, func(h, _ map[string]any) { delete(h, "cty") }), 20102},
			{"other cty", mint(t, func(h, _ map[string]any) { h["cty"] = "twilio-fpa;v=2" }), 20102},
			{"other typ", mint(t, func(h, _ map[string]any) { h["typ"] = "JWE" }), 20102},
			{"no issuer", claim("iss", nil), 20103},
			{"issuer is a number", claim("iss", 7), 20103},
			{"unknown key", claim("iss", "SK000000000000000000000000000000ff"), 20103},
			{"issuer is an account", claim("iss", acct), 20103},
			{"no subject", claim("sub", nil), 20103},
			{"key of another account", claim("sub", other), 20103},
			{"forged", mintWith(t, jwt.SigningMethodHS256, []byte("x"), nil), 20107},
			{"auth token as secret", mintWith(t, jwt.SigningMethodHS256, []byte(token), nil), 20107},
			{"signature cut", good[:len(good)-4], 20107},
			{"not yet", claim("nbf", now+120), 20105},
			{"nbf is text", claim("nbf", "soon"), 20105},
			{"expired", claim("exp", now-1), 20104},
			{"no exp", claim("exp", nil), 20104},
			{"exp is text", claim("exp", "never"), 20104},
			{"exp is negative", claim("exp", -1), 20104},
			{"exp too far", claim("exp", now+86400+120), 20104},
			{"exp huge", claim("exp", 1e300), 20104},
			{"no grants", grants(nil), 20106},
			{"grants are text", grants("all"), 20106},
			{"no identity", grants(map[string]any{"chat": map[string]any{"service_sid": service}}), 20106},
			{"empty identity", grants(map[string]any{"identity": "", "chat": map[string]any{"service_sid": service}}), 20106},
			{"identity is a number", grants(map[string]any{"identity": 1, "chat": map[string]any{"service_sid": service}}), 20106},
			{"identity too long", grants(map[string]any{"identity": strings.Repeat("é", 129)}), 20106},
			{"identity with a null byte", grants(map[string]any{"identity": "a\x00b"}), 20106},
			{"no service", grants(map[string]any{"identity": "a", "chat": map[string]any{}}), 20106},
			{"service is a number", grants(map[string]any{"identity": "a", "chat": map[string]any{"service_sid": 1}}), 20106},
			{"unknown service", grants(map[string]any{"identity": "a", "chat": map[string]any{"service_sid": "IS000000000000000000000000000000ff"}}), 20106},
			{"another account's service", grants(map[string]any{"identity": "a", "chat": map[string]any{"service_sid": foreign}}), 20106},
		} {
			t.Run(c.name, func(t *testing.T) {
				_, err := id.Verify(t.Context(), c.jwt)
				wantCode(t, err, c.code, 401)
			})
		}
	})
}

// TestVerifyOrder: a token with several faults is refused for the first of the documented order.
func TestVerifyOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		id := seed(t, open(), identity.Options{})
		bad := func(h, c map[string]any) {
			h["cty"], c["iss"], c["nbf"], c["exp"], c["grants"] = "x", "x", time.Now().Unix()+999, 1, nil
		}
		fix := []struct {
			code int
			fix  func(h, c map[string]any)
			key  string
		}{
			{20102, func(h, _ map[string]any) { h["cty"] = "twilio-fpa;v=1" }, "x"},
			{20103, func(_, c map[string]any) { c["iss"] = keySID }, "x"},
			{20107, func(_, _ map[string]any) {}, "x"},
			{20105, func(_, c map[string]any) { delete(c, "nbf") }, secret},
			{20104, func(_, c map[string]any) { c["exp"] = time.Now().Unix() + 60 }, secret},
			{20106, nil, secret},
		}
		for i, step := range fix {
			jwt := mintWith(t, jwt.SigningMethodHS256, []byte(step.key), func(h, c map[string]any) {
				bad(h, c)
				for _, f := range fix[:i] {
					f.fix(h, c)
				}
			})
			_, err := id.Verify(t.Context(), jwt)
			wantCode(t, err, step.code, 401)
		}
	})
}

func TestVerifyAccepts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		id := seed(t, open(), identity.Options{})
		now := time.Now().Unix()
		for name, raw := range map[string]string{
			"HS256":                mint(t, nil),
			"HS384":                mintWith(t, jwt.SigningMethodHS384, []byte(secret), nil),
			"HS512":                mintWith(t, jwt.SigningMethodHS512, []byte(secret), nil),
			"region in the header": mint(t, func(h, _ map[string]any) { h["twr"] = "us1" }),
			"clock ahead":          mint(t, func(_, c map[string]any) { c["nbf"] = now + 30 }),
			"24 hours":             mint(t, func(_, c map[string]any) { c["exp"] = now + 86400 }),
			"old grant": mint(t, func(_, c map[string]any) {
				c["grants"] = map[string]any{"identity": "alice", "ip_messaging": map[string]any{"service_sid": service}}
			}),
			"other grants beside": mint(t, func(_, c map[string]any) {
				c["grants"] = map[string]any{"identity": "alice", "chat": map[string]any{"service_sid": service}, "video": map[string]any{"room": "x"}}
			}),
		} {
			t.Run(name, func(t *testing.T) {
				got, err := id.Verify(t.Context(), raw)
				if err != nil {
					t.Fatal(err)
				}
				if got.Identity != "alice" || got.AccountSID != acct || got.KeySID != keySID || got.ChatServiceSID != service || got.RequireChat() != nil {
					t.Errorf("got %+v", got)
				}
			})
		}
	})
}

// TestOfficialLibrary verifies what twilio-go makes.
func TestOfficialLibrary(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		id := seed(t, open(), identity.Options{})
		made := twilio.CreateAccessToken(twilio.AccessTokenParams{AccountSid: acct, SigningKeySid: keySID, Secret: secret, Identity: "bob@example.com"})
		made.AddGrant(&twilio.ChatGrant{ServiceSid: service, EndpointID: "phone", DeploymentRoleSid: "RL00000000000000000000000000000001"})
		made.AddGrant(&twilio.TaskRouterGrant{WorkspaceSid: "WS1", WorkerSid: "WK1", Role: "worker"})
		raw, err := made.ToJwt()
		if err != nil {
			t.Fatal(err)
		}
		got, err := id.Verify(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		if got.Identity != "bob@example.com" || got.ChatServiceSID != service || got.EndpointID != "phone" || got.RoleSID != "RL00000000000000000000000000000001" ||
			got.WorkspaceSID != "WS1" || got.WorkerSID != "WK1" || got.WorkerRole != "worker" || time.Until(got.ExpiresAt) < 59*time.Minute {
			t.Errorf("got %+v", got)
		}
	})
}

// TestMint: what is minted here is good here, and carries what was asked for.
func TestMint(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		id := seed(t, open(), identity.Options{})
		raw, expires, err := id.Mint(t.Context(), identity.Claim{KeySID: keySID, Identity: "zoë", TTL: time.Hour, ChatServiceSID: service, RoleSID: "RL1"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := id.Verify(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		if got.Identity != "zoë" || got.RoleSID != "RL1" || !got.ExpiresAt.Equal(expires) {
			t.Errorf("got %+v, want expiry %v", got, expires)
		}
		for _, c := range []identity.Claim{
			{KeySID: keySID, TTL: time.Hour},
			{KeySID: keySID, Identity: strings.Repeat("x", 257), TTL: time.Hour},
			{KeySID: keySID, Identity: "a"},
			{KeySID: keySID, Identity: "a", TTL: 25 * time.Hour},
			{KeySID: "SK000000000000000000000000000000ff", Identity: "a", TTL: time.Hour},
		} {
			if _, _, err := id.Mint(t.Context(), c); err == nil {
				t.Errorf("%+v was minted", c)
			}
		}
	})
}

func TestSecretAlphabet(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := identity.NewSecret()
		if len(s) != 32 || strings.ContainsFunc(s, func(r rune) bool {
			return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", r)
		}) || seen[s] {
			t.Fatalf("bad secret %q", s)
		}
		seen[s] = true
	}
}

// FuzzVerify: no token whatever brings the server down, and every refusal is a documented one.
func FuzzVerify(f *testing.F) {
	f.Add("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0.eyJpc3MiOiJTSyJ9.AAAA")
	f.Add("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Add(".eyJhIjpbW1tbW1tbW1tbW1tbW1tbW1tbW1tb.x")
	engine, err := sqlite.Open(filepath.Join(f.TempDir(), "parley.db"), sqlite.Options{})
	if err != nil {
		f.Fatal(err)
	}
	st, err := store.Open(f.Context(), engine, store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = st.Close() })
	id := identity.New(st, identity.Options{})
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := id.Verify(t.Context(), raw)
		if code := core.AsError(err).Code; err == nil || code < 20101 || code > 20107 {
			t.Fatalf("got %v", err)
		}
	})
}
