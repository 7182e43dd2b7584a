// Package postgres is the engine for several nodes over one PostgreSQL.
//
// Invariants:
//   - A unit is one transaction of few round trips: BEGIN goes out with the first statement, deferred statements with the next
//     one or with COMMIT. A message (UPDATE … RETURNING, deferred INSERT) costs two.
//   - Nothing is known to be undone once COMMIT was sent: a unit is run again only while it was not.
//
// Why READ COMMITTED is enough for writes: a unit that depends on what others write first updates the counter row of its object
// (channel_seq, user_seq, id_block, …), which locks it until the commit. Units of one object therefore run one after
// another, and the statements that follow see all that the earlier ones committed, since READ COMMITTED takes a new
// snapshot for each statement. Rules that no counter guards are unique indexes. A higher isolation would abort exactly the
// units that wait for a counter. Reads are REPEATABLE READ, read only: one snapshot for all their statements, and never
// an abort.
package postgres
