package ratelimit

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// maxKeys bounds the buckets that one limiter remembers. A flood from more keys than that shares one bucket.
const maxKeys = 1 << 16

// Keyed is a token bucket for each key: so many events at once, refilled evenly over a minute.
type Keyed[K comparable] struct {
	perMinute float64

	mu      sync.Mutex
	buckets map[K]bucket
	rest    bucket // of the keys for which there is no room
	swept   time.Time
}

// bucket is what was left of a key's events at a time; one that is full need not be kept.
type bucket struct {
	left float64
	at   time.Time
}

// NewKeyed makes a limiter of perMinute events for each key; 0 or less allows everything.
func NewKeyed[K comparable](perMinute int) *Keyed[K] {
	return &Keyed[K]{perMinute: float64(perMinute), buckets: map[K]bucket{}}
}

// Allow takes one event of a key. When there is none left it returns false and after what time there will be one.
func (l *Keyed[K]) Allow(key K, now time.Time) (ok bool, wait time.Duration) {
	if l.perMinute <= 0 {
		return true, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets[key]
	if !known && len(l.buckets) >= maxKeys && !l.sweep(now) {
		l.rest, ok, wait = l.take(l.rest, now)
		return ok, wait
	}
	l.buckets[key], ok, wait = l.take(b, now)
	return ok, wait
}

// take refills a bucket up to now and takes one event from it; the zero bucket is full.
func (l *Keyed[K]) take(b bucket, now time.Time) (bucket, bool, time.Duration) {
	b = bucket{l.filled(b, now), now}
	if b.left < 1 {
		return b, false, time.Duration(math.Ceil((1 - b.left) / l.perMinute * float64(time.Minute)))
	}
	b.left--
	return b, true, 0
}

func (l *Keyed[K]) filled(b bucket, now time.Time) float64 {
	if b.at.IsZero() {
		return l.perMinute
	}
	return min(l.perMinute, b.left+max(0, now.Sub(b.at).Minutes())*l.perMinute)
}

// sweep forgets the buckets that are full again and reports whether that made room. In a flood it looks once a second, not at each call.
func (l *Keyed[K]) sweep(now time.Time) bool {
	if now.Sub(l.swept) < time.Second {
		return false
	}
	l.swept = now
	for key, b := range l.buckets {
		if l.filled(b, now) >= l.perMinute {
			delete(l.buckets, key)
		}
	}
	return len(l.buckets) < maxKeys
}

// Source is the key of a client's address: one machine may have a whole /64 of IPv6 addresses, so these count as one.
func Source(ip netip.Addr) netip.Addr {
	if ip = ip.Unmap(); !ip.Is6() {
		return ip
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return p.Addr()
}
