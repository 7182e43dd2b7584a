package realtime

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"sync"
)

// One write takes frames up to this size together; a larger frame goes alone.
const (
	maxWrite   = 64 << 10
	smallWrite = 4 << 10
)

// class says which bound an item counts against.
type class uint8

const (
	classState class = iota // none: a subscription has at most one of them, and its frame is shared by all
	classLive               // Options.QueueBytes
	classAsked              // Options.AskedBytes
)

// item is one queued frame. A state topic's item names its subscription and takes the newest frame when its turn comes.
type item struct {
	frame []byte
	sub   *subscription
	class class
}

// queue is what waits to be written. It is pooled: an idle connection has none.
type queue struct {
	items []item
	head  int
}

// keepItems is the most room that a pooled queue may have.
const keepItems = 1024

// pools hold what is only needed while writing.
type pools struct {
	queues sync.Pool // *queue
	small  sync.Pool // *[smallWrite]byte
	large  sync.Pool // *[maxWrite]byte
	wakes  sync.Pool // *wakes
}

func (p *pools) init() {
	p.queues.New = func() any { return new(queue) }
	p.small.New = func() any { return new([smallWrite]byte) }
	p.large.New = func() any { return new([maxWrite]byte) }
	p.wakes.New = func() any { return new(wakes) }
}

// wakes collects connections whose flush is to be started when the feeds' locks are free, so that everything that one
// publication queues for a connection leaves in one write.
type wakes struct{ conns []*Conn }

func (w *wakes) add(c *Conn, start bool) {
	if start {
		w.conns = append(w.conns, c)
	}
}

func (h *Hub) newWakes() *wakes { return h.pools.wakes.Get().(*wakes) }

// start starts the flushes and gives w back to the pool.
func (h *Hub) start(w *wakes) {
	for i, c := range w.conns {
		w.conns[i] = nil
		go c.flush()
	}
	w.conns = w.conns[:0]
	h.pools.wakes.Put(w)
}

// put appends an item and reports whether the caller must start a flush. c.mu is held and the connection is open.
func (c *Conn) put(it item) bool {
	if c.queue == nil {
		c.queue = c.hub.pools.queues.Get().(*queue)
	}
	c.queue.items = append(c.queue.items, it)
	c.account(it.class, len(it.frame))
	if c.flushing {
		return false
	}
	c.flushing = true
	return true
}

func (c *Conn) account(k class, n int) {
	switch k {
	case classLive:
		c.live += n
	case classAsked:
		c.asked += n
	}
}

// push queues a frame of the given class, unless the connection has too much waiting and is closed as slow.
func (c *Conn) push(frame []byte, k class) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != open {
		return false
	}
	if c.live >= c.hub.opt.QueueBytes {
		c.abort(ReasonSlow)
		return false
	}
	return c.put(item{frame: frame, class: k})
}

// pushAll queues a replay. It is not bounded here: [Conn.Subscribe] looked at the bound before it read.
func (c *Conn) pushAll(frames [][]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase == open && c.putAsked(frames)
}

// putAsked is put for frames that the peer asked for.
func (c *Conn) putAsked(frames [][]byte) bool {
	start := false
	for _, frame := range frames {
		start = c.put(item{frame: frame, class: classAsked}) || start
	}
	return start
}

// overAsked closes the connection as slow if it leaves too much of what it asked for waiting. c.mu is held.
func (c *Conn) overAsked() bool {
	if c.asked >= c.hub.opt.AskedBytes {
		c.abort(ReasonSlow)
		return true
	}
	return false
}

// mark makes e the newest frame of a state topic for s. It reports whether the caller must start a flush, and whether e
// replaced a frame that was not written yet.
func (c *Conn) mark(s *subscription, e *event) (start, replaced bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.phase != open || e.seq <= s.pos:
		return false, false
	case s.pending == nil:
		s.pending = e
		return c.put(item{sub: s}), false
	case e.seq > s.pending.seq:
		s.pending = e
		return false, true
	}
	return false, false
}

// restart queues the replay of a state topic, after which s is at pos.
func (c *Conn) restart(s *subscription, pos int64, frames [][]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != open {
		return false
	}
	s.pos = pos
	later := s.pending
	if later != nil { // its place in the queue is before the replay
		s.pending = nil
		for i := range c.queue.items {
			if c.queue.items[i].sub == s {
				c.queue.items[i].sub = nil
			}
		}
	}
	start := c.putAsked(frames)
	if later != nil && later.seq > pos {
		s.pending = later
		start = c.put(item{sub: s}) || start
	}
	return start
}

func (c *Conn) dropQueue() {
	c.queue = nil
	c.live, c.asked = 0, 0
}

// chunk is what one write takes.
type chunk struct {
	bytes       []byte
	small       *[smallWrite]byte
	large       *[maxWrite]byte
	frames      int
	live, asked int
}

func (p *pools) release(o *chunk) {
	if o.small != nil {
		p.small.Put(o.small)
	}
	if o.large != nil {
		p.large.Put(o.large)
	}
	o.bytes, o.small, o.large = nil, nil, nil
}

// flush writes until nothing is queued. At most one runs for a connection.
func (c *Conn) flush() {
	// Those who are about to queue more (the reply after the event, the next of a group of commits) get a chance to do it
	// before the first write. If nobody else is ready to run, this costs nothing.
	runtime.Gosched()
	count := &c.hub.count
	var out chunk
	for c.take(&out) {
		n := len(out.bytes)
		err := c.sink.Write(out.bytes)
		c.hub.pools.release(&out)
		if err != nil {
			reason := ReasonWriteFailed
			if errors.Is(err, os.ErrDeadlineExceeded) {
				reason = ReasonSlow
			}
			c.mu.Lock()
			c.abort(reason)
			c.mu.Unlock()
			continue
		}
		count.writes.Add(1)
		count.frames.Add(int64(out.frames))
		count.bytes.Add(int64(n))
	}
}

// take fills o with the next frames. If there are none, the flush is over, and take returns false.
func (c *Conn) take(o *chunk) bool {
	c.mu.Lock()
	if c.phase < cut {
		c.live -= o.live
		c.asked -= o.asked
	}
	*o = chunk{}
	if c.phase < cut && c.queue != nil && c.fill(o) {
		c.mu.Unlock()
		return true
	}
	if c.queue != nil {
		c.hub.pools.recycle(c.queue)
		c.queue = nil
	}
	if c.phase == open {
		c.flushing = false
		c.mu.Unlock()
		return false
	}
	c.mu.Unlock()
	c.finish()
	return false
}

// fill moves frames from the queue into o and reports whether there were any. c.mu is held.
func (c *Conn) fill(o *chunk) bool {
	q := c.queue
	first := q.head
	total := 0
	var alone []byte
	i := first
	for ; i < len(q.items); i++ {
		it := &q.items[i]
		if it.sub != nil {
			c.resolve(it)
		}
		if len(it.frame) == 0 {
			continue
		}
		if total > 0 && total+len(it.frame) > maxWrite {
			break
		}
		total += len(it.frame)
		o.frames++
		alone = it.frame
		switch it.class {
		case classLive:
			o.live += len(it.frame)
		case classAsked:
			o.asked += len(it.frame)
		}
	}
	q.head = i
	switch {
	case o.frames == 0:
		return false
	case o.frames == 1:
		o.bytes = alone
	default:
		o.gather(&c.hub.pools, q.items[first:i], total)
	}
	clear(q.items[first:i])
	if i == len(q.items) || i > keepItems && i > len(q.items)/2 {
		q.items, q.head = slices.Delete(q.items, 0, i), 0
	}
	return true
}

// gather copies the items' frames into one pooled buffer.
func (o *chunk) gather(p *pools, items []item, total int) {
	if total <= smallWrite {
		o.small = p.small.Get().(*[smallWrite]byte)
		o.bytes = o.small[:0]
	} else {
		o.large = p.large.Get().(*[maxWrite]byte)
		o.bytes = o.large[:0]
	}
	for i := range items {
		o.bytes = append(o.bytes, items[i].frame...)
	}
}

// resolve gives the item of a state topic the newest frame; if there is none any more, the item stays empty. c.mu is held.
func (c *Conn) resolve(it *item) {
	s := it.sub
	it.sub = nil
	if e := s.pending; e != nil {
		s.pending = nil
		if e.seq > s.pos {
			s.pos = e.seq
			it.frame = e.frame
		}
	}
}

func (p *pools) recycle(q *queue) {
	if cap(q.items) > keepItems {
		return
	}
	clear(q.items)
	q.items, q.head = q.items[:0], 0
	p.queues.Put(q)
}
