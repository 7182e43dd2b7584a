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

// failure is a sign-in that fails: from where, and as whom.
type failure struct {
	from netip.Addr
	name string
}

// failures counts those of an address, and of a name from an address: who fails on purpose bars a name for nobody
// but those who share their address.
type failures struct {
	addresses *ratelimit.Keyed[netip.Addr]
	workers   *ratelimit.Keyed[failure]
}

func newFailures() failures {
	return failures{ratelimit.NewBurst[netip.Addr](addressBurst, addressEvery), ratelimit.NewBurst[failure](workerBurst, workerEvery)}
}

// expect counts a failure before it is one, so that many at once are not all let through; 20429 when there were too many.
func (s failures) expect(f failure, now time.Time) error {
	ok, wait := s.addresses.Allow(f.from, now)
	if ok {
		if ok, wait = s.workers.Allow(f, now); ok {
			return nil
		}
		s.addresses.GiveBack(f.from, now) // who waits at one name does not use up what others at this address have
	}
	return core.Ef(core.CodeTooManyRequests, "Too many sign-ins failed").RetryAfter(wait)
}

// without takes an expected failure back. A success forgives those before it from the same address.
func (s failures) without(f failure, now time.Time, success bool) {
	s.addresses.GiveBack(f.from, now)
	if success {
		s.workers.Forget(f)
	} else {
		s.workers.GiveBack(f, now)
	}
}
