package bridge

import (
	"context"
	"slices"
	"time"
)

const (
	sweepEvery    = 5 * time.Second
	presenceLimit = 10 * time.Second // for writing it
)

// settlePresence records whether this node has sockets of a worker who is to be taken offline after them (the SDK's
// setWorkerOfflineIfDisconnected). It writes what is so now, whatever it was called for.
func (b *Bridge) settlePresence(workerID int64) {
	if b.ctx.Err() != nil || b.node.Load() == 0 { // leaveNode does it for all
		return
	}
	lock := &b.settling[uint64(workerID)%uint64(len(b.settling))]
	lock.Lock()
	defer lock.Unlock()
	here := slices.ContainsFunc(b.sockets.of(workerID), func(s *socket) bool { return s.offline })
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), presenceLimit)
	defer cancel()
	if err := b.tr.SetAttended(ctx, workerID, b.node.Load(), here); err != nil {
		b.log.Error("the presence of a worker could not be recorded", "here", here, "error", err)
	}
}

// leaveNode records that no worker has a socket here any more.
func (b *Bridge) leaveNode(ctx context.Context) error {
	if b.node.Load() == 0 {
		return nil
	}
	return b.tr.LeaveNode(ctx, b.node.Load())
}

// sweep takes workers offline whose sockets are gone, on whatever node they were.
func (b *Bridge) sweep() {
	tick := time.NewTicker(min(sweepEvery, b.opt.OfflineAfter/2))
	defer tick.Stop()
	for {
		select {
		case <-b.ctx.Done():
			return
		case <-tick.C:
		}
		if err := b.tr.SweepAttended(b.ctx, b.opt.OfflineAfter); err != nil && b.ctx.Err() == nil {
			b.log.Warn("workers who are gone could not be taken offline", "error", err)
		}
	}
}
