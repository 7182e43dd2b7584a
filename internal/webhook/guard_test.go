package webhook

import (
	"net/netip"
	"testing"
)

func TestGuard(t *testing.T) {
	strict, _ := newGuard(false, nil)
	trial, _ := newGuard(true, nil)
	listed, err := newGuard(false, []string{"Hooks.Internal.", "10.1.0.0/16", "169.254.169.254", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		addr                  string
		strict, trial, listed bool
	}{
		{"93.184.216.34", true, true, true},
		{"2606:4700::1111", true, true, true},
		{"8.8.8.8", true, true, true},
		{"127.0.0.1", false, true, true}, // the name is listed
		{"127.9.9.9", false, true, true},
		{"10.1.2.3", false, true, true},
		{"172.31.255.255", false, true, true},
		{"172.32.0.1", true, true, true},
		{"192.168.0.1", false, true, true},
		{"100.64.0.1", false, true, true},
		{"169.254.1.1", false, false, false},
		{"169.254.169.254", false, false, true}, // the address is listed
		{"168.63.129.16", false, false, false},
		{"0.0.0.0", false, false, false},
		{"0.1.2.3", false, false, false},
		{"224.0.0.1", false, false, false},
		{"240.0.0.1", false, false, false},
		{"255.255.255.255", false, false, false},
		{"192.0.2.1", false, false, false},
		{"198.18.0.1", false, false, false},
		{"::", false, false, false},
		{"::1", false, true, true},
		{"::ffff:127.0.0.1", false, true, true},
		{"::ffff:169.254.1.1", false, false, false},
		{"::ffff:8.8.8.8", true, true, true},
		{"::7f00:1", false, false, false}, // IPv4-compatible
		{"64:ff9b::7f00:1", false, false, false},
		{"64:ff9b:1::a00:1", false, false, false},
		{"2002:7f00:1::", false, false, false},
		{"2001::1", false, false, false},
		{"2001:db8::1", false, false, false},
		{"fc00::1", false, true, true},
		{"fd00:ec2::254", false, false, false},
		{"fe80::1", false, false, false},
		{"fe80::1%eth0", false, false, false},
		{"fec0::1", false, false, false},
		{"ff02::1", false, false, false},
	} {
		a := netip.MustParseAddr(tt.addr)
		for name, c := range map[string]struct {
			g    *guard
			want bool
		}{"strict": {strict, tt.strict}, "trial": {trial, tt.trial}, "listed": {listed, tt.listed}} {
			if err := c.g.check("hooks.internal", a); (err == nil) != c.want {
				t.Errorf("%s %s: %v, want permitted %v", name, tt.addr, err, c.want)
			}
		}
	}
	if err := listed.check("other.internal", netip.MustParseAddr("127.0.0.1")); err == nil {
		t.Error("a name that is not listed opens loopback")
	}
	for _, bad := range []string{"", "http://x", "a b", "10.0.0.0/99"} {
		if _, err := newGuard(false, []string{bad}); err == nil {
			t.Errorf("entry %q was taken", bad)
		}
	}
}

func TestGuardRefusesWhatItCannotRead(t *testing.T) {
	g, _ := newGuard(true, nil)
	if err := g.control("h")("unix", "/run/x.sock", nil); err == nil {
		t.Error("a path was taken for an address")
	}
}
