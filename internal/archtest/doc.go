// Package archtest holds the project to its dependency rule (ARCHITECTURE.md):
//
//	wire → products → store, jobs, webhook, blob → core
//
// Invariant: every arrow that must not exist is a row of a table, with the reason. A change that needs such an arrow
// changes the row, in the open. The package has tests only.
package archtest
