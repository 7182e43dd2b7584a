package bridge

import (
	"slices"
	"sync"
	"time"

	"parley/internal/core"
)

// paceWindow is the time over which the handshakes of a worker are counted.
const paceWindow = 10 * time.Second

// sockets knows the open sockets of each worker, and counts each from its admission until nothing of it runs any more.
type sockets struct {
	most, perWorker, handshakes int

	mu       sync.Mutex
	byWorker map[int64]*crowd
	fresh    map[string][]*socket // by worker SID: those whose clients are still starting
	open     int
	stopping bool
	empty    chan struct{} // closed when stopping and nobody is left
}

// crowd is what is known of one worker; it stays a while after its last socket, for the count of handshakes.
type crowd struct {
	list  []*socket
	open  int // list, and sockets on their way to and from it
	paced int // handshakes since
	since time.Time
}

func newSockets(o *Options) *sockets {
	return &sockets{most: o.MaxConnections, perWorker: o.MaxPerWorker, handshakes: o.MaxHandshakes, byWorker: map[int64]*crowd{}, fresh: map[string][]*socket{}, empty: make(chan struct{})}
}

// enter admits a socket, or says why not. Every admission is undone by one leave.
func (k *sockets) enter(workerID int64, now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.byWorker[workerID]
	if p == nil {
		p = &crowd{since: now}
		k.byWorker[workerID] = p
	}
	if now.Sub(p.since) > paceWindow {
		p.since, p.paced = now, 0
	}
	p.paced++
	switch {
	case k.stopping:
		return core.Ef(core.CodeUnavailable, "This server is stopping; connect again")
	case k.open >= k.most:
		return core.Ef(core.CodeUnavailable, "This server has as many sockets as it may; connect later")
	case p.paced > k.handshakes:
		return core.Ef(core.CodeTooManyRequests, "Too many new sockets of this worker; connect later")
	case p.open >= k.perWorker:
		return core.Ef(core.CodeTooManyRequests, "A worker has at most %d sockets at once; close one", k.perWorker)
	}
	k.open++
	p.open++
	return nil
}

// add enters an admitted socket into the list.
func (k *sockets) add(s *socket) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.byWorker[s.workerID]
	p.list = append(p.list, s)
	k.fresh[s.worker] = append(k.fresh[s.worker], s)
}

// remove undoes add.
func (k *sockets) remove(s *socket) {
	k.mu.Lock()
	defer k.mu.Unlock()
	p := k.byWorker[s.workerID]
	p.list = slices.DeleteFunc(p.list, func(other *socket) bool { return other == s })
}

// leave undoes enter.
func (k *sockets) leave(workerID int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.open--
	k.byWorker[workerID].open--
	if k.stopping && k.open == 0 {
		close(k.empty)
	}
}

// forget drops workers without sockets whose handshakes are long past.
func (k *sockets) forget(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, p := range k.byWorker {
		if p.open == 0 && now.Sub(p.since) > paceWindow {
			delete(k.byWorker, id)
		}
	}
}

// of returns the sockets of a worker at this moment.
func (k *sockets) of(workerID int64) []*socket {
	k.mu.Lock()
	defer k.mu.Unlock()
	if p := k.byWorker[workerID]; p != nil {
		return slices.Clone(p.list)
	}
	return nil
}

// all returns every socket at this moment.
func (k *sockets) all() (list []*socket) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, p := range k.byWorker {
		list = append(list, p.list...)
	}
	return list
}

func (k *sockets) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopping {
		return
	}
	k.stopping = true
	if k.open == 0 {
		close(k.empty)
	}
}

// wait returns when, after stop, nothing of any socket runs any more.
func (k *sockets) wait() { <-k.empty }
