package signin

import (
	"sync"
	"time"

	"parley/internal/core"
)

// Sign-ins that fail. An office behind one address makes more of them than one person; a person who misremembers a password makes few.
const (
	addressBurst, addressEvery = 60, 10 * time.Second
	attemptBurst, attemptEvery = 5, 3 * time.Minute
	// limitMax bounds what a limit remembers. A flood from more addresses than that makes it forget the mildest of those that it meets.
	limitMax = 16 << 10
)

// limit counts events per key. Each leaves again after a while: at most burst may be there at once.
type limit struct {
	burst int
	every time.Duration // in which one leaves

	mu   sync.Mutex
	keys map[string]time.Time // when the last of a key's events has left
}

func newLimit(burst int, every time.Duration) *limit {
	return &limit{burst: burst, every: every, keys: map[string]time.Time{}}
}

// take counts an event, or says how long to wait until there is room for one.
func (l *limit) take(key string, now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := later(l.keys[key], now).Add(l.every)
	if over := until.Sub(now) - time.Duration(l.burst)*l.every; over > 0 {
		return core.Ef(core.CodeTooManyRequests, "Too many failed sign-ins").RetryAfter(over)
	}
	if _, known := l.keys[key]; !known && len(l.keys) >= limitMax {
		l.forget(now)
	}
	l.keys[key] = until
	return nil
}

// giveBack takes one event of a key away: what was taken for a failure was none.
func (l *limit) giveBack(key string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := l.keys[key].Add(-l.every); until.After(now) {
		l.keys[key] = until
	} else {
		delete(l.keys, key)
	}
}

// clear forgets a key's events.
func (l *limit) clear(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, key)
}

// forget makes room: of some keys, those go that have no events any more, or else the one that has the fewest.
func (l *limit) forget(now time.Time) {
	const look = 64
	mildest, least, seen := "", time.Time{}, 0
	for key, until := range l.keys {
		if !until.After(now) {
			delete(l.keys, key)
		} else if mildest == "" || until.Before(least) {
			mildest, least = key, until
		}
		if seen++; seen == look {
			break
		}
	}
	if len(l.keys) >= limitMax {
		delete(l.keys, mildest)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
