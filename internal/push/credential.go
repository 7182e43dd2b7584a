package push

import (
	"context"
	"errors"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/store"
)

// The types of credentials.
const (
	TypeAPN = "apn"
	TypeFCM = "fcm"
	TypeGCM = "gcm" // the older name of fcm
)

// Bounds of a credential. The published pages give no sizes; these are ours.
const (
	maxName        = 64       // characters
	maxSecret      = 16 << 10 // bytes
	maxCredentials = 1000     // of an account
)

// Credential is what a push service knows an app of an account by ("CR…", rest-semantics §1.1). Which of the secrets it has depends on its
// type, see docs/push.md.
type Credential struct {
	SID, AccountSID, FriendlyName, Type string
	Sandbox                             bool   // of Apple: for apps in development
	Certificate, PrivateKey             string // PEM
	Secret                              string
	CreatedAt, UpdatedAt                int64 // microseconds
}

var credentialTable = store.NewTable("push_credential",
	store.Col[Credential]{Name: "sid", Ptr: func(c *Credential) any { return &c.SID }},
	store.Col[Credential]{Name: "account_sid", Ptr: func(c *Credential) any { return &c.AccountSID }},
	store.Col[Credential]{Name: "friendly_name", Ptr: func(c *Credential) any { return &c.FriendlyName }},
	store.Col[Credential]{Name: "type", Ptr: func(c *Credential) any { return &c.Type }},
	store.Col[Credential]{Name: "sandbox", Ptr: func(c *Credential) any { return &c.Sandbox }},
	store.Col[Credential]{Name: "certificate", Ptr: func(c *Credential) any { return &c.Certificate }},
	store.Col[Credential]{Name: "private_key", Ptr: func(c *Credential) any { return &c.PrivateKey }},
	store.Col[Credential]{Name: "secret", Ptr: func(c *Credential) any { return &c.Secret }},
	store.Col[Credential]{Name: "created_at", Ptr: func(c *Credential) any { return &c.CreatedAt }},
	store.Col[Credential]{Name: "updated_at", Ptr: func(c *Credential) any { return &c.UpdatedAt }})

// Patch is what a request says of a credential; nil leaves a value as it is.
type Patch struct {
	FriendlyName            *string
	Sandbox                 *bool
	Certificate, PrivateKey *string
	APIKey                  *string // the secret of a gcm credential
	Secret                  *string // that of the others
}

// apply writes the patch, or says what is wrong with it. That a secret is the right one shows when it is used.
func (in *Patch) apply(c *Credential) error {
	if n := in.FriendlyName; n != nil {
		if utf8.RuneCountInString(*n) > maxName {
			return core.Ef(core.CodeInvalidFriendlyName, "FriendlyName must be a text of at most %d characters", maxName)
		}
		c.FriendlyName = *n
	}
	if in.Sandbox != nil {
		c.Sandbox = *in.Sandbox
	}
	secret, name := in.Secret, "Secret"
	if c.Type == TypeGCM {
		secret, name = in.APIKey, "ApiKey"
	}
	for _, v := range []struct {
		name string
		in   *string
		out  *string
	}{{"Certificate", in.Certificate, &c.Certificate}, {"PrivateKey", in.PrivateKey, &c.PrivateKey}, {name, secret, &c.Secret}} {
		if v.in == nil {
			continue
		}
		if len(*v.in) > maxSecret {
			return core.Ef(core.CodeInvalidParameter, "%s has more than %d bytes", v.name, maxSecret)
		}
		*v.out = *v.in
	}
	return nil
}

// CreateCredential makes a credential of an account.
func (p *Push) CreateCredential(ctx context.Context, accountSID, kind string, in Patch) (c *Credential, err error) {
	switch kind {
	case TypeAPN, TypeFCM, TypeGCM:
	default:
		return nil, core.Ef(core.CodeInvalidParameter, "Type must be apn, fcm or gcm")
	}
	err = p.o.Store.Update(ctx, func(tx *store.Tx) error {
		c = &Credential{SID: core.NewSID("CR"), AccountSID: accountSID, Type: kind, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		if err := in.apply(c); err != nil {
			return err
		}
		var n int
		if err := tx.One("SELECT count(*) FROM push_credential WHERE account_sid = $1", []any{accountSID}, &n); err != nil {
			return err
		}
		if n >= maxCredentials {
			return core.Ef(core.CodeInvalidParameter, "An account has at most %d credentials", maxCredentials)
		}
		return credentialTable.Insert(tx, c)
	})
	return c, err
}

// findCredential reads an account's credential; 20404 when there is none.
func findCredential(r *store.Reader, accountSID, sid string) (*Credential, error) {
	if !core.IsSID("CR", sid) {
		return nil, errNoCredential()
	}
	c, err := credentialTable.One(r, "WHERE sid = $1 AND account_sid = $2", sid, accountSID)
	if errors.Is(err, store.ErrNoRow) {
		return nil, errNoCredential()
	}
	return c, err
}

func errNoCredential() error {
	return core.Ef(core.CodeNotFound, "The account has no such push credential")
}

// FetchCredential reads an account's credential.
func (p *Push) FetchCredential(ctx context.Context, accountSID, sid string) (c *Credential, err error) {
	err = p.o.Store.View(ctx, func(r *store.Reader) error {
		c, err = findCredential(r, accountSID, sid)
		return err
	})
	return c, err
}

// ListCredentials reads up to limit credentials of an account in the order of their SIDs, after the given one ("" for the start).
func (p *Push) ListCredentials(ctx context.Context, accountSID, after string, limit int) (list []*Credential, err error) {
	err = p.o.Store.View(ctx, func(r *store.Reader) error {
		list, err = credentialTable.All(r, "WHERE account_sid = $1 AND sid > $2 ORDER BY sid LIMIT $3", accountSID, after, limit)
		return err
	})
	return list, err
}

// UpdateCredential changes a credential. What waits to be sent goes out with the new secrets.
func (p *Push) UpdateCredential(ctx context.Context, accountSID, sid string, in Patch) (c *Credential, err error) {
	err = p.o.Store.Update(ctx, func(tx *store.Tx) error {
		if c, err = findCredential(&tx.Reader, accountSID, sid); err != nil {
			return err
		}
		before := *c
		if err := in.apply(c); err != nil || *c == before {
			return err
		}
		c.UpdatedAt = tx.Now()
		return gone(credentialTable.Update(tx, c))
	})
	return c, err
}

// DeleteCredential removes a credential. Devices that registered with it are told of nothing any more.
func (p *Push) DeleteCredential(ctx context.Context, accountSID, sid string) error {
	return p.o.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := findCredential(&tx.Reader, accountSID, sid)
		if err != nil {
			return err
		}
		return gone(credentialTable.Delete(tx, c))
	})
}

// gone is 20404 for a row that another transaction has removed meanwhile.
func gone(err error) error {
	if errors.Is(err, store.ErrNoRow) {
		return errNoCredential()
	}
	return err
}
