// Package core holds what every other package speaks of: SIDs, the error type with its catalogue of codes, paging,
// attributes and times. It imports the standard library only and does no I/O, so that any package may import it.
package core
