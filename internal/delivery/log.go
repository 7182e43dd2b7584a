package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
)

// maxKept bounds an account's log; the oldest entries go first.
const maxKept = 10_000

// The states of a failure.
const (
	StateRetrying  = "retrying"  // will be tried again
	StateDead      = "dead"      // given up; can be replayed
	StateDelivered = "delivered" // a later attempt, or a replay, succeeded
	StatePassed    = "passed"    // of a pre-event: no answer came, and what was asked about went on unchanged
	StateRefused   = "refused"   // of a pre-event: the receiver failed, and what was asked about was refused
)

// States lists them.
func States() []string {
	return []string{StateRetrying, StateDead, StateDelivered, StatePassed, StateRefused}
}

// Failure is a call that did not succeed at once.
type Failure struct {
	ID                           int64  // of the job, where there is one
	SID                          string // "WD" and the call's idempotency token without its dashes
	AccountSID                   string
	Event, Target, Method, State string // Target: the address without query and user-info
	Failures                     int64  // how often it failed since it was made, or replayed
	Status                       int64  // what was answered last, 0 for nothing
	Error                        string
	CreatedAt, UpdatedAt         int64 // microseconds
}

var failures = store.NewTable("webhook_failure",
	store.Col[Failure]{Name: "id", Ptr: func(f *Failure) any { return &f.ID }},
	store.Col[Failure]{Name: "sid", Ptr: func(f *Failure) any { return &f.SID }},
	store.Col[Failure]{Name: "account_sid", Ptr: func(f *Failure) any { return &f.AccountSID }},
	store.Col[Failure]{Name: "event", Ptr: func(f *Failure) any { return &f.Event }},
	store.Col[Failure]{Name: "target", Ptr: func(f *Failure) any { return &f.Target }},
	store.Col[Failure]{Name: "method", Ptr: func(f *Failure) any { return &f.Method }},
	store.Col[Failure]{Name: "state", Ptr: func(f *Failure) any { return &f.State }},
	store.Col[Failure]{Name: "failures", Ptr: func(f *Failure) any { return &f.Failures }},
	store.Col[Failure]{Name: "status", Ptr: func(f *Failure) any { return &f.Status }},
	store.Col[Failure]{Name: "error", Ptr: func(f *Failure) any { return &f.Error }},
	store.Col[Failure]{Name: "created_at", Ptr: func(f *Failure) any { return &f.CreatedAt }},
	store.Col[Failure]{Name: "updated_at", Ptr: func(f *Failure) any { return &f.UpdatedAt }})

// failed enters a failed attempt in the log, in the transaction that writes it down.
func (d *Deliveries) failed(tx *store.Tx, job *jobs.Claimed, dead bool, err error) error {
	var c Call
	if json.Unmarshal([]byte(job.Payload), &c) != nil {
		return nil // there is no account to tell of it; the runner's log does
	}
	f := &Failure{ID: job.ID, SID: sidOf(job.Token()), State: StateRetrying, Failures: int64(job.Failures) + 1, Error: text(err), CreatedAt: job.CreatedAt}
	if dead {
		f.State = StateDead
	}
	if why, ok := errors.AsType[failure](err); ok {
		f.Status = int64(why.status)
	}
	return enter(tx, f, c)
}

// enter writes an entry about a call, in place of an earlier one.
func enter(tx *store.Tx, f *Failure, c Call) error {
	f.AccountSID, f.Event, f.Target, f.Method, f.UpdatedAt = c.AccountSID, c.Params["EventType"], target(c.URL), c.Method, tx.Now()
	return tx.Defer(`INSERT INTO webhook_failure (id, sid, account_sid, event, target, method, state, failures, status, error, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, failures = excluded.failures, status = excluded.status, error = excluded.error,
			updated_at = excluded.updated_at`,
		f.ID, f.SID, f.AccountSID, f.Event, f.Target, f.Method, f.State, f.Failures, f.Status, f.Error, f.CreatedAt, f.UpdatedAt)
}

// recovered completes a job that may have an entry in the log.
func (d *Deliveries) recovered(ctx context.Context, job *jobs.Claimed) error {
	return d.o.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Defer(`UPDATE webhook_failure SET state = $2, updated_at = $3 WHERE id = $1`, job.ID, StateDelivered, tx.Now()); err != nil {
			return err
		}
		return job.Complete(tx)
	})
}

// sidOf makes a SID of an idempotency token, so that a receiver that noted the one finds the other.
func sidOf(token string) string { return "WD" + strings.ReplaceAll(token, "-", "") }

// tokenOf is the reverse of sidOf.
func tokenOf(sid string) string {
	h := sid[2:]
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// IdempotencyToken is what the receiver was sent with the call.
func (f *Failure) IdempotencyToken() string { return tokenOf(f.SID) }

// target is an address without what may be secret.
func target(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// maxText bounds what is kept of an error in bytes.
const maxText = 500

func text(err error) string {
	s := strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", "?"), "?")
	return strings.ToValidUTF8(s[:min(len(s), maxText)], "")
}

// List returns up to limit failures of an account before the one whose SID is after ("" for the first), the newest call first; of one state, or of
// all for "".
func (d *Deliveries) List(ctx context.Context, accountSID, state, after string, limit int) (rows []*Failure, err error) {
	err = d.o.Store.View(ctx, func(r *store.Reader) error {
		tail, args := "WHERE account_sid = $1", []any{accountSID}
		if state != "" {
			args = append(args, state)
			tail += " AND state = $2"
		}
		if after != "" {
			last, err := find(r, accountSID, after)
			if err != nil {
				return core.Ef(core.CodeInvalidParameter, "PageToken is not one of this list")
			}
			args = append(args, last.ID)
			tail += " AND id < " + mark(len(args))
		}
		args = append(args, limit)
		rows, err = failures.All(r, tail+" ORDER BY id DESC LIMIT "+mark(len(args)), args...)
		return err
	})
	return rows, err
}

// Fetch returns a failure of an account, or 20404.
func (d *Deliveries) Fetch(ctx context.Context, accountSID, sid string) (f *Failure, err error) {
	err = d.o.Store.View(ctx, func(r *store.Reader) error {
		f, err = find(r, accountSID, sid)
		return err
	})
	return f, err
}

func find(r *store.Reader, accountSID, sid string) (*Failure, error) {
	if !core.IsSID("WD", sid) {
		return nil, core.Ef(core.CodeNotFound, "There is no failed webhook call %q", sid)
	}
	f, err := failures.One(r, "WHERE sid = $1 AND account_sid = $2", sid, accountSID)
	if errors.Is(err, store.ErrNoRow) {
		return nil, core.Ef(core.CodeNotFound, "There is no failed webhook call %s", sid)
	}
	return f, err
}
