// Package sqlite is the embedded engine: one file, one process that writes much, others that may write a little beside it.
//
// Invariants:
//   - One goroutine owns the write connection. It takes whatever units of work wait, runs each in its own savepoint, commits
//     once, and only then answers: every unit that is answered nil is on disk (WAL with synchronous=FULL, so each commit
//     is one fsync), and units share the price of it.
//   - A unit that fails or panics undoes its own writes only.
//   - Reads have connections of their own and see a snapshot; they never wait for the writer, nor it for them.
//   - The file is readable by its owner only (0600, folder 0700): it holds keys and messages.
package sqlite
