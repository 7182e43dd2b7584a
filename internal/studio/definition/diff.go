package definition

// Kinds of changes.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Change is one difference between two definitions. Layout (offset) is none.
type Change struct {
	State string `json:"state,omitempty"` // its name; "": the flow itself
	Kind  string `json:"kind"`            // Added, Removed or Changed
	// What changed within the state or flow: "" for all of it, "type", "properties.<key>", "transitions.<event>", for a match
	// "transitions.match[<n>]"; "initial_state", "description" or "flags" of the flow.
	What string `json:"what,omitempty"`
	From string `json:"from,omitempty"` // as JSON, or as the name of the next state
	To   string `json:"to,omitempty"`
}

// Diff says how two definitions differ: states by name, in the order of the old one and then of the new one.
func Diff(from, to *Flow) []Change { return nil }
