package twilsock

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"

	"parley/internal/realtime"
)

// Bounds of a tunnelled request.
const (
	maxPathBytes = 8 << 10
	maxParams    = 64
)

// tunnelled makes the HTTP request of a `message` frame (§2.6), and its path as the client wrote it. What is not a plausible
// request is ErrFrame.
func (h *header) tunnelled(payload []byte) (*http.Request, string, error) {
	var path, host string
	var params, fields gjson.Result
	h.request.ForEach(func(k, v gjson.Result) bool {
		switch k.Str {
		case "path":
			path = v.Str
		case "host":
			host = v.Str
		case "params":
			params = v
		case "headers":
			fields = v
		}
		return true
	})
	switch h.verb {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete:
	default:
		return nil, "", ErrFrame
	}
	if len(path) == 0 || path[0] != '/' || len(path) > maxPathBytes {
		return nil, "", ErrFrame
	}
	escaped := escapePath(path)
	unescaped, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, "", ErrFrame
	}
	query, ok := rawQuery(params)
	if !ok {
		return nil, "", ErrFrame
	}
	headers := make(http.Header, 3)
	values := make([]string, 0, 3)
	fields.ForEach(func(k, v gjson.Result) bool {
		if name := headerName(k.Str); name != "" && v.Type == gjson.String && headers[name] == nil {
			values = append(values, v.Str)
			headers[name] = values[len(values)-1 : len(values) : len(values)]
		}
		return true
	})
	if h.payloadType != "" && headers["Content-Type"] == nil {
		headers["Content-Type"] = []string{h.payloadType}
	}
	r := &http.Request{
		Method: h.verb, URL: &url.URL{Path: unescaped, RawPath: escaped, RawQuery: query},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: headers, Host: host, ContentLength: int64(len(payload)), Body: http.NoBody,
	}
	if len(payload) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(payload))
	}
	return r, path, nil
}

// headerName is the canonical name of a header that a tunnelled request may bring, or "". The others say nothing to us, or what a
// client may not say.
func headerName(s string) string {
	for _, name := range [...]string{"Content-Type", "If-Match", "X-Twilio-Mutation-Id"} {
		if strings.EqualFold(s, name) {
			return name
		}
	}
	return ""
}

// escapePath repairs a path in which clients have pasted identities as they are (chat-sdk-protocol §8.2): valid escapes stay, every
// other byte that may not stand in a path is escaped.
func escapePath(path string) string { return escape(path, "/@:!$&'()*+,;=-._~") }

func escape(s, keep string) string {
	bad := 0
	for i := 0; i < len(s); i++ {
		if !plain(s, i, keep) {
			bad++
		}
	}
	if bad == 0 {
		return s
	}
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s) + 2*bad)
	for i := 0; i < len(s); i++ {
		if plain(s, i, keep) {
			b.WriteByte(s[i])
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[s[i]>>4])
		b.WriteByte(digits[s[i]&15])
	}
	return b.String()
}

func plain(s string, i int, keep string) bool {
	c := s[i]
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	case c == '%':
		return i+2 < len(s) && hexDigit(s[i+1]) && hexDigit(s[i+2])
	}
	return strings.IndexByte(keep, c) >= 0
}

func hexDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// rawQuery joins the envelope's params, whose values are percent-encoded already; a repeated key is an array.
func rawQuery(params gjson.Result) (string, bool) {
	if !params.IsObject() {
		return "", !params.Exists() || params.Type == gjson.Null
	}
	var b strings.Builder
	n := 0
	add := func(k string, v gjson.Result) {
		if v.Type == gjson.Null {
			return
		}
		if n > 0 {
			b.WriteByte('&')
		}
		n++
		b.WriteString(escape(k, "-._~"))
		b.WriteByte('=')
		b.WriteString(escape(v.String(), "-._~!*'()/:@,$"))
	}
	params.ForEach(func(k, v gjson.Result) bool {
		if v.IsArray() {
			v.ForEach(func(_, v gjson.Result) bool {
				add(k.Str, v)
				return n <= maxParams
			})
		} else {
			add(k.Str, v)
		}
		return n <= maxParams
	})
	return b.String(), n <= maxParams
}

// callContext carries to handlers what only a tunnelled request has.
type callContext struct {
	context.Context
	conn    *realtime.Conn
	rawPath string
}

type callKey struct{}

func (c *callContext) Value(key any) any {
	if _, ok := key.(callKey); ok {
		return c
	}
	return c.Context.Value(key)
}

// ConnOf returns the connection through which a request was tunnelled; nil for one that came over HTTP.
func ConnOf(ctx context.Context) *realtime.Conn {
	if c, ok := ctx.Value(callKey{}).(*callContext); ok {
		return c.conn
	}
	return nil
}

// RawPath returns the path of a tunnelled request as the client wrote it, which may hold unescaped identities.
func RawPath(ctx context.Context) string {
	if c, ok := ctx.Value(callKey{}).(*callContext); ok {
		return c.rawPath
	}
	return ""
}
