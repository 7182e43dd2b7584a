package jobs

import (
	"context"
	"time"

	"parley/internal/store"
)

// maxCount bounds what Stats counts, so that a metric costs little however long the queue is.
const maxCount = 10_000

// Counts are what a runner did since it was made.
type Counts struct {
	Completed uint64
	Failed    uint64 // and to be tried again
	GaveUp    uint64 // dead letters made
	Lost      uint64 // lease lost, or the end could not be written
}

// Stats describe the queue of the whole store and this runner's part in it.
type Stats struct {
	Counts
	Running   int           // on this node
	Due       int           // ready, waiting for a free place; at most 10,000 are counted
	Dead      int           // dead letters; at most 10,000 are counted
	OldestDue time.Duration // how long the first of the due ones waits
}

// Stats reads the figures; each is a look at a small index.
func (r *Runner) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := r.store.View(ctx, func(rd *store.Reader) error {
		oldest := rd.Now()
		if err := rd.One(`SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE state = 0 AND run_at <= $1 LIMIT $2) AS due`,
			[]any{rd.Now(), maxCount}, &s.Due); err != nil {
			return err
		}
		if err := rd.One(`SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE state = 2 LIMIT $1) AS dead`, []any{maxCount}, &s.Dead); err != nil {
			return err
		}
		err := rd.Query(`SELECT run_at FROM job WHERE state = 0 ORDER BY run_at, id LIMIT 1`, nil,
			func(scan func(dest ...any) error) error { return scan(&oldest) })
		s.OldestDue = max(0, time.Duration(rd.Now()-oldest)*time.Microsecond)
		return err
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Counts, s.Running = r.counts, len(r.runs)
	return s, err
}
