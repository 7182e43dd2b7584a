package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/studio/definition"
)

// ended is what the last step of a flow leads to (taskrouter-studio B.1).
const ended = "Ended"

// maxWarnings bounds what is told of one call.
const maxWarnings = 100

// run is one call of Start or Resume: it works on a copy of the state.
type run struct {
	m        *Machine
	p        Program
	now      time.Time
	s        State
	steps    []Step
	changes  []Change // since the last step
	warnings []Warning
	rendered int // templates
}

func (r *run) result() Result {
	r.s.Pending = nil
	if r.s.Waiting != nil {
		r.s.Pending = r.changes
	}
	return Result{State: r.s, Steps: r.steps, Warnings: r.warnings, Effect: r.s.Waiting, Rendered: r.rendered}
}

func (r *run) frame() *Frame { return &r.s.Frames[len(r.s.Frames)-1] }

// run runs widgets until one waits or the flow ends.
func (r *run) run() {
	for r.s.End == nil && r.s.Waiting == nil {
		w := r.widget()
		if w == nil {
			continue // it has ended, or failed into the flow above
		}
		if r.rendered >= r.m.settings.MaxRenderings {
			r.wait(w, Effect{Kind: EffectPause})
			return
		}
		if !r.mayRun() {
			return
		}
		r.runWidget(w)
	}
}

// mayRun counts the run of a widget and ends the execution at its limits.
func (r *run) mayRun() bool {
	set := r.m.settings
	if r.s.Steps >= set.MaxSteps {
		r.end(core.CodeStudioSteps, fmt.Sprintf("it took %d steps, and more are not allowed", r.s.Steps))
		return false
	}
	if r.s.Size > set.MaxContext {
		r.end(core.CodeStudioSteps, fmt.Sprintf("it remembers more than %d bytes", set.MaxContext))
		return false
	}
	here := strings.Repeat(">", len(r.s.Frames)-1) + r.frame().At
	if r.s.Last != here {
		r.s.Last, r.s.Repeats = here, 0
	}
	if r.s.Repeats++; r.s.Repeats > set.MaxRepeats {
		r.end(core.CodeStudioLoop, fmt.Sprintf("the widget %q ran %d times in a row", r.frame().At, set.MaxRepeats))
		return false
	}
	return true
}

func (r *run) runWidget(w *definition.State) {
	switch w.Type {
	case "trigger":
		r.leaveTrigger(w, r.event())
	case "send-message", "send-and-wait-for-reply":
		r.sendMessage(w)
	case "split-based-on":
		r.split(w)
	case "set-variables":
		r.setVariables(w)
	case "make-http-request":
		r.httpRequest(w)
	case "run-function", "run-function-v2":
		r.runFunction(w)
	case "send-to-flex", "create-task":
		r.createTask(w)
	case "run-subflow":
		r.runSubflow(w)
	case "add-twiml-redirect":
		r.twimlRedirect(w)
	default:
		r.fail(core.CodeStudioDefinition, fmt.Sprintf("a %s cannot be run here", w.Type))
	}
}

// leave goes on by an event of a widget.
func (r *run) leave(w *definition.State, event string) {
	next, _ := w.Next(event)
	r.leaveTo(w, event, next, r.stepSID(r.s.Steps+1))
}

// leaveTo makes the step to the next widget under a SID; "" ends the flow, and a subflow goes back to the flow above.
func (r *run) leaveTo(w *definition.State, event, next, sid string) {
	f := r.frame()
	to := next
	if to == "" {
		to = ended
	}
	r.s.Steps++
	r.steps = append(r.steps, Step{SID: sid, Number: r.s.Steps, ParentSID: f.StepSID, FlowSID: f.FlowSID, Name: event, Type: w.Type,
		From: w.Name, To: to, Changes: r.changes, At: r.now})
	r.changes = nil
	switch f.At = next; {
	case next != "":
	case len(r.s.Frames) > 1:
		r.leaveSubflow("completed")
	default:
		r.s.End = &End{Reason: "the flow ends here"}
	}
}

// stepSID makes the SID of a step from the execution's and a number: the same for every run of it.
func (r *run) stepSID(n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s step %d", r.s.ExecutionSID, n))
	return "FT" + hex.EncodeToString(sum[:16])
}

// set changes the context of the running flow.
func (r *run) set(value any, path ...string) {
	f := r.frame()
	r.s.Size += size(value) - size(at(f.Context, path...))
	f.Context = put(f.Context, path, value)
	r.changes = append(r.changes, Change{Path: path, Value: value})
}

// setWidget adds to what a widget has given.
func (r *run) setWidget(w *definition.State, fields map[string]any) {
	r.set(merged(at(r.frame().Context, "widgets", w.Name), fields), "widgets", w.Name)
}

// wait ends the call with an effect.
func (r *run) wait(w *definition.State, e Effect) {
	r.s.Effects++
	e.ID, e.Widget, e.FlowSID = r.s.Effects, w.Name, r.frame().FlowSID
	r.s.Waiting = &e
}

// end ends the execution; a code tells of a failure.
func (r *run) end(code int, reason string) {
	if code != 0 {
		r.warn(code, reason)
	}
	r.s.Waiting, r.s.Outbox = nil, nil
	r.s.End = &End{code, reason}
}

// fail ends the running flow: the execution, or the subflow, which the flow above then leaves by failed (81024).
func (r *run) fail(code int, reason string) {
	if len(r.s.Frames) == 1 {
		r.end(code, reason)
		return
	}
	r.warn(code, reason)
	r.s.Outbox = nil
	r.leaveSubflow("failed")
}

// warn tells people who look after the flow of something; customers never see it.
func (r *run) warn(code int, message string) {
	if len(r.warnings) >= maxWarnings {
		return
	}
	w := Warning{Code: code, FlowSID: r.p.FlowSID, Message: message}
	if len(r.s.Frames) > 0 {
		w.FlowSID, w.Widget = r.frame().FlowSID, r.frame().At
	}
	r.warnings = append(r.warnings, w)
}

func (r *run) warnf(code int, format string, args ...any) { r.warn(code, fmt.Sprintf(format, args...)) }

// render renders a template; what fails is 81018 and empty, what is too long is cut (taskrouter-studio B.4).
func (r *run) render(what, source string) string {
	r.rendered++
	text, err := r.m.templates.Render(source, r.frame().Context, r.now)
	if err != nil {
		r.warnf(core.CodeStudioTemplate, "%s: %v", what, err)
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// text renders a property.
func (r *run) text(w *definition.State, key string) string { return r.render(key, w.Text(key)) }
