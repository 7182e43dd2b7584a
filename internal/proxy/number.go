package proxy

import (
	"context"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// Number is an address of a service's pool ("PN…"): one to which participants write in place of each other. Which there are is known to
// whoever runs the transports; nothing is bought here.
type Number struct {
	SID, AccountSID, ServiceSID string
	Address                     Address
	Reserved                    bool // is used only where a request names it
	CreatedAt, UpdatedAt        int64
	InUse                       int64 // open sessions that use it; no column
}

var numbers = store.NewTable("proxy_number",
	store.Col[Number]{Name: "sid", Ptr: func(n *Number) any { return &n.SID }},
	store.Col[Number]{Name: "account_sid", Ptr: func(n *Number) any { return &n.AccountSID }},
	store.Col[Number]{Name: "service_sid", Ptr: func(n *Number) any { return &n.ServiceSID }},
	store.Col[Number]{Name: "address", Ptr: func(n *Number) any { return (*string)(&n.Address) }},
	store.Col[Number]{Name: "reserved", Ptr: func(n *Number) any { return &n.Reserved }},
	store.Col[Number]{Name: "created_at", Ptr: func(n *Number) any { return &n.CreatedAt }},
	store.Col[Number]{Name: "updated_at", Ptr: func(n *Number) any { return &n.UpdatedAt }})

// NewNumber is the request for an address in a pool. SID keeps the one that it had elsewhere.
type NewNumber struct {
	SID, Address string
	Reserved     bool
}

// AddNumber adds an address to a service's pool.
func (p *Proxy) AddNumber(ctx context.Context, accountSID, serviceSID string, in NewNumber) (n *Number, err error) {
	if in.SID != "" && !core.IsSID("PN", in.SID) {
		return nil, core.Ef(core.CodeProxyNumberSID, "Sid is not the SID of a phone number (PN…)")
	}
	a := Address(in.Address)
	switch kind := a.Kind(); {
	case in.Address == "" && in.SID != "":
		return nil, core.Ef(core.CodeProxyNoNumber, "Sid %s is not known here: Parley has no phone numbers of its own. Give PhoneNumber too, which then gets this SID", in.SID)
	case in.Address == "":
		return nil, invalid("PhoneNumber is required")
	case kind == "" || kind == KindChannel:
		return nil, core.Ef(core.CodeProxyNumberInvalid, "PhoneNumber must be a number such as +14155550100, or an address such as whatsapp:+14155550100, messenger:ID or line:ID")
	}
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := serviceIn(&tx.Reader, accountSID, serviceSID); err != nil {
			return err
		}
		if err := free(tx, accountSID, serviceSID, a); err != nil {
			return err
		}
		n = &Number{SID: in.SID, AccountSID: accountSID, ServiceSID: serviceSID, Address: a, Reserved: in.Reserved, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
		if n.SID == "" {
			n.SID = core.NewSID("PN")
		}
		err := numbers.Insert(tx, n)
		if errors.Is(err, store.ErrUnique) {
			err = core.Ef(core.CodeProxyNumberInService, "Sid %s, or PhoneNumber, is in a pool already", n.SID)
		}
		return err
	})
	return n, err
}

// free refuses an address that is in a pool, and one more than a pool holds.
func free(tx *store.Tx, accountSID, serviceSID string, a Address) error {
	was, err := numbers.One(&tx.Reader, `WHERE address = $1`, string(a))
	switch {
	case errors.Is(err, store.ErrNoRow):
	case err != nil:
		return err
	case was.AccountSID != accountSID:
		return core.Ef(core.CodeProxyNotOwned, "PhoneNumber belongs to another account of this server")
	case was.ServiceSID != serviceSID:
		return core.Ef(core.CodeProxyNumberElsewhere, "PhoneNumber is in the pool of service %s already", was.ServiceSID)
	default:
		return core.Ef(core.CodeProxyNumberInService, "PhoneNumber is in the pool of this service already, as %s", was.SID)
	}
	var n int
	if err := tx.One(`SELECT count(*) FROM proxy_number WHERE service_sid = $1`, []any{serviceSID}, &n); err != nil {
		return err
	}
	if n >= maxPool {
		return core.Ef(core.CodeProxyPoolFull, "A pool has at most %d addresses", maxPool)
	}
	return nil
}

// UpdateNumber reserves an address or gives it back to the pool; nil changes nothing.
func (p *Proxy) UpdateNumber(ctx context.Context, accountSID, serviceSID, sid string, reserved *bool) (n *Number, err error) {
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		if n, err = numberIn(&tx.Reader, accountSID, serviceSID, sid); err != nil {
			return err
		}
		set(&n.Reserved, reserved)
		n.UpdatedAt = tx.Now()
		return or(numbers.Update(tx, n), notFound("PhoneNumber", sid))
	})
	return n, err
}

// DeleteNumber takes an address out of its pool; one that an open session uses is 80611.
func (p *Proxy) DeleteNumber(ctx context.Context, accountSID, serviceSID, sid string) error {
	return p.st.Update(ctx, func(tx *store.Tx) error {
		n, err := numberIn(&tx.Reader, accountSID, serviceSID, sid)
		if err != nil {
			return err
		}
		if n.InUse > 0 {
			return core.Ef(core.CodeProxyNumberActive, "%s is used by %d open sessions; close them first", n.Address, n.InUse)
		}
		return or(numbers.Delete(tx, n), notFound("PhoneNumber", sid))
	})
}

// FetchNumber returns an address of a pool or 20404.
func (p *Proxy) FetchNumber(ctx context.Context, accountSID, serviceSID, sid string) (n *Number, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		n, err = numberIn(r, accountSID, serviceSID, sid)
		return err
	})
	return n, err
}

// ListNumbers returns up to limit addresses of a pool after the SID after ("" for the first), oldest first.
func (p *Proxy) ListNumbers(ctx context.Context, accountSID, serviceSID, after string, limit int) (all []*Number, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		if _, err := serviceIn(r, accountSID, serviceSID); err != nil {
			return err
		}
		from := &Number{}
		if after != "" {
			if from, err = numberIn(r, accountSID, serviceSID, after); err != nil {
				return errPageToken()
			}
		}
		all, err = numbers.All(r, `WHERE service_sid = $1 AND (created_at > $2 OR created_at = $2 AND sid > $3) ORDER BY created_at, sid LIMIT $4`,
			serviceSID, from.CreatedAt, from.SID, int64(limit))
		for _, n := range all {
			if err == nil {
				err = n.count(r)
			}
		}
		return err
	})
	return all, err
}

func numberIn(r *store.Reader, accountSID, serviceSID, sid string) (*Number, error) {
	if _, err := serviceIn(r, accountSID, serviceSID); err != nil {
		return nil, err
	}
	if !core.IsSID("PN", sid) {
		return nil, notFound("PhoneNumber", sid)
	}
	n, err := numbers.One(r, `WHERE sid = $1 AND service_sid = $2`, sid, serviceSID)
	if err != nil {
		return nil, or(err, notFound("PhoneNumber", sid))
	}
	return n, n.count(r)
}

// count reads how many open sessions use the address.
func (n *Number) count(r *store.Reader) error {
	return r.One(`SELECT count(DISTINCT session_id) FROM proxy_participant WHERE account_sid = $1 AND proxy_identifier = $2 AND open`,
		[]any{n.AccountSID, string(n.Address)}, &n.InUse)
}
