package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// Timeout is how long one call may take, from waiting for a connection to the last byte of the answer
	// (rest-semantics §3.4).
	Timeout = 5 * time.Second
	// MaxAnswer is how much of an answer is kept, in bytes.
	MaxAnswer = 64 << 10
	// maxConnsPerHost bounds what a slow receiver can hold. Further calls to it wait within their own time limit.
	maxConnsPerHost = 64

	formType = "application/x-www-form-urlencoded; charset=UTF-8"
)

// Outcome says what to do after a call.
type Outcome uint8

// The outcomes of a call.
const (
	OK    Outcome = iota + 1 // the receiver took it: 2xx
	Retry                    // not delivered, may be later: no connection, no answer in time, 408, 425, 429, 5xx
	Final                    // refused for good: any other status, or an address that may not be called
)

func (o Outcome) String() string {
	switch o {
	case OK:
		return "ok"
	case Retry:
		return "retry"
	case Final:
		return "final"
	}
	return "unknown"
}

// Request is one call. Form is sent as the body of a POST or the query of a GET; Body (with ContentType) is sent instead
// when it is not nil, by POST only.
type Request struct {
	URL              string // http or https; user-info becomes Basic authentication
	Method           string // GET or POST; empty means POST
	Form             url.Values
	Body             []byte
	ContentType      string
	AuthToken        string        // key of the signature; "" for a call without one
	IdempotencyToken string        // the same for every attempt at one delivery
	Timeout          time.Duration // 0 means the caller's
}

// Response is what came of a call.
type Response struct {
	Outcome   Outcome
	Status    int // 0: no answer
	Header    http.Header
	Body      []byte // at most MaxAnswer
	Truncated bool   // the answer was longer
}

// Options says how calls are made. The zero value is the strict one.
type Options struct {
	Version      string        // for the User-Agent
	AllowPrivate bool          // permit loopback, private and carrier-grade NAT addresses
	AllowHosts   []string      // names, addresses and ranges that are permitted although private
	Timeout      time.Duration // 0 means Timeout
}

// Caller makes calls. It is safe for use by several goroutines.
type Caller struct {
	client    *http.Client
	transport *http.Transport
	userAgent string
	timeout   time.Duration
}

// NewCaller returns a caller, or an error if an entry of AllowHosts cannot be understood.
func NewCaller(o Options) (*Caller, error) {
	g, err := newGuard(o.AllowPrivate, o.AllowHosts)
	if err != nil {
		return nil, err
	}
	c := &Caller{timeout: o.Timeout, userAgent: "Parley"}
	if c.timeout == 0 {
		c.timeout = Timeout
	}
	if o.Version != "" {
		c.userAgent += "/" + o.Version
	}
	c.transport = &http.Transport{
		Proxy: nil, // a proxy from the environment would dial for us, past the guard
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			d := net.Dialer{Timeout: c.timeout, Control: g.control(host)}
			return d.DialContext(ctx, network, addr)
		},
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxConnsPerHost:        maxConnsPerHost,
		MaxIdleConnsPerHost:    8,
		MaxIdleConns:           512,
		IdleConnTimeout:        time.Minute,
		TLSHandshakeTimeout:    c.timeout,
		MaxResponseHeaderBytes: MaxAnswer,
	}
	c.client = &http.Client{
		Transport: c.transport,
		// Redirects are not followed: the signature is for the configured address only, and the answer would carry a
		// customer's words to a place that nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Close drops idle connections. Calls under way end by their own limits.
func (c *Caller) Close() { c.transport.CloseIdleConnections() }

// CheckURL says what is wrong with an address that a receiver is to be configured with, or nil. It does not resolve
// the name: the guard judges addresses at each call.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("is not a valid URL") // err would repeat user-info
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("must start with http:// or https://")
	case u.Hostname() == "":
		return errors.New("names no host")
	}
	return nil
}

// Post makes one signed call and waits for its answer. The error is nil exactly if the outcome is OK; its text holds
// neither the query nor the user-info of the address, and is fit for a log.
func (c *Caller) Post(ctx context.Context, r Request) (Response, error) {
	if r.Timeout == 0 {
		r.Timeout = c.timeout
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	req, err := c.request(ctx, r)
	if err != nil {
		return Response{Outcome: Final}, err
	}
	answer, err := c.client.Do(req)
	if err != nil {
		return failed(req, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, MaxAnswer+1))
	if err != nil {
		return failed(req, err)
	}
	out := Response{Outcome: classifyStatus(answer.StatusCode), Status: answer.StatusCode, Header: answer.Header, Body: body}
	if len(body) > MaxAnswer {
		out.Body, out.Truncated = body[:MaxAnswer], true
	}
	switch {
	case out.Outcome == OK:
		return out, nil
	case answer.StatusCode/100 == 3:
		return out, fmt.Errorf("%s answered %d: redirects are not followed", place(req), answer.StatusCode)
	default:
		return out, fmt.Errorf("%s answered %d", place(req), answer.StatusCode)
	}
}

func (c *Caller) request(ctx context.Context, r Request) (*http.Request, error) {
	if err := CheckURL(r.URL); err != nil {
		return nil, fmt.Errorf("webhook address %w", err)
	}
	var (
		address     = withQuery(r.URL, "")
		method      = r.Method
		contentType = formType
		form        = r.Form
		body        []byte
		signature   string
	)
	if r.AuthToken != "" {
		form = single(form)
	}
	switch {
	case method == "" || method == http.MethodPost:
		method = http.MethodPost
		if r.Body != nil {
			body, contentType = r.Body, r.ContentType
			if r.AuthToken != "" {
				address, signature = SignBody(r.AuthToken, r.URL, body)
			}
		} else {
			body = []byte(form.Encode())
			signature = Sign(r.AuthToken, address, form)
		}
	case method == http.MethodGet && r.Body == nil:
		contentType = ""
		address = withQuery(r.URL, form.Encode())
		signature = Sign(r.AuthToken, address, nil)
	default:
		return nil, fmt.Errorf("webhook method %q is not GET or POST", method)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("webhook address is not a valid URL")
	}
	h := req.Header
	h.Set("User-Agent", c.userAgent)
	h.Set("Accept", "*/*")
	if r.AuthToken != "" {
		h.Set("X-Twilio-Signature", signature)
	}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	if r.IdempotencyToken != "" {
		h.Set("I-Twilio-Idempotency-Token", r.IdempotencyToken)
	}
	return req, nil // net/http turns user-info of the address into Basic authentication
}

// single keeps the first value of each name, which is the one that is signed.
func single(form url.Values) url.Values {
	out := make(url.Values, len(form))
	for name, values := range form {
		if len(values) > 0 {
			out[name] = values[:1]
		}
	}
	return out
}

func classifyStatus(status int) Outcome {
	switch {
	case status/100 == 2:
		return OK
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
		return Retry
	default:
		return Final
	}
}

// failed is a call without a complete answer. Another attempt makes sense unless the guard refused the address.
func failed(req *http.Request, err error) (Response, error) {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the wrapper's text holds the whole address
	}
	if _, blocked := errors.AsType[*BlockedError](err); blocked {
		return Response{Outcome: Final}, fmt.Errorf("%s: %w", place(req), err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Response{Outcome: Retry}, fmt.Errorf("%s: no answer in time: %w", place(req), err)
	}
	return Response{Outcome: Retry}, fmt.Errorf("%s: %w", place(req), err)
}

// place is the address without what may be secret.
func place(req *http.Request) string {
	u := url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host, Path: req.URL.Path}
	return strings.TrimSuffix(req.Method+" "+u.String(), "/")
}
