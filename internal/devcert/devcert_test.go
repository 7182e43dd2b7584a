package devcert_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"parley/internal/devcert"
)

const day = 24 * time.Hour

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// place is a folder for certificates at a time that passes.
type place struct {
	*testing.T
	dir string
	now time.Time
}

func newPlace(t *testing.T) *place {
	return &place{t, filepath.Join(t.TempDir(), "made", "here"), begin}
}

func (p *place) try(change func(*devcert.Options)) (devcert.Result, error) {
	o := devcert.Options{Dir: p.dir, Now: p.now}
	if change != nil {
		change(&o)
	}
	return devcert.Make(o)
}

func (p *place) make(change func(*devcert.Options)) devcert.Result {
	p.Helper()
	r, err := p.try(change)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// files reads the folder.
func (p *place) files() map[string]string {
	p.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		p.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(p.dir, e.Name()))
		if err != nil && !e.IsDir() {
			p.Fatal(err)
		}
		out[e.Name()] = string(text)
	}
	return out
}

// verify asks as a client does that trusts the CA and nothing else.
func (p *place) verify(r devcert.Result, cert *x509.Certificate, host string) error {
	roots := x509.NewCertPool()
	roots.AddCert(r.CA)
	_, err := cert.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: p.now})
	return err
}

func hosts(names ...string) func(*devcert.Options) {
	return func(o *devcert.Options) { o.Hosts = names }
}

func vendor(o *devcert.Options) { o.VendorNames = true }

func TestMakeOnce(t *testing.T) {
	p := newPlace(t)
	r := p.make(hosts("Desk.example.test", "192.0.2.7"))
	if !r.CAMade || !r.CertMade || r.Dir != p.dir {
		t.Errorf("%+v", r)
	}
	files := p.files()
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, []string{"ca-key.pem", "ca.pem", "cert.pem", "key.pem"}) {
		t.Errorf("files %v", got)
	}
	for file, mode := range map[string]os.FileMode{"ca-key.pem": 0o600, "key.pem": 0o600, "ca.pem": 0o644, "cert.pem": 0o644} {
		info, err := os.Stat(filepath.Join(p.dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != mode {
			t.Errorf("%s has mode %v", file, info.Mode())
		}
	}
	for name, c := range map[string]*x509.Certificate{"CA": r.CA, "certificate": r.Cert} {
		key, ok := c.PublicKey.(*ecdsa.PublicKey)
		if !ok || key.Curve != elliptic.P256() {
			t.Errorf("the %s's key is %T", name, c.PublicKey)
		}
	}
	if life := r.Cert.NotAfter.Sub(r.Cert.NotBefore); life > 397*day || life < 396*day {
		t.Errorf("the certificate lives %v", life)
	}
	if !r.CA.NotAfter.Equal(begin.Add(-time.Hour).AddDate(2, 0, 0)) || !r.CA.NotBefore.Before(begin) {
		t.Errorf("the CA lives from %v to %v", r.CA.NotBefore, r.CA.NotAfter)
	}
	again := p.make(hosts("192.0.2.7", "desk.example.test", "desk.example.test"))
	if again.CAMade || again.CertMade || !maps.Equal(files, p.files()) {
		t.Errorf("made anew: %+v", again)
	}
}

func TestRenewal(t *testing.T) {
	const all = "desk.example.test"
	for _, c := range []struct {
		name        string
		after       time.Duration
		change      func(*devcert.Options)
		ca, renewed bool
	}{
		{"the same", 0, hosts(all), false, false},
		{"not due", 366 * day, hosts(all), false, false},
		{"due", 368 * day, hosts(all), false, true},
		{"ended", 500 * day, hosts(all), false, true},
		{"fewer names", 0, nil, false, true},
		{"a name below one of the CA's", 0, hosts(all, "a.desk.example.test", "*.desk.example.test", "app.localhost", "127.0.0.2"), false, true},
		{"a new CA", 0, func(o *devcert.Options) { o.Hosts, o.NewCA = []string{"other.example.test"}, true }, true, true},
		{"a new CA after the end of one", 800 * day, func(o *devcert.Options) { o.Hosts, o.NewCA = []string{all}, true }, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			first := p.make(hosts(all))
			before := p.files()
			p.now = p.now.Add(c.after)
			r, after := p.make(c.change), p.files()
			if r.CAMade != c.ca || r.CertMade != c.renewed || len(after) != 4 {
				t.Errorf("%+v", r)
			}
			for file, changed := range map[string]bool{"ca.pem": c.ca, "ca-key.pem": c.ca, "cert.pem": c.renewed, "key.pem": false} {
				if (before[file] != after[file]) != changed {
					t.Errorf("%s changed: %v", file, !changed)
				}
			}
			if err := p.verify(r, r.Cert, "localhost"); err != nil {
				t.Error(err)
			}
			if err := p.verify(first, r.Cert, "localhost"); (err != nil) != c.ca {
				t.Errorf("who trusts the first CA finds %v", err)
			}
			if _, err := tls.LoadX509KeyPair(filepath.Join(p.dir, "cert.pem"), filepath.Join(p.dir, "key.pem")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEndOfCA: a certificate ends with its CA at the latest, and is not made again for nothing.
func TestEndOfCA(t *testing.T) {
	p := newPlace(t)
	p.make(nil)
	p.now = begin.Add(400 * day)
	r := p.make(nil)
	if !r.CertMade || r.Cert.NotAfter.After(r.CA.NotAfter) {
		t.Errorf("%+v ends %v", r, r.Cert.NotAfter)
	}
	p.now = r.CA.NotAfter.Add(-day)
	if r := p.make(nil); r.CertMade || !strings.Contains(steps(t, r), "the CA ends soon") {
		t.Errorf("%+v", r)
	}
}

func TestOnlyANewCAHelps(t *testing.T) {
	for _, c := range []struct {
		name   string
		after  time.Duration
		change func(*devcert.Options)
		say    string
	}{
		{"a name beside", 0, hosts("other.test", "xdesk.test"), "other.test, xdesk.test"},
		{"an address beside", 0, hosts("192.0.2.8"), "192.0.2.8"},
		{"the vendor's names", 0, vendor, "*.twilio.com"},
		{"ended", 731 * day, hosts("desk.test"), "has ended on 2028-03-01"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.make(hosts("desk.test", "192.0.2.7"))
			before := p.files()
			p.now = p.now.Add(c.after)
			if _, err := p.try(c.change); err == nil || !strings.Contains(err.Error(), c.say) || !strings.Contains(err.Error(), "--new-ca") {
				t.Errorf("%v", err)
			}
			if !maps.Equal(before, p.files()) {
				t.Error("something was changed")
			}
		})
	}
}

// TestScope takes the CA's key, as a thief would, and signs for names of all kinds: clients that trust the CA take only what it
// was made for.
func TestScope(t *testing.T) {
	p := newPlace(t)
	plain := p.make(hosts("*.example.test", "desk.internal", "192.0.2.7", "2001:db8::7", "shelf"))
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "a.example.test", "desk.internal", "192.0.2.7", "2001:db8::7", "shelf"} {
		if err := p.verify(plain, plain.Cert, host); err != nil {
			t.Error(err)
		}
	}
	for _, host := range []string{"example.test", "a.b.example.test", "chat.twilio.com", "127.0.0.2"} {
		if p.verify(plain, plain.Cert, host) == nil {
			t.Errorf("the certificate is good for %s", host)
		}
	}
	stolen, err := tls.LoadX509KeyPair(filepath.Join(p.dir, "ca.pem"), filepath.Join(p.dir, "ca-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	signed := func(template x509.Certificate) error {
		template.NotBefore, template.NotAfter = begin.Add(-day), begin.Add(day)
		der, err := x509.CreateCertificate(rand.Reader, &template, plain.CA, &stolen.PrivateKey.(*ecdsa.PrivateKey).PublicKey, stolen.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return p.verify(plain, cert, "")
	}
	for _, name := range []string{"example.test", "x.example.test", "desk.internal", "localhost"} {
		if err := signed(x509.Certificate{DNSNames: []string{name}}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"bank.example", "test", "xexample.test", "internal", "chat.twilio.com", "*.com"} {
		if signed(x509.Certificate{DNSNames: []string{name}}) == nil {
			t.Errorf("the CA can sign for %s", name)
		}
	}
	for _, address := range []string{"192.0.2.8", "10.0.0.1", "::2", "2001:db8::8"} {
		if signed(x509.Certificate{IPAddresses: []net.IP{net.ParseIP(address)}}) == nil {
			t.Errorf("the CA can sign for %s", address)
		}
	}
	if !plain.CA.PermittedDNSDomainsCritical {
		t.Error("a client that does not know name constraints would take anything")
	}
	if !plain.CA.MaxPathLenZero || !slices.Equal(plain.CA.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) {
		t.Error("the CA can make other CAs, or sign more than servers")
	}
}

func TestVendorNames(t *testing.T) {
	p := newPlace(t)
	r := p.make(vendor)
	for _, host := range append(devcert.VendorHosts(), "chat.ie1.twilio.com", "assets.flex.twilio.com", "localhost") {
		if err := p.verify(r, r.Cert, host); err != nil {
			t.Error(err)
		}
	}
	text := steps(t, r)
	for _, host := range devcert.VendorHosts() {
		if !strings.Contains(text, " "+host) {
			t.Errorf("the steps do not name %s", host)
		}
	}
	if strings.Contains(steps(t, newPlace(t).make(nil)), "twilio.com") {
		t.Error("steps for the vendor's names, which nobody asked for")
	}
}

func TestBadHosts(t *testing.T) {
	for _, host := range []string{"", " ", "a b", "https://desk.test", "desk.test:8443", "desk.test.", "-a.test", "a-.test", "a..test", "*", "*.com", "a.*.test",
		"straße.test", "a_b.test", "1.2.3", "1.2.3.4.5", "0.0.0.0", "::", "ff02::1", "fe80::1%eth0", "[::1]", "10.0.0.0/8",
		strings.Repeat("a", 64) + ".test", strings.Repeat("a.", 127) + "test"} {
		p := newPlace(t)
		if _, err := p.try(hosts("good.test", host)); err == nil || !strings.Contains(err.Error(), "host ") {
			t.Errorf("%q: %v", host, err)
		}
		if _, err := os.Stat(p.dir); !os.IsNotExist(err) {
			t.Errorf("%q left a folder: %v", host, err)
		}
	}
	if _, err := newPlace(t).try(hosts(slices.Repeat([]string{"a.test"}, 101)...)); err == nil {
		t.Error("101 hosts")
	}
}

// TestForeignFiles: whatever is there that the package did not make stays as it is, and nothing is put beside it.
func TestForeignFiles(t *testing.T) {
	other := newPlace(t)
	other.make(nil)
	from := other.files()
	for _, c := range []struct {
		name  string
		mine  bool // begin with files of the package's own
		newCA bool
		put   map[string]string // over it; "" removes
		about string
	}{
		{"text", false, false, map[string]string{"ca.pem": "hello"}, "ca.pem"},
		{"both are text", false, false, map[string]string{"cert.pem": "hello", "key.pem": "hello"}, "cert.pem"},
		{"a key alone", false, false, map[string]string{"key.pem": from["key.pem"]}, "key.pem"},
		{"a CA without its key", true, false, map[string]string{"ca-key.pem": ""}, "ca.pem"},
		{"another's certificate", true, false, map[string]string{"cert.pem": from["cert.pem"], "key.pem": from["key.pem"]}, "cert.pem"},
		{"another's certificate, and a new CA", true, true, map[string]string{"cert.pem": from["cert.pem"], "key.pem": from["key.pem"]}, "cert.pem"},
		{"another's CA", true, false, map[string]string{"ca.pem": from["ca.pem"], "ca-key.pem": from["ca-key.pem"]}, "cert.pem"},
		{"a certificate as CA", false, true, map[string]string{"ca.pem": from["cert.pem"], "ca-key.pem": from["key.pem"]}, "ca.pem"},
		{"a certificate without a CA", false, false, map[string]string{"cert.pem": from["cert.pem"], "key.pem": from["key.pem"]}, "cert.pem"},
		{"another key", true, false, map[string]string{"key.pem": from["key.pem"]}, "key.pem"},
		{"more than one certificate", true, false, map[string]string{"ca.pem": from["ca.pem"] + from["ca.pem"]}, "ca.pem"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			if c.mine {
				p.make(nil)
			} else if err := os.MkdirAll(p.dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for file, text := range c.put {
				path := filepath.Join(p.dir, file)
				err := os.WriteFile(path, []byte(text), 0o600)
				if text == "" {
					err = os.Remove(path)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			before := p.files()
			_, err := p.try(func(o *devcert.Options) { o.NewCA, o.Hosts = c.newCA, []string{"app.localhost"} })
			if err == nil || !strings.Contains(err.Error(), filepath.Join(p.dir, c.about)) {
				t.Errorf("%v", err)
			}
			if !maps.Equal(before, p.files()) {
				t.Error("something was changed")
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	for _, file := range []string{"ca.pem", "ca-key.pem", "cert.pem", "key.pem"} {
		for kind, put := range map[string]func(string) error{
			"folder": func(path string) error { return os.Mkdir(path, 0o700) },
			"link":   func(path string) error { return os.Symlink(filepath.Join(t.TempDir(), "elsewhere"), path) },
			"big":    func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte{'\n'}, 2<<20), 0o600) },
		} {
			p := newPlace(t)
			p.make(nil)
			path := filepath.Join(p.dir, file)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := put(path); err != nil {
				t.Fatal(err)
			}
			if _, err := p.try(hosts("app.localhost")); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s is a %s: %v", file, kind, err)
			}
		}
	}
	p := newPlace(t)
	p.make(nil)
	open := filepath.Join(p.dir, "ca-key.pem")
	if err := os.Chmod(open, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := p.try(nil); err == nil && runtime.GOOS != "windows" {
		t.Error("a CA whose key others can read")
	}
	for _, dir := range []string{"", open, filepath.Join(open, "below")} {
		if _, err := p.try(func(o *devcert.Options) { o.Dir = dir }); err == nil {
			t.Errorf("a folder at %q", dir)
		}
	}
}

func steps(t *testing.T, r devcert.Result) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteSteps(&b, "bin/parley"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSteps(t *testing.T) {
	p := newPlace(t)
	p.dir = filepath.Join(t.TempDir(), "it's here")
	text := steps(t, p.make(hosts("desk.test")))
	file := func(name string) string {
		return "'" + strings.ReplaceAll(filepath.Join(p.dir, name), "'", `'\''`) + "'"
	}
	for _, want := range []string{
		"made now, good until 2027-04-02", "made now, good until 2028-03-01",
		"can sign only for desk.test, localhost and names below them, and for 127.0.0.0/8, ::1/128\n", "is for desk.test, localhost, 127.0.0.1, ::1\n",
		"  bin/parley serve --tls-listen :8443 --tls-cert " + file("cert.pem") + " --tls-key " + file("key.pem") + "\n",
		"NODE_EXTRA_CA_CERTS=" + file("ca.pem"), "-addstore Root " + file("ca.pem"), "Firefox", "macOS", "update-ca-certificates",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if text := steps(t, p.make(hosts("desk.test"))); !strings.Contains(text, "unchanged, good until 2028-03-01") {
		t.Error(text)
	}
}
