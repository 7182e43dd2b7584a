// Package match decides which worker is offered which task, and when a task goes on in its workflow. A [Board] holds what matters of one
// workspace; it is told facts and says what is to be done. It does no I/O, has no clock, and the same facts lead to the same decisions.
//
// Invariants:
//   - After a Run that has no more to say, no task that waits has a candidate, and no step or task is overdue.
//   - A Run decides as somebody would who looks at the whole workspace for each decision: first what is due, then of all
//     offers that can be made the one of the task that comes first (taskrouter-studio A.7), then skip_if of those that got none.
//   - A worker is never offered more than its capacity nor a task twice, and a task never more often than its queue reserves workers.
//   - Steps of a workflow only go down, so that every Run ends.
//
// Cost: a Run looks at what changed. Waiting tasks that are alike for every worker form a class, of which only the first is looked at, and
// only when it came or when a worker of its queue became free, gained the queue, or changed its attributes. A task that comes costs one
// pass over the free workers, and none if its class was found to suit nobody. A worker that becomes free costs one pass over the classes of
// its queues in their order, up to the first that suits. Of a class of several tasks, expressions are evaluated once for each worker while
// offers go on. The number of tasks counts by its logarithm only.
package match
