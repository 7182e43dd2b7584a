package core

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCatalogue(t *testing.T) {
	seen := map[int]bool{}
	for _, area := range Catalogue() {
		last := 0
		for _, e := range area.Errors {
			if seen[e.Code] || e.Code <= last {
				t.Errorf("%d stands twice, or after a greater code", e.Code)
			}
			seen[e.Code], last = true, e.Code
			if e.Status < 400 || e.Status > 599 || e.Title == "" || e.Cause == "" || (e.Do == "") == (e.Never == "") {
				t.Errorf("%+v: it needs a status, a title, a cause, and either what to do or why it never comes", e)
			}
			if got, ok := Lookup(e.Code); !ok || got != e {
				t.Errorf("%d is not found", e.Code)
			}
		}
	}
	if _, ok := Lookup(1); ok || len(seen) < 200 {
		t.Errorf("%d codes", len(seen))
	}
}

func TestError(t *testing.T) {
	cause := errors.New("disk full")
	err := Ef(CodeChannelNotFound, "Channel %s not found", "CHx").Because(cause)
	if err.Status != http.StatusNotFound || err.Message != "Channel CHx not found" {
		t.Errorf("got %+v", err)
	}
	if !errors.Is(err, cause) || !HasCode(err, CodeChannelNotFound) {
		t.Error("the cause or the code is lost")
	}
	if got := AsError(cause); got.Code != CodeInternal || strings.Contains(got.Message, "disk") {
		t.Errorf("an inner error shows: %+v", got)
	}
	if E(CodeAuthenticate).WithStatus(403).Status != 403 || E(CodeAuthenticate).Status != 401 {
		t.Error("WithStatus must change the copy only")
	}
}

func TestSIDs(t *testing.T) {
	if s := NewSID("CH"); !IsSID("CH", s) || IsSID("IM", s) {
		t.Errorf("%q", s)
	}
	for _, s := range []string{"", "CH", "CH" + strings.Repeat("g", 32), "CH" + strings.Repeat("a", 31), "CH" + strings.Repeat("a", 33)} {
		if IsSID("CH", s) {
			t.Errorf("%q passes", s)
		}
	}
}

func TestSIDCodec(t *testing.T) {
	c, err := NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		n, kind := rapid.Int64Min(0).Draw(t, "n"), SIDKind(rapid.IntRange(1, 10).Draw(t, "kind"))
		sid := c.Encode("MP", kind, n)
		if got, ok := c.Decode("MP", kind, sid); !ok || got != n || !IsSID("MP", sid) {
			t.Fatalf("%d of kind %d became %s became %d %v", n, kind, sid, got, ok)
		}
		if _, ok := c.Decode("MP", kind+1, sid); ok {
			t.Fatal("decoded under another kind")
		}
	})
	for range 1000 {
		if _, _, ok := c.DecodeAny("IM", NewSID("IM")); ok {
			t.Fatal("a random SID decodes")
		}
	}
	if _, err := NewSIDCodec([]byte("short")); err == nil {
		t.Error("a short key passes")
	}
}

func TestAttributes(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		code     int
	}{
		{"", "{}", 0}, {`{"a":1}`, `{"a":1}`, 0}, {`"text"`, `"text"`, 0}, {"null", "null", 0},
		{"{", "", CodeAttributesInvalid}, {"\"\xff\"", "", CodeAttributesInvalid},
		{`"` + strings.Repeat("x", MaxAttributes) + `"`, "", CodeAttributesTooLong},
	} {
		got, err := CheckAttributes(tt.in, MaxAttributes)
		if got != tt.want || (tt.code != 0) != HasCode(err, tt.code) {
			t.Errorf("%.20q: %q, %v", tt.in, got, err)
		}
	}
}

func TestTimes(t *testing.T) {
	us, ok := ParseTime("2026-01-02T03:04:05.678+01:00")
	if !ok || ISO(us) != "2026-01-02T02:04:05Z" || ISOMillis(us) != "2026-01-02T02:04:05.678Z" || RFC2822(us) != "Fri, 02 Jan 2026 02:04:05 +0000" {
		t.Errorf("%s %s %s", ISO(us), ISOMillis(us), RFC2822(us))
	}
	if _, ok := ParseTime("yesterday"); ok {
		t.Error("nonsense is a date")
	}
}
