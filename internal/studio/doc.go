// Package studio is the bot of a chat: flows, their revisions and their executions (taskrouter-studio B).
//
// Its heart is three pure packages, each without I/O, clock or randomness of its own: definition reads and checks the document of a
// flow, template renders the texts in it, and machine runs it, one event at a time. This package keeps an execution's state, carries out
// the machine's effects and tells it what came of them.
//
// Invariants:
//   - A step and what it causes inside the store (a message, a task, a timer, the next request) are one transaction, together with the
//     end of the job that brought the event: each happens once, wherever a process dies.
//   - A request to somebody else's server is made between two transactions. After a crash it is made again, with the same idempotency token.
//   - A timer or an answer names the effect that it is for. One that is late changes nothing.
//   - At most one execution of a flow is active for a contact. An execution keeps the revisions with which it began.
//   - The customer never sees a fault: it is written down as a warning, and the flow takes its branch for it, or ends.
//   - Locks are taken in this order: an execution, its channel, a new task.
package studio
