package devcert

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
)

const maxHosts = 100 // of one certificate; a client reads all of them in each handshake

const vendorDomain = "twilio.com"

// vendorWildcards are the host names of the vendor that official clients use: {product} and {product}.{region}. A wildcard
// stands for one label, so that each region needs its own; the desktop takes assets from names below flex.
func vendorWildcards() []string {
	return []string{"*.twilio.com", "*.us1.twilio.com", "*.ie1.twilio.com", "*.au1.twilio.com", "*.flex.twilio.com"}
}

// VendorHosts are the vendor's host names that Parley answers for (flex-ui-protocol 1.1, rest-semantics 6.1): what a hosts
// file, which knows no wildcards, has to list.
func VendorHosts() []string {
	return []string{
		"chat.twilio.com", "ip-messaging.twilio.com", "tsock.twilio.com", "tsock.us1.twilio.com", "mcs.twilio.com", "mcs.us1.twilio.com",
		"flex.twilio.com", "flex-api.twilio.com", "iam.twilio.com", "preview.twilio.com", "taskrouter.twilio.com", "event-bridge.twilio.com",
		"api.twilio.com", "accounts.twilio.com", "proxy.twilio.com", "studio.twilio.com", "sync.twilio.com",
	}
}

// names are what a certificate is for, and what the authority behind it may sign.
type names struct {
	dns       []string // lower case, sorted; may begin with "*."
	addresses []netip.Addr

	domains []string // the authority may sign these and all names below them
	ranges  []netip.Prefix
}

// parseNames takes the hosts that were asked for and adds this machine's own.
func parseNames(hosts []string, vendor bool) (names, error) {
	if len(hosts) > maxHosts {
		return names{}, fmt.Errorf("%d hosts are too many; a certificate has room for %d", len(hosts), maxHosts)
	}
	dns := map[string]bool{"localhost": true}
	domains := map[string]bool{"localhost": true}
	addresses := map[netip.Addr]bool{netip.MustParseAddr("127.0.0.1"): true, netip.IPv6Loopback(): true}
	ranges := map[netip.Prefix]bool{netip.MustParsePrefix("127.0.0.0/8"): true, netip.MustParsePrefix("::1/128"): true}
	for _, host := range hosts {
		if address, err := netip.ParseAddr(host); err == nil {
			address = address.Unmap()
			if address.Zone() != "" || address.IsUnspecified() || address.IsMulticast() {
				return names{}, fmt.Errorf("host %q is no address of one machine", host)
			}
			addresses[address] = true
			if !address.IsLoopback() {
				ranges[netip.PrefixFrom(address, address.BitLen())] = true
			}
			continue
		}
		name := strings.ToLower(host)
		if err := checkName(name); err != nil {
			return names{}, fmt.Errorf("host %q %w; write a name such as desk.example.test, *.example.test or an address, without scheme and port", host, err)
		}
		dns[name] = true
		domains[strings.TrimPrefix(name, "*.")] = true
	}
	if vendor {
		for _, name := range vendorWildcards() {
			dns[name] = true
		}
		domains[vendorDomain] = true
	}
	n := names{
		dns: slices.Sorted(maps.Keys(dns)), addresses: slices.SortedFunc(maps.Keys(addresses), netip.Addr.Compare),
		domains: slices.Sorted(maps.Keys(domains)), ranges: slices.SortedFunc(maps.Keys(ranges), netip.Prefix.Compare),
	}
	n.domains = slices.DeleteFunc(n.domains, func(d string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(domains)), func(other string) bool { return d != other && below(d, other) })
	})
	return n, nil
}

// checkName refuses what is no host name in lower case (RFC 1123), with "*." before it or not.
func checkName(name string) error {
	base, wildcard := strings.CutPrefix(name, "*.")
	labels := strings.Split(base, ".")
	if wildcard && len(labels) < 2 {
		return fmt.Errorf("stands for too much: clients refuse it")
	}
	if len(name) > 253 || strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return fmt.Errorf("is no host name")
	}
	for _, label := range labels {
		bad := strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-")
		if bad || label == "" || len(label) > 63 {
			return fmt.Errorf("is no host name")
		}
	}
	return nil
}

// below reports whether a name is a domain, or in it.
func below(name, domain string) bool { return name == domain || strings.HasSuffix(name, "."+domain) }

// outside returns the names that an authority with these constraints may not sign.
func (n names) outside(domains []string, ranges []*net.IPNet) []string {
	var out []string
	for _, name := range n.dns {
		if !slices.ContainsFunc(domains, func(d string) bool { return below(strings.TrimPrefix(name, "*."), d) }) {
			out = append(out, name)
		}
	}
	for _, address := range n.addresses {
		if !slices.ContainsFunc(ranges, func(r *net.IPNet) bool { return r.Contains(address.AsSlice()) }) {
			out = append(out, address.String())
		}
	}
	return out
}
