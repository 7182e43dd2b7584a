package definition

// maxFindings bounds what is said of one document.
const maxFindings = 200

// Finding is something that is wrong with a definition, in the form of the answer to Validate (taskrouter-studio B.1).
type Finding struct {
	Message string `json:"message"`       // what is wrong and what to do
	Path    string `json:"property_path"` // such as "#/states/3/transitions/0/next"; "#" for the document
	Code    string `json:"-"`             // a short stable word for programs, such as "voice"
	Line    int    `json:"-"`             // of the text, from 1
}

// Report is what [Check] found, in the order of the document.
type Report struct {
	Errors   []Finding // the flow cannot be published
	Warnings []Finding // it can, and does not do what it seems to do
}

// Valid reports whether the flow can be published.
func (r Report) Valid() bool { return len(r.Errors) == 0 }

// Err returns nil for a valid flow, else 81022 with the findings as details.errors and details.warnings.
func (r Report) Err() error { return nil }

// Known says what a definition may name. A nil function knows nothing, and nothing is said of such names then.
type Known struct {
	Workflow    func(sid string) bool
	TaskChannel func(sidOrUniqueName string) bool
	// Subflow returns the definition of another flow at a revision as Subflow.Revision has it; nil: there is none.
	Subflow func(flowSID, revision string) *Flow
}

// Read reads a definition whose shape is right; else the error is 81022 with every fault as details.errors. A flow that it returns may
// still have errors of [Check]: an execution that reaches such a place ends there.
func Read(text string) (*Flow, error) { return nil, nil }

// Check says what is wrong with a definition; the flow is nil where its shape is.
func Check(text string, known Known) (*Flow, Report) { return nil, Report{} }
