package twilsock

import (
	"net/netip"
	"sync"
	"time"
)

// bucket is a token bucket; times are milliseconds of the server's coarse clock.
type bucket struct {
	tokens float32
	at     int64
}

// take removes cost and reports false when there is not enough. rate is per second; 0 means no limit.
func (b *bucket) take(now int64, cost, rate, burst float32) bool {
	if rate == 0 {
		return true
	}
	b.tokens = min(burst, b.tokens+float32(now-b.at)*rate/1000)
	b.at = now
	if b.tokens < cost {
		return false
	}
	b.tokens -= cost
	return true
}

// addresses limits how fast one client address opens sockets. It forgets addresses whose bucket is full again, so it holds
// only those that were busy within the last seconds.
type addresses struct {
	mu    sync.Mutex
	rate  float32 // per second; 0 means no limit
	seen  map[netip.Addr]bucket
	swept int64
}

// maxAddresses bounds the memory; beyond it addresses that are not known yet share one bucket.
const maxAddresses = 100_000

func newAddresses(rate int) *addresses {
	return &addresses{rate: float32(rate), seen: map[netip.Addr]bucket{}}
}

// allow reports whether the address may open another socket now. Ten seconds' worth may come at once.
func (a *addresses) allow(addr netip.Addr, now time.Time) bool {
	if a.rate == 0 {
		return true
	}
	addr = network(addr)
	burst := max(1, a.rate*burstSeconds)
	ms := now.UnixMilli()
	a.mu.Lock()
	defer a.mu.Unlock()
	if ms-a.swept > 1000*burstSeconds {
		a.swept = ms
		for k, b := range a.seen {
			if ms-b.at > 1000*burstSeconds {
				delete(a.seen, k)
			}
		}
	}
	b, known := a.seen[addr]
	if !known {
		if len(a.seen) >= maxAddresses {
			addr = netip.Addr{}
			b, known = a.seen[addr]
		}
		if !known {
			b = bucket{tokens: burst, at: ms}
		}
	}
	ok := b.take(ms, 1, a.rate, burst)
	a.seen[addr] = b
	return ok
}

const burstSeconds = 10

// network is the part of an address that one client owns: all of IPv4, the first half of IPv6.
func network(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return addr
}
