package realtime

import "sync/atomic"

// Stats are the hub's figures at one moment; all but the first three only grow.
type Stats struct {
	Connections   int64 // open now
	Feeds         int64 // topics that somebody here watches now
	Subscriptions int64 // pairs of a connection and a topic now

	Frames     int64             // frames written
	Bytes      int64             // bytes written
	Writes     int64             // calls of Sink.Write; Frames/Writes tells how well writes are coalesced
	Replaced   int64             // frames of state topics that a newer one replaced before they were written
	Replays    int64             // positions answered to subscribers
	GapFills   int64             // feeds that were repaired from the Source
	Checks     int64             // positions that were compared with the Source
	SourceErrs int64             // failed reads of the Source in the background
	BusErrs    int64             // messages that the bus refused, and messages from it that made no sense
	Closed     [MaxReasons]int64 // closed connections by reason, those of users included
}

type counters struct {
	connections, feeds, subscriptions            atomic.Int64
	frames, bytes, writes, replaced              atomic.Int64
	replays, gapFills, checks, sourceErr, busErr atomic.Int64
	closed                                       [MaxReasons]atomic.Int64
}

// Stats returns the hub's figures.
func (h *Hub) Stats() Stats {
	c := &h.count
	s := Stats{
		Connections: c.connections.Load(), Feeds: c.feeds.Load(), Subscriptions: c.subscriptions.Load(),
		Frames: c.frames.Load(), Bytes: c.bytes.Load(), Writes: c.writes.Load(), Replaced: c.replaced.Load(),
		Replays: c.replays.Load(), GapFills: c.gapFills.Load(), Checks: c.checks.Load(),
		SourceErrs: c.sourceErr.Load(), BusErrs: c.busErr.Load(),
	}
	for i := range c.closed {
		s.Closed[i] = c.closed[i].Load()
	}
	return s
}
