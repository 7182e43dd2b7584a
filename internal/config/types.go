package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"strconv"
	"strings"
)

const hidden = "[hidden]"

// Secret is a string that prints as "[hidden]" wherever it may end up: fmt, log/slog, JSON. Reveal gives the value.
type Secret string

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the value; an empty secret stays empty, so that logs show whether one was set.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// Format hides the value from every verb, %#v, %x and %q among them.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// LogValue hides the value from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON hides the value from encoding/json.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalYAML hides the value from YAML.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// DSN is the address of another server, which may carry a password. It prints without it.
type DSN string

// Reveal returns the address with its password.
func (d DSN) Reveal() string { return string(d) }

// String is the address with passwords replaced by "xxxxx"; what is not an address is hidden whole. A query may
// hold a password too (PostgreSQL takes ?password= and ?sslpassword=), so it is left out.
func (d DSN) String() string {
	if d == "" {
		return ""
	}
	parts := strings.Split(string(d), ",")
	for i, part := range parts {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Scheme == "" || u.Host == "" {
			return hidden
		}
		if _, ok := u.User.Password(); !ok && u.User != nil && strings.HasPrefix(u.Scheme, "nats") {
			u.User = url.User("xxxxx") // NATS takes a token in the place of the user name
		}
		u.RawQuery, u.Fragment = "", ""
		parts[i] = u.Redacted()
	}
	return strings.Join(parts, ",")
}

// Format prints the redacted form for every verb.
func (d DSN) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, d.String()) }

// LogValue is the redacted form.
func (d DSN) LogValue() slog.Value { return slog.StringValue(d.String()) }

// MarshalJSON writes the redacted form.
func (d DSN) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// MarshalYAML writes the redacted form.
func (d DSN) MarshalYAML() (any, error) { return d.String(), nil }

// ByteSize is a number of bytes, written plainly (1048576) or with a unit: kB, MB, GB (powers of 1000) or KiB, MiB, GiB
// (powers of 1024).
type ByteSize int64

// units in the order in which they are tried: a unit must come before any that it ends with.
var units = []struct {
	name string
	size int64
}{
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
}

// UnmarshalText reads a size; letters may have either case.
func (b *ByteSize) UnmarshalText(text []byte) error {
	number, factor := strings.TrimSpace(string(text)), int64(1)
	for _, u := range units {
		if n := len(number) - len(u.name); n > 0 && strings.EqualFold(number[n:], u.name) {
			number, factor = strings.TrimSpace(number[:n]), u.size
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/factor {
		return fmt.Errorf("%q is not a size; write for example 65536, 64KiB or 150MB", text)
	}
	*b = ByteSize(n * factor)
	return nil
}

// String is the size in the largest unit of 1024 that divides it.
func (b ByteSize) String() string {
	for _, u := range units[:3] {
		if b > 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// MarshalText writes what UnmarshalText reads.
func (b ByteSize) MarshalText() ([]byte, error) { return []byte(b.String()), nil }
