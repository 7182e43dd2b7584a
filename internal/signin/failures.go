package signin

import (
	"net/netip"
	"time"

	"parley/internal/core"
	"parley/internal/ratelimit"
)

// How many sign-ins may fail. An office behind one address makes more of them than one person; a person who misremembers a password
// makes few.
const (
	addressBurst, addressEvery = 60, 10 * time.Second
	workerBurst, workerEvery   = 5, 3 * time.Minute
)

// failure is a sign-in that fails: from where, and as whom. Of a browser that is known it matters which it is, and not where.
type failure struct {
	from    netip.Addr
	browser string // "" for one that is not known
	name    string
}

// failures counts those of an address, and of a name from an address: who fails on purpose bars a name for nobody
// but those who share their address and never signed in there before.
type failures struct {
	addresses *ratelimit.Keyed[netip.Addr]
	workers   *ratelimit.Keyed[failure]
}

func newFailures() failures {
	return failures{ratelimit.NewBurst[netip.Addr](addressBurst, addressEvery), ratelimit.NewBurst[failure](workerBurst, workerEvery)}
}

// expect counts a failure before it is one, so that many at once are not all let through; 20429 when there were too many.
func (s failures) expect(f failure, now time.Time) error {
	ok, wait := f.browser != "", time.Duration(0)
	if !ok {
		ok, wait = s.addresses.Allow(f.from, now)
	}
	if ok {
		if ok, wait = s.workers.Allow(f, now); ok {
			return nil
		}
		s.giveBack(f, now) // who waits at one name does not use up what others at this address have
	}
	return core.Ef(core.CodeTooManyRequests, "Too many sign-ins failed").RetryAfter(wait)
}

func (s failures) giveBack(f failure, now time.Time) {
	if f.browser == "" {
		s.addresses.GiveBack(f.from, now)
	}
}

// without takes an expected failure back. A success forgives those before it from the same address, or browser.
func (s failures) without(f failure, now time.Time, success bool) {
	s.giveBack(f, now)
	if success {
		s.workers.Forget(f)
	} else {
		s.workers.GiveBack(f, now)
	}
}
