package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"

	"parley/internal/core"
)

// Credential is what a pair of user name and password stands for.
type Credential struct {
	AccountSID string
	KeySID     string // "" for the account's auth token
	Main       bool   // may manage keys and read the account: the auth token, or a main key
}

// Basic checks the user name and password of HTTP Basic authentication: AC… with the primary or secondary auth token, or SK… with the
// key's secret (rest-semantics §2.3). Whatever is wrong, the answer is the same 20003 (401).
func (id *Identity) Basic(ctx context.Context, username, password string) (*Credential, error) {
	switch {
	case core.IsSID("AC", username):
		a, err := id.account(ctx, username)
		if err != nil {
			return nil, err
		}
		ok := same(password, a.AuthToken)
		if a.SecondaryToken != nil {
			ok = same(password, *a.SecondaryToken) || ok
		}
		if !ok || a.Status != StatusActive {
			return nil, errAuthenticate()
		}
		return &Credential{AccountSID: a.SID, Main: true}, nil
	case core.IsSID("SK", username):
		k, err := id.keys.get(ctx, username)
		if err != nil {
			return nil, core.Internal(err)
		}
		if k == nil {
			k = new(Key)
		}
		if !same(password, k.Secret) {
			return nil, errAuthenticate()
		}
		if a, err := id.account(ctx, k.AccountSID); err != nil || a.Status != StatusActive {
			return nil, errAuthenticate().Because(err)
		}
		return &Credential{AccountSID: k.AccountSID, KeySID: k.SID, Main: k.Kind == KindMain}, nil
	}
	return nil, errAuthenticate()
}

// account returns the account, or an empty one that nothing matches, so that a wrong name costs the same as a wrong password.
func (id *Identity) account(ctx context.Context, sid string) (*Account, error) {
	a, err := id.accounts.get(ctx, sid)
	if err != nil {
		return nil, core.Internal(err)
	}
	if a == nil {
		a = new(Account)
	}
	return a, nil
}

// same compares in constant time, whatever the lengths; nothing equals the empty secret.
func same(got, secret string) bool {
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1 && secret != ""
}

func errAuthenticate() *core.Error { return core.Ef(core.CodeAuthenticate, "Authenticate") }
