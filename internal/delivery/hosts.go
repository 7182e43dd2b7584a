package delivery

import (
	"net/http"
	"sync"
	"time"

	"parley/internal/webhook"
)

const (
	// tolerated is how many calls to a host may fail in a row before the next ones are spaced out.
	tolerated = 5
	// firstPause doubles with each further failure up to maxPause.
	firstPause = time.Second
	maxPause   = 30 * time.Second
	// maxHosts bounds the memory of failing hosts; beyond it, it starts anew.
	maxHosts = 10_000
)

// hosts knows which hosts are down, as far as this node has seen: a circuit breaker for each. While a host is down one call at a time is let
// through, as a probe, and a pause follows each failure; the first answer ends it.
type hosts struct {
	now     func() time.Time
	mu      sync.Mutex
	failing map[string]*host
}

type host struct {
	failures int       // in a row
	until    time.Time // when the next probe may go
	probe    time.Time // when the one under way began; zero for none
}

func newHosts(now func() time.Time) *hosts { return &hosts{now: now, failing: map[string]*host{}} }

// admit reports how long a call to a host must wait; 0 lets it go, and its end must be told by report or forget.
func (k *hosts) admit(name string) time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.failing[name]
	if h == nil || h.failures < tolerated {
		return 0
	}
	now := k.now()
	if wait := h.until.Sub(now); wait > 0 {
		return wait
	}
	if !h.probe.IsZero() && now.Sub(h.probe) < 2*webhook.Timeout {
		return webhook.Timeout
	}
	h.probe = now
	return 0
}

// report notes whether the host answered a call.
func (k *hosts) report(name string, answered bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if answered {
		delete(k.failing, name)
		return
	}
	h := k.failing[name]
	if h == nil {
		if len(k.failing) >= maxHosts {
			clear(k.failing)
		}
		h = &host{}
		k.failing[name] = h
	}
	now := k.now()
	if h.failures >= tolerated && now.Before(h.until) {
		return // it was under way when the host was found to be down
	}
	h.failures++
	h.probe = time.Time{}
	h.until = now.Add(pause(h.failures))
}

// forget notes that a call said nothing about its host: it was cut off, or never made.
func (k *hosts) forget(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if h := k.failing[name]; h != nil {
		h.probe = time.Time{}
	}
}

// down counts the hosts that are taken for down.
func (k *hosts) down() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range k.failing {
		if h.failures >= tolerated {
			n++
		}
	}
	return n
}

// pause is how long a host with so many failures in a row is left alone.
func pause(failures int) time.Duration {
	if failures < tolerated {
		return 0
	}
	return min(maxPause, firstPause<<min(failures-tolerated, 16))
}

// answered reports whether an answer shows that the host works: any status but those by which it, or a proxy before it, says that it cannot.
func answered(r webhook.Response) bool {
	switch r.Status {
	case 0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return false
	}
	return true
}
