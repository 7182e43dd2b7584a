package proxy

import (
	"context"
	"errors"
	"strconv"

	"parley/internal/core"
	"parley/internal/store"
)

// GeoMatchLevels say how near a number of the pool must be to a participant's: in its country, or, of those, in its area too where one is.
// Areas are known for +1; overlay and radius are taken for area-code.
func GeoMatchLevels() []string { return []string{"area-code", "overlay", "radius", levelCountry} }

// NumberSelections say whether a participant gets the number that it had before (rest-semantics §7.1). Neither makes a choice fail.
func NumberSelections() []string { return []string{"avoid-sticky", preferSticky} }

const (
	levelCountry = "country"
	preferSticky = "prefer-sticky"
)

// Service is a Proxy service ("KS…").
type Service struct {
	SID, AccountSID, UniqueName                string
	ChatServiceSID                             *string // that it is tied to, one to one
	DefaultTTL                                 int64   // seconds, 0 for none
	CallbackURL, InterceptURL, OutOfSessionURL *string
	GeoMatchLevel, NumberSelection             string
	CreatedAt, UpdatedAt                       int64 // microseconds, here and below
}

var services = store.NewTable("proxy_service",
	store.Col[Service]{Name: "sid", Ptr: func(s *Service) any { return &s.SID }},
	store.Col[Service]{Name: "account_sid", Ptr: func(s *Service) any { return &s.AccountSID }},
	store.Col[Service]{Name: "unique_name", Ptr: func(s *Service) any { return &s.UniqueName }},
	store.Col[Service]{Name: "chat_instance_sid", Ptr: func(s *Service) any { return &s.ChatServiceSID }},
	store.Col[Service]{Name: "default_ttl", Ptr: func(s *Service) any { return &s.DefaultTTL }},
	store.Col[Service]{Name: "callback_url", Ptr: func(s *Service) any { return &s.CallbackURL }},
	store.Col[Service]{Name: "intercept_callback_url", Ptr: func(s *Service) any { return &s.InterceptURL }},
	store.Col[Service]{Name: "out_of_session_callback_url", Ptr: func(s *Service) any { return &s.OutOfSessionURL }},
	store.Col[Service]{Name: "geo_match_level", Ptr: func(s *Service) any { return &s.GeoMatchLevel }},
	store.Col[Service]{Name: "number_selection_behavior", Ptr: func(s *Service) any { return &s.NumberSelection }},
	store.Col[Service]{Name: "created_at", Ptr: func(s *Service) any { return &s.CreatedAt }},
	store.Col[Service]{Name: "updated_at", Ptr: func(s *Service) any { return &s.UpdatedAt }})

// ServicePatch is what a request says of a service; nil leaves a value as it is, and an empty text clears it.
type ServicePatch struct {
	UniqueName, ChatServiceSID                 *string
	DefaultTTL                                 *int64
	CallbackURL, InterceptURL, OutOfSessionURL *string
	GeoMatchLevel, NumberSelection             *string
}

// CreateService makes a service. A unique name that is taken is 80602, a chat service that is not there, or tied already, 80306.
func (p *Proxy) CreateService(ctx context.Context, accountSID string, in ServicePatch) (s *Service, err error) {
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		s, err = p.CreateServiceTx(tx, core.NewSID("KS"), accountSID, in)
		return err
	})
	return s, err
}

// CreateServiceTx is CreateService inside a transaction and under a given SID.
func (p *Proxy) CreateServiceTx(tx *store.Tx, sid, accountSID string, in ServicePatch) (*Service, error) {
	var n int
	if err := tx.One(`SELECT count(*) FROM proxy_service WHERE account_sid = $1`, []any{accountSID}, &n); err != nil {
		return nil, err
	}
	if n >= maxServices {
		return nil, invalid("An account has at most %d services", maxServices)
	}
	s := &Service{SID: sid, AccountSID: accountSID, GeoMatchLevel: levelCountry, NumberSelection: preferSticky, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	if err := p.apply(tx, s, in); err != nil {
		return nil, err
	}
	return s, nameTaken(services.Insert(tx, s))
}

// nameTaken is 80602 for a row that another transaction was faster to write.
func nameTaken(err error) error {
	if errors.Is(err, store.ErrUnique) {
		return core.Ef(core.CodeProxyServiceName, "Another service of this account has this UniqueName, or is tied to this ChatInstanceSid")
	}
	return err
}

// UpdateService changes a service. Open sessions go on with what it says from then on.
func (p *Proxy) UpdateService(ctx context.Context, accountSID, sid string, in ServicePatch) (s *Service, err error) {
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		if s, err = p.UpdateServiceTx(tx, accountSID, sid, in); err != nil {
			return err
		}
		return nil
	})
	return s, err
}

// UpdateServiceTx is UpdateService inside a transaction.
func (p *Proxy) UpdateServiceTx(tx *store.Tx, accountSID, sid string, in ServicePatch) (*Service, error) {
	s, err := serviceIn(&tx.Reader, accountSID, sid)
	if err != nil {
		return nil, err
	}
	s.UpdatedAt = tx.Now()
	if err := p.apply(tx, s, in); err != nil {
		return nil, err
	}
	return s, nameTaken(or(services.Update(tx, s), notFound("Service", sid)))
}

// apply sets what a patch says and checks the whole.
func (p *Proxy) apply(tx *store.Tx, s *Service, in ServicePatch) error {
	set(&s.UniqueName, in.UniqueName)
	set(&s.DefaultTTL, in.DefaultTTL)
	set(&s.GeoMatchLevel, in.GeoMatchLevel)
	set(&s.NumberSelection, in.NumberSelection)
	if err := checkName(s.UniqueName); err != nil {
		return err
	}
	if s.DefaultTTL < 0 || s.DefaultTTL > maxTTL {
		return invalid("DefaultTtl must be from 0 to %d seconds", maxTTL)
	}
	for _, u := range []struct {
		name string
		in   *string
		out  **string
	}{{"CallbackUrl", in.CallbackURL, &s.CallbackURL}, {"InterceptCallbackUrl", in.InterceptURL, &s.InterceptURL}, {"OutOfSessionCallbackUrl", in.OutOfSessionURL, &s.OutOfSessionURL}} {
		if u.in == nil {
			continue
		}
		if err := checkURL(u.name, *u.in); err != nil {
			return err
		}
		*u.out = orNone(*u.in)
	}
	var other string
	err := tx.One(`SELECT sid FROM proxy_service WHERE account_sid = $1 AND unique_name = $2 AND sid <> $3`, []any{s.AccountSID, s.UniqueName, s.SID}, &other)
	if err == nil {
		return core.Ef(core.CodeProxyServiceName, "Service %s has this UniqueName already", other)
	}
	if !errors.Is(err, store.ErrNoRow) {
		return err
	}
	return p.tie(tx, s, in.ChatServiceSID)
}

// tie binds a service to a chat service, one to one.
func (p *Proxy) tie(tx *store.Tx, s *Service, chatServiceSID *string) error {
	if chatServiceSID == nil {
		return nil
	}
	if s.ChatServiceSID = orNone(*chatServiceSID); s.ChatServiceSID == nil {
		return nil
	}
	sid := *s.ChatServiceSID
	has := false
	var err error
	if core.IsSID("IS", sid) {
		if has, err = p.o.Chat.HasServiceTx(&tx.Reader, s.AccountSID, sid); err != nil {
			return err
		}
	}
	if !has {
		return core.Ef(core.CodeProxyNoChatService, "ChatInstanceSid %q is not a chat service of this account", clip(sid))
	}
	var other string
	err = tx.One(`SELECT sid FROM proxy_service WHERE chat_instance_sid = $1 AND sid <> $2`, []any{sid, s.SID}, &other)
	if err == nil {
		return core.Ef(core.CodeProxyNoChatService, "ChatInstanceSid %s is tied to service %s already", sid, other)
	}
	return or(err, nil)
}

// DeleteService removes a service with its sessions and its pool.
func (p *Proxy) DeleteService(ctx context.Context, accountSID, sid string) error {
	return p.st.Update(ctx, func(tx *store.Tx) error {
		s, err := serviceIn(&tx.Reader, accountSID, sid)
		if err != nil {
			return err
		}
		for _, part := range []string{
			`DELETE FROM proxy_interaction WHERE session_id IN (SELECT id FROM proxy_session WHERE service_sid = $1)`,
			`DELETE FROM proxy_participant WHERE session_id IN (SELECT id FROM proxy_session WHERE service_sid = $1)`,
			`DELETE FROM proxy_session WHERE service_sid = $1`, `DELETE FROM proxy_number WHERE service_sid = $1`,
		} {
			if _, err := tx.Exec(part, sid); err != nil {
				return err
			}
		}
		return or(services.Delete(tx, s), notFound("Service", sid))
	})
}

// FetchService returns a service or 20404.
func (p *Proxy) FetchService(ctx context.Context, accountSID, sid string) (s *Service, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		s, err = serviceIn(r, accountSID, sid)
		return err
	})
	return s, err
}

// FetchServiceTx is FetchService inside a transaction or snapshot.
func (p *Proxy) FetchServiceTx(r *store.Reader, accountSID, sid string) (*Service, error) {
	return serviceIn(r, accountSID, sid)
}

// ListServices returns up to limit services after the SID after ("" for the first), oldest first.
func (p *Proxy) ListServices(ctx context.Context, accountSID, after string, limit int) (all []*Service, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		from := &Service{}
		if after != "" {
			if from, err = serviceIn(r, accountSID, after); err != nil {
				return errPageToken()
			}
		}
		all, err = services.All(r, `WHERE account_sid = $1 AND (created_at > $2 OR created_at = $2 AND sid > $3) ORDER BY created_at, sid LIMIT $4`,
			accountSID, from.CreatedAt, from.SID, int64(limit))
		return err
	})
	return all, err
}

func serviceIn(r *store.Reader, accountSID, sid string) (*Service, error) {
	if !core.IsSID("KS", sid) { // other text may be such as the store refuses
		return nil, notFound("Service", sid)
	}
	s, err := services.One(r, `WHERE sid = $1 AND account_sid = $2`, sid, accountSID)
	return s, or(err, notFound("Service", sid))
}

// TiedTx is the service that is tied to a chat service; nil for none.
func (p *Proxy) TiedTx(r *store.Reader, accountSID, chatServiceSID string) (*Service, error) {
	return tiedTo(r, accountSID, chatServiceSID)
}

// tiedTo is the service that is tied to a chat service; nil for none.
func tiedTo(r *store.Reader, accountSID, chatServiceSID string) (*Service, error) {
	s, err := services.One(r, `WHERE chat_instance_sid = $1 AND account_sid = $2`, chatServiceSID, accountSID)
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil
	}
	return s, err
}

// mark writes the placeholder of argument n.
func mark(n int) string { return "$" + strconv.Itoa(n) }
