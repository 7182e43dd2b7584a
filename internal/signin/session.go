package signin

import (
	"context"
	"errors"
	"time"

	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// session is what somebody who signed in has until they sign out, or its end comes.
type session struct {
	SID, AccountSID, WorkspaceSID, WorkerSID string
	CreatedAt, EndsAt                        int64 // microseconds
}

var sessions = store.NewTable("signin_session",
	store.Col[session]{Name: "sid", Ptr: func(s *session) any { return &s.SID }},
	store.Col[session]{Name: "account_sid", Ptr: func(s *session) any { return &s.AccountSID }},
	store.Col[session]{Name: "workspace_sid", Ptr: func(s *session) any { return &s.WorkspaceSID }},
	store.Col[session]{Name: "worker_sid", Ptr: func(s *session) any { return &s.WorkerSID }},
	store.Col[session]{Name: "created_at", Ptr: func(s *session) any { return &s.CreatedAt }},
	store.Col[session]{Name: "ends_at", Ptr: func(s *session) any { return &s.EndsAt }})

// Grant is an access token, and what the desktop wants to know of it.
type Grant struct {
	Token    string
	Identity string // in chat: the worker's name when it signed in
	Expires  time.Time
	Roles    []string // the highest last
}

// begin makes a session for a worker who proved who they are.
func (s *SignIn) begin(ctx context.Context, w *taskrouter.WorkerView) (*Grant, error) {
	roles := taskrouter.Roles(w.Attributes)
	if len(roles) == 0 {
		return nil, errNoRole()
	}
	row := session{SID: core.NewSID("FS"), AccountSID: s.AccountSID, WorkspaceSID: s.WorkspaceSID, WorkerSID: w.SID}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`DELETE FROM signin_session WHERE ends_at <= $1`, tx.Now()); err != nil {
			return err
		}
		row.CreatedAt, row.EndsAt = tx.Now(), tx.Now()+s.MaxSession.Microseconds()
		return sessions.Insert(tx, &row)
	})
	if err != nil {
		return nil, err
	}
	// The name and not the attribute contact_uri: that one is the worker's own to change, and it must not become somebody else.
	g, err := s.mint(ctx, &row, w.FriendlyName, roles)
	if err == nil {
		s.Log.Info("a worker signed in", "worker", w.SID, "session", row.SID)
	}
	return g, err
}

func (s *SignIn) mint(ctx context.Context, row *session, who string, roles []string) (*Grant, error) {
	role, err := s.ChatRole(ctx, highest(roles))
	if err != nil {
		return nil, err
	}
	c := identity.Claim{KeySID: s.APIKeySID, Identity: who, TTL: min(tokenTTL, time.UnixMicro(row.EndsAt).Sub(s.now())),
		ChatServiceSID: s.ChatServiceSID, RoleSID: role, WorkspaceSID: row.WorkspaceSID, WorkerSID: row.WorkerSID, WorkerRole: "worker", SessionSID: row.SID}
	if leads(roles) {
		c.WorkerRole = "supervisor"
	}
	jwt, expires, err := s.Identity.Mint(ctx, c)
	if err != nil {
		return nil, err
	}
	return &Grant{Token: jwt, Identity: who, Expires: expires, Roles: roles}, nil
}

// Validate checks a token as the desktop does when it starts, and returns it with what stands behind it today. A token that an
// application made for a worker is good as well; it has no session.
func (s *SignIn) Validate(ctx context.Context, accountSID, raw string) (*Grant, error) {
	g, _, err := s.check(ctx, accountSID, raw)
	return g, err
}

// check returns a good token as a Grant, and its session, nil if it has none.
func (s *SignIn) check(ctx context.Context, accountSID, raw string) (*Grant, *session, error) {
	t, err := s.Identity.Verify(ctx, raw)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case t.AccountSID != accountSID:
		return nil, nil, core.Ef(core.CodeTokenIssuer, "Invalid Access Token issuer/subject: it is not of account %s", accountSID)
	case t.WorkerSID == "":
		return nil, nil, core.Ef(core.CodeTokenGrants, "Invalid Access Token grants: the token is not of a worker")
	}
	row, err := s.session(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	w, err := s.Tasks.FetchWorker(ctx, t.AccountSID, t.WorkspaceSID, t.WorkerSID)
	if core.HasCode(err, core.CodeNotFound) {
		return nil, nil, core.Ef(core.CodeAuthenticate, "The worker of this token does not exist any more")
	}
	if err != nil {
		return nil, nil, err
	}
	roles := taskrouter.Roles(w.Attributes)
	if len(roles) == 0 {
		return nil, nil, core.Ef(core.CodeAuthenticate, "The worker of this token has no role in Flex any more")
	}
	return &Grant{Token: raw, Identity: t.Identity, Expires: t.ExpiresAt, Roles: roles}, row, nil
}

// session reads the session of a token; nil for a token without one. A session that ended is 20104: the desktop then asks to sign in.
func (s *SignIn) session(ctx context.Context, t *identity.Token) (row *session, err error) {
	if t.SessionSID == "" {
		return nil, nil
	}
	err = s.Store.View(ctx, func(r *store.Reader) error {
		row, err = sessions.One(r, `WHERE sid = $1 AND account_sid = $2 AND worker_sid = $3 AND ends_at > $4`, t.SessionSID, t.AccountSID, t.WorkerSID, r.Now())
		return err
	})
	if errors.Is(err, store.ErrNoRow) {
		return nil, core.Ef(core.CodeTokenExpired, "The session of this token has ended; sign in again")
	}
	return row, err
}

// Refresh returns a new token for one that is still good. Where no longer life is to be had, because the session ends or the token has
// none, it is the same token again, which the desktop takes as word of that (flex-ui-protocol §5.2).
func (s *SignIn) Refresh(ctx context.Context, accountSID, raw string) (*Grant, error) {
	g, row, err := s.check(ctx, accountSID, raw)
	if err != nil || row == nil || !time.UnixMicro(row.EndsAt).Truncate(time.Second).After(g.Expires) {
		return g, err
	}
	return s.mint(ctx, row, g.Identity, g.Roles)
}

// End ends the session of a token: no further token comes from it. The token itself stays good for sockets until it expires.
func (s *SignIn) End(ctx context.Context, accountSID, raw string) error {
	t, err := s.Identity.Verify(ctx, raw)
	if err != nil {
		return err
	}
	if t.AccountSID != accountSID {
		return core.Ef(core.CodeTokenIssuer, "Invalid Access Token issuer/subject: it is not of account %s", accountSID)
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM signin_session WHERE sid = $1 AND account_sid = $2`, t.SessionSID, accountSID)
		return err
	})
}
