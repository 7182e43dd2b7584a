// Package definition reads the document of a Studio flow (taskrouter-studio B.2): widgets with their properties and the transitions
// between them. It does no I/O and knows no clock.
//
// Invariants:
//   - A document with the right shape always gives a [Flow], whatever its widgets are: unknown types are kept, and fail only an
//     execution that reaches one. Old exports are taken with what they leave out (flags, offsets, properties, transitions).
//   - A Flow never changes, so that any number of executions may run it at once.
//   - Reading takes time and memory in proportion to the text, which is bounded, as are its depth, its states and what is said of it.
//   - Every finding names the place that it is about, as a path into the document that a program can follow.
package definition
