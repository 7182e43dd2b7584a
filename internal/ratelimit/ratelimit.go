package ratelimit

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// maxKeys bounds the buckets that one limiter remembers. A flood from more keys than that shares one bucket.
const maxKeys = 1 << 16

// Keyed is a token bucket for each key: so many events at once, refilled evenly.
type Keyed[K comparable] struct {
	burst, perMinute float64

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

// NewKeyed makes a limiter of perMinute events for each key, which may come all at once; 0 or less allows everything.
func NewKeyed[K comparable](perMinute int) *Keyed[K] {
	return &Keyed[K]{burst: float64(perMinute), perMinute: float64(perMinute), buckets: map[K]bucket{}}
}

// NewBurst makes a limiter of burst events for each key at once, and one more after each time of every.
func NewBurst[K comparable](burst int, every time.Duration) *Keyed[K] {
	return &Keyed[K]{burst: float64(burst), perMinute: 1 / every.Minutes(), buckets: map[K]bucket{}}
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

// GiveBack undoes one event of a key: it turned out not to be of the kind that is counted.
func (l *Keyed[K]) GiveBack(key K, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, known := l.buckets[key]; known {
		l.buckets[key] = bucket{min(l.burst, l.filled(b, now)+1), now}
	}
}

// Forget undoes all events of a key.
func (l *Keyed[K]) Forget(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.buckets, key)
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
		return l.burst
	}
	return min(l.burst, b.left+max(0, now.Sub(b.at).Minutes())*l.perMinute)
}

// sweep forgets the buckets that are full again and reports whether that made room. In a flood it looks once a second, not at each call.
func (l *Keyed[K]) sweep(now time.Time) bool {
	if now.Sub(l.swept) < time.Second {
		return false
	}
	l.swept = now
	for key, b := range l.buckets {
		if l.filled(b, now) >= l.burst {
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
