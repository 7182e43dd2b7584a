package machine

import "time"

// Machine runs flows. It is safe for use by several goroutines.
type Machine struct{ settings Settings }

// New returns a machine.
func New(s Settings) *Machine { return &Machine{s} }

// Start begins an execution and runs it to its first effect or its end. A trigger that leads nowhere ends it at once (81020).
func (m *Machine) Start(p Program, in Input, now time.Time) Result { return Result{} }

// Resume goes on with an execution. The event's state and what it belongs to may be gone: a message that nobody waits for is 81002, an
// answer to another effect and whatever comes after the end are ignored.
func (m *Machine) Resume(p Program, s State, e Event, now time.Time) Result { return Result{State: s} }
