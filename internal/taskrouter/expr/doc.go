// Package expr is the expression language of TaskRouter (taskrouter-studio A.5): what a queue asks of its workers and a workflow of
// tasks and workers. It does no I/O and imports the standard library only.
//
// Invariants:
//   - Parse takes any text in linear time and within its bounds, and refuses it with a [SyntaxError] or gives an [Expr].
//   - An Expr never changes, so that any number of goroutines may evaluate it; Eval reads nothing but its environment, always ends,
//     never panics, and allocates nothing unless a number is searched as text.
//   - What is missing reads as NULL and is no error: a comparison with it is false, but for != and NOT IN, which exclude nobody then.
package expr
