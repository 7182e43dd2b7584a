package machine

import (
	"parley/internal/core"
	"parley/internal/studio/definition"
)

// runSubflow begins another flow inside this execution (taskrouter-studio B.5).
func (r *run) runSubflow(w *definition.State) {
	sid := w.Subflow().FlowSID
	if reason := r.refused(sid); reason != "" {
		r.warn(core.CodeStudioSubflow, reason)
		r.leave(w, "failed")
		return
	}
	parameters := map[string]any{}
	for _, p := range w.Pairs("parameters") {
		if p.Key != "" {
			parameters[p.Key] = r.parameter(p)
		}
	}
	above := r.frame()
	// The step of this widget is made when the subflow is left; its SID is of its own kind of number.
	step := r.stepSID(-r.s.Steps - 1)
	trigger := merged(above.Context["trigger"], map[string]any{"parent": map[string]any{"parameters": parameters, "step_sid": step,
		"execution_sid": r.s.ExecutionSID, "flow_sid": above.FlowSID, "trigger_type": r.s.Trigger}})
	flow := merged(above.Context["flow"], map[string]any{"flow_sid": sid, "variables": map[string]any{}})
	contact := textOf(at(above.Context, "contact", "channel", "address"))
	r.s.Frames = append(r.s.Frames, Frame{FlowSID: sid, Revision: r.s.Subflows[sid], StepSID: step})
	r.context(trigger, contact, flow)
	if first := r.enter(); first != nil {
		r.leaveTrigger(first, IncomingParent)
	}
}

func (r *run) parameter(p definition.Pair) any {
	if p.JSON {
		return r.value(p)
	}
	return r.render(p.Key, p.Value)
}

// refused says why a subflow cannot be run.
func (r *run) refused(sid string) string {
	switch {
	case len(r.s.Frames) > 1:
		return "a subflow cannot run another one"
	case r.p.Subflows[sid].Flow == nil:
		return "there is no flow " + clip(sid)
	}
	if _, ok := r.s.Subflows[sid]; !ok {
		return "the flow " + clip(sid) + " was not there when the execution began"
	}
	return ""
}

// leaveSubflow goes back to the flow above, with the variables that were set as what the widget has given.
func (r *run) leaveSubflow(event string) {
	variables, _ := at(r.frame().Context, "flow", "variables").(map[string]any)
	step := r.frame().StepSID
	r.s.Frames = r.s.Frames[:len(r.s.Frames)-1]
	r.s.Size = size(r.frame().Context)
	r.changes = nil
	w := r.widget()
	if w == nil {
		return
	}
	if event == "failed" {
		r.warn(core.CodeStudioSubflow, "the subflow failed")
	}
	r.setWidget(w, variables)
	next, _ := w.Next(event)
	r.leaveTo(w, event, next, step)
}
