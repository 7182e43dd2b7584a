package devcert

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// hostsPerLine is how many names Windows reads of one line of its hosts file.
const hostsPerLine = 9

// WriteSteps prints what is in the folder and what to do with it, as commands that can be copied; program is how the reader
// called this one.
func (r Result) WriteSteps(w io.Writer, program string) error {
	ca, caKey, cert, key := r.quoted(CAFile), r.quoted(CAKeyFile), r.quoted(CertFile), r.quoted(KeyFile)
	var b strings.Builder
	part := func(title string) { fmt.Fprintf(&b, "\n%s\n\n", title) }
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-17s %s\n", name, fmt.Sprintf(format, args...))
	}

	part("The files are in " + r.Dir + ".")
	row("CA", "%s, %s, good until %s", r.CA.Subject.CommonName, made(r.CAMade), r.CA.NotAfter.Format(time.DateOnly))
	row("", "can sign only for %s and names below them, and for %s", strings.Join(r.CA.PermittedDNSDomains, ", "), joined(r.CA.PermittedIPRanges))
	row("Certificate", "%s, good until %s", made(r.CertMade), r.Cert.NotAfter.Format(time.DateOnly))
	row("", "is for %s, %s", strings.Join(r.Cert.DNSNames, ", "), joined(r.Cert.IPAddresses))
	if r.caEnding {
		row("Note", "the CA ends soon; add --new-ca to make another one, which every client must trust anew")
	}
	row("Keep to yourself", "%s", caKey)

	port := "8443"
	if r.vendor {
		port = "443" // clients that are led here by a name know no other
	}
	part("Serve, with your other settings:")
	fmt.Fprintf(&b, "  %s serve --tls-listen :%s --tls-cert %s --tls-key %s\n\n", quote(program), port, cert, key)
	if r.vendor {
		row("Linux, not root", "sudo setcap cap_net_bind_service=+ep $(command -v %s)", quote(program))
	}
	row("Renewal", "the same devcert command again; kill -HUP makes a running server read the files anew")

	part("Trust the CA where clients run:")
	row("Debian, Ubuntu", "sudo cp %s /usr/local/share/ca-certificates/parley-dev.crt && sudo update-ca-certificates", ca)
	row("Fedora, RHEL", "sudo cp %s /etc/pki/ca-trust/source/anchors/parley-dev.pem && sudo update-ca-trust", ca)
	row("Chrome on Linux", "certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n parley-dev -i %s", ca)
	row("macOS", "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain %s", ca)
	row("Windows", "certutil -user -addstore Root %s", ca)
	row("Firefox", "Settings, Privacy & Security, View Certificates, Authorities, Import: ca.pem, for websites")
	row("Node", "NODE_EXTRA_CA_CERTS=%s node app.js", ca)
	row("Go", "SSL_CERT_FILE=%s ./app (on Linux)", ca)
	row("curl", "curl --cacert %s https://…", ca)

	if r.vendor {
		part("Lead the vendor's names to Parley where clients run. 127.0.0.1 is this machine; elsewhere, write its address. As long as\nthis is so, the hosted service cannot be reached from there.")
		title := "hosts file"
		for line := range slices.Chunk(VendorHosts(), hostsPerLine) {
			row(title, "127.0.0.1 %s", strings.Join(line, " "))
			title = ""
		}
		row("", "(/etc/hosts; on Windows C:\\Windows\\System32\\drivers\\etc\\hosts)")
		row("or dnsmasq", "address=/%s/127.0.0.1", vendorDomain)
		row("or unbound", "local-zone: %q redirect", vendorDomain+".")
		row("", "local-data: %q", vendorDomain+". A 127.0.0.1")
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func made(now bool) string {
	if now {
		return "made now"
	}
	return "unchanged"
}

// joined lists addresses or ranges of them.
func joined[T fmt.Stringer](list []T) string {
	var out []string
	for _, one := range list {
		out = append(out, one.String())
	}
	return strings.Join(out, ", ")
}

// quoted is the path of a file as a shell takes it.
func (r Result) quoted(file string) string { return quote(filepath.Join(r.Dir, file)) }

func quote(path string) string {
	if strings.ContainsAny(path, " \t\n'\"$&;|<>()*?[]#~`!{}") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
