package identity

import (
	"context"
	"errors"
	"time"

	"parley/internal/core"
	"parley/internal/store"
)

// Account owns everything else.
type Account struct {
	SID, FriendlyName, Status string // Status: one of the three below
	OwnerSID                  string // of the account that this one is a subaccount of, or ""
	AuthToken                 string
	SecondaryToken            *string
	CreatedAt, UpdatedAt      int64 // microseconds
}

// The states of an account. Whatever it has stays; but nobody gets in while it is not active, and a closed one stays closed.
const (
	StatusActive    = "active"
	StatusSuspended = "suspended"
	StatusClosed    = "closed"
)

// Key is an API key. Its kind decides what it may do (rest-semantics §1.4).
type Key struct {
	SID, AccountSID, FriendlyName, Kind, Secret string
	CreatedAt, UpdatedAt                        int64
}

// The kinds of keys. Only a main key, or the auth token itself, may manage keys.
const (
	KindStandard = "standard"
	KindMain     = "main"
)

// Options of New. The zero value is what production uses, but for HasService.
type Options struct {
	// HasService reports whether an account has a chat service. It is asked for each token with a chat grant, so it should
	// answer from memory. Without it no account has any.
	HasService func(ctx context.Context, accountSID, serviceSID string) (bool, error)
	// OnKeyDeleted is called after keys ended through this node, by themselves or with their account, once their tokens are refused here.
	OnKeyDeleted func()
	Relays       Relays
	Now          func() time.Time
	Fresh        time.Duration // how old cached credentials may be; 0 means 2 s
}

// Identity is the package's use cases.
type Identity struct {
	st           *store.Store
	now          func() time.Time
	keyDeleted   func()
	relays       Relays
	hasService   func(ctx context.Context, accountSID, serviceSID string) (bool, error)
	accounts     *cache[Account]
	keys         *cache[Key]
	accountTable *store.Table[Account]
	keyTable     *store.Table[Key]
}

// New makes the use cases over a store.
func New(st *store.Store, o Options) *Identity {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Fresh == 0 {
		o.Fresh = 2 * time.Second
	}
	if o.HasService == nil {
		o.HasService = func(context.Context, string, string) (bool, error) { return false, nil }
	}
	if o.OnKeyDeleted == nil {
		o.OnKeyDeleted = func() {}
	}
	id := &Identity{
		st: st, now: o.Now, keyDeleted: o.OnKeyDeleted, relays: o.Relays, hasService: o.HasService,
		accountTable: store.NewTable("account",
			store.Col[Account]{Name: "sid", Ptr: func(a *Account) any { return &a.SID }},
			store.Col[Account]{Name: "friendly_name", Ptr: func(a *Account) any { return &a.FriendlyName }},
			store.Col[Account]{Name: "status", Ptr: func(a *Account) any { return &a.Status }},
			store.Col[Account]{Name: "owner_sid", Ptr: func(a *Account) any { return &a.OwnerSID }},
			store.Col[Account]{Name: "auth_token", Ptr: func(a *Account) any { return &a.AuthToken }},
			store.Col[Account]{Name: "secondary_token", Ptr: func(a *Account) any { return &a.SecondaryToken }},
			store.Col[Account]{Name: "created_at", Ptr: func(a *Account) any { return &a.CreatedAt }},
			store.Col[Account]{Name: "updated_at", Ptr: func(a *Account) any { return &a.UpdatedAt }}),
		keyTable: store.NewTable("api_key",
			store.Col[Key]{Name: "sid", Ptr: func(k *Key) any { return &k.SID }},
			store.Col[Key]{Name: "account_sid", Ptr: func(k *Key) any { return &k.AccountSID }},
			store.Col[Key]{Name: "friendly_name", Ptr: func(k *Key) any { return &k.FriendlyName }},
			store.Col[Key]{Name: "kind", Ptr: func(k *Key) any { return &k.Kind }},
			store.Col[Key]{Name: "secret", Ptr: func(k *Key) any { return &k.Secret }},
			store.Col[Key]{Name: "created_at", Ptr: func(k *Key) any { return &k.CreatedAt }},
			store.Col[Key]{Name: "updated_at", Ptr: func(k *Key) any { return &k.UpdatedAt }}),
	}
	id.accounts = newCache(o.Fresh, o.Now, id.loadAccount)
	id.keys = newCache(o.Fresh, o.Now, id.loadKey)
	return id
}

// loadAccount reads an account; nil when there is none.
func (id *Identity) loadAccount(ctx context.Context, sid string) (account *Account, err error) {
	err = id.st.View(ctx, func(r *store.Reader) error {
		account, err = id.AccountTx(r, sid)
		return err
	})
	return account, err
}

// AccountTx reads an account inside a transaction; nil when there is none.
func (id *Identity) AccountTx(r *store.Reader, sid string) (*Account, error) {
	return orNil(id.accountTable.One(r, "WHERE sid = $1", sid))
}

// CreateAccountTx adds an active account inside the first start's transaction.
func (id *Identity) CreateAccountTx(tx *store.Tx, sid, friendlyName, authToken string) (*Account, error) {
	a := &Account{SID: sid, FriendlyName: friendlyName, Status: StatusActive, AuthToken: authToken, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	return a, id.accountTable.Insert(tx, a)
}

// SetAuthTokenTx makes token the account's primary auth token. The one before becomes the secondary, so that callers have time to
// change (rest-semantics §2.3). It reports whether anything changed.
func (id *Identity) SetAuthTokenTx(tx *store.Tx, accountSID, token string) (changed bool, err error) {
	a, err := id.accountTable.One(&tx.Reader, "WHERE sid = $1", accountSID)
	if err != nil || a.AuthToken == token {
		return false, err
	}
	before := a.AuthToken
	a.AuthToken, a.SecondaryToken, a.UpdatedAt = token, &before, tx.Now()
	tx.AfterCommit(func() { id.accounts.drop(accountSID) })
	return true, id.accountTable.Update(tx, a)
}

// FetchAccount returns an account, or 20404. The row is shared: it must not be changed.
func (id *Identity) FetchAccount(ctx context.Context, accountSID string) (*Account, error) {
	a, err := id.accounts.get(ctx, accountSID)
	if err == nil && a == nil {
		return nil, core.Ef(core.CodeNotFound, "The requested resource was not found: there is no account %s", accountSID)
	}
	return a, err
}

// AuthToken returns the account's primary auth token, which signs webhooks (rest-semantics §3.6).
func (id *Identity) AuthToken(ctx context.Context, accountSID string) (string, error) {
	a, err := id.FetchAccount(ctx, accountSID)
	if err != nil {
		return "", err
	}
	return a.AuthToken, nil
}

// orNil turns "no such row" into nil.
func orNil[T any](row *T, err error) (*T, error) {
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil
	}
	return row, err
}
