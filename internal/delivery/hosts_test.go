package delivery

import (
	"testing"
	"time"

	"parley/internal/webhook"
)

// TestHosts: after five failures in a row one probe at a time goes out, ever more rarely, until one is answered.
func TestHosts(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	k := newHosts(func() time.Time { return now })
	for i := range tolerated {
		if wait := k.admit("h"); wait != 0 {
			t.Fatalf("after %d failures a call waits %v", i, wait)
		}
		k.report("h", false)
	}
	if k.down() != 1 || k.admit("other") != 0 {
		t.Error("a host that is down must be known, and keep no other back")
	}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		if wait := k.admit("h"); wait != want*time.Second {
			t.Errorf("the pause is %v, want %d s", wait, want)
		}
		now = now.Add(want * time.Second)
		if wait := k.admit("h"); wait != 0 {
			t.Fatalf("the probe waits %v", wait)
		}
		if wait := k.admit("h"); wait <= 0 {
			t.Error("two probes at once")
		}
		k.report("h", false)
	}
	now = now.Add(maxPause)
	if k.admit("h") != 0 {
		t.Fatal("no probe")
	}
	k.forget("h")
	if k.admit("h") != 0 {
		t.Fatal("a probe that was cut off blocks the next one")
	}
	now = now.Add(2 * webhook.Timeout)
	if k.admit("h") != 0 {
		t.Fatal("a probe that never ended blocks for good")
	}
	k.report("h", true)
	if k.down() != 0 || k.admit("h") != 0 {
		t.Error("an answer must end the pause")
	}
}

// TestHostsAreBounded: whatever many hosts fail, the memory stays small.
func TestHostsAreBounded(t *testing.T) {
	k := newHosts(time.Now)
	for i := range maxHosts + 10 {
		k.report(time.Duration(i).String(), false)
	}
	if n := len(k.failing); n > maxHosts {
		t.Errorf("%d hosts are remembered", n)
	}
}

func TestTargetHoldsNoSecret(t *testing.T) {
	if got := target("https://ann:secret@h.test:8443/a/b?token=secret#x"); got != "https://h.test:8443/a/b" {
		t.Errorf("target is %q", got)
	}
}
