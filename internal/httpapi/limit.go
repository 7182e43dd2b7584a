package httpapi

import (
	"time"

	"parley/internal/core"
	"parley/internal/ratelimit"
)

// burstSeconds is how much of its rate a caller may use up at once, in seconds. A client with many channels asks for all of them
// when it starts.
const burstSeconds = 10

// Kinds of callers, as Options.Refused is told of them.
const (
	KindKey      = "key"      // the account's auth token, or an API key
	KindIdentity = "identity" // the user, visitor or worker of an access token
)

// limits bounds how often each caller may ask, by HTTP and through sockets together. Each node counts for itself.
type limits struct {
	keys, identities *ratelimit.Keyed[callerKey]
	refused          func(kind string)
}

// callerKey tells callers of one kind apart.
type callerKey struct{ account, name string }

func newLimits(o Options) limits {
	return limits{keys: perSecond(o.KeyRate), identities: perSecond(o.IdentityRate), refused: o.Refused}
}

func perSecond(rate int) *ratelimit.Keyed[callerKey] {
	if rate <= 0 {
		return ratelimit.NewKeyed[callerKey](0)
	}
	return ratelimit.NewBurst[callerKey](rate*burstSeconds, time.Second/time.Duration(rate))
}

// admit counts a request of a caller. It is 20429 with the time to wait when the caller asks too often; nobody is always admitted.
func (l *limits) admit(c Caller, now time.Time) error {
	kind, limiter, key := KindKey, l.keys, callerKey{c.AccountSID, c.KeySID}
	switch {
	case c.Token != nil:
		kind, limiter, key = KindIdentity, l.identities, callerKey{c.AccountSID, c.Token.Identity}
	case c.AccountSID == "":
		return nil
	}
	ok, wait := limiter.Allow(key, now)
	if ok {
		return nil
	}
	l.refused(kind)
	return core.Ef(core.CodeTooManyRequests, "Too Many Requests: this %s asks more often than the server's setting %s-rate allows", kind, kind).RetryAfter(wait)
}

// Admit counts a request of a Public route for a caller whom its handler has found out; other routes are counted before their handlers.
func (r *Request) Admit(c Caller) error { return r.limits.admit(c, time.Now()) }
