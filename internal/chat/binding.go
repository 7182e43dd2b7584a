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
	switch in.Type {
	case "apn", "fcm", "gcm":
	default:
		return nil, core.Ef(core.CodeInvalidBindingType, "A binding is of type apn, fcm or gcm")
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
