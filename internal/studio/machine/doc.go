// Package machine runs flows (taskrouter-studio B.3–B.7) as a pure state machine: a state and an event give the next state, what was
// done on the way, and the one effect that the execution now waits for. It does no I/O, and knows neither clock nor randomness.
//
// Invariants:
//   - A [State] holds all of an execution: stored as JSON and read again, on any node and at any time, it goes on as if it had stayed.
//   - Each effect has a number within its execution. Only the event that answers it moves the execution on; a late or repeated one
//     changes nothing.
//   - Every run ends: each call of Start and Resume does a bounded amount of work, and an execution has a bounded number of steps.
//   - The machine never panics and never fails: what goes wrong leaves by the widget's failing transition or ends the execution, and is
//     told as a [Warning].
package machine
