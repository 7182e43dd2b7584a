package webhook

import (
	"fmt"
	"net/netip"
	"strings"
	"syscall"
)

// BlockedError says that a call was refused because of where it would have gone.
type BlockedError struct {
	Addr   netip.Addr
	Reason string
}

func (e *BlockedError) Error() string {
	return fmt.Sprintf("calls to %s are not permitted: %s", e.Addr, e.Reason)
}

// reach says who may open a range of addresses.
type reach uint8

const (
	public    reach = iota // always permitted
	private                // permitted by AllowPrivate or by the list
	forbidden              // permitted only by the list, by range
)

// ranges are tried in order; the first that holds an address decides. What none holds is public.
var ranges = []struct {
	prefix netip.Prefix
	reach  reach
	reason string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), forbidden, "unspecified address"},
	{netip.MustParsePrefix("10.0.0.0/8"), private, "private address"},
	{netip.MustParsePrefix("100.64.0.0/10"), private, "carrier-grade NAT address"},
	{netip.MustParsePrefix("127.0.0.0/8"), private, "loopback address"},
	{netip.MustParsePrefix("169.254.0.0/16"), forbidden, "link-local or metadata address"},
	{netip.MustParsePrefix("172.16.0.0/12"), private, "private address"},
	{netip.MustParsePrefix("192.0.0.0/24"), forbidden, "protocol assignment"},
	{netip.MustParsePrefix("192.0.2.0/24"), forbidden, "documentation address"},
	{netip.MustParsePrefix("192.88.99.0/24"), forbidden, "6to4 relay"},
	{netip.MustParsePrefix("192.168.0.0/16"), private, "private address"},
	{netip.MustParsePrefix("198.18.0.0/15"), forbidden, "benchmark address"},
	{netip.MustParsePrefix("198.51.100.0/24"), forbidden, "documentation address"},
	{netip.MustParsePrefix("203.0.113.0/24"), forbidden, "documentation address"},
	{netip.MustParsePrefix("224.0.0.0/3"), forbidden, "multicast, reserved or broadcast address"},
	{netip.MustParsePrefix("168.63.129.16/32"), forbidden, "metadata address"},

	{netip.MustParsePrefix("::1/128"), private, "loopback address"},
	{netip.MustParsePrefix("fd00:ec2::254/128"), forbidden, "metadata address"},
	{netip.MustParsePrefix("fc00::/7"), private, "private address"},
	{netip.MustParsePrefix("2001::/23"), forbidden, "protocol assignment (Teredo and others)"},
	{netip.MustParsePrefix("2001:db8::/32"), forbidden, "documentation address"},
	{netip.MustParsePrefix("2002::/16"), forbidden, "6to4 address"},
	{netip.MustParsePrefix("3fff::/20"), forbidden, "documentation address"},
	{netip.MustParsePrefix("2000::/3"), public, ""},
	// The rest of IPv6 is not global unicast: unspecified, IPv4-compatible, NAT64 (64:ff9b::/96 and 64:ff9b:1::/48, which
	// could lead to any IPv4 address behind the translator), link-local, site-local, multicast.
	{netip.MustParsePrefix("::/0"), forbidden, "not a global address"},
}

// classify judges one address. IPv4-mapped IPv6 counts as the IPv4 address inside.
func classify(a netip.Addr) (reach, string) {
	a = a.Unmap().WithZone("")
	for _, r := range ranges {
		if r.prefix.Contains(a) {
			return r.reach, r.reason
		}
	}
	return public, ""
}

// guard decides which addresses may be dialled.
type guard struct {
	allowPrivate bool
	prefixes     []netip.Prefix
	hosts        map[string]bool
}

func newGuard(allowPrivate bool, allowHosts []string) (*guard, error) {
	g := &guard{allowPrivate: allowPrivate, hosts: map[string]bool{}}
	for _, h := range allowHosts {
		if p, err := netip.ParsePrefix(h); err == nil {
			g.prefixes = append(g.prefixes, p.Masked())
		} else if a, err := netip.ParseAddr(h); err == nil {
			g.prefixes = append(g.prefixes, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		} else if strings.ContainsAny(h, "/: ") || h == "" {
			return nil, fmt.Errorf("%q is no host name, address or range", h)
		} else {
			g.hosts[hostKey(h)] = true
		}
	}
	return g, nil
}

func hostKey(h string) string { return strings.ToLower(strings.TrimSuffix(h, ".")) }

// check permits or refuses an address that host (a name or a literal) stands for. A listed name opens private
// addresses only: whoever controls the name's records must not be able to reach the metadata service with it.
func (g *guard) check(host string, a netip.Addr) error {
	a = a.Unmap().WithZone("")
	for _, p := range g.prefixes {
		if p.Contains(a) {
			return nil
		}
	}
	r, reason := classify(a)
	if r == public || r == private && (g.allowPrivate || g.hosts[hostKey(host)]) {
		return nil
	}
	return &BlockedError{Addr: a, Reason: reason}
}

// control is the check at the moment of connecting: it sees the address itself, after the name was resolved, so that
// a name which changes its address between a check and the call gains nothing.
func (g *guard) control(host string) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("cannot judge address %q: %w", address, err)
		}
		return g.check(host, ap.Addr())
	}
}
