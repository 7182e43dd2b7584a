// Package jobs runs work that a transaction left behind: webhooks, timers, flow steps, matching.
//
// Invariants:
//   - A job exists exactly if the transaction that enqueued it was committed; it runs at least once, on whichever node claims it,
//     and is deleted in the transaction that completes it.
//   - A claim is a lease, fenced by the number of the attempt: whoever lost it can neither complete the job nor extend it.
//   - Of a lane only the head is ready. The next one becomes ready in the transaction that completes the head or gives it up,
//     so a lane waits for the retries of its head and a dead letter does not block it. That no wake-up is lost between an
//     Enqueue that still sees the head and the completion that does not yet see the new job: Enqueue locks the lane's
//     last row (FOR SHARE), so that one of the two waits for the other.
//   - A job without a lane is ordered with nothing.
package jobs
