package realtime

import (
	"context"
	"sync"
	"time"
)

const (
	batch      = 500                    // positions in one read of the Source in the background
	maxPlaces  = 16                     // different positions that are read for one feed at once; the rest comes next time
	firstPause = 100 * time.Millisecond // after a failed read; doubled each time
	longPause  = 5 * time.Second
	maxVain    = 5 // after so many fills in vain the Source is right, and who spoke of a later number was wrong
)

// repairer is the goroutine that reads what feeds are missing.
type repairer struct {
	hub  *Hub
	ring chan struct{} // something was added to an empty list

	mu   sync.Mutex
	list []due // ascending by time, since every feed waits equally long
}

type due struct {
	feed *feed
	at   time.Time
}

func (r *repairer) init(h *Hub) {
	r.hub = h
	r.ring = make(chan struct{}, 1)
}

// add schedules a look at f after Options.GapWait. It may be called under f.mu.
func (r *repairer) add(f *feed) {
	r.mu.Lock()
	r.list = append(r.list, due{f, time.Now().Add(r.hub.opt.GapWait)})
	first := len(r.list) == 1
	r.mu.Unlock()
	if first {
		select {
		case r.ring <- struct{}{}:
		default:
		}
	}
}

func (r *repairer) run() {
	stop := r.hub.ctx.Done()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	pause := time.Duration(0)
	for {
		feeds, wait := r.take()
		if len(feeds) > 0 {
			if r.repair(feeds) {
				pause = 0
				continue
			}
			pause = min(longPause, max(firstPause, 2*pause))
			timer.Reset(pause)
			select {
			case <-timer.C:
			case <-stop:
				return
			}
			continue
		}
		timer.Reset(wait)
		select {
		case <-r.ring:
		case <-timer.C:
		case <-stop:
			return
		}
	}
}

// take returns the feeds whose time has come, else how long to wait for the first.
func (r *repairer) take() ([]*feed, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == 0 {
		return nil, time.Hour
	}
	now := time.Now()
	var feeds []*feed
	for _, d := range r.list {
		if d.at.After(now) || len(feeds) == batch {
			break
		}
		feeds = append(feeds, d.feed)
	}
	if len(feeds) == 0 {
		return nil, r.list[0].at.Sub(now)
	}
	if r.list = r.list[len(feeds):]; len(r.list) == 0 {
		r.list = nil
	}
	return feeds, 0
}

// repair reads for those feeds that still need it. It reports false if the Source failed; they are then scheduled again.
func (r *repairer) repair(feeds []*feed) bool {
	ok := true
	var jobs []fill
	var at []Position
	for _, f := range feeds {
		places := f.startFill()
		if places == nil {
			continue
		}
		jobs = append(jobs, fill{feed: f, from: len(at), to: len(at) + len(places)})
		for _, since := range places {
			at = append(at, Position{f.topic, since})
		}
		if len(at) >= batch {
			ok = r.hub.fillAll(jobs, at) && ok
			jobs, at = nil, nil
		}
	}
	if len(jobs) > 0 {
		ok = r.hub.fillAll(jobs, at) && ok
	}
	return ok
}

// fill is one feed's part of a read.
type fill struct {
	feed     *feed
	from, to int
}

func (h *Hub) fillAll(jobs []fill, at []Position) bool {
	ctx, cancel := context.WithTimeout(h.ctx, h.opt.ReadTimeout)
	defer cancel()
	readings, err := h.source.Read(ctx, at)
	if err != nil || len(readings) != len(at) {
		for _, j := range jobs {
			j.feed.cancelFill()
		}
		h.sourceTrouble("read", err)
		return false
	}
	w := h.newWakes()
	for _, j := range jobs {
		h.count.gapFills.Add(1)
		h.finishFill(j.feed, at[j.from:j.to], readings[j.from:j.to], w)
	}
	h.start(w)
	return true
}

func (h *Hub) sourceTrouble(doing string, err error) {
	if h.ctx.Err() == nil {
		h.count.sourceErr.Add(1)
		h.log.Error("cannot read the live objects", "doing", doing, "cause", err)
	}
}

// startFill decides what is to be read for f: nil for nothing, else the positions of those who watch it.
func (f *feed) startFill() []int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queued = false
	if !f.broken() {
		return nil
	}
	if !f.behind && !f.gone && f.last != f.mark { // it moves by itself
		f.scheduleIfNeeded()
		return nil
	}
	f.filling = true
	f.behind = false
	places := []int64{f.last}
	if f.state {
		return places
	}
	for _, s := range f.subs {
		if s.opening || s.pos == f.last || contains(places, s.pos) {
			continue
		}
		if len(places) == maxPlaces {
			f.behind = true
			break
		}
		places = append(places, s.pos)
	}
	return places
}

func contains(places []int64, pos int64) bool {
	for i := len(places) - 1; i >= 0; i-- {
		if places[i] == pos {
			return true
		}
	}
	return false
}

// cancelFill puts f back as it was before startFill.
func (f *feed) cancelFill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.filling = false
	f.behind = true // keeps it in the list until a read succeeds
	f.scheduleIfNeeded()
}

// finishFill brings everybody to the positions that were read.
func (h *Hub) finishFill(f *feed, at []Position, readings []Reading, w *wakes) {
	frames := make([][]event, len(readings))
	for i, r := range readings {
		for _, e := range r.Events {
			if frame := h.source.Encode(f.topic, e); frame != nil {
				frames[i] = append(frames[i], event{e.Seq, frame})
			}
		}
	}
	f.mu.Lock()
	f.filling = false
	dead := false
	before := f.last
	if !f.dead {
		for i, r := range readings {
			f.gone = f.gone || !r.Found
			if f.state {
				f.applyState(r, frames[i], w)
			} else {
				f.apply(at[i].Since, r, frames[i], w)
			}
		}
		if f.gone {
			dead = f.drop()
		} else {
			f.resume(before, w)
		}
	}
	f.mu.Unlock()
	if dead {
		h.release(f)
	}
	if hook := h.opt.OnRecovered; hook != nil && len(readings[0].Events) > 0 {
		hook(f.topic, readings[0].Events)
	}
}

// apply gives the events after since to those who are there. f.mu is held.
func (f *feed) apply(since int64, r Reading, events []event, w *wakes) {
	seq := max(r.Seq, since)
	if n := len(events); n > 0 {
		seq = max(seq, events[n-1].seq)
	}
	for _, s := range f.subs {
		if s.opening || s.pos != since {
			continue
		}
		for _, e := range events {
			if e.seq > since {
				w.add(s.conn, s.conn.push(e.frame, classLive))
			}
		}
		s.pos = seq
	}
	f.last = max(f.last, seq)
}

// applyState hands on the newest of what was read. f.mu is held.
func (f *feed) applyState(r Reading, events []event, w *wakes) {
	if n := len(events); n > 0 && events[n-1].seq > f.last {
		f.deliver(events[n-1], w)
	}
	f.last = max(f.last, r.Seq)
}

// resume goes on after a fill that found the feed at number before. f.mu is held.
func (f *feed) resume(before int64, w *wakes) {
	f.want = max(f.want, f.last)
	switch {
	case f.last > before || f.want == f.last:
		f.vain = 0
	case f.vain < maxVain:
		f.vain++
	default:
		f.hub.log.Error("an event was announced that the store does not have", "kind", f.topic.Kind, "id", f.topic.ID, "announced", f.want, "have", f.last)
		f.parked.clear()
		f.want, f.vain = f.last, 0
	}
	if !f.state {
		if f.opening > 0 {
			f.forget()
		}
		f.drain(w)
		for _, s := range f.subs {
			if !s.opening && s.pos < f.last {
				f.behind = true
				break
			}
		}
	}
	f.scheduleIfNeeded()
}
