package chat

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// maxBindingText bounds a device's address and endpoint in bytes.
const maxBindingText = 4096

// RegisterBinding records a device of the actor for push messages. A device that registers again replaces what it said
// before (chat-sdk-protocol §9.3).
func (c *Chat) RegisterBinding(ctx context.Context, a Actor, in NewBinding) (b *Binding, err error) {
	if err := checkBindingType(in.Type); err != nil {
		return nil, err
	}
	types := encodeStrings(in.MessageTypes)
	for _, s := range []string{in.Address, in.Endpoint, in.CredentialSID, types} {
		if len(s) > maxBindingText || !core.CleanText(s) {
			return nil, core.Ef(core.CodeInvalidParameter, "A binding's values are UTF-8 text of at most %d bytes", maxBindingText)
		}
	}
	if in.Address == "" {
		return nil, core.Ef(core.CodeInvalidParameter, "A binding needs the device's address")
	}
	err = c.st.Update(ctx, func(tx *store.Tx) error {
		u, _, err := c.actor(&tx.Reader, &a)
		if err != nil {
			return err
		}
		b = &Binding{ID: tx.NextID(), SID: core.NewSID("BS"), ServiceID: a.Service.ID, UserID: u.ID, Type: in.Type, Address: in.Address,
			Endpoint: in.Endpoint, CredentialSID: in.CredentialSID, MessageTypes: types, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		if !a.Service.Bound {
			tx.Emit(ServiceChanged{a.Service.ID}) // from its first device on, its messages are worth a look
		}
		return tx.One(`INSERT INTO binding (id, sid, service_id, user_id, type, address, endpoint, credential_sid, message_types, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) ON CONFLICT (service_id, user_id, type, address)
			DO UPDATE SET endpoint = excluded.endpoint, credential_sid = excluded.credential_sid, message_types = excluded.message_types,
				updated_at = excluded.updated_at RETURNING id, sid, created_at`,
			[]any{b.ID, b.SID, b.ServiceID, b.UserID, b.Type, b.Address, b.Endpoint, b.CredentialSID, b.MessageTypes, b.CreatedAt},
			&b.ID, &b.SID, &b.CreatedAt)
	})
	if err != nil {
		return nil, err
	}
	return b, nil
}

// UnregisterBinding removes a binding of the actor; one that is gone already is no error.
func (c *Chat) UnregisterBinding(ctx context.Context, a Actor, sid string) error {
	if !core.IsSID("BS", sid) {
		return nil
	}
	return c.st.Update(ctx, func(tx *store.Tx) error {
		u, _, err := c.actor(&tx.Reader, &a)
		if core.HasCode(err, core.CodeUserNotFound) || errors.Is(err, store.ErrNoRow) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec("DELETE FROM binding WHERE sid = $1 AND user_id = $2", sid, u.ID)
		return err
	})
}

func checkBindingType(s string) error {
	switch s {
	case "apn", "fcm", "gcm":
		return nil
	}
	return core.Ef(core.CodeInvalidBindingType, "A binding is of type apn, fcm or gcm")
}

// MessageTypeList is the list as the resources show it.
func (b *Binding) MessageTypeList() []string { return decodeStrings(b.MessageTypes) }

// BindingFilter chooses bindings of a service. Empty fields leave nothing out.
type BindingFilter struct {
	User              string // SID or identity of a user, which must be there (50200)
	Types, Identities []string
}

// ListBindings lists bindings of a service, those of one user where the filter names it.
func (c *Chat) ListBindings(ctx context.Context, svc *Service, f BindingFilter, p Page) (out List[*Binding], err error) {
	for _, t := range f.Types {
		if err := checkBindingType(t); err != nil {
			return out, err
		}
	}
	size, after, err := c.keys("BS", p)
	if err != nil {
		return out, err
	}
	err = c.st.View(ctx, func(r *store.Reader) error {
		tail, args, err := c.bindingsOf(r, svc, f.User)
		if err != nil {
			return err
		}
		args = append(args, after, size+1)
		tail += " AND b.id > $3"
		if types := distinct(f.Types); len(types) > 0 {
			var cond string
			cond, args = store.In(args, types)
			tail += " AND b.type IN " + cond
		}
		if tail, args, err = filterIdentities(tail, "u.identity", args, f.Identities); err != nil {
			return err
		}
		rows, err := readBindings(r, tail+" ORDER BY b.id LIMIT $4", args)
		out = pageOf(c, "BS", rows, size, func(b *Binding) int64 { return b.ID })
		return err
	})
	return out, err
}

// bindingsOf is the condition for the bindings of a service ($1), and of a user ($2) unless userRef is "".
func (c *Chat) bindingsOf(r *store.Reader, svc *Service, userRef string) (tail string, args []any, err error) {
	tail = "WHERE b.service_id = $1 AND (b.user_id = $2 OR $2 = 0)"
	if userRef == "" {
		return tail, []any{svc.ID, int64(0)}, nil
	}
	u, err := c.FindUserTx(r, svc, userRef)
	if err != nil {
		return "", nil, err
	}
	return tail, []any{svc.ID, u.ID}, nil
}

// readBindings reads bindings with their users; tail speaks of binding b and chat_user u.
func readBindings(r *store.Reader, tail string, args []any) (rows []*Binding, err error) {
	err = r.Query("SELECT "+bindingTable.Columns("b")+", u.sid, u.identity FROM binding b JOIN chat_user u ON u.id = b.user_id "+tail, args,
		func(scan func(...any) error) error {
			var sid, identity string
			b, err := bindingTable.Scan(scan, &sid, &identity)
			b.UserSID, b.Identity = sid, identity
			rows = append(rows, b)
			return err
		})
	return rows, err
}

// FetchBinding reads a binding by its SID, among those of one user unless userRef is "".
func (c *Chat) FetchBinding(ctx context.Context, svc *Service, userRef, sid string) (b *Binding, err error) {
	err = c.st.View(ctx, func(r *store.Reader) error {
		b, err = c.findBinding(r, svc, userRef, sid)
		return err
	})
	return b, err
}

// findBinding is FetchBinding in a snapshot. The published list of codes has none of its own for a binding that is not there: 20404.
func (c *Chat) findBinding(r *store.Reader, svc *Service, userRef, sid string) (*Binding, error) {
	tail, args, err := c.bindingsOf(r, svc, userRef)
	if err != nil {
		return nil, err
	}
	var rows []*Binding
	if core.IsSID("BS", sid) {
		if rows, err = readBindings(r, tail+" AND b.sid = $3", append(args, sid)); err != nil {
			return nil, err
		}
	}
	if len(rows) == 0 {
		return nil, core.Ef(core.CodeNotFound, "There is no such binding")
	}
	return rows[0], nil
}

// DeleteBinding removes a binding, among those of one user unless userRef is "": its device gets no more push messages.
func (c *Chat) DeleteBinding(ctx context.Context, svc *Service, userRef, sid string) error {
	return c.st.Update(ctx, func(tx *store.Tx) error {
		b, err := c.findBinding(&tx.Reader, svc, userRef, sid)
		if err != nil {
			return err
		}
		return or(bindingTable.Delete(tx, b), core.CodeNotFound)
	})
}
