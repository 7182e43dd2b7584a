package realtime

import (
	"bytes"
	"slices"
	"testing"
)

func TestWire(t *testing.T) {
	for name, c := range map[string]struct {
		packed []byte
		want   message
	}{
		"event":                {packEvent(300, []byte("frame")), message{op: opEvent, seq: 300, frame: []byte("frame")}},
		"event without frame":  {packEvent(1<<62, nil), message{op: opEvent, seq: 1 << 62}},
		"gone":                 {packGone(), message{op: opGone}},
		"expel":                {packExpel("IS|ann"), message{op: opExpel, identity: "IS|ann"}},
		"of a later version":   {[]byte{99, 1, 2}, message{op: 99}},
		"nothing":              {nil, message{}},
		"event without number": {[]byte{opEvent}, message{}},
		"event number zero":    {[]byte{opEvent, 0}, message{}},
		"event number too big": {append([]byte{opEvent}, bytes.Repeat([]byte{0xff}, 12)...), message{}},
	} {
		got, ok := unpack(c.packed)
		if ok != (c.want.op != 0) || got.op != c.want.op || got.seq != c.want.seq || got.identity != c.want.identity || !bytes.Equal(got.frame, c.want.frame) {
			t.Errorf("%s: got %+v, %v", name, got, ok)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	for _, b := range [][]byte{packEvent(7, []byte("x")), packGone(), packExpel("a")} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, ok := unpack(b); ok && m.op == opEvent && m.seq <= 0 {
			t.Errorf("number %d", m.seq)
		}
	})
}

func TestTellWire(t *testing.T) {
	for _, want := range [][]string{{"IS|ann"}, {"a", "", "ü"}, nil} {
		got, frame, ok := unpackTell(packTell(want, []byte("frame")))
		if !ok || !slices.Equal(got, want) || string(frame) != "frame" {
			t.Errorf("%q came as %q, %q, %v", want, got, frame, ok)
		}
	}
	for _, bad := range [][]byte{nil, {1}, {1, 200, 1, 'a'}, {200, 1, 1, 'a'}, {1, 1, 'a'}} {
		if _, _, ok := unpackTell(bad); ok {
			t.Errorf("%v was taken", bad)
		}
	}
}

func FuzzUnpackTell(f *testing.F) {
	f.Add(packTell([]string{"a", "b"}, []byte("x")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if identities, frame, ok := unpackTell(b); ok && len(frame) == 0 {
			t.Errorf("%q get nothing", identities)
		}
	})
}
