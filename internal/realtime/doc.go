// Package realtime brings committed events to the connections that watch the objects which they change.
//
// The invariant: a connection that is subscribed to a topic gets every event of it exactly once and in order, from the
// position that it named; or, for topics that are state (documents), always the newest one in the end; or it is closed
// with a reason and starts again from its position. Nothing is dropped in silence, and nobody waits for a slow peer.
//
// The parts:
//
//   - A [Topic] is one live object with its own event numbers, 1, 2, 3, …; the [Source] reads them from the store.
//   - A feed exists for each topic that somebody on this node watches. It puts events in order, holds back what came too
//     early, and asks the Source for what did not come at all (feed.go, repair.go, check.go).
//   - A [Conn] has a queue that is bounded in bytes and, only while something is queued, one goroutine that writes all
//     of it at once (conn.go, writer.go).
//   - The [Hub] knows both and speaks with the other nodes over the bus, which may lose messages (hub.go, wire.go).
//
// Frames are opaque: the caller has framed them for the wire, all connections share them, nobody changes them.
//
// Lock order: Conn.subscribing → feedShard.mu → feed.mu → Conn.mu; repairer.mu may be taken under feed.mu. No lock is
// held while the Source, a Sink or a hook of the caller runs, except that Conn.subscribing is held while the Source is
// read for that connection. The bus is called without locks, except to subscribe, which happens under feed.mu.
package realtime
