package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// cli is the shape in which the command line uses the package.
type cli struct {
	File
	Serve struct{ Config }  `cmd:""`
	Check struct{ Storage } `cmd:""`
}

func parseCLI(t *testing.T, args ...string) (cli, error) {
	t.Helper()
	var c cli
	k, err := kong.New(&c, append(Options(), kong.Exit(func(int) {}))...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(args)
	return c, err
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestDefaultIsValid(t *testing.T) {
	c := Default()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.Listen != "localhost:8080" || c.Data != "./data" || c.MediaMaxBytes != 150<<20 || c.Demo || c.WebhookAllowPrivate {
		t.Errorf("unexpected defaults: %+v", c)
	}
}

func TestEnvironmentNamesFollowTheFlags(t *testing.T) {
	p, err := newParser(new(Config))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Model.Flags {
		want := "PARLEY_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if len(f.Envs) != 1 || f.Envs[0] != want {
			t.Errorf("--%s has variables %v, want %s", f.Name, f.Envs, want)
		}
		if !strings.HasSuffix(f.Help, ".") {
			t.Errorf("--%s: help must be sentences: %q", f.Name, f.Help)
		}
	}
}

func TestPrecedence(t *testing.T) {
	file := writeFile(t, "listen: file:1\nqueue_bytes: 2MiB\ndemo: true\nplugins: [/a.js, 'https://x.example/b,c.js']\nlog-level: debug\ndrain-timeout: 3s\nmax-connections: 7\n")
	t.Setenv("PARLEY_LISTEN", "env:1")
	t.Setenv("PARLEY_LOG_LEVEL", "warn")
	c, err := parseCLI(t, "serve", "--config", file, "--log-level", "error")
	if err != nil {
		t.Fatal(err)
	}
	s := c.Serve
	if s.Listen != "env:1" {
		t.Errorf("a variable must beat the file: %q", s.Listen)
	}
	if s.LogLevel != "error" {
		t.Errorf("a flag must beat a variable: %q", s.LogLevel)
	}
	if s.QueueBytes != 2<<20 || !s.Demo || s.DrainTimeout != 3*time.Second || s.MaxConnections != 7 {
		t.Errorf("values of the file are lost: %+v", s)
	}
	if diff := cmp.Diff([]string{"/a.js", "https://x.example/b,c.js"}, s.Plugins); diff != "" {
		t.Error(diff)
	}
	if s.Data != "./data" {
		t.Errorf("default lost: %q", s.Data)
	}
}

func TestFileFromEnvironmentAndSharedByCommands(t *testing.T) {
	t.Setenv("PARLEY_CONFIG", writeFile(t, "listen: file:1\ndata: /srv/parley\n"))
	c, err := parseCLI(t, "check")
	if err != nil {
		t.Fatal(err)
	}
	if c.Check.Data != "/srv/parley" {
		t.Errorf("data = %q", c.Check.Data)
	}
}

func TestFileFaults(t *testing.T) {
	for text, want := range map[string]string{
		"listne: x\nzzz: 1":              "unknown: listne, zzz",
		"listen: {a: b}":                 "listen must be a plain value",
		"listen: a\nlisten: b":           "already defined",
		"queue-bytes: 1\nqueue_bytes: 2": "queue-bytes is set twice",
		"queue-bytes: many":              "not a size",
		"plugins: [{a: b}]":              "list of texts",
		"- a":                            "settings file",
		"drain-timeout: soon":            "drain-timeout",
	} {
		_, err := parseCLI(t, "serve", "--config", writeFile(t, text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestReferenceIsAFileOfTheDefaults(t *testing.T) {
	var out bytes.Buffer
	if err := WriteReference(&out); err != nil {
		t.Fatal(err)
	}
	// What remains of the reference when the lines `# key: value` lose their mark must give the defaults.
	var file strings.Builder
	for line := range strings.Lines(out.String()) {
		key, _, ok := strings.Cut(strings.TrimPrefix(line, "# "), ":")
		if ok && !strings.ContainsAny(key, " .") {
			file.WriteString(strings.TrimPrefix(line, "# "))
		}
	}
	var keys map[string]any
	if err := yaml.Unmarshal([]byte(file.String()), &keys); err != nil {
		t.Fatal(err)
	}
	p, err := newParser(new(Config))
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != len(p.Model.Flags) {
		t.Errorf("reference has %d keys for %d settings:\n%s", len(keys), len(p.Model.Flags), file.String())
	}
	got, err := parse(strings.NewReader(file.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	got.Plugins, got.TrustedProxies, got.WebhookAllowHosts = nil, nil, nil // empty and absent mean the same
	if diff := cmp.Diff(fmt.Sprintf("%+v", Default()), fmt.Sprintf("%+v", got)); diff != "" {
		t.Error(diff)
	}
}

func TestValidateListsEveryFault(t *testing.T) {
	const password = "sw0rdfish"
	c := Default()
	c.Data = ""
	c.DatabaseURL = "mysql://root:" + password + "@db/x"
	c.Listen = "8080"
	c.PublicURL = "https://x.example/chat"
	c.TLSListen = ":8443"
	c.TrustedProxies = []string{"10.0.0.0/8", "everybody"}
	c.NATSURL = "http://u:" + password + "@h"
	c.DrainTimeout = -1
	c.QueueBytes, c.MaxFrameBytes = 0, 1
	c.MaxConnections, c.FrameRate, c.ConnectRate = 0, -1, -1
	c.KeyRate, c.IdentityRate = -1, -1
	c.MediaMaxBytes, c.MediaURLTTL = 0, 0
	c.WebhookAllowHosts, c.WebhookRetention = []string{"http://x"}, 0
	c.FCMURL, c.FCMTokenURL, c.APNsURL = "", "fcm.example.com", "https://push.example.com/"
	c.ICEServers = []string{"https://relay.example.com", "turn:relay.example.com"}
	c.Plugins, c.PluginsDir = []string{"ftp://x/y.js"}, "/no/such/folder"
	c.DesktopOrigins, c.WidgetOrigins = []string{"*"}, []string{"https://www.example.com/"}
	c.WidgetRate, c.WidgetFlowRate, c.WidgetTokenTTL = -1, -1, time.Second
	c.LogLevel, c.LogFormat = "loud", "xml"
	c.AccountSID, c.WorkerSID = "AC1", "WS00000000000000000000000000000000"
	c.APIKeySID, c.AuthToken = "SK00000000000000000000000000000000", password
	err := c.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, setting := range []string{
		"data", "database-url", "listen", "public-url", "tls-listen", "trusted-proxies", "nats-url", "drain-timeout",
		"queue-bytes", "max-frame-bytes", "max-connections", "frame-rate", "connect-rate", "key-rate", "identity-rate", "media-max-bytes", "media-url-ttl",
		"webhook-allow-hosts", "webhook-retention", "fcm-url", "fcm-token-url", "apns-url", "ice-servers", "turn-secret", "plugins", "plugins-dir", "desktop-origins", "widget-origins", "widget-rate", "widget-flow-rate", "widget-token-ttl", "log-level", "log-format", "account-sid", "worker-sid", "api-key-sid", "auth-token",
	} {
		if !strings.Contains("\n"+err.Error(), "\n"+setting+": ") {
			t.Errorf("no fault for %s in:\n%v", setting, err)
		}
	}
	if strings.Contains(err.Error(), password) {
		t.Errorf("a secret is shown:\n%v", err)
	}
}

func TestValidateAccepts(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"postgres and nats": func(c *Config) {
			c.DatabaseURL, c.NATSURL = "postgres://u:p@h:5432/db?sslmode=disable", "nats://a:4222,nats://b:4222"
		},
		"old values": func(c *Config) {
			c.AccountSID, c.AuthToken = "AC"+strings.Repeat("0a", 16), Secret(strings.Repeat("f0", 16))
			c.APIKeySID, c.APIKeySecret = "SK"+strings.Repeat("A1", 16), "abcdefghijKLMNOP0123456789"
		},
		"hosts":   func(c *Config) { c.WebhookAllowHosts = []string{"hooks.internal", "10.1.0.0/16", "::1", "fd00::/8"} },
		"proxies": func(c *Config) { c.TrustedProxies = []string{"127.0.0.1", "10.9.8.7/8"} },
		"origins": func(c *Config) {
			c.DesktopOrigins, c.WidgetOrigins = []string{"https://desk.example.com:8443"}, []string{"http://localhost:5173", "*"}
		},
		"public URL": func(c *Config) { c.PublicURL = "https://chat.example.com/" },
	} {
		c := Default()
		change(&c)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBaseURLAndListenAddresses(t *testing.T) {
	for _, tt := range []struct{ listen, public, want string }{
		{"localhost:8080", "", "http://localhost:8080"},
		{"127.0.0.1:9", "", "http://127.0.0.1:9"},
		{":8080", "", "http://localhost:8080"},
		{"0.0.0.0:80", "", "http://localhost"},
		{"[::]:8080", "", "http://localhost:8080"},
		{"[::1]:8080", "", "http://[::1]:8080"},
		{":1", "https://chat.example.com/", "https://chat.example.com"},
	} {
		if got := (Network{Listen: tt.listen, PublicURL: tt.public}).BaseURL(); got != tt.want {
			t.Errorf("BaseURL(%q, %q) = %q, want %q", tt.listen, tt.public, got, tt.want)
		}
	}
	if diff := cmp.Diff([]string{"127.0.0.1:8080", "[::1]:8080"}, ListenAddresses("localhost:8080")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{":8080"}, ListenAddresses(":8080")); diff != "" {
		t.Error(diff)
	}
	if got := (Network{TrustedProxies: []string{"10.9.8.7/8", "::1"}}).Proxies(); fmt.Sprint(got) != "[10.0.0.0/8 ::1/128]" {
		t.Errorf("Proxies = %v", got)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	const value = "0123456789abcdef"
	c := Default()
	c.AuthToken = value
	c.DatabaseURL = "postgres://u:" + value + "@h/db?sslpassword=" + value
	c.NATSURL = "nats://" + value + "@h:4222"
	var b strings.Builder
	fmt.Fprintf(&b, "%v %+v %#v %s %q %x", c, c, c, c.AuthToken, c.AuthToken, c.DatabaseURL)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "config", c, "token", c.AuthToken, "url", c.DatabaseURL)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "config", c, "token", c.AuthToken, "url", c.NATSURL)
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	y, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	all := b.String() + string(j) + string(y)
	if strings.Contains(all, value) || strings.Contains(all, fmt.Sprintf("%x", value)) {
		t.Error("a secret is shown:\n" + all)
	}
	if !strings.Contains(all, "postgres://u:xxxxx@h/db") {
		t.Error("the redacted address is missing:\n" + all)
	}
	if c.AuthToken.Reveal() != value {
		t.Error("Reveal")
	}
	if got := DSN("host=h password=" + value).String(); got != hidden {
		t.Errorf("what is no URL must be hidden whole: %q", got)
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "65536": 65536, "64KiB": 65536, "64 kib": 65536, "150MB": 150e6, "150MiB": 150 << 20, "2GiB": 2 << 30, "1kB": 1000, "5B": 5,
	} {
		var b ByteSize
		if err := b.UnmarshalText([]byte(text)); err != nil || int64(b) != want {
			t.Errorf("%q = %d, %v, want %d", text, b, err, want)
		}
		var again ByteSize
		if err := again.UnmarshalText([]byte(b.String())); err != nil || again != b {
			t.Errorf("%q does not survive its own String %q", text, b)
		}
	}
	for _, text := range []string{"", "B", "-1", "1.5MB", "9999999999GiB", "MiB", "1 MiB 2"} {
		var b ByteSize
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken as %d", text, b)
		}
	}
}
