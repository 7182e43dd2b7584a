package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"parley/internal/core"
)

// Response is what a handler answers. A Body of type []byte is JSON already; nil means no body.
type Response struct {
	Status int
	Body   any
	Header http.Header
}

// OK answers 200 with body.
func OK(body any) (Response, error) { return Response{Status: http.StatusOK, Body: body}, nil }

// Created answers 201 with body.
func Created(body any) (Response, error) {
	return Response{Status: http.StatusCreated, Body: body}, nil
}

// NoContent answers 204.
func NoContent() (Response, error) { return Response{Status: http.StatusNoContent}, nil }

func (resp Response) write(w http.ResponseWriter, r *http.Request) int {
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	if resp.Body == nil {
		w.WriteHeader(resp.Status)
		return resp.Status
	}
	body, ok := resp.Body.([]byte)
	if !ok {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(resp.Body); err != nil {
			return writeError(w, r, core.Internal(err))
		}
		body = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	}
	writeJSON(w, resp.Status, body)
	return resp.Status
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Type"] = jsonType
	if _, tunnelled := w.(*recorder); !tunnelled {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; nothing is left to do about it
}

var jsonType = []string{"application/json"}

// writeError writes an error in the field's form (rest-semantics §2.5). Its more_info is the page about the code, at the host by which
// the client came.
func writeError(w http.ResponseWriter, r *http.Request, e *core.Error) int {
	if e.Status == http.StatusUnauthorized && !fromPage(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
	}
	if e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((e.Retry+time.Second-1)/time.Second), 10))
	}
	body, err := json.Marshal(struct {
		Code     int            `json:"code"`
		Message  string         `json:"message"`
		MoreInfo string         `json:"more_info"`
		Status   int            `json:"status"`
		Details  map[string]any `json:"details,omitempty"`
	}{e.Code, e.Message, moreInfo(r, e.Code), e.Status, e.Details})
	if err != nil {
		body = []byte(`{"code":20500,"message":"Internal Server Error","status":500}`)
	}
	writeJSON(w, e.Status, body)
	return e.Status
}

// WriteError writes err from a raw handler; what is not a core.Error becomes 20500.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	writeError(w, r, core.AsError(err))
}

func moreInfo(r *http.Request, code int) string {
	base := BaseOf(r)
	if base.Host == "" { // the request has not been through the router
		base = directBase(r)
	}
	return base.Scheme + "://" + base.Host + "/errors/" + strconv.Itoa(code)
}

// writeCORS lets browser pages of any origin call: no cookie is involved, every request brings its own credentials. A request that is
// made with the browser's credentials all the same, as Flex UI asks for its plugins, is read only by pages of the origins that are named.
func (rt *Router) writeCORS(h http.Header, r *http.Request) {
	h.Set("Access-Control-Allow-Origin", "*")
	if origin := r.Header.Get("Origin"); slices.Contains(rt.options.Origins, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(rt.options.Origins) > 0 {
		h.Add("Vary", "Origin")
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "ApiVersion, Authorization, ClientVersion, Content-Type, If-Match, Range, X-Flex-JWE, X-Flex-Version, X-Twilio-Token, X-Twilio-Webhook-Enabled, X-Twilio-Mutation-Id, Twilio-Request-Id, Twilio-Sync-Client-Info")
	h.Set("Access-Control-Expose-Headers", "Content-Disposition, Content-Range, ETag, Parley-Warning, Retry-After, Twilio-Request-Id")
	h.Set("Access-Control-Max-Age", "3600")
}

// recorder collects the answer to a tunnelled request.
type recorder struct {
	header http.Header
	status int
	body   []byte
}

func (w *recorder) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header, 2)
	}
	return w.header
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write keeps a first slice as it is: answers are made for one reader.
func (w *recorder) Write(b []byte) (int, error) {
	if w.body == nil {
		w.body = b
	} else {
		w.body = append(w.body, b...)
	}
	return len(b), nil
}

func (w *recorder) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// statusWriter remembers the status that a raw handler wrote.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController and upgrades reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
