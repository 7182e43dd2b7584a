// Package store keeps the truth: one relational database, SQLite or PostgreSQL, behind one small seam.
//
// Invariants:
//   - Everything that a request changes is written by one [Store.Update], whole or not at all; when Update returns nil the
//     change survives the loss of power (design §2.3).
//   - Effects outside the store happen after the commit, never before ([Tx.Emit], [Tx.AfterCommit]).
//   - There is one SQL text for both engines: placeholders $1, $2, …; types TEXT, BIGINT, BOOLEAN, BYTEA; times are
//     microseconds that the transaction carries ([Tx.Now]), never the database's clock; no literal dollar sign.
//   - Only the packages under engine/ know a database driver.
package store
