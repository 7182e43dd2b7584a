// Package template renders the Liquid texts of flows (taskrouter-studio B.4). It does no I/O and knows no clock.
//
// The language is osteele/liquid's: its parser, its expressions and its plain blocks. What could cost more than it should is ours: loops,
// captures and all filters work against one budget of a rendering, and nothing in a template can name a file.
//
// Invariants:
//   - Render reads nothing but its arguments, never panics, and ends within bounds of work and memory whatever template and values are:
//     loops stop at 15 rounds, a result at 16 KB, and a budget of work holds for all of it.
//   - A template that cannot be parsed or evaluated gives an error and no text.
//   - What is missing is blank and no error; the same template, values and time always give the same text.
package template
