package machine

import (
	"fmt"
	"slices"
	"time"

	"parley/internal/core"
	"parley/internal/studio/definition"
	"parley/internal/studio/template"
)

// Machine runs flows. It is safe for use by several goroutines.
type Machine struct {
	settings  Settings
	templates *template.Renderer
}

// New returns a machine.
func New(s Settings) *Machine {
	return &Machine{settings: s.withDefaults(), templates: template.New(s.Template)}
}

// Expires returns when EventExpired is due.
func (m *Machine) Expires(s *State) time.Time { return s.Started.Add(m.settings.Lifetime) }

// Start begins an execution and runs it to its first effect or its end. A trigger that leads nowhere ends it at once (81020).
func (m *Machine) Start(p Program, in Input, now time.Time) Result {
	now = moment(now)
	r := &run{m: m, p: p, now: now, s: State{ExecutionSID: in.ExecutionSID, AccountSID: in.AccountSID, Started: now}}
	r.begin(in)
	r.run()
	return r.result()
}

// Resume goes on with an execution. What the event belongs to may be gone: a message that nobody waits for is 81002; an answer to another
// effect, and whatever comes after the end, is ignored.
func (m *Machine) Resume(p Program, s State, e Event, now time.Time) Result {
	r := &run{m: m, p: p, now: moment(now), s: s.clone(), changes: slices.Clone(s.Pending)}
	if !r.expects(e) {
		return Result{State: s, Warnings: r.warnings, Effect: s.Waiting, Ignored: true}
	}
	r.take(e)
	r.run()
	return r.result()
}

// moment drops what a time would lose when it is stored.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// expects reports whether an event moves the execution on.
func (r *run) expects(e Event) bool {
	switch {
	case r.s.End != nil:
		return false
	case e.Kind == EventStop || e.Kind == EventExpired:
		return true
	case r.s.Waiting == nil:
		return false
	case e.Kind == EventMessage:
		if r.s.Waiting.Kind != EffectReply {
			r.warn(core.CodeStudioUnexpected, "a message came that the widget does not wait for; it is dropped")
			return false
		}
		return true
	}
	return e.Effect == r.s.Waiting.ID && answers(r.s.Waiting.Kind, e.Kind)
}

func answers(effect EffectKind, event EventKind) bool {
	switch effect {
	case EffectSend:
		return event == EventSent || event == EventSendFailed
	case EffectReply:
		return event == EventTimeout
	case EffectHTTP:
		return event == EventHTTP
	case EffectTask:
		return event == EventTask || event == EventTaskFailed
	case EffectPause:
		return event == EventGoOn
	}
	return false
}

// take hands an event to the widget that waits for it.
func (r *run) take(e Event) {
	effect := r.s.Waiting
	r.s.Waiting = nil
	switch e.Kind {
	case EventStop:
		r.end(0, reasonOr(e.Reason, "it was ended by hand"))
		return
	case EventExpired:
		r.end(0, fmt.Sprintf("it reached its age of %s", r.m.settings.Lifetime))
		return
	}
	w := r.widget()
	if w == nil {
		return
	}
	e.Fields, _ = plain(e.Fields).(map[string]any)
	switch effect.Kind {
	case EffectSend:
		r.sent(w, effect, e)
	case EffectReply:
		r.replied(w, e)
	case EffectHTTP:
		r.answered(w, effect, e.Answer)
	case EffectTask:
		r.created(w, effect, e)
	}
}

func reasonOr(reason, other string) string {
	if reason == "" {
		return other
	}
	return reason
}

// widget returns the state that the execution is at. Where it is gone the execution ends.
func (r *run) widget() *definition.State {
	f := r.frame()
	flow := r.p.flow(f.FlowSID)
	if flow == nil {
		r.end(core.CodeStudioDefinition, fmt.Sprintf("the definition of %s is gone", f.FlowSID))
		return nil
	}
	w := flow.State(f.At)
	if w == nil {
		r.fail(core.CodeStudioDefinition, fmt.Sprintf("there is no widget %q", f.At))
	}
	return w
}
