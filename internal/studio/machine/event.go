package machine

import (
	"time"

	"parley/internal/studio/definition"
)

// EventKind is what happened.
type EventKind string

// The kinds of events.
const (
	EventSent       EventKind = "sent"        // the message is in the chat; Fields are its outbound.*
	EventSendFailed EventKind = "send_failed" // Reason says why
	EventMessage    EventKind = "message"     // the contact wrote; Fields are the webhook's parameters
	EventTimeout    EventKind = "timeout"     // the deadline of the reply has passed
	EventHTTP       EventKind = "http"        // Answer holds what came
	EventTask       EventKind = "task"        // the task was created; Fields are its resource as REST shows it
	EventTaskFailed EventKind = "task_failed" // Reason says why
	EventGoOn       EventKind = "go_on"       // the pause is over
	EventStop       EventKind = "stop"        // somebody ends the execution; Reason says who
	EventExpired    EventKind = "expired"     // it has lived for Settings.Lifetime
)

// Event is what happened to an execution.
type Event struct {
	Kind   EventKind
	Effect int64          // the Effect.ID that it answers; 0 for EventMessage, EventStop and EventExpired
	Fields map[string]any // values as JSON has them
	Answer Answer
	Reason string
}

// Answer is what came of a request.
type Answer struct {
	Status      int    // 0: no answer
	ContentType string // as the header has it
	Body        string // at most HTTP.MaxBytes
	TooLarge    bool   // it was longer
	TimedOut    bool   // no answer within HTTP.Timeout
	Reason      string // why there is no answer, for people
}

// The names of triggers, which are the events of a flow's first step (taskrouter-studio B.7: the first two are one for chat).
const (
	IncomingMessage             = "incomingMessage"
	IncomingConversationMessage = "incomingConversationMessage"
	IncomingRequest             = "incomingRequest"
	IncomingParent              = "incomingParent"
	IncomingCall                = "incomingCall"
)

// Input starts an execution.
type Input struct {
	ExecutionSID   string
	AccountSID     string
	Trigger        string         // IncomingMessage, IncomingConversationMessage or IncomingRequest
	Message        map[string]any // of a message: the webhook's parameters; ChannelAttributes may be text or parsed
	Parameters     map[string]any // of a request: any JSON object
	ContactAddress string         // contact.channel.address: the identity that wrote, or To of a request
	FlowAddress    string         // flow.channel.address: the flow's own address, or From of a request
}

// Program is a flow with the flows that it runs. It never changes.
type Program struct {
	FlowSID  string
	Flow     Definition
	Subflows map[string]Definition // by flow SID; all of Flow.Subflows that could be loaded
}

// flow returns the definition of a flow; nil where it could not be loaded.
func (p Program) flow(sid string) *definition.Flow {
	if sid == p.FlowSID {
		return p.Flow.Flow
	}
	return p.Subflows[sid].Flow
}

// Result is what came of a call.
type Result struct {
	State    State
	Steps    []Step    // in order
	Warnings []Warning // in order
	Effect   *Effect   // what the execution now waits for, State.Waiting; nil: it has ended
	Ignored  bool      // the event was not for this state; State is as it was, but for nothing
	Rendered int       // templates: a measure of the time that it took
}

// Step is a transition that was made (taskrouter-studio B.1).
type Step struct {
	SID       string   // "FT…", of the execution's SID and the step's number
	Number    int      // within the execution, from 1
	ParentSID string   // of the run-subflow step within which it was made; "" in the main flow
	FlowSID   string   // whose state it left
	Name      string   // the event that led on
	Type      string   // of the widget that it left
	From, To  string   // states; To is "Ended" where the flow, or the subflow, ends
	Changes   []Change // of the context
	At        time.Time
}

// Change is what a step changed of its flow's context: the value at a path, such as [widgets ask inbound].
type Change struct {
	Path  []string `json:"path"`
	Value any      `json:"value"`
}

// Warning is something that people who look after the flow should know. Customers never see it.
type Warning struct {
	Code    int    `json:"code"` // 81000 and on
	FlowSID string `json:"flow_sid"`
	Widget  string `json:"widget"`
	Message string `json:"message"`
}
