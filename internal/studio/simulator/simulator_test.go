package simulator

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"parley/internal/studio/definition"
	"parley/internal/studio/machine"
)

func TestDoubles(t *testing.T) {
	d := NewDoubles([]Double{
		{Method: "get", URL: "https://x/a", Times: 1, Body: map[string]any{"n": 1.0, "s": "<"}},
		{URL: "https://x/*", Times: 1, Status: 201, ContentType: "text/html", Body: "b"},
		{URL: "*/b/*/c", Status: -1},
		{URL: "https://x/a"},
	})
	for _, c := range []struct {
		method, url string
		want        machine.Answer
		ok          bool
	}{
		{"GET", "https://x/a", machine.Answer{Status: 200, ContentType: "application/json", Body: `{"n":1,"s":"<"}`}, true},
		{"GET", "https://x/a", machine.Answer{Status: 201, ContentType: "text/html", Body: "b"}, true},
		{"POST", "https://x/a", machine.Answer{Status: 200, ContentType: "text/plain"}, true},
		{"POST", "https://x/b/1/2/c", machine.Answer{TimedOut: true}, true},
		{"POST", "https://x/b/c", machine.Answer{}, false},
		{"POST", "https://x/ab", machine.Answer{}, false},
	} {
		got, ok := d.Answer(machine.HTTP{Method: c.method, URL: c.url})
		if !reflect.DeepEqual(got, c.want) || ok != c.ok {
			t.Errorf("%s %s: %+v, %v", c.method, c.url, got, ok)
		}
	}
	if a, ok := d.Fresh().Answer(machine.HTTP{Method: "GET", URL: "https://x/a"}); !ok || a.Body == "" {
		t.Errorf("fresh doubles: %+v, %v", a, ok)
	}
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{{"a*", "a", true}, {"*", "", true}, {"a*b", "ab", true}, {"a*ba", "aba", true}, {"ab*ba", "aba", false}, {"*a*a*", "a", false}, {"*a*a*", "xaya", true}, {"", "a", false}} {
		if got := fits(c.pattern, c.s); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.s, got)
		}
	}
}

// refusing is a world in which nothing goes well, and nobody answers.
type refusing struct{ told int }

func (r *refusing) Sent(machine.Send) error                        { return errors.New("full") }
func (r *refusing) Reply(machine.Effect) (string, bool, error)     { return "", false, ErrStop }
func (r *refusing) Answer(machine.HTTP) (machine.Answer, error)    { return machine.Answer{}, ErrStop }
func (r *refusing) Task(machine.Task) error                        { return nil }
func (r *refusing) Told(steps []machine.Step, _ []machine.Warning) { r.told += len(steps) }

func TestPlayIsStopped(t *testing.T) {
	flow, err := definition.Read(`{"initial_state":"T","states":[{"name":"T","type":"trigger","transitions":[{"event":"incomingMessage","next":"say"}]},
		{"name":"say","type":"send-message","properties":{"body":"x"},"transitions":[{"event":"failed","next":"ask"}]},
		{"name":"ask","type":"make-http-request","properties":{"url":"http://x"},"transitions":[]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	world := &refusing{}
	p := machine.Program{FlowSID: "FW1", Flow: machine.Definition{Revision: 1, Flow: flow}}
	state, err := Play(machine.New(machine.Settings{}), p, FromMessage("Hi", nil), world, time.Now())
	if !errors.Is(err, ErrStop) || state.End != nil || state.Waiting.Widget != "ask" || world.told != 2 {
		t.Errorf("%v %+v %d", err, state, world.told)
	}
}
