package resttest

import (
	"net/http"
	"slices"
	"strings"
)

// Scenario is one request with everything that must come of it.
type Scenario struct {
	Name   string // of the golden file below testdata, without ".json"; "" for an answer whose body no file keeps
	Method string // "" is GET
	URL    string // a path from the product on, or an absolute URL; {names} are replaced
	Form   []string
	Body   string // in place of Form
	Header map[string]string

	Status  int
	Code    int      // of an answer that is an error
	Changes string   // what was emitted, in order: types of chat.Change, types of workers' events, "match" for the matcher
	Calls   []string // the calls enqueued, as "event URL", or "assignment"
	Save    string   // a name for the answer's sid
	Check   func(w *World, a Answer)
}

// Run runs scenarios one after the other.
func (w *World) Run(story ...Scenario) {
	w.Helper()
	for _, s := range story {
		w.step(s)
	}
}

func (w *World) step(s Scenario) Answer {
	w.Helper()
	label := strings.TrimSpace(s.Name + " " + s.Method + " " + s.URL)
	if s.Method == "" {
		s.Method = http.MethodGet
	}
	if s.Body == "" {
		s.Body = w.Encode(s.Form...)
	}
	r := w.RequestBody(s.Method, s.URL, s.Body)
	for k, v := range s.Header {
		r.Header.Set(k, v)
	}
	w.seen.take()
	before := w.State()
	a := w.Send(r)
	if a.Status != s.Status {
		w.Errorf("%s: status %d, want %d: %s", label, a.Status, s.Status, a.Body)
		return a
	}
	w.effects(label, s)
	switch {
	case s.Status >= 400:
		if a.Code() != s.Code {
			w.Errorf("%s: code %d, want %d: %s", label, a.Code(), s.Code, a.Body)
		}
		w.unchanged(label, before)
	case s.Status == http.StatusNoContent:
		if len(a.Body) != 0 {
			w.Errorf("%s: 204 with a body: %s", label, a.Body)
		}
		w.specs.note(w, r)
	default:
		if s.Method == http.MethodGet {
			w.unchanged(label, before)
		}
		w.specs.check(w, label, r, a)
	}
	if s.Name != "" {
		w.Golden(s.Name, a.Body)
	}
	if s.Save != "" {
		w.Names[s.Save] = a.Text("sid")
	}
	if s.Check != nil {
		s.Check(w, a)
	}
	return a
}

// effects compares what the request caused.
func (w *World) effects(label string, s Scenario) {
	w.Helper()
	changes, calls := w.seen.take()
	if got := strings.Join(changes, " "); got != s.Changes {
		w.Errorf("%s: emitted %q, want %q", label, got, s.Changes)
	}
	if !slices.Equal(calls, s.Calls) {
		w.Errorf("%s: enqueued %q, want %q", label, calls, s.Calls)
	}
}

func (w *World) unchanged(label string, before string) {
	w.Helper()
	after := w.State()
	if after == before {
		return
	}
	was := strings.Split(before, "\n")
	for i, is := range strings.Split(after, "\n") {
		if is != was[i] {
			w.Errorf("%s: changed %s to %s", label, was[i], is)
		}
	}
}

// Refused runs a request that must be refused with status and code, and must change nothing.
func (w *World) Refused(label string, r *http.Request, status, code int) {
	w.Helper()
	w.seen.take()
	before := w.State()
	a := w.Send(r)
	if a.Status != status || a.Code() != code {
		w.Errorf("%s: status %d, want %d; code %d, want %d: %s", label, a.Status, status, a.Code(), code, a.Body)
	}
	w.effects(label, Scenario{})
	w.unchanged(label, before)
}

// Pages follows next_page_url from a list's first page on and returns the texts at the key of every item. Each page must hold at
// most size items, and all pages but the first must name the first as such.
func (w *World) Pages(target, list, key string, size int) (all []string) {
	w.Helper()
	for next := target; next != ""; {
		a := w.Do(http.MethodGet, next)
		items, ok := a.Get(list).([]any)
		if a.Status != http.StatusOK || !ok || len(items) > size {
			w.Fatalf("page %s: %d %s", next, a.Status, a.Body)
		}
		for _, item := range items {
			object, _ := item.(map[string]any)
			text, _ := object[key].(string)
			all = append(all, text)
		}
		if next = a.Text("meta.next_page_url"); a.Get("meta") == nil {
			next = relative(a.Text("next_page_uri"), target)
		}
		if len(all) > 10_000 {
			w.Fatalf("%s: the list does not end", target)
		}
	}
	return all
}

// relative resolves a URI of the 2010 API, which leaves out the product that path-style clients put before it.
func relative(uri, target string) string {
	if uri == "" {
		return ""
	}
	before, _, _ := strings.Cut(target, "/2010-04-01/")
	return before + uri
}
