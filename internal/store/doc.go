// Package store keeps the truth: one relational database, SQLite or PostgreSQL, behind one small seam.
//
// Invariants:
//   - Everything that a request changes is written by one [Store.Update], whole or not at all; when Update returns nil the
//     change survives the loss of power (design §2.3).
//   - Effects outside the store happen after the commit, never before ([Tx.Emit], [Tx.AfterCommit]).
//   - There is one SQL text for both engines: placeholders $1, $2, …; types TEXT, BIGINT, BOOLEAN, BYTEA; times are
//     microseconds that the transaction carries ([Tx.Now]), never the database's clock; no literal dollar sign. Row locks are
//     written for PostgreSQL, in capitals (FOR UPDATE, FOR SHARE, FOR UPDATE SKIP LOCKED); SQLite's engine drops them. A number
//     whose type PostgreSQL cannot see, as in "$1 - 100", needs CAST($1 AS BIGINT), or it is taken for 32 bits.
//   - A transaction that changes the counters of several objects does so in one order everywhere (parent before child, then by
//     number): PostgreSQL takes a second to notice a deadlock.
//   - Only the packages under engine/ know a database driver.
package store
