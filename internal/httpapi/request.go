package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"parley/internal/core"
)

// Request is a request with its caller known and its parameters at hand.
type Request struct {
	*http.Request
	Caller Caller
	Base   Base
	params params
	limits *limits
}

// params are query and form read as one set (rest-semantics §2.2). The first fault found while reading them is kept, and fails the
// request before it changes anything if the handler asks Err, and at the latest when it returns.
type params struct {
	form, query url.Values
	loaded      bool
	body        bool // the body was read, as JSON
	err         error
}

// all returns the values of a name, those of the form first.
func (p *params) all(name string) []string {
	if len(p.query[name]) == 0 {
		return p.form[name]
	}
	return slices.Concat(p.form[name], p.query[name])
}

// Path returns a decoded value of the route's path.
func (r *Request) Path(name string) string { return r.PathValue(name) }

// WebhookEnabled reports whether a REST call asked for webhooks (rest-semantics §3.2).
func (r *Request) WebhookEnabled() bool {
	return strings.EqualFold(r.Header.Get("X-Twilio-Webhook-Enabled"), "true")
}

// Err returns the first fault of the parameters read so far. Call it before the first change.
func (r *Request) Err() error {
	r.load()
	return r.params.err
}

// Fault notes err as the fault of the request unless there is one already.
func (r *Request) Fault(err error) {
	if r.params.err == nil {
		r.params.err = err
	}
}

func (r *Request) load() {
	if r.params.loaded {
		return
	}
	r.params.loaded = true
	r.params.query = r.URL.Query()
	if r.Body == nil || r.Method == http.MethodGet || r.params.body {
		return
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind != "" && !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		// Parameters that the client believes it sent must not be taken for absent. Bodies of tunnelled requests are JSON.
		if r.ContentLength != 0 && placeOf(r.Request).product != Socket {
			r.Fault(core.Ef(core.CodeInvalidParameter, "The body must be of type application/x-www-form-urlencoded, not %q", clip(kind)))
		}
		return
	}
	body, err := r.readBody()
	if err != nil {
		r.Fault(err)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		r.Fault(core.Ef(core.CodeInvalidParameter, "The body is not a valid form: %v", err))
		return
	}
	r.params.form = form
}

// Posted returns the parameters of the form in the body, without those of the query: what a caller's signature is over.
func (r *Request) Posted() url.Values {
	r.load()
	return r.params.form
}

func (r *Request) readBody() ([]byte, error) {
	body, err := r.readAll()
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, core.Ef(core.CodeTooLarge, "The body is larger than %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return nil, core.Ef(core.CodeInvalidParameter, "The body could not be read")
	}
	return body, nil
}

// readAll reads a short body of known length in one piece. For a longer one, memory grows with what really comes.
func (r *Request) readAll() ([]byte, error) {
	const short = 64 << 10
	if r.ContentLength <= 0 || r.ContentLength > short {
		return io.ReadAll(r.Body)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}

// JSON decodes a JSON body into dest.
func (r *Request) JSON(dest any) error {
	if r.Body == nil {
		return nil
	}
	r.params.body = true
	body, err := r.readBody()
	if err != nil || len(body) == 0 {
		return err
	}
	if err := json.Unmarshal(body, dest); err != nil {
		return core.Ef(core.CodeInvalidParameter, "The body is not the JSON that is expected here: %v", err)
	}
	return nil
}

// Str returns a parameter, or nil when it is absent. An empty value is a value. Of one that is in the form and in the query the form's
// counts; one that is in either of them twice is a fault, since nobody could say which of its values was meant.
func (r *Request) Str(name string) *string {
	r.load()
	v := r.params.form[name]
	if len(v) == 0 {
		v = r.params.query[name]
	}
	switch {
	case len(v) == 0:
		return nil
	case len(v) > 1:
		r.Fault(core.Ef(core.CodeInvalidParameter, "%s takes one value, and was given %d", name, len(v)))
		return nil
	case !core.CleanText(v[0]):
		r.Fault(core.Ef(core.CodeInvalidParameter, "%s is not valid UTF-8 text without null bytes", name))
		return nil
	}
	return &v[0]
}

// Text is Str with "" for an absent parameter.
func (r *Request) Text(name string) string {
	if v := r.Str(name); v != nil {
		return *v
	}
	return ""
}

// Required is Text for a parameter that must be there and not empty; otherwise the request fails with code.
func (r *Request) Required(name string, code int) string {
	v := r.Text(name)
	if v == "" {
		r.Fault(core.Ef(code, "Missing required parameter %s", name))
	}
	return v
}

// List returns all values of a repeated parameter; nil when it is absent.
func (r *Request) List(name string) []string {
	r.load()
	values := r.params.all(name)
	for _, v := range values {
		if !core.CleanText(v) {
			r.Fault(core.Ef(core.CodeInvalidParameter, "%s is not valid UTF-8 text without null bytes", name))
			return nil
		}
	}
	return values
}

// Bool returns a parameter that is true or false in any case, or nil.
func (r *Request) Bool(name string) *bool {
	v := r.Str(name)
	if v == nil {
		return nil
	}
	yes := strings.EqualFold(*v, "true")
	if !yes && !strings.EqualFold(*v, "false") {
		r.Fault(core.Ef(core.CodeInvalidParameter, "%s must be true or false, not %q", name, clip(*v)))
		return nil
	}
	return &yes
}

// Int returns an integer between min and max, or nil; otherwise the request fails with code.
func (r *Request) Int(name string, code int, min, max int64) *int64 {
	v := r.Str(name)
	if v == nil || *v == "" {
		return nil
	}
	n, err := strconv.ParseInt(*v, 10, 64)
	if err != nil || n < min || n > max {
		r.Fault(core.Ef(code, "%s must be a whole number from %d to %d, not %q", name, min, max, clip(*v)))
		return nil
	}
	return &n
}

// Time returns a date in microseconds, or nil; otherwise the request fails with code.
func (r *Request) Time(name string, code int) *int64 {
	v := r.Str(name)
	if v == nil || *v == "" {
		return nil
	}
	us, ok := core.ParseTime(*v)
	if !ok {
		r.Fault(core.Ef(code, "%s must be an ISO 8601 date such as 2026-01-02T03:04:05Z, not %q", name, clip(*v)))
		return nil
	}
	return &us
}

// Enum returns one of the allowed words in any case, as it is spelt in allowed, or nil; otherwise the request fails with code.
func (r *Request) Enum(name string, code int, allowed ...string) *string {
	v := r.Str(name)
	if v == nil {
		return nil
	}
	for _, a := range allowed {
		if strings.EqualFold(a, *v) {
			return &a
		}
	}
	r.Fault(core.Ef(code, "%s must be one of %s, not %q", name, strings.Join(allowed, ", "), clip(*v)))
	return nil
}

// clip shortens a value for an error message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
