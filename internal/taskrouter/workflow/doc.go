// Package workflow reads workflow documents (taskrouter-studio A.4): which queue a task is put into, and where it goes when nobody took it.
// It does no I/O and knows no clock.
//
// Invariants:
//   - A document with the right shape always gives a [Plan]. An expression in it that cannot be parsed is never true, as the hosted
//     service had it: old documents can be brought along with all their faults.
//   - A Plan never changes, and a task moves only downwards in it: every walk ends.
//   - Whatever in a document would silently never match has a [Warning] from [Check].
package workflow
