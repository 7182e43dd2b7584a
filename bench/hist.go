package main

import (
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// hist counts durations in buckets of 2 %.
type hist struct{ buckets [1200]atomic.Int64 }

const histStep = 1.02

func (h *hist) add(d time.Duration) {
	i := 0
	if us := float64(d) / 1e3; us > 1 {
		i = int(math.Log(us) / math.Log(histStep))
	}
	h.buckets[min(i, len(h.buckets)-1)].Add(1)
}

func (h *hist) quantile(q float64) time.Duration {
	var total, seen int64
	for i := range h.buckets {
		total += h.buckets[i].Load()
	}
	for i := range h.buckets {
		seen += h.buckets[i].Load()
		if seen > 0 && float64(seen) >= q*float64(total) {
			return time.Duration(math.Pow(histStep, float64(i)+0.5) * 1e3)
		}
	}
	return 0
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return 0
	}
	return v[len(v)/2]
}
