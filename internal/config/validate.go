package config

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/internal/core"
)

// faults gathers what is wrong; each fault names the setting and says what to do.
type faults []error

func (f *faults) add(setting, format string, args ...any) {
	*f = append(*f, fmt.Errorf("%s: %s", setting, fmt.Sprintf(format, args...)))
}

// Validate returns every fault of the configuration at once, joined, or nil. It reads the certificate files but
// connects to nothing and changes nothing. Values of secrets are never part of a fault.
func (c *Config) Validate() error {
	var f faults
	f.join(c.Storage.Validate())
	f.network(&c.Network)
	f.limits(c)
	f.webhooks(&c.Webhooks)
	f.studio(&c.Studio)
	f.transports(&c.Transports)
	f.push(&c.Push)
	f.relays(&c.Relays)
	f.account(&c.Account)
	if c.NATSURL != "" && c.DatabaseURL == "" {
		f.add("nats-url", "several nodes need one PostgreSQL; set database-url too, or leave nats-url out for a single node")
	}
	f.desktop(&c.Desktop)
	f.signIn(&c.SignIn)
	f.widget(&c.Widget)
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		f.add("log-level", "%q is unknown; use debug, info, warn or error", c.LogLevel)
	}
	if !slices.Contains([]string{"text", "json"}, c.LogFormat) {
		f.add("log-format", "%q is unknown; use text or json", c.LogFormat)
	}
	return errors.Join(f...)
}

// Validate returns every fault of the store's settings at once, or nil.
func (s *Storage) Validate() error {
	var f faults
	if s.Data == "" {
		f.add("data", "is empty; name a folder that the server may write")
	} else if info, err := os.Stat(s.Data); err == nil && !info.IsDir() {
		f.add("data", "%s is a file; name a folder", s.Data)
	}
	if s.DatabaseURL != "" {
		u, err := url.Parse(s.DatabaseURL.Reveal())
		switch {
		case err != nil: // err repeats the value, password and all
			f.add("database-url", "is not an address; write postgres://user:password@host:5432/database and escape special characters of the password as %%XX")
		case u.Scheme != "postgres" && u.Scheme != "postgresql":
			f.add("database-url", "has scheme %q; only postgres:// is known. Leave it out to use the embedded store under data", u.Scheme)
		case strings.Trim(u.Path, "/") == "":
			f.add("database-url", "names no database; add it as postgres://host/database")
		}
	}
	return errors.Join(f...)
}

func (f *faults) join(err error) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		*f = append(*f, many.Unwrap()...)
	}
}

func (f *faults) network(n *Network) {
	f.address("listen", n.Listen, true)
	f.address("tls-listen", n.TLSListen, false)
	if n.PublicURL != "" {
		u, err := url.Parse(n.PublicURL)
		if err != nil || !isHTTP(u) || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			f.add("public-url", "%q is not a base address; write scheme and host only, as https://chat.example.com", n.PublicURL)
		}
	}
	switch {
	case n.TLSListen == "" && (n.TLSCert != "" || n.TLSKey != ""):
		f.add("tls-listen", "is not set, so tls-cert and tls-key would have no effect; set it, for example to :8443")
	case n.TLSListen != "" && (n.TLSCert == "" || n.TLSKey == ""):
		f.add("tls-listen", "needs both tls-cert and tls-key")
	case n.TLSListen != "":
		if _, err := tls.LoadX509KeyPair(n.TLSCert, n.TLSKey); err != nil {
			f.add("tls-cert", "cannot be used with tls-key: %v", err)
		}
	}
	for _, p := range n.TrustedProxies {
		if _, err := parsePrefix(p); err != nil {
			f.add("trusted-proxies", "%q is neither an address nor a range; write for example 10.0.0.0/8", p)
		}
	}
	if n.NATSURL != "" {
		for one := range strings.SplitSeq(n.NATSURL.Reveal(), ",") {
			u, err := url.Parse(strings.TrimSpace(one))
			if err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
				f.add("nats-url", "is not an address; write nats://host:4222, several separated by commas")
				break
			}
		}
	}
	f.duration("drain-timeout", n.DrainTimeout, 0, 10*time.Minute)
}

func (f *faults) studio(s *Studio) {
	const month = 30 * 24 * time.Hour
	f.duration("studio-retention", s.StudioRetention, time.Minute, 20*365*24*time.Hour)
	f.duration("studio-lifetime", s.StudioLifetime, time.Minute, month)
	f.duration("studio-reply-timeout", s.StudioReplyTimeout, time.Second, month)
	f.duration("studio-http-timeout", s.StudioHTTPTimeout, 100*time.Millisecond, time.Minute)
	f.size("studio-http-bytes", s.StudioHTTPBytes, 1, 64<<10)
	f.size("studio-text-bytes", s.StudioTextBytes, 1<<10, 1<<20)
	f.size("studio-context-bytes", s.StudioContextBytes, 16<<10, 16<<20)
	for _, n := range []struct {
		name  string
		value int
	}{
		{"studio-max-steps", s.StudioMaxSteps}, {"studio-max-repeats", s.StudioMaxRepeats}, {"studio-max-widgets", s.StudioMaxWidgets},
		{"studio-max-subflows", s.StudioMaxSubflows}, {"studio-max-loops", s.StudioMaxLoops}, {"studio-task-attributes", s.StudioTaskAttributes},
	} {
		f.number(n.name, n.value, 1)
	}
	if s.StudioTaskAttributes > 4096 {
		f.add("studio-task-attributes", "%d is more than a task can have; use at most 4096", s.StudioTaskAttributes)
	}
	if _, err := time.LoadLocation(s.StudioTimeZone); err != nil || s.StudioTimeZone == "" {
		f.add("studio-time-zone", "%q is unknown; use a name such as Europe/Berlin or UTC", s.StudioTimeZone)
	}
}

func (f *faults) limits(c *Config) {
	// A message body may have 32 KiB, which JSON can blow up sixfold; a smaller frame limit would break lawful messages.
	f.size("max-frame-bytes", c.MaxFrameBytes, 64<<10, 16<<20)
	f.size("queue-bytes", c.QueueBytes, c.MaxFrameBytes, 1<<30)
	f.size("media-max-bytes", c.MediaMaxBytes, 1, 1<<40)
	f.number("max-connections", c.MaxConnections, 1)
	f.number("frame-rate", c.FrameRate, 0)
	f.number("connect-rate", c.ConnectRate, 0)
	f.number("key-rate", c.KeyRate, 0)
	f.number("identity-rate", c.IdentityRate, 0)
	if c.FrameRate > 0 && c.FrameBurst < 1 {
		f.add("frame-burst", "must be at least 1 while frame-rate is set")
	}
	f.duration("media-url-ttl", c.MediaURLTTL, 10*time.Second, 24*time.Hour)
}

func (f *faults) webhooks(w *Webhooks) {
	f.duration("webhook-retention", w.WebhookRetention, time.Hour, 90*24*time.Hour)
	for _, h := range w.WebhookAllowHosts {
		_, err := parsePrefix(h)
		if err != nil && (h == "" || strings.ContainsAny(h, "/: *@")) {
			f.add("webhook-allow-hosts", "%q is no host name, address or range; write without scheme and port", h)
		}
	}
}

func (f *faults) transports(t *Transports) {
	for _, a := range []struct {
		setting string
		url     DSN
	}{{"transport-url", t.TransportURL}, {"transport-sms", t.TransportSMS}, {"transport-whatsapp", t.TransportWhatsApp}, {"transport-facebook", t.TransportFacebook},
		{"transport-line", t.TransportLine}, {"transport-custom", t.TransportCustom}} {
		if u, err := url.Parse(a.url.Reveal()); a.url != "" && (err != nil || !isHTTP(u) || u.Fragment != "") {
			f.add(a.setting, "%q is not an address; write for example https://sms.example.com/out", a.url)
		}
	}
}

func (f *faults) push(p *Push) {
	for _, a := range []struct{ setting, url string }{{"fcm-url", p.FCMURL}, {"fcm-token-url", p.FCMTokenURL}, {"apns-url", p.APNsURL}} {
		u, err := url.Parse(a.url)
		if a.setting == "apns-url" && a.url == "" {
			continue
		}
		if err != nil || !isHTTP(u) || strings.HasSuffix(u.Path, "/") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			f.add(a.setting, "%q is not an address; write for example https://push.example.com, without a slash at its end", a.url)
		}
	}
}

func (f *faults) relays(r *Relays) {
	for _, s := range r.ICEServers {
		scheme, host, _ := strings.Cut(s, ":")
		switch {
		case !slices.Contains([]string{"stun", "stuns", "turn", "turns"}, scheme) || host == "" || strings.HasPrefix(host, "/"):
			f.add("ice-servers", "%q is not a server; write for example turn:relay.example.com:3478?transport=udp", s)
		case strings.HasPrefix(scheme, "turn") && r.TURNSecret == "":
			f.add("turn-secret", "is needed for %s: nobody could use that server", s)
		}
	}
}

func (f *faults) desktop(d *Desktop) {
	for _, p := range d.Plugins {
		if u, err := url.Parse(p); err != nil || !(strings.HasPrefix(p, "/") || isHTTP(u)) {
			f.add("plugins", "%q is not a script address; write https://… or a path that starts with /", p)
		}
	}
	if d.PluginsDir != "" {
		if info, err := os.Stat(d.PluginsDir); err != nil || !info.IsDir() {
			f.add("plugins-dir", "%s is not a folder; make it, or leave the setting out", d.PluginsDir)
		}
	}
	for _, o := range d.PluginOrigins {
		f.origin("plugin-origins", o)
	}
	for _, o := range d.DesktopOrigins {
		f.origin("desktop-origins", o)
	}
	f.duration("service-level", d.ServiceLevel, time.Second, 24*time.Hour)
}

func (f *faults) signIn(s *SignIn) {
	f.duration("session-max", s.SessionMax, time.Minute, 7*24*time.Hour)
	if s.OIDCIssuer == "" {
		if s.OIDCClientID != "" || s.OIDCClientSecret != "" {
			f.add("oidc-issuer", "is not set, so the other oidc settings would have no effect")
		}
		return
	}
	if u, err := url.Parse(s.OIDCIssuer); err != nil || !isHTTP(u) || u.RawQuery != "" || u.Fragment != "" {
		f.add("oidc-issuer", "%q is not an issuer's address; write https://…, letter for letter as the provider calls itself", s.OIDCIssuer)
	}
	if s.OIDCClientID == "" {
		f.add("oidc-client-id", "is needed with oidc-issuer")
	}
}

func (f *faults) widget(w *Widget) {
	for _, o := range w.WidgetOrigins {
		if o != "*" {
			f.origin("widget-origins", o)
		}
	}
	f.number("widget-rate", w.WidgetRate, 0)
	f.number("widget-flow-rate", w.WidgetFlowRate, 0)
	f.duration("widget-token-ttl", w.WidgetTokenTTL, time.Minute, 24*time.Hour)
}

// origin takes what a browser sends as Origin, letter for letter: that is how they are compared.
func (f *faults) origin(setting, o string) {
	u, err := url.Parse(o)
	if err != nil || !isHTTP(u) || o != u.Scheme+"://"+strings.ToLower(u.Host) {
		f.add(setting, "%q is not an origin; write scheme and host in small letters without a path or slash, as https://www.example.com", o)
	}
}

func (f *faults) account(a *Account) {
	for _, s := range []struct{ setting, prefix, value string }{
		{"account-sid", "AC", a.AccountSID}, {"api-key-sid", "SK", a.APIKeySID}, {"chat-service-sid", "IS", a.ChatServiceSID},
		{"flex-flow-sid", "FO", a.FlexFlowSID}, {"web-flow-sid", "FO", a.WebFlowSID}, {"proxy-service-sid", "KS", a.ProxyServiceSID},
		{"workspace-sid", "WS", a.WorkspaceSID}, {"workflow-sid", "WW", a.WorkflowSID}, {"task-queue-sid", "WQ", a.TaskQueueSID},
		{"worker-sid", "WK", a.WorkerSID},
	} {
		if s.value != "" && !core.IsSID(s.prefix, s.value) {
			f.add(s.setting, "%q is not a SID of this kind; it must be %s and 32 hexadecimal digits", s.value, s.prefix)
		}
	}
	if a.FlexFlowSID != "" && a.FlexFlowSID == a.WebFlowSID {
		f.add("web-flow-sid", "is the same as flex-flow-sid; give each flow its own")
	}
	if (a.APIKeySID == "") != (a.APIKeySecret == "") {
		f.add("api-key-sid", "and api-key-secret belong together; set both or neither")
	}
	f.secret("auth-token", a.AuthToken)
	f.secret("api-key-secret", a.APIKeySecret)
}

// secret asks for what the field's clients and HTTP Basic can carry without escaping (design §2.1).
func (f *faults) secret(setting string, s Secret) {
	if s == "" {
		return
	}
	plain := !strings.ContainsFunc(s.Reveal(), func(r rune) bool {
		return !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	})
	if len(s) < 16 || len(s) > 128 || !plain {
		f.add(setting, "must be 16 to 128 letters and digits without blanks (the value is not shown)")
	}
}

func (f *faults) address(setting, addr string, required bool) {
	if addr == "" && !required {
		return
	}
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		f.add(setting, "%q is not an address to listen on; write host:port, as localhost:8080 or :8080", addr)
	}
}

func (f *faults) size(setting string, v, least, most ByteSize) {
	if v < least || v > most {
		f.add(setting, "is %s; it must be from %s to %s", v, least, most)
	}
}

func (f *faults) number(setting string, v, least int) {
	if v < least {
		f.add(setting, "is %d; it must be at least %d", v, least)
	}
}

func (f *faults) duration(setting string, v, least, most time.Duration) {
	if v < least || v > most {
		f.add(setting, "is %s; it must be from %s to %s", v, least, most)
	}
}

func isHTTP(u *url.URL) bool { return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" }
