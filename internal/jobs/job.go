package jobs

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"parley/internal/store"
)

// The states of a job's row.
const (
	stateReady  = 0 // runs at run_at; while it is claimed, run_at is the end of the lease
	stateBehind = 1 // others of its lane come first
	stateDead   = 2 // given up; kept for the operator
)

// Job is work to enqueue.
type Job struct {
	Kind    string // names the handler
	Lane    string // jobs of one lane run one after another; "" is a job of its own
	LaneSeq int64  // the order within the lane, see Enqueue
	Key     string // jobs of one key share a limit of concurrent runs, for example a receiver's host; "" is not limited
	RunAt   int64  // microseconds; 0 means now
	Payload string // the handler's own, usually JSON
}

// Enqueued is emitted to the receivers of store.OnCommit for each job that a transaction of this process made ready; the
// runner wakes by it.
type Enqueued struct{ RunAt, Now int64 }

const insertAlone = `INSERT INTO job (id, kind, lane, lane_seq, flow_key, state, run_at, claimed_by, attempt, failures, payload, last_error, created_at)
	VALUES ($1, $2, '', 0, $3, 0, $4, 0, 0, 0, $5, '', $6)`

const insertLane = `INSERT INTO job (id, kind, lane, lane_seq, flow_key, state, run_at, claimed_by, attempt, failures, payload, last_error, created_at)
	VALUES ($1, $2, $3, $4, $5,
		CASE WHEN EXISTS (SELECT 1 FROM (SELECT id FROM job WHERE lane = $3 AND lane <> '' AND state < 2
			ORDER BY lane_seq DESC, id DESC LIMIT 1 FOR SHARE) AS last) THEN 1 ELSE 0 END,
		$6, 0, 0, 0, $7, '', $8)`

// Enqueue adds a job in the caller's transaction. The numbers of a lane must rise in the order of commits. Whoever takes them
// from a counter's row in the same transaction has that for nothing, since the row is locked until the commit; without such a
// lock two jobs could both find the lane empty and run at once.
func Enqueue(tx *store.Tx, j Job) error {
	if j.Kind == "" {
		return errors.New("jobs: a job needs a kind")
	}
	if j.RunAt == 0 {
		j.RunAt = tx.Now()
	}
	tx.Emit(Enqueued{RunAt: j.RunAt, Now: tx.Now()})
	if j.Lane == "" {
		return tx.Defer(insertAlone, tx.NextID(), j.Kind, j.Key, j.RunAt, j.Payload, tx.Now())
	}
	return tx.Defer(insertLane, tx.NextID(), j.Kind, j.Lane, j.LaneSeq, j.Key, j.RunAt, j.Payload, tx.Now())
}

// Claimed is a job that this node runs now.
type Claimed struct {
	ID int64
	Job
	Attempt   int   // how often it was claimed, this time included
	Failures  int   // how often a handler failed; a crash is no failure
	CreatedAt int64 // microseconds

	node      int64 // that claimed it
	completed bool  // Complete was committed
}

// ErrLeaseLost: another node may run the job by now. It is the cause of the handler's context, and the error of Complete.
var ErrLeaseLost = errors.New("jobs: the lease was lost")

// Token is the job's idempotency token, a UUID: the same at each attempt, different for each job.
func (c *Claimed) Token() string {
	var seed [16]byte
	binary.BigEndian.PutUint64(seed[:8], uint64(c.ID))
	binary.BigEndian.PutUint64(seed[8:], uint64(c.CreatedAt))
	h := sha256.Sum256(seed[:])
	h[6], h[8] = h[6]&0x0f|0x80, h[8]&0x3f|0x80 // version 8, RFC 9562
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// Complete deletes the job in the handler's own transaction, so that its effect and its completion are one; the handler
// then returns nil. Call it last in the transaction: enqueuers lock an object's counter before the lane, and the other order
// could deadlock. Once it is committed the handler's context may end.
func (c *Claimed) Complete(tx *store.Tx) error {
	n, err := tx.Exec(`DELETE FROM job WHERE id = $1 AND claimed_by = $2 AND attempt = $3`, c.ID, c.node, c.Attempt)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrLeaseLost
	}
	tx.AfterCommit(func() { c.completed = true })
	return c.next(tx)
}

// next makes the following job of the lane ready, when this one no longer heads it.
func (c *Claimed) next(tx *store.Tx) error {
	if c.Lane == "" {
		return nil
	}
	tx.Emit(Enqueued{RunAt: tx.Now(), Now: tx.Now()}) // or later, if that job has its own time
	return tx.Defer(`UPDATE job SET state = 0 WHERE id = (SELECT id FROM job WHERE lane = $1 AND lane <> '' AND state < 2 AND state = 1
		ORDER BY lane_seq, id LIMIT 1)`, c.Lane)
}

// retry is a handler's word on when to try again.
type retry struct {
	error
	after     time.Duration
	dead      bool
	postponed bool
}

func (r retry) Unwrap() error { return r.error }

// RetryIn returns err with the handler's own delay before the next attempt.
func RetryIn(after time.Duration, err error) error { return retry{error: err, after: after} }

// Postpone leaves the job for later without counting a failure, because its key takes nothing for a while; what else is due of the key waits
// as long, without being claimed first.
func Postpone(after time.Duration) error {
	return retry{error: errPostponed, after: after, postponed: true}
}

var errPostponed = errors.New("jobs: postponed")

// Revive makes a dead letter ready again, as if it had never failed; false if there is none of this number. Revived jobs of a lane run one
// after another in their old order, but in a lane of their own, for the lane has gone on without them. Two transactions must not revive jobs
// of one lane at once: the caller holds a lock.
func Revive(tx *store.Tx, id int64) (bool, error) {
	var lane string
	if err := tx.One(`SELECT lane FROM job WHERE id = $1 AND state = 2 FOR UPDATE`, []any{id}, &lane); err != nil {
		if errors.Is(err, store.ErrNoRow) {
			err = nil
		}
		return false, err
	}
	if lane != "" && !strings.HasPrefix(lane, revived) {
		lane = revived + lane
	}
	tx.Emit(Enqueued{RunAt: tx.Now(), Now: tx.Now()})
	_, err := tx.Exec(`UPDATE job SET lane = $2, run_at = $3, claimed_by = 0, failures = 0,
		state = CASE WHEN EXISTS (SELECT 1 FROM (SELECT id FROM job WHERE lane = $2 AND lane <> '' AND state < 2
			ORDER BY lane_seq DESC, id DESC LIMIT 1 FOR SHARE) AS last) THEN 1 ELSE 0 END
		WHERE id = $1`, id, lane, tx.Now())
	return err == nil, err
}

// revived begins the lanes of jobs that were dead letters.
const revived = "revived "

// Dead returns err as one that no further attempt can mend: the job becomes a dead letter at once.
func Dead(err error) error { return retry{error: err, dead: true} }
