package definition

import (
	"slices"
	"strconv"
	"strings"
)

// The bounds of a document (taskrouter-studio B.2, B.5). They are part of the format; what an operator may set is in machine.Settings.
const (
	MaxBytes       = 1 << 20 // of the text
	MaxDepth       = 64      // of its nesting
	MaxStates      = 1000    // of a flow
	MaxTransitions = 1000    // of a state
)

// Flow is a definition that was read. It never changes; callers must not write to what its methods return.
type Flow struct {
	Description          string
	Initial              string // the name of the state that an execution begins in
	AllowConcurrentCalls bool   // flags.allow_concurrent_calls; kept, and of no meaning without calls

	states []*State
	byName map[string]*State
}

// States returns the states in the order of the document.
func (f *Flow) States() []*State { return f.states }

// State returns the state with a name, or nil.
func (f *Flow) State(name string) *State { return f.byName[name] }

// Subflow is a flow that another one runs.
type Subflow struct {
	FlowSID  string
	Revision string // "LatestPublished", "LatestRevision" (also written LatestDraft) or a number; never empty
	Widget   string // the first that names it
}

// Subflows returns the flows that run-subflow widgets name, each once, in the order of the document (taskrouter-studio B.5).
func (f *Flow) Subflows() (list []Subflow) {
	for _, s := range f.states {
		sub := s.Subflow()
		known := func(other Subflow) bool { return other.FlowSID == sub.FlowSID }
		if sub.FlowSID != "" && !slices.ContainsFunc(list, known) {
			list = append(list, sub)
		}
	}
	return list
}

// State is one widget of a flow.
type State struct {
	Index       int    // in the document, from 0
	Name, Type  string // such as "ask_name" and "send-and-wait-for-reply"
	Transitions []Transition

	properties map[string]any
}

// Transition is a way out of a state.
type Transition struct {
	Event      string
	Next       string // the name of a state; "" ends the flow there
	Conditions []Condition
}

// Condition is what a "match" of a split asks. Arguments[0] is the template that is tested, Value another one to compare with
// (taskrouter-studio B.3).
type Condition struct {
	FriendlyName string   `json:"friendly_name"`
	Type         string   `json:"type"`
	Value        string   `json:"value"`
	Arguments    []string `json:"arguments"`
}

// Pair is an entry of parameters or variables.
type Pair struct {
	Key, Value string
	JSON       bool // the value, once rendered, is JSON (type json_object, or parse_as_json)
}

// Next returns where an event leads; ok is false when the state has no such transition. Of several the first that leads somewhere counts.
func (s *State) Next(event string) (next string, ok bool) {
	for _, t := range s.Transitions {
		if t.Event == event {
			if ok = true; t.Next != "" {
				return t.Next, true
			}
		}
	}
	return "", ok
}

// Text returns a property as text: a string as it stands, numbers and booleans as JSON writes them, objects as JSON, "" where it is
// missing or null.
func (s *State) Text(key string) string { return text(s.properties[key]) }

// Pairs returns a property that is a list of keys and values, such as the parameters of a request.
func (s *State) Pairs(key string) (pairs []Pair) {
	list, _ := s.properties[key].([]any)
	for _, item := range list {
		o, ok := item.(map[string]any)
		if !ok {
			continue
		}
		p := Pair{Key: text(o["key"]), Value: text(o["value"])}
		p.JSON = text(o["type"]) == "json_object" || text(o["parse_as_json"]) == "true"
		pairs = append(pairs, p)
	}
	return pairs
}

// Subflow returns the flow that a run-subflow widget names; FlowSID is "" for any other.
func (s *State) Subflow() Subflow {
	if s.Type != "run-subflow" {
		return Subflow{}
	}
	sub := Subflow{FlowSID: strings.TrimSpace(s.Text("flow_sid")), Revision: strings.TrimSpace(s.Text("flow_revision")), Widget: s.Name}
	switch sub.Revision {
	case "":
		sub.Revision = "LatestPublished"
	case "LatestDraft":
		sub.Revision = "LatestRevision"
	}
	return sub
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	return compact(v)
}
