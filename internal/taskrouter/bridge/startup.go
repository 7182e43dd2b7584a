package bridge

import (
	"context"
	"slices"
	"time"
)

// settleTime is how long after the last answer that the SDK reads at its start it has surely begun to listen.
const settleTime = 400 * time.Millisecond

// startReads are what the SDK reads between init and its first event, one bit for each.
type startReads uint32

const (
	readActivities startReads = 1 << iota
	readChannels
	readReservations

	readAll = readActivities | readChannels | readReservations
)

// starting reports whether events are kept back.
func (s *socket) starting() bool {
	select {
	case <-s.ready:
		return false
	default:
		return true
	}
}

// release lets events go out.
func (s *socket) release() {
	s.releasing.Do(func() {
		s.heard.Store(time.Now().UnixMilli())
		close(s.ready)
		s.b.sockets.settled(s)
	})
}

// answered notes that a client which starts gets an answer. Of several that start at once for one worker, one may be taken for ready
// too early; then it does without this.
func (b *Bridge) answered(workerSID string, what startReads) {
	for _, s := range b.sockets.starting(workerSID) {
		if s.reads.Or(uint32(what))|uint32(what) == uint32(readAll) {
			s.started.Reset(settleTime)
		}
	}
}

// readAtRest reads a worker's reservations, and tells the sockets that start which events are in what was read. If events come in
// between, it reads again, so that none is told which is in there.
func (b *Bridge) readAtRest(ctx context.Context, workerSID string, read func() error) error {
	list := b.sockets.starting(workerSID)
	if len(list) == 0 {
		return read()
	}
	number := func() (int64, error) {
		feeds, err := b.tr.Feeds(ctx, []int64{list[0].workerID})
		if err != nil {
			return 0, err
		}
		return feeds[0], nil
	}
	var since int64
	for try := 0; ; try++ {
		before, err := number()
		if err != nil {
			return err
		}
		if err := read(); err != nil {
			return err
		}
		after, err := number()
		if err != nil {
			return err
		}
		if since = before; after == before || try == 2 {
			break
		}
	}
	for _, s := range list {
		s.since.Store(since)
	}
	b.answered(workerSID, readReservations)
	return nil
}

// starting returns the sockets of a worker whose clients are still starting.
func (k *sockets) starting(workerSID string) []*socket {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.fresh[workerSID])
}

// settled takes a socket from those that start.
func (k *sockets) settled(s *socket) {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := slices.DeleteFunc(k.fresh[s.worker], func(other *socket) bool { return other == s })
	if len(list) == 0 {
		delete(k.fresh, s.worker)
		return
	}
	k.fresh[s.worker] = list
}
