package machine

import (
	"mime"
	"net/url"
	"strings"

	"parley/internal/core"
	"parley/internal/studio/definition"
)

// httpRequest is make-http-request.
func (r *run) httpRequest(w *definition.State) {
	request := HTTP{Method: "POST", URL: strings.TrimSpace(r.text(w, "url")), Auth: w.Text("add_twilio_auth") == "true"}
	if strings.EqualFold(strings.TrimSpace(w.Text("method")), "GET") {
		request.Method = "GET"
	}
	request.Form = r.parameters(w)
	kind, _, _ := mime.ParseMediaType(w.Text("content_type"))
	body := w.Text("body")
	if request.Method == "POST" && body != "" && (len(request.Form) == 0 || kind != "application/x-www-form-urlencoded") {
		request.Body, request.ContentType, request.Form = r.text(w, "body"), w.Text("content_type"), nil
		if request.ContentType == "" {
			request.ContentType = "application/x-www-form-urlencoded;charset=utf-8"
		}
	}
	r.request(w, request, core.CodeStudioHTTPInternal, "failed")
}

// runFunction is run-function: a signed POST of its parameters, to any URL.
func (r *run) runFunction(w *definition.State) {
	r.request(w, HTTP{Method: "POST", URL: strings.TrimSpace(r.text(w, "url")), Form: r.parameters(w), Sign: true}, core.CodeStudioFunction, "fail")
}

// parameters renders the parameters of a request; a key without a name is left out.
func (r *run) parameters(w *definition.State) url.Values {
	form := url.Values{}
	for _, p := range w.Pairs("parameters") {
		if p.Key != "" {
			form.Add(p.Key, r.render(p.Key, p.Value))
		}
	}
	if len(form) == 0 {
		return nil
	}
	return form
}

// request waits for an answer, or leaves by the failing event what cannot be asked.
func (r *run) request(w *definition.State, request HTTP, code int, failed string) {
	u, err := url.Parse(request.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		r.warnf(code, "%q is no address that can be called: it must start with http:// or https://", clip(request.URL))
		r.s.Outbox = nil
		r.leave(w, failed)
		return
	}
	request.Timeout, request.MaxBytes = r.m.settings.HTTPTimeout, r.m.settings.HTTPBytes
	r.wait(w, Effect{Kind: EffectHTTP, HTTP: &request})
}

// answered takes the answer to a request.
func (r *run) answered(w *definition.State, effect *Effect, a Answer) {
	if w.Type == "add-twiml-redirect" {
		r.twimlAnswered(w, effect, a)
		return
	}
	failed, refused, silent := "failed", core.CodeStudioHTTP, core.CodeStudioHTTPInternal
	if w.Type != "make-http-request" {
		failed, refused, silent = "fail", core.CodeStudioFunctionError, core.CodeStudioFunction
	}
	if reason := r.unusable(a); reason != "" {
		r.warn(silent, reason)
		r.leave(w, failed)
		return
	}
	fields := map[string]any{"body": plain(a.Body), "content_type": plain(a.ContentType), "status_code": a.Status}
	if kind, _, err := mime.ParseMediaType(a.ContentType); err == nil && kind == "application/json" {
		if o := parseObject(a.Body); o != nil {
			fields["parsed"] = merged(at(r.frame().Context, "widgets", w.Name, "parsed"), o)
		}
	}
	r.setWidget(w, fields)
	if a.Status/100 == 2 {
		r.leave(w, "success")
		return
	}
	r.warnf(refused, "the answer has status %d", a.Status)
	r.leave(w, failed)
}

// unusable says why there is no answer to work with; "" if there is one.
func (r *run) unusable(a Answer) string {
	switch {
	case a.TimedOut:
		return "no answer came within " + r.m.settings.HTTPTimeout.String()
	case a.Status == 0:
		return "there is no answer: " + reasonOr(a.Reason, "no reason is known")
	case a.TooLarge || len(a.Body) > r.m.settings.HTTPBytes:
		return "the answer is too large"
	}
	return ""
}
