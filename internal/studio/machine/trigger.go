package machine

import (
	"fmt"
	"maps"
	"slices"

	"parley/internal/core"
	"parley/internal/studio/definition"
)

// begin makes the state of a new execution and leaves its trigger.
func (r *run) begin(in Input) {
	trigger := map[string]any{}
	flow := map[string]any{"sid": in.ExecutionSID, "flow_sid": r.p.FlowSID, "channel": map[string]any{"address": plain(in.FlowAddress)},
		"variables": map[string]any{}}
	r.s.Trigger = in.Trigger
	switch in.Trigger {
	case IncomingMessage, IncomingConversationMessage:
		trigger["message"], trigger["conversation"] = message(in.Message)
	case IncomingRequest:
		parameters, _ := plain(in.Parameters).(map[string]any)
		trigger["request"] = map[string]any{"from": plain(in.FlowAddress), "to": plain(in.ContactAddress), "parameters": parameters}
		flow["data"] = parameters
	}
	r.s.Frames = []Frame{{FlowSID: r.p.FlowSID, Revision: r.p.Flow.Revision}}
	r.context(trigger, in.ContactAddress, flow)
	if !r.loaded() {
		return
	}
	if w := r.enter(); w != nil {
		r.leaveTrigger(w, in.Trigger)
	}
}

// context sets what the running flow begins with.
func (r *run) context(trigger map[string]any, contact string, flow map[string]any) {
	r.set(trigger, "trigger")
	r.set(map[string]any{"channel": map[string]any{"address": plain(contact)}}, "contact")
	r.set(flow, "flow")
	r.set(map[string]any{}, "widgets")
}

// loaded checks what is loaded with the flow and notes its revisions.
func (r *run) loaded() bool {
	if r.p.Flow.Flow == nil {
		r.end(core.CodeStudioDefinition, "the flow has no definition that can be run")
		return false
	}
	widgets := len(r.p.Flow.Flow.States())
	for _, sid := range slices.Sorted(maps.Keys(r.p.Subflows)) {
		if sub := r.p.Subflows[sid]; sub.Flow != nil {
			widgets += len(sub.Flow.States())
			if r.s.Subflows == nil {
				r.s.Subflows = map[string]int{}
			}
			r.s.Subflows[sid] = sub.Revision
		}
	}
	set := r.m.settings
	switch {
	case len(r.s.Subflows) > set.MaxSubflows:
		r.end(core.CodeStudioSubflow, fmt.Sprintf("the flow runs %d other flows, and more than %d are not allowed", len(r.s.Subflows), set.MaxSubflows))
	case widgets > set.MaxWidgets:
		r.end(core.CodeStudioTooManyWidgets, fmt.Sprintf("the flow has %d widgets with those of its subflows, and more than %d are not allowed", widgets, set.MaxWidgets))
	case widgets > set.WarnWidgets:
		r.warnf(core.CodeStudioManyWidgets, "the flow has %d widgets with those of its subflows; more than %d end its executions", widgets, set.MaxWidgets)
	}
	return r.s.End == nil
}

// enter puts the running flow to its initial state.
func (r *run) enter() *definition.State {
	f := r.frame()
	f.At = r.p.flow(f.FlowSID).Initial
	return r.widget()
}

// leaveTrigger leaves the initial state. The two triggers of chat are one: the one that leads somewhere counts (taskrouter-studio B.7).
func (r *run) leaveTrigger(w *definition.State, event string) {
	next, _ := w.Next(event)
	if other := otherSpelling(event); next == "" && other != "" {
		if next, _ = w.Next(other); next != "" {
			event = other
		}
	}
	if next == "" {
		r.warnf(core.CodeStudioTrigger, "the trigger leads nowhere on %s", event)
	}
	r.leaveTo(w, event, next, r.stepSID(r.s.Steps+1))
}

// event is what the running flow was begun by.
func (r *run) event() string {
	if len(r.s.Frames) > 1 {
		return IncomingParent
	}
	return r.s.Trigger
}

func otherSpelling(event string) string {
	switch event {
	case IncomingMessage:
		return IncomingConversationMessage
	case IncomingConversationMessage:
		return IncomingMessage
	}
	return ""
}

// message gives the parameters of a message in both spellings, with the attributes of the channel as an object (taskrouter-studio B.4, B.7).
func message(fields map[string]any) (message, conversation map[string]any) {
	message, _ = plain(fields).(map[string]any)
	if message == nil {
		message = map[string]any{}
	}
	if text, ok := message["ChannelAttributes"].(string); ok {
		if o := parseObject(text); o != nil {
			message["ChannelAttributes"] = o
		}
	}
	conversation = merged(message)
	for _, names := range [][2]string{{"ChannelSid", "ConversationSid"}, {"InstanceSid", "ChatServiceSid"}, {"From", "Author"}} {
		if value, ok := message[names[0]]; ok && conversation[names[1]] == nil {
			conversation[names[1]] = value
		}
	}
	return message, conversation
}
