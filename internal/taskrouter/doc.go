// Package taskrouter brings tasks to workers: workspaces with their activities, task channels, queues and workflows; workers;
// tasks, reservations and transfers; events and statistics (taskrouter-studio A).
//
// Invariants:
//   - One use case is one transaction on one workspace (unit). What it changes, the events that it records, the callbacks
//     and jobs that follow, and the note for the matcher are committed together.
//   - No worker holds more reservations of a channel than its capacity, and no task has two winners. The matcher (package match)
//     only proposes: each proposal is proved by conditional writes when it is committed, so a stale one changes nothing.
//   - Of all nodes one dispatches: it holds a lease, which each of its commits proves. What it has to look at is written as a note with the
//     change that causes it, and removed with the decisions that follow, so that neither a death nor a lost bell loses anything.
//   - Every event is numbered for the worker whom it concerns; its sockets get all of them in order, or are closed and begin
//     anew (package bridge).
//   - A transaction changes tasks first, then reservations, then workers and their channels, each by rising number: that is
//     the order of locks.
package taskrouter
