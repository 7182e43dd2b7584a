package proxy

import (
	"context"
	"errors"
	"slices"

	"parley/internal/core"
	"parley/internal/store"
)

// The states of a session (rest-semantics §7.1).
const (
	StatusOpen       = "open"        // nothing was said yet
	StatusInProgress = "in-progress" // something was
	StatusClosed     = "closed"
	StatusFailed     = "failed"
	StatusUnknown    = "unknown"
)

// SessionStatuses are the words of the status; a request can ask for the first three.
func SessionStatuses() []string {
	return []string{StatusOpen, StatusInProgress, StatusClosed, StatusFailed, StatusUnknown}
}

// Modes say what a session carries. Here there are no calls.
func Modes() []string { return []string{"message-only", ModeVoice, modeBoth} }

// The modes that are named elsewhere.
const (
	ModeVoice = "voice-only"
	modeBoth  = "voice-and-message"
)

// Why a session was closed.
const (
	reasonAPI    = "api"
	reasonTTL    = "ttl"
	reasonExpiry = "date-expiry"
	reasonGone   = "channel-removed"
)

// Session joins two participants ("KC…").
type Session struct {
	ID                          int64
	SID, AccountSID, ServiceSID string
	UniqueName                  *string
	Status, ClosedReason, Mode  string
	TTL                         int64  // seconds since the last interaction, 0 for none
	DateExpiry                  *int64 // counts in place of TTL
	StartedAt, EndedAt, LastAt  *int64
	expiresAt, timerAt, seq     int64
	CreatedAt, UpdatedAt        int64
}

var sessions = store.NewTable("proxy_session",
	store.Col[Session]{Name: "id", Ptr: func(s *Session) any { return &s.ID }},
	store.Col[Session]{Name: "sid", Ptr: func(s *Session) any { return &s.SID }},
	store.Col[Session]{Name: "account_sid", Ptr: func(s *Session) any { return &s.AccountSID }},
	store.Col[Session]{Name: "service_sid", Ptr: func(s *Session) any { return &s.ServiceSID }},
	store.Col[Session]{Name: "unique_name", Ptr: func(s *Session) any { return &s.UniqueName }},
	store.Col[Session]{Name: "status", Ptr: func(s *Session) any { return &s.Status }},
	store.Col[Session]{Name: "closed_reason", Ptr: func(s *Session) any { return &s.ClosedReason }},
	store.Col[Session]{Name: "mode", Ptr: func(s *Session) any { return &s.Mode }},
	store.Col[Session]{Name: "ttl", Ptr: func(s *Session) any { return &s.TTL }},
	store.Col[Session]{Name: "date_expiry", Ptr: func(s *Session) any { return &s.DateExpiry }},
	store.Col[Session]{Name: "started_at", Ptr: func(s *Session) any { return &s.StartedAt }},
	store.Col[Session]{Name: "ended_at", Ptr: func(s *Session) any { return &s.EndedAt }},
	store.Col[Session]{Name: "last_at", Ptr: func(s *Session) any { return &s.LastAt }},
	store.Col[Session]{Name: "expires_at", Ptr: func(s *Session) any { return &s.expiresAt }},
	store.Col[Session]{Name: "timer_at", Ptr: func(s *Session) any { return &s.timerAt }},
	store.Col[Session]{Name: "seq", Ptr: func(s *Session) any { return &s.seq }},
	store.Col[Session]{Name: "created_at", Ptr: func(s *Session) any { return &s.CreatedAt }},
	store.Col[Session]{Name: "updated_at", Ptr: func(s *Session) any { return &s.UpdatedAt }})

// ended reports whether the session is over.
func (s *Session) ended() bool { return s.Status == StatusClosed || s.Status == StatusFailed }

// NewSession is the request for a session. All of its participants can be, or it is not made.
type NewSession struct {
	SID, UniqueName, Mode, Status string // "" takes the default
	TTL                           *int64 // nil is the service's
	DateExpiry                    *int64
	Participants                  []NewParticipant
}

// CreateSession makes a session.
func (p *Proxy) CreateSession(ctx context.Context, accountSID, serviceSID string, in NewSession) (s *Session, err error) {
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		service, err := serviceIn(&tx.Reader, accountSID, serviceSID)
		if err != nil {
			return err
		}
		s, err = p.createSession(tx, service, in)
		return err
	})
	return s, simultaneous(err)
}

// simultaneous is 80802 for a pair of addresses, or a name, that another transaction was faster to take.
func simultaneous(err error) error {
	if errors.Is(err, store.ErrUnique) {
		return core.E(core.CodeProxySimultaneous).Because(err)
	}
	return err
}

func (p *Proxy) createSession(tx *store.Tx, service *Service, in NewSession) (*Session, error) {
	s := &Session{ID: tx.NextID(), SID: in.SID, AccountSID: service.AccountSID, ServiceSID: service.SID, Status: StatusOpen, Mode: modeBoth, TTL: service.DefaultTTL,
		DateExpiry: in.DateExpiry, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	if s.SID == "" {
		s.SID = core.NewSID("KC")
	}
	if in.Mode != "" {
		s.Mode = in.Mode
	}
	if in.Status != "" {
		s.Status = in.Status
	}
	set(&s.TTL, in.TTL)
	if s.Status != StatusOpen && s.Status != StatusInProgress {
		return nil, core.Ef(core.CodeProxySessionStatus, "A session begins with Status open or in-progress, not %s", s.Status)
	}
	if err := s.nameIt(tx, in.UniqueName); err != nil {
		return nil, err
	}
	if s.Status == StatusInProgress {
		s.StartedAt = &s.CreatedAt
	}
	if err := s.schedule(tx); err != nil {
		return nil, err
	}
	if err := sessions.Insert(tx, s); err != nil {
		return nil, err
	}
	if len(in.Participants) > maxParticipants {
		return nil, core.Ef(core.CodeProxyTooMany, "A session joins %d participants, not %d", maxParticipants, len(in.Participants))
	}
	if len(in.Participants) == 2 && in.Participants[0].Identifier == in.Participants[1].Identifier {
		return nil, core.Ef(core.CodeProxyTwice, "Participants has %s twice", clip(in.Participants[0].Identifier))
	}
	// Channels come last: their address is that of the other participant, where none is named.
	ordered := slices.Clone(in.Participants)
	slices.SortStableFunc(ordered, func(a, b NewParticipant) int { return a.rank() - b.rank() })
	for _, one := range ordered {
		if _, err := p.addParticipant(tx, service, s, one); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// nameIt gives a new session its unique name.
func (s *Session) nameIt(tx *store.Tx, name string) error {
	if name == "" {
		return nil
	}
	if err := checkName(name); err != nil {
		return err
	}
	s.UniqueName = &name
	var other string
	err := tx.One(`SELECT sid FROM proxy_session WHERE service_sid = $1 AND unique_name = $2`, []any{s.ServiceSID, name}, &other)
	if err == nil {
		return core.Ef(core.CodeProxySessionName, "Session %s has this UniqueName already", other)
	}
	return or(err, nil)
}

// SessionPatch is what a request changes of a session; nil leaves a value as it is.
type SessionPatch struct {
	Status          *string
	TTL, DateExpiry *int64
}

// UpdateSession changes when a session ends, closes it, or opens it again. That fails (80801) where another session has a pair of its
// addresses meanwhile, or its time is over.
func (p *Proxy) UpdateSession(ctx context.Context, accountSID, serviceSID, ref string, in SessionPatch) (s *Session, err error) {
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		if s, err = lockSession(tx, accountSID, serviceSID, ref); err != nil {
			return err
		}
		return p.updateSession(tx, s, in)
	})
	if errors.Is(err, store.ErrUnique) {
		err = core.E(core.CodeProxyReopen).Because(err)
	}
	return s, err
}

func (p *Proxy) updateSession(tx *store.Tx, s *Session, in SessionPatch) error {
	if s.over(tx.Now()) { // its timer is late
		if err := p.close(tx, s, s.expiryReason()); err != nil {
			return err
		}
	}
	set(&s.TTL, in.TTL)
	if in.DateExpiry != nil {
		s.DateExpiry = in.DateExpiry
	}
	s.UpdatedAt = tx.Now()
	wanted := s.Status
	set(&wanted, in.Status)
	switch {
	case wanted == s.Status:
	case wanted == StatusClosed && !s.ended():
		return p.close(tx, s, reasonAPI)
	case (wanted == StatusInProgress || wanted == StatusOpen) && s.ended():
		return p.reopen(tx, s)
	case wanted == StatusInProgress:
		s.begin(tx)
	default:
		return core.Ef(core.CodeProxySessionStatus, "A session that is %s cannot become %s", s.Status, wanted)
	}
	if s.ended() && (in.TTL != nil || in.DateExpiry != nil) {
		return core.Ef(core.CodeProxySessionClosed, "The session is closed; open it again with Status in-progress")
	}
	if err := s.schedule(tx); err != nil {
		return err
	}
	return sessions.Update(tx, s)
}

// begin notes that something was said.
func (s *Session) begin(tx *store.Tx) {
	if now := tx.Now(); s.Status == StatusOpen {
		s.Status, s.StartedAt = StatusInProgress, &now
	}
}

// interact notes an interaction: the time to live counts from now on.
func (s *Session) interact(tx *store.Tx) error {
	now := tx.Now()
	s.begin(tx)
	s.LastAt, s.UpdatedAt = &now, now
	if s.DateExpiry != nil {
		return nil
	}
	return s.schedule(tx)
}

// close ends a session: its participants' addresses are free for others.
func (p *Proxy) close(tx *store.Tx, s *Session, reason string) error {
	now := tx.Now()
	s.Status, s.ClosedReason, s.EndedAt, s.UpdatedAt, s.expiresAt = StatusClosed, reason, &now, now, 0
	if _, err := tx.Exec(`UPDATE proxy_participant SET open = $2 WHERE session_id = $1 AND open`, s.ID, false); err != nil {
		return err
	}
	return sessions.Update(tx, s)
}

// reopen takes up a session that was closed. The store refuses it (store.ErrUnique) where an address is taken.
func (p *Proxy) reopen(tx *store.Tx, s *Session) error {
	if s.DateExpiry != nil && *s.DateExpiry <= tx.Now() {
		return core.Ef(core.CodeProxyReopen, "The session's DateExpiry %s has passed; set a later one too", core.ISO(*s.DateExpiry))
	}
	all, err := participants.All(&tx.Reader, `WHERE session_id = $1 AND deleted_at IS NULL ORDER BY id`, s.ID)
	if err != nil {
		return err
	}
	for _, a := range all {
		if other, err := holder(&tx.Reader, a.AccountSID, a.Identifier, a.ProxyIdentifier); err != nil {
			return err
		} else if other != "" {
			return core.Ef(core.CodeProxyReopen, "%s and %s are joined by session %s meanwhile", a.Identifier, a.ProxyIdentifier, other)
		}
	}
	if _, err := tx.Exec(`UPDATE proxy_participant SET open = $2 WHERE session_id = $1 AND deleted_at IS NULL`, s.ID, true); err != nil {
		return err
	}
	now := tx.Now()
	s.Status, s.ClosedReason, s.EndedAt, s.UpdatedAt = StatusInProgress, "", nil, now
	if s.StartedAt == nil {
		s.StartedAt = &now
	}
	s.LastAt = &now // its time to live begins anew
	if err := s.schedule(tx); err != nil {
		return err
	}
	return sessions.Update(tx, s)
}

// DeleteSession removes a session with its participants and interactions. What is on its way goes out.
func (p *Proxy) DeleteSession(ctx context.Context, accountSID, serviceSID, ref string) error {
	return p.st.Update(ctx, func(tx *store.Tx) error {
		s, err := lockSession(tx, accountSID, serviceSID, ref)
		if err != nil {
			return err
		}
		return removeSession(tx, s)
	})
}

func removeSession(tx *store.Tx, s *Session) error {
	for _, part := range []string{`DELETE FROM proxy_interaction WHERE session_id = $1`, `DELETE FROM proxy_participant WHERE session_id = $1`} {
		if _, err := tx.Exec(part, s.ID); err != nil {
			return err
		}
	}
	return or(sessions.Delete(tx, s), notFound("Session", s.SID))
}

// FetchSession returns a session by SID or unique name; 20404, or 80308 for a name.
func (p *Proxy) FetchSession(ctx context.Context, accountSID, serviceSID, ref string) (s *Session, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		s, err = sessionIn(r, accountSID, serviceSID, ref)
		return err
	})
	return s, err
}

// ListSessions returns up to limit sessions after the SID after ("" for the first), oldest first.
func (p *Proxy) ListSessions(ctx context.Context, accountSID, serviceSID, after string, limit int) (all []*Session, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		if _, err := serviceIn(r, accountSID, serviceSID); err != nil {
			return err
		}
		all, err = list(r, sessions, func(s *Session) int64 { return s.ID }, after, `WHERE service_sid = $1`, limit, serviceSID)
		return err
	})
	return all, err
}

func sessionIn(r *store.Reader, accountSID, serviceSID, ref string) (*Session, error) {
	return sessionBy(r, accountSID, serviceSID, ref, "")
}

// lockSession is sessionIn for a transaction that changes the session, or what hangs on it.
func lockSession(tx *store.Tx, accountSID, serviceSID, ref string) (*Session, error) {
	return sessionBy(&tx.Reader, accountSID, serviceSID, ref, " FOR UPDATE")
}

func sessionBy(r *store.Reader, accountSID, serviceSID, ref, lock string) (*Session, error) {
	if _, err := serviceIn(r, accountSID, serviceSID); err != nil {
		return nil, err
	}
	column, missing := "sid", notFound("Session", ref)
	if !core.IsSID("KC", ref) {
		column = "unique_name"
		missing = core.Ef(core.CodeProxyNoSessionName, "No session has the unique name %q", clip(ref))
		if !core.CleanText(ref) {
			return nil, missing
		}
	}
	s, err := sessions.One(r, `WHERE `+column+` = $1 AND service_sid = $2`+lock, ref, serviceSID)
	return s, or(err, missing)
}

// lockByID locks a session; nil where it is gone.
func lockByID(tx *store.Tx, id int64) (*Session, error) {
	s, err := sessions.One(&tx.Reader, `WHERE id = $1 FOR UPDATE`, id)
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil
	}
	return s, err
}
