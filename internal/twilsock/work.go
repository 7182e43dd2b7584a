package twilsock

import (
	"net/http"
	"sync"

	"github.com/lxzan/gws"

	"parley/internal/realtime"
)

// task is a frame that waits to be served. Its payload lies in the message's pooled buffer until done.
type task struct {
	header   header
	payload  []byte
	message  *gws.Message
	overlaps bool // the next one that overlaps may begin once this one has its place (Options.Overlaps)
	detached bool // it has its place, and somebody else may be serving what comes after it
}

func (t *task) done() { _ = t.message.Close() }

// tasks is a queue.
type tasks struct {
	list []task
	head int
}

func (q *tasks) len() int { return len(q.list) - q.head }

func (q *tasks) put(t task) {
	if q.head > keepTasks && q.head > len(q.list)/2 { // a client that always has something waiting must not make it grow
		n := copy(q.list, q.list[q.head:])
		clear(q.list[n:])
		q.list, q.head = q.list[:n], 0
	}
	q.list = append(q.list, t)
}

func (q *tasks) take() (t task, ok bool) {
	if q.len() == 0 {
		return task{}, false
	}
	t, q.list[q.head] = q.list[q.head], task{}
	if q.head++; q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
	return t, true
}

func (q *tasks) drop() {
	for t, ok := q.take(); ok; t, ok = q.take() {
		t.done()
	}
}

// keepTasks is the most room that a pooled queue may have.
const keepTasks = 64

// work is what a session has to do. It exists only while there is something, and comes from a pool.
type work struct {
	ordered  tasks // one after the other
	parallel tasks // GET requests
	writing  bool  // somebody serves ordered
	detached int   // how many of ordered have their place and are not done
	reading  int   // how many serve parallel
	bytes    int   // payloads that wait
}

const (
	// readers is how many GET requests of one connection are served at a time: a client that starts with many channels asks
	// for all of them at once, and must not keep the others from their turn.
	readers = 4
	// maxDetached bounds how many changes of one connection wait for their commit at a time.
	maxDetached = 32
)

var workPool = sync.Pool{New: func() any { return new(work) }}

func (w *work) idle() bool { return !w.writing && w.reading == 0 && w.detached == 0 }

// ready reports whether the first of the ordered tasks may begin: after those before it are done, or, if they overlap, have
// their place.
func (w *work) ready() bool {
	return w.ordered.len() > 0 && (w.detached == 0 || w.ordered.list[w.ordered.head].overlaps && w.detached < maxDetached)
}

// abandon drops what waits and reports whether somebody is still at work.
func (w *work) abandon() bool {
	if w == nil {
		return false
	}
	w.ordered.drop()
	w.parallel.drop()
	w.bytes = 0
	return !w.idle()
}

// add queues a task and starts a worker if it needs one. It reports false when too much waits already.
func (s *session) add(t task) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage >= draining {
		t.done()
		return true
	}
	if s.work == nil {
		s.work = workPool.Get().(*work)
	}
	w := s.work
	if w.ordered.len()+w.parallel.len() >= s.srv.opt.MaxPending || w.bytes > 0 && w.bytes+len(t.payload) > 4*s.srv.opt.MaxFrameBytes {
		return false
	}
	w.bytes += len(t.payload)
	if s.stage == live && t.header.verb == http.MethodGet {
		w.parallel.put(t)
		if w.reading < readers {
			w.reading++
			go s.serveParallel()
		}
		return true
	}
	w.ordered.put(t)
	s.dispatch()
	return true
}

// dispatch starts a worker for the ordered tasks if the first one may begin and nobody is at it. The lock is held.
func (s *session) dispatch() {
	if w := s.work; !w.writing && w.ready() {
		w.writing = true
		go s.serveOrdered()
	}
}

func (s *session) serveOrdered() {
	for t, ok := s.nextOrdered(); ok; t, ok = s.nextOrdered() {
		s.serve(&t)
		if t.detached {
			s.reattach()
			return
		}
	}
}

func (s *session) nextOrdered() (t task, ok bool) {
	s.mu.Lock()
	w := s.work
	finished := false
	if w.ready() {
		t, ok = w.ordered.take()
		w.bytes -= len(t.payload)
	} else {
		w.writing = false
		finished = s.retire()
	}
	s.mu.Unlock()
	if finished {
		s.end(realtime.ReasonShutdown)
	}
	return t, ok
}

// detach lets the tasks after t begin: t has its place in the order of commits. Called by the goroutine that serves t.
func (s *session) detach(t *task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.detached {
		return
	}
	t.detached = true
	s.work.detached++
	s.work.writing = false
	s.dispatch()
}

// reattach is the end of a detached task.
func (s *session) reattach() {
	s.mu.Lock()
	s.work.detached--
	s.dispatch()
	finished := s.retire()
	s.mu.Unlock()
	if finished {
		s.end(realtime.ReasonShutdown)
	}
}

func (s *session) serveParallel() {
	for t, ok := s.nextParallel(); ok; t, ok = s.nextParallel() {
		s.serve(&t)
	}
}

func (s *session) nextParallel() (task, bool) {
	s.mu.Lock()
	t, ok := s.work.parallel.take()
	finished := false
	if ok {
		s.work.bytes -= len(t.payload)
	} else {
		s.work.reading--
		finished = s.retire()
	}
	s.mu.Unlock()
	if finished {
		s.end(realtime.ReasonShutdown)
	}
	return t, ok
}

// retire gives the work back when nobody is at it any more. It reports whether the session waited for that to end. The
// lock is held.
func (s *session) retire() (finished bool) {
	w := s.work
	if !w.idle() {
		return false
	}
	s.work = nil
	if cap(w.ordered.list) <= keepTasks && cap(w.parallel.list) <= keepTasks {
		workPool.Put(w)
	}
	if s.stage == closed {
		s.srv.leave()
	}
	return s.stage == draining
}
