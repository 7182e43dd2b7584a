package store

import (
	"context"
	"errors"
	"sync"
)

// sequenceBlock is how many row numbers a process takes at a time. A process that dies loses at most this many, which is
// nothing of 2^63; small numbers keep keys short.
const sequenceBlock = 1 << 16

// sequence gives out row numbers from blocks that it takes from the table id_block. It takes the next block in good time, in
// a transaction of its own, because a number is asked for inside a transaction that may be undone.
type sequence struct {
	store   *Store
	mu      sync.Mutex
	at, end int64 // what is left of the block in use
	spare   int64 // start of the next block, 0 while there is none
	filling bool
	closed  bool
	done    sync.WaitGroup
}

var errNoNumbers = errors.New("store: no row numbers left in this process; the store does not answer")

func newSequence(s *Store) *sequence { return &sequence{store: s} }

func (q *sequence) next() (int64, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.at == q.end {
		if q.spare == 0 {
			q.fillSoon()
			return 0, errNoNumbers
		}
		q.at, q.end, q.spare = q.spare, q.spare+sequenceBlock, 0
	}
	id := q.at
	q.at++
	if q.spare == 0 && q.end-q.at < sequenceBlock/2 {
		q.fillSoon()
	}
	return id, nil
}

// fillSoon starts a refill unless one runs; the caller holds mu.
func (q *sequence) fillSoon() {
	if q.filling || q.closed {
		return
	}
	q.filling = true
	q.done.Go(func() {
		err := q.refill(context.Background())
		q.mu.Lock()
		q.filling = false
		q.mu.Unlock()
		if err != nil {
			q.store.log.Error("taking row numbers failed; the next request tries again", "error", err)
		}
	})
}

func (q *sequence) refill(ctx context.Context) error {
	var start int64
	err := q.store.engine.Write(ctx, func(c Conn) error {
		return c.Query(`UPDATE id_block SET next_id = next_id + $1 WHERE name = 'row' RETURNING next_id - $1`, []any{int64(sequenceBlock)},
			func(scan func(dest ...any) error) error { return scan(&start) })
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.at == q.end && (q.spare == 0 || start < q.spare):
		q.at, q.end = start, start+sequenceBlock
	case start > q.spare: // of two that were taken at once the older one is let go, so that numbers rise
		q.spare = start
	}
	return nil
}

func (q *sequence) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.done.Wait()
}
