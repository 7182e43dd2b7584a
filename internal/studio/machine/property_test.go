package machine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"parley/internal/studio/definition"
	"parley/internal/studio/machine"
	"parley/internal/studio/simulator"
)

// maxEvents is far more than any play of the flows below has within its limits.
const maxEvents = 2000

// dice is a world that does what a test draws: it answers, refuses, is silent, or writes what nobody asked for.
type dice struct {
	t        *rapid.T
	lines    []string
	events   int
	warnings int
}

func (d *dice) Told(steps []machine.Step, warnings []machine.Warning) {
	for _, s := range steps {
		d.lines = append(d.lines, fmt.Sprint(s))
	}
	d.warnings += len(warnings)
	d.lines = append(d.lines, fmt.Sprint(warnings))
}

func (d *dice) note(v any) {
	if d.events++; d.events > maxEvents {
		d.t.Fatalf("no end after %d events: %v", d.events, d.lines[len(d.lines)-20:])
	}
	d.lines = append(d.lines, string(encode(d.t, v)))
}

var errNotNow = errors.New("not now")

func (d *dice) fails() error {
	if rapid.IntRange(0, 3).Draw(d.t, "fails") == 0 {
		return errNotNow
	}
	return nil
}

func (d *dice) Sent(s machine.Send) error { d.note(s); return d.fails() }
func (d *dice) Task(t machine.Task) error { d.note(t); return d.fails() }

func (d *dice) Reply(e machine.Effect) (string, bool, error) {
	d.note(e)
	text := rapid.SampledFrom([]string{"yes", "no", "5", `"`, "", "/timeout", "ä\xff", strings.Repeat("x", 3000)}).Draw(d.t, "reply")
	return text, text == "/timeout", nil
}

func (d *dice) Answer(h machine.HTTP) (machine.Answer, error) {
	d.note(h)
	return machine.Answer{
		Status:      rapid.SampledFrom([]int{200, 204, 404, 500, 0}).Draw(d.t, "status"),
		ContentType: rapid.SampledFrom([]string{"application/json", "text/xml", "text/plain; charset", ""}).Draw(d.t, "type"),
		Body: rapid.SampledFrom([]string{`{"a":1,"list":[1,2.0,"x"]}`, `{"a":{"b":[{"c":null}]}}`, `[]`, "", "x\xff", strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
			`{"deep":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, `<Response><Message>hi</Message><Redirect>?FlowEvent=return&amp;a=1</Redirect></Response>`,
			`<Response><Redirect>/again</Redirect></Response>`, `<Response><Message/><Message><Body>b</Body></Message>`, strings.Repeat(`{"x":`, 3)}).Draw(d.t, "body"),
		TimedOut: rapid.IntRange(0, 9).Draw(d.t, "timed out") == 0,
	}, d.fails()
}

var templates = []string{"", "x", "5", "{{trigger.message.Body}}", "{{widgets.s1.inbound.Body}}", "{{widgets.s2.parsed.a}}", "{{flow.variables.v | plus: 1}}", "{{flow}}", "{{ widgets | to_json }}",
	`{"a": {{ widgets.s1.inbound.Body | to_json }}}`, "{{ 1 | nope }}", "{{", "{% for x in (1..99) %}{{ flow.variables.v }}{% endfor %}", "https://x.example.com/{{flow.variables.v}}", "https://x.example.com",
	"{{flow.variables.v | append: flow.variables.v | append: 'yy'}}", "{{ 'now' | date }}"}

// drawFlow draws a flow: any widgets, connected anyhow, with properties that may make sense.
func drawFlow(t *rapid.T, label string) *definition.Flow {
	n := rapid.IntRange(1, 8).Draw(t, label)
	text := func() string { return rapid.SampledFrom(templates).Draw(t, "template") }
	next := func() string {
		return rapid.SampledFrom([]string{"", "s1", "s2", fmt.Sprintf("s%d", n), "s3", "gone"}).Draw(t, "next")
	}
	states := []map[string]any{{"name": "T", "type": "trigger", "transitions": []any{map[string]any{"event": "incomingMessage", "next": "s1"}, map[string]any{"event": "incomingRequest", "next": "s1"},
		map[string]any{"event": "incomingParent", "next": "s1"}}}}
	for i := 1; i <= n; i++ {
		kind := rapid.SampledFrom([]string{"send-message", "send-and-wait-for-reply", "split-based-on", "set-variables", "make-http-request", "run-function", "send-to-flex", "create-task",
			"run-subflow", "add-twiml-redirect", "trigger", "say-play", "x"}).Draw(t, "type")
		pairs := []any{map[string]any{"key": "v", "value": text()}, map[string]any{"key": "w", "value": text(), "type": rapid.SampledFrom([]string{"string", "json_object"}).Draw(t, "pair")}}
		properties := map[string]any{"body": text(), "from": text(), "input": text(), "url": text(), "workflow": text(), "attributes": text(), "timeout": text(), "variables": pairs,
			"parameters": pairs, "flow_sid": subflowSID, "method": rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "method")}
		var ways []any
		for _, event := range []string{"sent", "failed", "incomingMessage", "timeout", "deliveryFailure", "noMatch", "next", "success", "fail", "callComplete", "failedToEnqueue", "created", "failedToCreate",
			"completed", "return", "incomingParent"} {
			ways = append(ways, map[string]any{"event": event, "next": next()})
		}
		for range 2 {
			ways = append(ways, map[string]any{"event": "match", "next": next(), "conditions": []any{map[string]any{"type": rapid.SampledFrom([]string{"equal_to", "contains", "is_blank", "regex", "x"}).Draw(t, "condition"),
				"value": text(), "arguments": []string{text()}}}})
		}
		states = append(states, map[string]any{"name": fmt.Sprintf("s%d", i), "type": kind, "properties": properties, "transitions": ways})
	}
	flow, err := definition.Read(string(encode(t, map[string]any{"initial_state": "T", "states": states})))
	if err != nil {
		t.Fatal(err)
	}
	return flow
}

// twice plays each call also on a state that was stored and read again, and tells the execution on the way what is not meant for it.
type twice struct {
	t *rapid.T
	m *machine.Machine
}

func (w twice) Start(p machine.Program, in machine.Input, now time.Time) machine.Result {
	r := w.m.Start(p, in, now)
	w.equal(r, w.m.Start(p, in, now))
	return r
}

func (w twice) Resume(p machine.Program, s machine.State, e machine.Event, now time.Time) machine.Result {
	before := encode(w.t, s)
	var again machine.State
	if err := json.Unmarshal(before, &again); err != nil {
		w.t.Fatalf("%v in %s", err, before)
	}
	for _, stray := range []machine.Event{{Kind: machine.EventHTTP, Effect: s.Waiting.ID - 1}, {Kind: machine.EventTimeout, Effect: s.Waiting.ID + 1}, {Kind: machine.EventTask}} {
		if r := w.m.Resume(p, s, stray, now); !r.Ignored {
			w.t.Fatalf("%+v was taken by %s", stray, machine.Why(&s))
		}
	}
	r := w.m.Resume(p, s, e, now)
	w.equal(r, w.m.Resume(p, again, e, now))
	if after := encode(w.t, s); string(after) != string(before) {
		w.t.Fatalf("the state that was given in has changed\n%s\n%s", before, after)
	}
	if r.Ignored || r.Effect != nil && r.Effect.ID != s.Effects+1 || (r.Effect == nil) != (r.State.End != nil) {
		w.t.Fatalf("%+v gives %+v", e, r)
	}
	return r
}

func (w twice) equal(a, b machine.Result) {
	if x, y := encode(w.t, a), encode(w.t, b); string(x) != string(y) {
		i := 0
		for i < min(len(x), len(y)) && x[i] == y[i] {
			i++
		}
		w.t.Fatalf("two ways part at\n%.300s\n%.300s", x[max(0, i-100):], y[max(0, i-100):])
	}
}

func TestAnyFlowInAnyWorld(t *testing.T) {
	m := machine.New(machine.Settings{MaxSteps: 60, MaxContext: 100_000, MaxRenderings: 25})
	rapid.Check(t, func(t *rapid.T) {
		p := machine.Program{FlowSID: "FW00000000000000000000000000000001", Flow: machine.Definition{Revision: 1, Flow: drawFlow(t, "states")},
			Subflows: map[string]machine.Definition{subflowSID: {Revision: 2, Flow: drawFlow(t, "states of the subflow")}}}
		in := simulator.FromMessage("Hi", nil)
		if rapid.Bool().Draw(t, "by REST") {
			in = simulator.FromRequest(map[string]any{"v": 1})
		}
		world := &dice{t: t}
		state, err := simulator.Play(twice{t, m}, p, in, world, start)
		if err != nil || state.End == nil || state.Steps > 60+1 {
			t.Fatalf("%v: %s after %d steps", err, machine.Why(&state), state.Steps)
		}
		if state.Size > 1_000_000 {
			t.Fatalf("%d bytes are remembered", state.Size)
		}
	})
}

func FuzzMachine(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "yes", `{"text":"Goodbye.","open":true}`)
	}
	m := machine.New(machine.Settings{MaxSteps: 50})
	f.Fuzz(func(t *testing.T, text, reply, answer string) {
		flow, err := definition.Read(text)
		if err != nil {
			return
		}
		p := machine.Program{FlowSID: "FW1", Flow: machine.Definition{Revision: 1, Flow: flow}}
		p.Subflows = map[string]machine.Definition{}
		for _, sub := range flow.Subflows() {
			p.Subflows[sub.FlowSID] = p.Flow
		}
		for _, in := range []machine.Input{simulator.FromMessage(reply, nil), simulator.FromRequest(map[string]any{"x": reply})} {
			var transcripts [2][]string
			for i, machine := range []simulator.Machine{m, stored{t, m}} {
				world := &script{replies: []string{reply, reply, "/timeout", reply}, doubles: simulator.NewDoubles([]simulator.Double{{URL: "*", ContentType: "application/json", Body: answer}})}
				state, err := simulator.Play(machine, p, in, world, start)
				if err != nil || state.End == nil {
					t.Fatalf("%v %+v", err, state)
				}
				transcripts[i] = world.lines
			}
			if !reflect.DeepEqual(transcripts[0], transcripts[1]) {
				t.Errorf("%q\n%q", transcripts[0], transcripts[1])
			}
		}
	})
}
