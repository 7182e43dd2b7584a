package identity

import (
	"context"

	"parley/internal/core"
	"parley/internal/store"
)

// CreateSecondaryToken gives an account a second auth token, good beside the primary one until it is promoted or deleted (rest-semantics
// §2.3). 20409 where there is one: whoever uses it would be shut out.
func (id *Identity) CreateSecondaryToken(ctx context.Context, accountSID string) (*Account, error) {
	return id.changeTokens(ctx, accountSID, func(a *Account) error {
		if a.SecondaryToken != nil {
			return core.Ef(core.CodeConflict, "The account has a secondary auth token; delete or promote it first")
		}
		token := NewSecret()
		a.SecondaryToken = &token
		return nil
	})
}

// DeleteSecondaryToken ends the secondary auth token; 20404 where there is none.
func (id *Identity) DeleteSecondaryToken(ctx context.Context, accountSID string) error {
	_, err := id.changeTokens(ctx, accountSID, func(a *Account) error {
		if a.SecondaryToken == nil {
			return errNoSecondary()
		}
		a.SecondaryToken = nil
		return nil
	})
	return err
}

// PromoteToken makes the secondary auth token the primary one, which signs webhooks; the one before ends. 20404 where there is none.
func (id *Identity) PromoteToken(ctx context.Context, accountSID string) (*Account, error) {
	return id.changeTokens(ctx, accountSID, func(a *Account) error {
		if a.SecondaryToken == nil {
			return errNoSecondary()
		}
		a.AuthToken, a.SecondaryToken = *a.SecondaryToken, nil
		return nil
	})
}

func (id *Identity) changeTokens(ctx context.Context, accountSID string, change func(a *Account) error) (a *Account, err error) {
	err = id.st.Update(ctx, func(tx *store.Tx) error {
		// Taken for its lock: two changes at once must see one another.
		if _, err := tx.Exec("UPDATE account SET updated_at = $2 WHERE sid = $1", accountSID, tx.Now()); err != nil {
			return err
		}
		if a, err = id.accountTable.One(&tx.Reader, "WHERE sid = $1", accountSID); err != nil {
			return err
		}
		if err := change(a); err != nil {
			return err
		}
		tx.AfterCommit(func() { id.accounts.drop(accountSID) })
		return id.accountTable.Update(tx, a)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func errNoSecondary() *core.Error {
	return core.Ef(core.CodeNotFound, "The requested resource was not found: the account has no secondary auth token")
}
