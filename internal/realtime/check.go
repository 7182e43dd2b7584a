package realtime

import (
	"context"
	"math/rand/v2"
	"time"

	"parley/internal/bus"
)

// checker is the goroutine that compares positions, on nodes whose bus may lose messages.
type checker struct {
	hub  *Hub
	ring chan struct{} // the bus has probably lost something
}

func (k *checker) init(h *Hub) {
	k.hub = h
	k.ring = make(chan struct{}, 1)
	if lossy, ok := h.bus.(bus.Lossy); ok {
		lossy.OnLoss(func() {
			select {
			case k.ring <- struct{}{}:
			default:
			}
		})
	}
}

func (k *checker) run() {
	timer := time.NewTimer(k.pause())
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-k.ring:
		case <-k.hub.ctx.Done():
			if lossy, ok := k.hub.bus.(bus.Lossy); ok {
				lossy.OnLoss(nil)
			}
			return
		}
		k.all()
		timer.Reset(k.pause())
	}
}

// pause is CheckEvery, give or take a quarter, so that nodes that started together do not check together.
func (k *checker) pause() time.Duration {
	every := k.hub.opt.CheckEvery
	return every*3/4 + rand.N(every/2+1)
}

// all compares the positions of all feeds.
func (k *checker) all() {
	var feeds []*feed
	for i := range k.hub.feeds {
		s := &k.hub.feeds[i]
		s.mu.RLock()
		for _, f := range s.feeds {
			feeds = append(feeds, f)
		}
		s.mu.RUnlock()
		for len(feeds) >= batch || i == shards-1 && len(feeds) > 0 {
			n := min(batch, len(feeds))
			if !k.some(feeds[:n]) {
				return // the next check does it
			}
			feeds = feeds[n:]
		}
	}
}

func (k *checker) some(feeds []*feed) bool {
	h := k.hub
	topics := make([]Topic, len(feeds))
	for i, f := range feeds {
		topics[i] = f.topic
	}
	ctx, cancel := context.WithTimeout(h.ctx, h.opt.ReadTimeout)
	defer cancel()
	positions, err := h.source.Positions(ctx, topics)
	if err != nil || len(positions) != len(topics) {
		h.sourceTrouble("check positions", err)
		return false
	}
	h.count.checks.Add(int64(len(topics)))
	for i, f := range feeds {
		f.mu.Lock()
		if positions[i] < 0 {
			f.gone = true
		}
		f.want = max(f.want, positions[i])
		f.scheduleIfNeeded()
		f.mu.Unlock()
	}
	return true
}
