package devcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Lifetimes. Browsers take no server certificate that is good for more than 398 days, and the exact day is a matter of how one
// counts. A certificate begins a little in the past, for clients whose clock is late.
const (
	caYears     = 2
	certDays    = 397
	renewBefore = 30 * 24 * time.Hour
	clockSkew   = time.Hour
)

const organization = "Parley development" // by which an authority of this package is known

// Options say what to make.
type Options struct {
	Dir string // is made where it is not there
	// Hosts are names and addresses beside localhost and the loopback addresses, which are always in.
	Hosts []string
	// VendorNames adds the host names that official clients use when nobody tells them another.
	VendorNames bool
	// NewCA replaces the authority; every client must trust the new one.
	NewCA bool
	Now   time.Time
}

// Result is what is in the folder now.
type Result struct {
	Dir              string // absolute
	CA, Cert         *x509.Certificate
	CAMade, CertMade bool // in this call
	vendor           bool
	caEnding         bool
}

// Make brings a folder to what the options say: it makes what is missing, renews a certificate that is for other names or ends
// within 30 days, and otherwise changes nothing. An authority that cannot sign the names, or has ended, is an error, because
// only people can trust another one.
func Make(o Options) (Result, error) {
	want, err := parseNames(o.Hosts, o.VendorNames)
	if err != nil {
		return Result{}, err
	}
	dir, err := openFolder(o.Dir)
	if err != nil {
		return Result{}, err
	}
	ca, err := dir.readCA()
	if err != nil {
		return Result{}, err
	}
	server, err := dir.readServer(ca)
	if err != nil {
		return Result{}, err
	}
	r := Result{Dir: string(dir), vendor: o.VendorNames}
	if ca == nil || o.NewCA {
		replace := ca != nil
		if ca, err = newCA(want, o.Now); err != nil {
			return Result{}, err
		}
		if err := dir.saveCA(ca, replace); err != nil {
			return Result{}, err
		}
		r.CAMade = true
	} else if err := usable(ca.cert, want, o.Now); err != nil {
		return Result{}, err
	}
	if server == nil || r.CAMade || !current(server.cert, ca.cert, want, o.Now) {
		replace := server != nil
		if server, err = issue(ca, server, want, o.Now); err != nil {
			return Result{}, err
		}
		if err := dir.saveServer(server, replace); err != nil {
			return Result{}, err
		}
		r.CertMade = true
	}
	r.CA, r.Cert = ca.cert, server.cert
	r.caEnding = ends(ca.cert, o.Now)
	return r, nil
}

// usable says why an authority cannot sign these names now.
func usable(ca *x509.Certificate, want names, now time.Time) error {
	if !now.Before(ca.NotAfter) {
		return fmt.Errorf("the CA has ended on %s; --new-ca makes another one, which every client must trust anew", ca.NotAfter.Format(time.DateOnly))
	}
	if outside := want.outside(ca.PermittedDNSDomains, ca.PermittedIPRanges); len(outside) > 0 {
		return fmt.Errorf("the CA was not made for %s and cannot sign for it; --new-ca makes one that can, which every client must trust anew", strings.Join(outside, ", "))
	}
	return nil
}

// ends reports whether a certificate is due for its renewal.
func ends(c *x509.Certificate, now time.Time) bool { return c.NotAfter.Sub(now) < renewBefore }

// current reports whether a certificate needs no renewal. One that lives as long as its authority gains nothing by it.
func current(c, ca *x509.Certificate, want names, now time.Time) bool {
	if ends(c, now) && c.NotAfter.Before(ca.NotAfter) {
		return false
	}
	return slices.Equal(c.DNSNames, want.dns) && slices.EqualFunc(c.IPAddresses, want.addresses, func(ip net.IP, a netip.Addr) bool { return ip.Equal(a.AsSlice()) })
}

// pair is a certificate and its key.
type pair struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newCA makes an authority that signs itself. Its name has a random part: clients that still trust an earlier one would
// otherwise try that one for what this one signed.
func newCA(n names, now time.Time) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	begin := now.Add(-clockSkew)
	template := &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{organization}, CommonName: "Parley development CA " + strings.ToLower(rand.Text()[:8])},
		NotBefore: begin, NotAfter: begin.AddDate(caYears, 0, 0),
		BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign,
		// Names of other kinds, such as mail addresses, are not constrained; this makes signing them useless.
		ExtKeyUsage:                 []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         n.domains,
	}
	for _, r := range n.ranges {
		template.PermittedIPRanges = append(template.PermittedIPRanges, &net.IPNet{IP: r.Addr().AsSlice(), Mask: net.CIDRMask(r.Bits(), r.Addr().BitLen())})
	}
	return sign(template, &pair{template, key}, key)
}

// issue makes a server certificate. A key that is there is kept: a renewal then changes one file, which a server that reads
// both cannot find half done.
func issue(ca, before *pair, n names, now time.Time) (*pair, error) {
	var key *ecdsa.PrivateKey
	var err error
	if before != nil {
		key = before.key
	} else if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	begin := now.Add(-clockSkew)
	end := begin.AddDate(0, 0, certDays)
	if end.After(ca.cert.NotAfter) {
		end = ca.cert.NotAfter
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{Organization: []string{organization}, CommonName: "Parley development server"},
		NotBefore: begin, NotAfter: end,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              n.dns,
	}
	for _, a := range n.addresses {
		template.IPAddresses = append(template.IPAddresses, a.AsSlice())
	}
	return sign(template, ca, key)
}

func sign(template *x509.Certificate, by *pair, key *ecdsa.PrivateKey) (*pair, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &pair{cert, key}, err
}
