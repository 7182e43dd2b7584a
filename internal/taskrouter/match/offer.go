package match

import (
	"iter"
	"slices"
)

// offer is a task and the worker who should have it.
type offer struct {
	task   *task
	worker *worker
}

// disturb says that a worker changed, so that offers which were found with the old facts are looked for again.
func (b *Board) disturb(w *worker) {
	for q := range b.busy {
		if _, member := w.queues[q]; member || q.offer.worker == w {
			q.stale = true
		}
	}
}

// bestOffer finds of all offers that can be made the one that comes first.
func (b *Board) bestOffer() (best offer, ok bool) {
	for q := range b.busy {
		if q.stale {
			q.offer = b.search(q)
			q.stale = false
		}
		o := q.offer
		switch {
		case o.task == nil:
			delete(b.busy, q)
			q.cursor = highest
			q.forgetNews()
		case best.task == nil || b.workspace.goesFirst(&o.task.Task, &q.Queue, &best.task.Task, &best.task.home.Queue):
			best = o
		}
	}
	return best, best.task != nil
}

// search finds the first task of a queue for which there is a worker. It looks at classes in their order, from the cursor on, and
// moves the cursor past those for which there is nobody.
func (b *Board) search(q *queue) (best offer) {
	if q.marked == 0 && len(q.news) == 0 {
		return offer{}
	}
	marked := q.marked
	for c := range q.classes.from(q.cursor) {
		// A class whose first task comes later cannot have an earlier one; without news only marked classes matter.
		if best.task != nil && best.task.at.before(c.at) || marked == 0 && len(q.news) == 0 {
			break
		}
		line := q.line[c.key.channel]
		if c.marked {
			marked--
		} else if line == nil || line.len == 0 || c.key.only != (wanted{}) {
			continue
		}
		o := b.searchClass(c, line)
		switch {
		case o.task == nil:
			c.unmark()
		case best.task == nil:
			best, q.cursor = o, c.at
		case o.task.at.before(best.task.at):
			best = o
		}
	}
	return best
}

// searchClass finds the first task of a class for which there is a worker: any if the class is marked, else one in line.
func (b *Board) searchClass(c *class, line *ordered[*worker]) offer {
	suiting := b.suiting(c, line)
	for t := range c.tasks.from(lowest) {
		w, suits := choose(t, suiting)
		if w != nil {
			return offer{t, w}
		}
		if !suits {
			c.barren = c.barren || c.marked // the news alone say nothing of the others
			break
		}
		c.barren = false // who suits holds t already, but perhaps not the next one
	}
	delete(c.home.verdicts, c)
	return offer{}
}

// suiting yields the workers who suit a class, who waits longest first.
func (b *Board) suiting(c *class, line *ordered[*worker]) iter.Seq2[*worker, *verdict] {
	return func(yield func(*worker, *verdict) bool) {
		judge := c.judge()
		offer := func(w *worker) (more bool) {
			if _, member := w.queues[c.home]; !member && !c.key.routed {
				return true
			}
			v := judge.of(w)
			return !v.suits || yield(w, v)
		}
		if c.key.only != (wanted{}) {
			if w := b.worker(c.key.only); w != nil && (c.key.ignore || w.idle(c.key.channel)) {
				offer(w)
			}
			return
		}
		if c.marked {
			line = nil
			if channel := b.channels[c.key.channel]; channel != nil {
				line = &channel.idle
			}
		}
		if line != nil {
			line.root.walk(lowest, offer)
		}
	}
}

func (w *worker) idle(channel int64) bool {
	s := w.slot(channel)
	return s != nil && s.idle
}

// choose picks of the workers who suit a task the one who should have it: the first by order_by, else the one who waits longest. It leaves out
// those who are offered the task already; suits reports whether there was anybody at all. If one of them has a value under order_by
// that is no integer, the clause is ignored (taskrouter-studio A.7).
func choose(t *task, suiting iter.Seq2[*worker, *verdict]) (best *worker, suits bool) {
	var longest *worker
	var least []sortValue
	for w, v := range suiting {
		suits = true
		if t.holds(w.ID) {
			continue
		}
		if longest == nil {
			longest = w
		}
		if len(t.aim.OrderBy) == 0 || v.odd {
			return longest, true
		}
		if best == nil || slices.CompareFunc(v.order, least, sortValue.compare) < 0 {
			best, least = w, append(least[:0], v.order...)
		}
	}
	return best, suits
}
