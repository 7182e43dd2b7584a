package taskrouter

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync"
	"time"

	"parley/internal/store"
)

// leaseTerm is how long a lease holds that is not extended. It is extended, or asked for, thrice in that time, so that another node
// takes over what a death left within four seconds.
const leaseTerm = 3 * time.Second

// lease makes one node at a time the one that matches. Each change by the holder proves its fence in the same transaction: one that was
// taken for dead cannot commit. A sole node's lease has no end.
type lease struct {
	st     *store.Store
	holder string
	sole   bool
	log    *slog.Logger

	mu    sync.Mutex
	fence int64     // 0: not held
	until time.Time // when this node stops to rely on it, by its own clock
}

var errLeaseLost = errors.New("taskrouter: another node matches now")

// held returns the fence while the lease can be relied upon.
func (l *lease) held() (fence int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fence, l.fence != 0 && (l.sole || time.Now().Before(l.until))
}

// prove fails unless the fence is the newest. Nobody takes the lease over until the transaction ends.
func (l *lease) prove(tx *store.Tx, fence int64) error {
	var one int64
	err := tx.One(`SELECT 1 FROM tr_lease WHERE name = 'taskrouter' AND holder = $1 AND fence = $2 FOR SHARE`, []any{l.holder, fence}, &one)
	if errors.Is(err, store.ErrNoRow) {
		return errLeaseLost
	}
	return err
}

// lost notes that a proof failed.
func (l *lease) lost(fence int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fence == fence {
		l.fence = 0
		l.log.Warn("the lease of TaskRouter is lost to another node")
	}
}

// claim takes the lease if it is free, or extends it. A sole node takes it from whoever had it.
func (l *lease) claim(ctx context.Context) error {
	begin := time.Now()
	var fence int64
	err := l.st.Update(ctx, func(tx *store.Tx) error {
		end, free := tx.Now()+leaseTerm.Microseconds(), tx.Now()
		if l.sole {
			end, free = math.MaxInt64, math.MaxInt64
		}
		err := tx.One(`UPDATE tr_lease SET fence = CASE WHEN holder = $1 THEN fence ELSE fence + 1 END, holder = $1, expires_at = $2
			WHERE name = 'taskrouter' AND (holder = $1 OR expires_at <= $3) RETURNING fence`, []any{l.holder, end, free}, &fence)
		if errors.Is(err, store.ErrNoRow) {
			fence = 0
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if fence != 0 && fence != l.fence {
		l.log.Info("this node matches the tasks of TaskRouter", "fence", fence)
	}
	l.fence, l.until = fence, begin.Add(leaseTerm*5/6) // others measure the term by their own clocks
	return nil
}

// free reports whether the lease can be had, which costs less than trying.
func (l *lease) free(ctx context.Context) (free bool, err error) {
	err = l.st.View(ctx, func(r *store.Reader) error {
		var end int64
		err := r.One(`SELECT expires_at FROM tr_lease WHERE name = 'taskrouter'`, nil, &end)
		free = end <= r.Now()
		return err
	})
	return free, err
}

// keep holds the lease, or waits for it, until quit is closed. gained is called when it was taken.
func (l *lease) keep(ctx context.Context, quit <-chan struct{}, gained func()) {
	tick := time.NewTicker(leaseTerm / 3)
	defer tick.Stop()
	for {
		_, had := l.held()
		wanted, err := had, error(nil)
		if !had {
			wanted, err = l.free(ctx)
		}
		if wanted && err == nil {
			err = l.claim(ctx)
		}
		if err != nil && ctx.Err() == nil {
			l.log.Error("the lease of TaskRouter could not be extended or asked for", "error", err)
		}
		if _, has := l.held(); has && !had {
			gained()
		}
		select {
		case <-quit:
			return
		case <-tick.C:
		}
	}
}

// release gives the lease up, so that another node takes it at once.
func (l *lease) release(ctx context.Context) error {
	l.mu.Lock()
	fence := l.fence
	l.fence = 0
	l.mu.Unlock()
	if fence == 0 {
		return nil
	}
	return l.st.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE tr_lease SET expires_at = 0 WHERE name = 'taskrouter' AND holder = $1 AND fence = $2`, l.holder, fence)
		return err
	})
}
