// Package live is what the people who lead see of a workspace while it moves: live and instant queries over its workers, reservations and
// queues (flex-ui-protocol §5.7).
//
// Invariants:
//   - What is shown is read from the store after the commits that it shows. A commit only notes what changed; the note may be lost, since
//     everything that is watched is read anew every few seconds.
//   - A change is read once for all who watch, and compared with those queries only that it may concern. Nothing is read where nobody watches.
//   - Each set of items numbers its events, rising with the clock, so that a watcher who was away gets what it missed, or the whole set.
//   - Watchers are told in order, and never waited for. Sets, their items and what one client may watch are bounded.
//
// Who wires it makes it before the store's first Update ([New]) and ends it before the store and the bus ([Live.Stop]).
package live
