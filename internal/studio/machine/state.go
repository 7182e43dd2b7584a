package machine

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"parley/internal/studio/definition"
)

// Definition is a flow at a revision.
type Definition struct {
	Revision int
	Flow     *definition.Flow
}

// State is all of an execution. It is stored as JSON. Nothing that it holds is changed once it was given out.
type State struct {
	ExecutionSID string  `json:"execution_sid"`
	AccountSID   string  `json:"account_sid"`
	Trigger      string  `json:"trigger"` // the event that began it
	Frames       []Frame `json:"frames"`  // the flow, and the subflow that it is in
	Steps        int     `json:"steps"`   // made so far
	Effects      int64   `json:"effects"` // begun so far
	Last         string  `json:"last"`    // the widget that ran last, and how often in a row
	Repeats      int     `json:"repeats"`
	Size         int     `json:"size"` // roughly, of all contexts, in bytes
	HandedOver   bool    `json:"handed_over,omitempty"`
	Waiting      *Effect `json:"waiting,omitempty"`
	Outbox       *Outbox `json:"outbox,omitempty"`
	// Pending are changes of the context that belong to the step that is made when the execution goes on.
	Pending []Change `json:"pending,omitempty"`
	End     *End     `json:"end,omitempty"`
	// Subflows are the revisions that the execution began with, by flow SID; the same must be in the Program of every Resume.
	Subflows map[string]int `json:"subflows,omitempty"`
	Started  time.Time      `json:"started"`
}

// Frame is one flow in an execution.
type Frame struct {
	FlowSID  string         `json:"flow_sid"`
	Revision int            `json:"revision"`
	At       string         `json:"at"`                 // the state that runs
	StepSID  string         `json:"step_sid,omitempty"` // of the step that the run-subflow widget will make; "" in the main flow
	Context  map[string]any `json:"context"`            // trigger, contact, flow and widgets as templates see them
}

// Outbox is what is left to do of the answer to an add-twiml-redirect.
type Outbox struct {
	Sends    []Send         `json:"sends,omitempty"`
	Redirect string         `json:"redirect,omitempty"` // where to ask next; "": the widget is left by Event
	Event    string         `json:"event,omitempty"`
	Fields   map[string]any `json:"fields,omitempty"` // of the widget, when it is left
	Hops     int            `json:"hops"`             // requests so far
}

// End says how an execution ended.
type End struct {
	Code   int    `json:"code,omitempty"` // 81000 and on; 0: as the flow wants it, or by hand
	Reason string `json:"reason"`
}

// UnmarshalJSON reads a frame with the values that it had.
func (f *Frame) UnmarshalJSON(text []byte) error {
	type alias Frame
	var a struct {
		alias
		Context json.RawMessage `json:"context"`
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return err
	}
	*f = Frame(a.alias)
	f.Context = restore(a.Context)
	return nil
}

// UnmarshalJSON reads an outbox with the values that it had.
func (o *Outbox) UnmarshalJSON(text []byte) error {
	type alias Outbox
	var a struct {
		alias
		Fields json.RawMessage `json:"fields"`
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return err
	}
	*o = Outbox(a.alias)
	if len(a.Fields) > 0 {
		o.Fields = restore(a.Fields)
	}
	return nil
}

// UnmarshalJSON reads a change with the value that it had.
func (c *Change) UnmarshalJSON(text []byte) error {
	var a struct {
		Path  []string        `json:"path"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return err
	}
	value, err := parseTo(string(a.Value), maxStored)
	*c = Change{a.Path, value}
	return err
}

// clone is a copy whose parts can be replaced without touching the original.
func (s State) clone() State {
	s.Frames = slices.Clone(s.Frames)
	s.Subflows = maps.Clone(s.Subflows)
	return s
}
