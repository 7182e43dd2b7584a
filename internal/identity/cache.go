package identity

import (
	"context"
	"sync"
	"time"
)

// cacheMax bounds a cache. It is far above the number of keys of an installation; a flood of made-up SIDs finds no rows
// and so fills nothing.
const cacheMax = 4096

// cache keeps the rows that every request asks for. A row is good for a short time and then read again.
type cache[T any] struct {
	fresh time.Duration
	now   func() time.Time
	load  func(ctx context.Context, key string) (*T, error)

	mu      sync.Mutex
	rows    map[string]cached[T]
	dropped uint64 // number of invalidations: a load that began before one must not be kept
}

type cached[T any] struct {
	row   *T
	until time.Time
}

func newCache[T any](fresh time.Duration, now func() time.Time, load func(context.Context, string) (*T, error)) *cache[T] {
	return &cache[T]{fresh: fresh, now: now, load: load, rows: map[string]cached[T]{}}
}

// get returns the row, or nil when there is none. Rows are shared: nobody may change them.
func (c *cache[T]) get(ctx context.Context, key string) (*T, error) {
	now := c.now()
	c.mu.Lock()
	hit, ok := c.rows[key]
	dropped := c.dropped
	c.mu.Unlock()
	if ok && now.Before(hit.until) {
		return hit.row, nil
	}
	row, err := c.load(ctx, key)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case dropped != c.dropped:
	case row == nil:
		delete(c.rows, key)
	default:
		if len(c.rows) >= cacheMax {
			for other := range c.rows { // any one: which is all the same at this size
				delete(c.rows, other)
				break
			}
		}
		c.rows[key] = cached[T]{row, now.Add(c.fresh)}
	}
	return row, nil
}

// drop forgets a row.
func (c *cache[T]) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dropped++
	delete(c.rows, key)
}
