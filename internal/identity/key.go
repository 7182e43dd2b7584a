package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/store"
)

const (
	// maxKeys bounds the keys of an account (code 70151).
	maxKeys = 1000
	// maxName is the longest friendly name in characters.
	maxName = 64
)

// NewSecret returns a random secret of 32 letters and digits: the only characters that all helper libraries take (rest-semantics §1.4).
func NewSecret() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	out := make([]byte, 0, 32)
	var b [64]byte
	for len(out) < cap(out) {
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		for _, x := range b {
			// 248 = 4 × 62: values above it would make some letters likelier.
			if x < 248 && len(out) < cap(out) {
				out = append(out, alphabet[x%62])
			}
		}
	}
	return string(out)
}

// loadKey reads a key; nil when there is none.
func (id *Identity) loadKey(ctx context.Context, sid string) (key *Key, err error) {
	err = id.st.View(ctx, func(r *store.Reader) error {
		key, err = id.KeyTx(r, sid)
		return err
	})
	return key, err
}

// KeyTx reads a key inside a transaction; nil when there is none.
func (id *Identity) KeyTx(r *store.Reader, sid string) (*Key, error) {
	return orNil(id.keyTable.One(r, "WHERE sid = $1", sid))
}

// HasKey reports whether a key is there and its account is active, from memory where that is fresh.
func (id *Identity) HasKey(ctx context.Context, sid string) (bool, error) {
	key, err := id.keys.get(ctx, sid)
	if key == nil || err != nil {
		return false, err
	}
	a, err := id.accounts.get(ctx, key.AccountSID)
	return a != nil && a.Status == StatusActive, err
}

// CreateKeyTx adds a key inside a transaction. An empty SID or secret is generated. The returned key carries the secret.
func (id *Identity) CreateKeyTx(tx *store.Tx, k Key) (*Key, error) {
	if k.SID == "" {
		k.SID = core.NewSID("SK")
	}
	if k.Secret == "" {
		k.Secret = NewSecret()
	}
	k.CreatedAt, k.UpdatedAt = tx.Now(), tx.Now()
	if err := id.keyTable.Insert(tx, &k); err != nil {
		return nil, err
	}
	tx.AfterCommit(func() { id.keys.drop(k.SID) })
	return &k, nil
}

// CreateKey makes a standard key. This answer is the only one that shows the secret.
func (id *Identity) CreateKey(ctx context.Context, accountSID, friendlyName string) (key *Key, err error) {
	if err := checkName(friendlyName); err != nil {
		return nil, err
	}
	err = id.st.Update(ctx, func(tx *store.Tx) error {
		var n int64
		if err := tx.One(`SELECT count(*) FROM api_key WHERE account_sid = $1`, []any{accountSID}, &n); err != nil {
			return err
		}
		if n >= maxKeys {
			return core.Ef(core.CodeTooManyKeys, "The account has %d API keys already, which is the most it may have", n)
		}
		key, err = id.CreateKeyTx(tx, Key{AccountSID: accountSID, FriendlyName: friendlyName, Kind: KindStandard})
		return err
	})
	return key, err
}

// FetchKey returns a key of the account, or 20404.
func (id *Identity) FetchKey(ctx context.Context, accountSID, sid string) (*Key, error) {
	key, err := id.loadKey(ctx, sid)
	if err == nil && (key == nil || key.AccountSID != accountSID) {
		return nil, errNoKey(sid)
	}
	return key, err
}

// AccountOfKey returns the account of a key, which must be the owner or a subaccount of it, or 20404.
func (id *Identity) AccountOfKey(ctx context.Context, ownerSID, sid string) (string, error) {
	key, err := id.loadKey(ctx, sid)
	if err != nil {
		return "", err
	}
	if key == nil {
		return "", errNoKey(sid)
	}
	owns, err := id.Owns(ctx, ownerSID, key.AccountSID)
	if err == nil && !owns {
		err = errNoKey(sid)
	}
	return key.AccountSID, err
}

// UpdateKey renames a key; nil leaves the name.
func (id *Identity) UpdateKey(ctx context.Context, accountSID, sid string, friendlyName *string) (key *Key, err error) {
	if friendlyName == nil {
		return id.FetchKey(ctx, accountSID, sid)
	}
	if err := checkName(*friendlyName); err != nil {
		return nil, err
	}
	err = id.st.Update(ctx, func(tx *store.Tx) error {
		key, err = id.KeyTx(&tx.Reader, sid)
		if err != nil {
			return err
		}
		if key == nil || key.AccountSID != accountSID {
			return errNoKey(sid)
		}
		key.FriendlyName, key.UpdatedAt = *friendlyName, tx.Now()
		return id.keyTable.Update(tx, key)
	})
	return key, err
}

// DeleteKey deletes a key and with it the use of all tokens that it signed.
func (id *Identity) DeleteKey(ctx context.Context, accountSID, sid string) error {
	return id.st.Update(ctx, func(tx *store.Tx) error {
		key, err := id.KeyTx(&tx.Reader, sid)
		if err != nil {
			return err
		}
		if key == nil || key.AccountSID != accountSID {
			return errNoKey(sid)
		}
		tx.AfterCommit(func() {
			id.keys.drop(sid)
			id.keyDeleted()
		})
		if err := id.keyTable.Delete(tx, key); !errors.Is(err, store.ErrNoRow) {
			return err
		}
		return errNoKey(sid)
	})
}

// ListKeys returns up to limit keys of the account in the order of their SIDs, after the given one ("" for the start).
func (id *Identity) ListKeys(ctx context.Context, accountSID, after string, limit int) (keys []*Key, err error) {
	err = id.st.View(ctx, func(r *store.Reader) error {
		keys, err = id.keyTable.All(r, "WHERE account_sid = $1 AND sid > $2 ORDER BY sid LIMIT $3", accountSID, after, limit)
		return err
	})
	return keys, err
}

func checkName(s string) error {
	if utf8.RuneCountInString(s) > maxName || !core.CleanText(s) {
		return core.Ef(core.CodeInvalidFriendlyName, "FriendlyName must be a text of at most %d characters", maxName)
	}
	return nil
}

func errNoKey(sid string) error {
	return core.Ef(core.CodeNotFound, "The requested resource was not found: the account has no API key %s", sid)
}
