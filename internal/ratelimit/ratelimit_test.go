package ratelimit

import (
	"net/netip"
	"testing"
	"time"
)

func TestAllow(t *testing.T) {
	now := time.Unix(1000, 0)
	l := NewKeyed[string](6)
	for i := range 6 {
		if ok, _ := l.Allow("a", now); !ok {
			t.Fatalf("event %d was refused", i)
		}
	}
	ok, wait := l.Allow("a", now)
	if ok || wait != 10*time.Second {
		t.Errorf("the seventh: %v, %s", ok, wait)
	}
	if ok, _ := l.Allow("b", now); !ok {
		t.Error("another key pays for the first")
	}
	if ok, _ := l.Allow("a", now.Add(wait-time.Millisecond)); ok {
		t.Error("allowed before the time that was told")
	}
	if ok, _ := l.Allow("a", now.Add(wait)); !ok {
		t.Error("refused after the time that was told")
	}
	if ok, _ := l.Allow("a", now.Add(-time.Hour)); ok {
		t.Error("a clock that goes back gives events")
	}
}

func TestBurst(t *testing.T) {
	now := time.Unix(1000, 0)
	l := NewBurst[string](2, 3*time.Minute)
	allow := func(want bool) {
		t.Helper()
		if ok, _ := l.Allow("a", now); ok != want {
			t.Errorf("allowed %v at %s", ok, now)
		}
	}
	allow(true)
	allow(true)
	if ok, wait := l.Allow("a", now); ok || wait != 3*time.Minute {
		t.Errorf("the third: %v, %s", ok, wait)
	}
	l.GiveBack("a", now)
	l.GiveBack("b", now)
	allow(true)
	allow(false)
	now = now.Add(time.Hour)
	l.GiveBack("a", now)
	allow(true)
	allow(true)
	allow(false)
	l.Forget("a")
	allow(true)
}

func TestNoLimit(t *testing.T) {
	l := NewKeyed[int](0)
	for range 1000 {
		if ok, wait := l.Allow(1, time.Unix(0, 0)); !ok || wait != 0 {
			t.Fatal("refused without a limit")
		}
	}
	if len(l.buckets) != 0 {
		t.Error("keys are kept without a limit")
	}
}

// A flood from ever new keys neither grows the memory nor locks out those that are known.
func TestBound(t *testing.T) {
	now := time.Unix(1000, 0)
	l := NewKeyed[int](2)
	for i := range maxKeys {
		l.Allow(i, now)
	}
	allowed := 0
	for i := range 1000 {
		if ok, _ := l.Allow(maxKeys+i, now); ok {
			allowed++
		}
	}
	if allowed != 2 || len(l.buckets) != maxKeys {
		t.Errorf("%d of the flood were allowed, %d keys are kept", allowed, len(l.buckets))
	}
	if ok, _ := l.Allow(0, now); !ok {
		t.Error("a known key suffers")
	}
	if ok, _ := l.Allow(-1, now.Add(2*time.Minute)); !ok || len(l.buckets) != 1 {
		t.Errorf("%d keys are kept after a quiet time", len(l.buckets))
	}
}

func TestSource(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1%eth0": "fe80::",
	} {
		if got := Source(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("Source(%s) = %s, want %s", in, got, want)
		}
	}
	if Source(netip.Addr{}).IsValid() {
		t.Error("no address became one")
	}
}
