package proxy

import (
	"cmp"
	"slices"

	"parley/internal/core"
)

// candidate is an address of a pool as the choice sees it.
type candidate struct {
	*Number
	busy bool // the participant has it in another open session
	used bool // the participant had it before
}

// pick chooses the address that a participant writes to (rest-semantics §2.5.4, §7.1): of its kind, not reserved, of its country, and free
// of another open session of the same participant. Of those, one of its area, where the level asks for that, comes first; then one that
// the participant had before, or none of those, as the service says; then the one that the fewest open sessions use; then the oldest.
func pick(pool []candidate, level, behaviour string, a Address) (*Number, error) {
	if len(pool) == 0 {
		return nil, core.Ef(core.CodeProxyPoolEmpty, "The service has no phone numbers; add some, or name a ProxyIdentifier")
	}
	left := pool
	for _, rule := range []struct {
		keep func(candidate) bool
		code int
		why  string
	}{
		{func(c candidate) bool { return a.Kind() == KindChannel || c.Address.Kind() == a.Kind() }, core.CodeProxyNoneAvailable, "no address of the pool carries messages of this kind"},
		{func(c candidate) bool { return !c.Reserved }, core.CodeProxyAllReserved, "all that would do are reserved"},
		{func(c candidate) bool { return a.code() == "" || c.Address.code() == a.code() }, core.CodeProxyNoCountry, "none that would do is of the participant's country"},
		{func(c candidate) bool { return !c.busy }, core.CodeProxyNoneUnused, "all that would do are used by this participant's other open sessions"},
	} {
		left = slices.DeleteFunc(slices.Clone(left), func(c candidate) bool { return !rule.keep(c) })
		if len(left) == 0 {
			return nil, core.Ef(rule.code, "No number can be given to %s: %s", a, rule.why)
		}
	}
	rank := func(c candidate) (n int) {
		if level != levelCountry && c.Address.area() != a.area() {
			n += 2
		}
		if c.used != (behaviour == preferSticky) {
			n++
		}
		return n
	}
	best := slices.MinFunc(left, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(x.InUse, y.InUse), cmp.Compare(x.CreatedAt, y.CreatedAt), cmp.Compare(x.SID, y.SID))
	})
	return best.Number, nil
}
