package machine

import (
	"encoding/json"
	"time"

	"parley/internal/studio/definition"
)

// Definition is a flow at a revision.
type Definition struct {
	Revision int
	Flow     *definition.Flow
}

// State is all of an execution. It is stored as JSON.
type State struct {
	ExecutionSID string  `json:"execution_sid"`
	AccountSID   string  `json:"account_sid"`
	Frames       []Frame `json:"frames"` // the flow, and the subflow that it is in
	Steps        int     `json:"steps"`
	Effects      int64   `json:"effects"` // begun so far
	Last         string  `json:"last"`    // the widget that ran last, and how often in a row
	Repeats      int     `json:"repeats"`
	Waiting      *Effect `json:"waiting,omitempty"`
	End          *End    `json:"end,omitempty"`
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

// End says how an execution ended.
type End struct {
	Code   int    `json:"code,omitempty"` // 81000 and on; 0: as the flow wants it, or by hand
	Reason string `json:"reason"`
}

// Why says in a sentence what an execution waits for and until when, for people.
func Why(s *State) string { return "" }

// Context returns what the execution's Context resource shows: the variables of the flow that is running now.
func Context(s *State) json.RawMessage { return nil }

// ContextAfter returns what a step's Context resource shows. Steps are those of the execution from its first on, up to that step.
func ContextAfter(steps []Step) json.RawMessage { return nil }
