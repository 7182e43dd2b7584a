package match

// Run decides what is to be done at a time, in microseconds, and behaves from then on as if it were done. It stops after limit decisions;
// with more it is to be called again at once. The decisions are the caller's to keep.
func (b *Board) Run(now int64, limit int) (decisions []Decision, more bool) {
	b.decided = nil
	for len(b.decided) < max(limit, 1) {
		if b.ring(now) || b.settle() || b.match(now) {
			continue
		}
		if b.fresh.len == 0 {
			return b.decided, false
		}
		b.fresh, b.tried = ordered[*task]{}, b.fresh // nobody is left for them
	}
	return b.decided, true
}

// ring does what the first timer that is due says.
func (b *Board) ring(now int64) bool {
	t := b.timers.first()
	if t == nil || t.due[0] > now {
		return false
	}
	switch {
	case len(t.Holders) > 0 && t.due[0] != t.Expires:
		// The pending reservations live to their own end, and only then does the task move on.
		t.closed = true
		b.leave(t)
		b.setTimer(t)
	case t.Expires != 0 && t.Expires <= now:
		b.expire(t, ReasonTTL)
	case t.worn():
		b.expire(t, ReasonAttempts)
	default:
		b.advance(t, false)
	}
	return true
}

// settle looks at the skip_if of a task that entered its step and got no reservation.
func (b *Board) settle() bool {
	t := b.tried.first()
	if t == nil {
		return false
	}
	b.tried.cut(rank{t.ID})
	t.Fresh = false
	if t.aim != nil && t.aim.SkipIf != nil && t.aim.SkipIf.Eval(headcount{b, t.home}) {
		b.advance(t, true)
	} else {
		b.setTimer(t)
	}
	return true
}

// match makes the first offer that can be made.
func (b *Board) match(now int64) bool {
	o, ok := b.bestOffer()
	if ok {
		b.reserve(o, now)
	}
	return ok
}

func (b *Board) reserve(o offer, now int64) {
	t, w := o.task, o.worker
	timeout := int64(defaultReservationTimeout)
	if t.flow != nil {
		timeout = t.flow.ReservationTimeout
	}
	b.decide(t, Decision{Kind: Reserve, Worker: w.ID, Expires: now + timeout, From: t.Step, To: t.Step})
	if len(t.Holders) == 0 {
		t.Attempts++
	}
	t.Holders = append(t.Holders, w.ID)
	if t.Fresh {
		t.Fresh = false
		b.fresh.cut(rank{t.ID})
		b.tried.cut(rank{t.ID})
	}
	b.setTimer(t)
	if !t.takesOffers() {
		b.leave(t)
	}
	b.change(w, false, func() {
		w.LastAssigned = now
		if s := w.slot(t.Channel); s != nil {
			s.Held++
			s.LastAssigned = now
		}
	})
}

// expire cancels a task, and with it its reservations.
func (b *Board) expire(t *task, reason string) {
	b.decide(t, Decision{Kind: Expire, From: t.Step, To: t.Step, Reason: reason})
	b.drop(t)
	for _, id := range t.Holders {
		if w := b.workers[id]; w != nil {
			b.change(w, false, func() {
				if s := w.slot(t.Channel); s != nil && s.Held > 0 {
					s.Held--
				}
			})
		}
	}
}

// advance takes a task out of its step, by skip_if or by the step's timeout, into the next one or out of the workflow. A step that was skipped
// takes none of the task's time: the next one's timeout counts from where its own would have (taskrouter-studio A.4).
func (b *Board) advance(t *task, skipped bool) {
	from := t.Step
	next, ok := t.flow.Plan.Next(t.attributes, from, skipped, t.OnlySkips)
	if !skipped {
		t.Base = t.deadline()
	}
	t.OnlySkips = t.OnlySkips && skipped
	if !ok {
		b.decide(t, Decision{Kind: Leave, From: from, To: from, Skipped: skipped, Reason: ReasonWorkflowTimeout})
		b.drop(t)
		return
	}
	target := t.flow.at(next)
	b.unfile(t)
	t.Step, t.Fresh, t.Queue = next, true, 0
	if target.Priority != nil {
		t.Priority = *target.Priority
	}
	b.file(t)
	t.Queue = t.home.ID
	reason := ReasonTimeout
	if skipped {
		reason = ReasonSkip
	}
	b.decide(t, Decision{Kind: Move, From: from, To: next, Priority: target.Priority, Skipped: skipped, Reason: reason})
}

// decide adds a decision on a task, filled in with what the task is after it.
func (b *Board) decide(t *task, d Decision) {
	d.Task, d.Version, d.Queue, d.Base, d.OnlySkips = t.ID, t.Version, t.home.ID, t.Base, t.OnlySkips
	t.Version++
	b.decided = append(b.decided, d)
}
