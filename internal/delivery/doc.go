// Package delivery brings webhook calls to their receivers: the jobs that make them, the pause for receivers that are down, the log of
// what failed, and its replay.
//
// Invariants:
//   - A call that was enqueued is made until the receiver takes it, or becomes a dead letter that can be replayed while it is kept. A pause
//     (see hosts) only moves calls in time.
//   - A receiver that is down costs a few calls a minute and delays nobody else's.
//   - Of a failure the log keeps what helps to find its cause: no parameters, no query, no user-info. What a replay needs stays in the dead
//     letter's job and goes with its entry: after the time that is configured, or when an account has more than maxKept.
package delivery
