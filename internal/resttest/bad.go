package resttest

import (
	"net/http"
	"net/url"
	"strings"
)

// Param is a parameter of a form and how it can be wrong.
type Param struct {
	Name     string
	Required int // the code of a request without it, or with an empty value; 0 for an optional one
	Faults   []Fault
	list     bool
}

// List says that a parameter may come several times.
func (p Param) List() Param {
	p.list = true
	return p
}

// Fault is a value that is refused with a code. Status 0 is 400.
type Fault struct {
	Value        string
	Code, Status int
}

// Optional makes a parameter that may be absent.
func Optional(name string, faults ...[]Fault) Param { return Required(name, 0, faults...) }

// Required makes a parameter without which the request fails with code.
func Required(name string, code int, faults ...[]Fault) Param {
	p := Param{Name: name, Required: code}
	for _, f := range faults {
		p.Faults = append(p.Faults, f...)
	}
	return p
}

// EachOf makes a fault of every value.
func EachOf(code int, values ...string) (faults []Fault) {
	for _, v := range values {
		faults = append(faults, Fault{Value: v, Code: code})
	}
	return faults
}

// Longer is a text of one byte more than max, in two-byte letters where that fits, since limits are in bytes.
func Longer(max, code int) []Fault {
	return EachOf(code, strings.Repeat("x", max+1), strings.Repeat("é", max/2+1))
}

// JSON is what attributes refuse: what is not JSON (50304), and more than max bytes (50303).
func JSON(max int) []Fault {
	return append(EachOf(50304, "{", "{'a':1}", "nonsense", `{"a":1}}`, "[1,]", "undefined"), Fault{Value: `"` + strings.Repeat("x", max) + `"`, Code: 50303})
}

// Whole is what integers refuse, with the numbers that lie beside the range.
func Whole(code int, beside ...string) []Fault {
	return EachOf(code, append(beside, "seven", "1.5", "0x10", "1e3", "99999999999999999999")...)
}

// Boolean is what booleans refuse.
func Boolean() []Fault { return EachOf(20422, "", "yes", "1", "null") }

// Date is what dates refuse.
func Date(code int) []Fault {
	return EachOf(code, "yesterday", "2026-13-01T00:00:00Z", "2020-01-01", "1577836800", "2999-01-01T00:00:00Z", "1960-01-01T00:00:00Z")
}

// Bad sends the form to the target in every way that is wrong, one fault at a time: what is wrong with each parameter, text that is not
// UTF-8 or holds a null byte, what comes twice, a body over the limit and of another type. Each must be refused with its code and change nothing.
func (w *World) Bad(target string, valid []string, params ...Param) {
	w.Helper()
	for _, p := range params {
		label := target + " " + p.Name
		if p.Required != 0 {
			w.refuse(label+" missing", target, without(valid, p.Name), Fault{Code: p.Required})
			w.refuse(label+" empty", target, with(valid, p.Name, ""), Fault{Code: p.Required})
		}
		w.refuse(label+" not UTF-8", target, with(valid, p.Name, "a\xff\xfeb"), Fault{Code: 20422})
		w.refuse(label+" with a null byte", target, with(valid, p.Name, "a\x00b"), Fault{Code: 20422})
		if !p.list {
			w.refuse(label+" twice", target, append(with(valid, p.Name, "a"), p.Name, "a"), Fault{Code: 20422})
		}
		for _, f := range p.Faults {
			w.refuse(label+" "+short(f.Value), target, with(valid, p.Name, f.Value), f)
		}
	}
	large := w.RequestBody("POST", target, w.Encode(valid...)+"&Padding="+strings.Repeat("x", 4<<20))
	w.Refused(target+" too large", large, http.StatusRequestEntityTooLarge, 20413)
	broken := w.RequestBody("POST", target, w.Encode(valid...)+"&Broken=%zz")
	w.Refused(target+" broken escape", broken, http.StatusBadRequest, 20422)
	json := w.RequestBody("POST", target, `{"FriendlyName":"x"}`)
	json.Header.Set("Content-Type", "application/json; charset=utf-8")
	w.Refused(target+" as JSON", json, http.StatusBadRequest, 20422)
}

func (w *World) refuse(label, target string, form []string, f Fault) {
	w.Helper()
	if f.Status == 0 {
		f.Status = http.StatusBadRequest
	}
	w.Refused(label, w.Request("POST", target, form...), f.Status, f.Code)
}

func without(form []string, name string) (out []string) {
	for i := 0; i < len(form); i += 2 {
		if form[i] != name {
			out = append(out, form[i], form[i+1])
		}
	}
	return out
}

func with(form []string, name, value string) []string {
	return append(without(form, name), name, value)
}

func short(s string) string {
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return url.QueryEscape(s)
}
