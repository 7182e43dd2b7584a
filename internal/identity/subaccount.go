package identity

import (
	"context"
	"strings"

	"parley/internal/core"
	"parley/internal/store"
)

// maxSubaccounts bounds the subaccounts of an account.
const maxSubaccounts = 1000

// Owns reports whether an account is the owner itself or a subaccount of it.
func (id *Identity) Owns(ctx context.Context, ownerSID, accountSID string) (bool, error) {
	if ownerSID == accountSID {
		return true, nil
	}
	a, err := id.accounts.get(ctx, accountSID)
	return a != nil && a.OwnerSID == ownerSID, err
}

// FetchOwned returns the owner itself or a subaccount of it, as it stands in the store, or 20404.
func (id *Identity) FetchOwned(ctx context.Context, ownerSID, sid string) (a *Account, err error) {
	err = id.st.View(ctx, func(r *store.Reader) error {
		a, err = id.ownedTx(r, ownerSID, sid)
		return err
	})
	return a, err
}

func (id *Identity) ownedTx(r *store.Reader, ownerSID, sid string) (*Account, error) {
	a, err := id.AccountTx(r, sid)
	if err == nil && (a == nil || a.SID != ownerSID && a.OwnerSID != ownerSID) {
		return nil, core.Ef(core.CodeNotFound, "The requested resource was not found: there is no account %s", sid)
	}
	return a, err
}

// AccountFilter chooses accounts; empty fields leave nothing out.
type AccountFilter struct{ FriendlyName, Status string }

// ListOwned returns up to limit of the owner itself and its subaccounts in the order of their SIDs, after the given one ("" for the start).
func (id *Identity) ListOwned(ctx context.Context, ownerSID string, f AccountFilter, after string, limit int) (all []*Account, err error) {
	err = id.st.View(ctx, func(r *store.Reader) error {
		all, err = id.accountTable.All(r, `WHERE (sid = $1 OR owner_sid = $1) AND (friendly_name = $2 OR $2 = '') AND (status = $3 OR $3 = '') AND sid > $4
			ORDER BY sid LIMIT $5`, ownerSID, f.FriendlyName, f.Status, after, limit)
		return err
	})
	return all, err
}

// CreateSubaccount makes an active account that belongs to another. Its name is made of the time where none is given. Subaccounts have none
// of their own (20403).
func (id *Identity) CreateSubaccount(ctx context.Context, ownerSID, friendlyName string) (a *Account, err error) {
	if err := checkName(friendlyName); err != nil {
		return nil, err
	}
	if friendlyName == "" {
		friendlyName = "SubAccount Created at " + id.now().UTC().Format("2006-01-02 03:04 pm")
	}
	err = id.st.Update(ctx, func(tx *store.Tx) error {
		owner, err := id.ownedTx(&tx.Reader, ownerSID, ownerSID)
		if err != nil {
			return err
		}
		if owner.OwnerSID != "" {
			return core.Ef(core.CodeForbidden, "A subaccount cannot have subaccounts")
		}
		var n int64
		if err := tx.One("SELECT count(*) FROM account WHERE owner_sid = $1", []any{ownerSID}, &n); err != nil {
			return err
		}
		if n >= maxSubaccounts {
			return core.Ef(core.CodeForbidden, "The account has %d subaccounts already, which is the most it may have", n)
		}
		a = &Account{SID: core.NewSID("AC"), OwnerSID: ownerSID, FriendlyName: friendlyName, Status: StatusActive, AuthToken: NewSecret(),
			CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		return id.accountTable.Insert(tx, a)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// AccountPatch is the input of UpdateAccount; nil leaves a value as it is.
type AccountPatch struct{ FriendlyName, Status *string }

// UpdateAccount renames the owner itself or a subaccount of it, or suspends, closes or reopens a subaccount: all its sockets end and its
// credentials are refused, here at once.
func (id *Identity) UpdateAccount(ctx context.Context, ownerSID, sid string, in AccountPatch) (a *Account, err error) {
	if in.FriendlyName != nil {
		if err := checkName(*in.FriendlyName); err != nil {
			return nil, err
		}
	}
	err = id.st.Update(ctx, func(tx *store.Tx) error {
		if a, err = id.ownedTx(&tx.Reader, ownerSID, sid); err != nil {
			return err
		}
		before := *a
		if in.FriendlyName != nil {
			a.FriendlyName = *in.FriendlyName
		}
		if in.Status != nil {
			a.Status = *in.Status
		}
		if *a == before {
			return nil
		}
		if err := checkStatus(&before, a); err != nil {
			return err
		}
		a.UpdatedAt = tx.Now()
		tx.AfterCommit(func() {
			id.accounts.drop(sid)
			if a.Status != before.Status {
				id.keyDeleted()
			}
		})
		return id.accountTable.Update(tx, a)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// checkStatus refuses changes of state that do not exist.
func checkStatus(before, after *Account) error {
	switch {
	case before.Status == after.Status:
		return nil
	case after.OwnerSID == "":
		return core.Ef(core.CodeForbidden, "Only a subaccount can be suspended or closed")
	case before.Status == StatusClosed:
		return core.Ef(core.CodeForbidden, "A closed account cannot be opened again")
	}
	switch after.Status {
	case StatusActive, StatusSuspended, StatusClosed:
		return nil
	}
	return core.Ef(core.CodeInvalidParameter, "Status must be %s", strings.Join([]string{StatusActive, StatusSuspended, StatusClosed}, ", "))
}
