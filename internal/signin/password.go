package signin

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"strings"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// Lengths of a password (NIST SP 800-63B asks for no other rule): the least in characters, the most in bytes.
const (
	minPassword = 10
	maxPassword = 256
)

// NewPassword makes a password of 20 letters and digits, which nobody guesses.
func NewPassword() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// SetPassword gives a worker a password, or another one, which ends its sessions. One that is too short, too long or the worker's own
// name is 20422, a worker that does not exist 20404.
func (s *SignIn) SetPassword(ctx context.Context, workerSID, password string) error {
	w, err := s.Tasks.FetchWorker(ctx, s.AccountSID, s.WorkspaceSID, workerSID)
	if err != nil {
		return err
	}
	switch {
	case utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword || !core.CleanText(password):
		return core.Ef(core.CodeInvalidParameter, "A password must have at least %d characters and at most %d bytes", minPassword, maxPassword)
	case strings.EqualFold(password, w.FriendlyName):
		return core.Ef(core.CodeInvalidParameter, "A password must not be the worker's name")
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO signin_password (worker_sid, hash, updated_at) VALUES ($1, $2, $3)
			ON CONFLICT (worker_sid) DO UPDATE SET hash = excluded.hash, updated_at = excluded.updated_at`, workerSID, hash, max(tx.Now(), w.CreatedAt)) // clocks of nodes differ
		if err != nil {
			return err
		}
		return endAll(tx, workerSID)
	})
}

// RemovePassword takes a worker's password away and ends its sessions; 20404 where there is none.
func (s *SignIn) RemovePassword(ctx context.Context, workerSID string) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`DELETE FROM signin_password WHERE worker_sid = $1`, workerSID)
		if err != nil {
			return err
		}
		if n == 0 {
			return core.Ef(core.CodeNotFound, "The requested resource was not found: worker %s has no password", workerSID)
		}
		return endAll(tx, workerSID)
	})
}

func endAll(tx *store.Tx, workerSID string) error {
	_, err := tx.Exec(`DELETE FROM signin_session WHERE worker_sid = $1`, workerSID)
	return err
}

// ErrDenied is the one answer to a name and a password that do not belong together, whatever is wrong.
var ErrDenied = errors.New("name and password do not belong together")

// Login begins a session for who knows a worker's password. Beside ErrDenied, it may return 20429 after too many failures, 20503 when too
// many sign in at once, and 20403 for a worker without a role.
func (s *SignIn) Login(ctx context.Context, name, password string, by Visitor) (*Grant, error) {
	f := s.failureOf(by, name)
	if err := s.failures.expect(f, s.now()); err != nil {
		return nil, err
	}
	w, good, err := s.verify(ctx, name, password)
	if err == nil && !good {
		s.Log.Info("a sign-in was refused", "address", by.From) // not the name: people type passwords into that field
		return nil, ErrDenied
	}
	s.failures.without(f, s.now(), good)
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, w)
}

// verify looks up a worker and holds the password against its hash, which takes the same time for workers that do not exist.
func (s *SignIn) verify(ctx context.Context, name, password string) (w *taskrouter.WorkerView, good bool, err error) {
	if w, err = s.workerNamed(ctx, name); err != nil {
		return nil, false, err
	}
	var sid, hash string
	var made int64
	if w != nil {
		sid, made = w.SID, w.CreatedAt
	}
	err = s.Store.View(ctx, func(r *store.Reader) error { // the password of a deleted worker is not that of a new one with its SID
		return r.One(`SELECT hash FROM signin_password WHERE worker_sid = $1 AND updated_at >= $2`, []any{sid, made}, &hash)
	})
	if err != nil && !errors.Is(err, store.ErrNoRow) {
		return nil, false, err
	}
	if len(password) > maxPassword {
		password = ""
	}
	good, err = s.hasher.matches(ctx, hash, password)
	return w, good, err
}
