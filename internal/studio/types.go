package studio

// The states of a flow's revisions.
const (
	StatusDraft     = "draft"
	StatusPublished = "published"
)

// Flow is a Studio flow ("FW…"). What it does is said by its revisions.
type Flow struct {
	ID                   int64
	SID, AccountSID      string
	Revision             int64  // the newest
	Published            int64  // the newest that is live, 0 for none
	TestUsers            string // JSON array of contacts who get the newest revision, be it a draft
	CreatedAt, UpdatedAt int64  // microseconds, here and below
}

// Revision is one state of a flow's definition. A revision never changes; an execution keeps the one with which it began.
type Revision struct {
	FlowID, Number       int64
	FriendlyName, Status string
	Definition           string // JSON, as it came
	CommitMessage        *string
	Valid                bool
	Errors, Warnings     string // JSON arrays of Fault
	CreatedAt            int64
}

// Shown is a flow as one of its revisions shows it.
type Shown struct {
	Flow *Flow
	At   *Revision
}

// Execution is one run of a flow for one contact ("FN…"). Its SID is computed from its number.
type Execution struct {
	ID                   int64
	AccountSID           string
	FlowID               int64
	FlowSID              string
	Revision             int64
	Contact              string // of whom at most one execution of a flow is active: the chat channel's SID, or an address
	Address              string // of the contact, as people read it
	InitiatedBy          string // SID of the message that began it; "" for a request
	Active               bool
	State                string // JSON of machine.State
	Widget               string // where an active one is
	WaitingFor           string // what an active one waits for, in words; why an ended one ended
	Effect               int64  // the machine.Effect that it waits for, 0 for none
	Deadline             int64  // when the wait ends by itself, 0 for never
	Steps                int64  // how many there are
	CreatedAt, UpdatedAt int64
}

// Step is one transition of an execution ("FT…").
type Step struct {
	ExecutionID, Number int64
	SID, ParentSID      string // ParentSID: of the step that ran a subflow, within which this one was made; "" in the main flow
	FlowSID             string // whose state it left
	Name                string // the event that led on
	Type                string // of the widget that was left
	From, To            string // names of widgets; To is "Ended" at the end
	Changes             string // of the context, JSON of []machine.Change
	CreatedAt           int64
}

// Warning is something that an execution met and went on from, with a code of taskrouter-studio B.5.
type Warning struct {
	ID                  int64
	AccountSID, FlowSID string
	ExecutionID         int64
	Code                int64
	Widget, Message     string
	CreatedAt           int64
}
