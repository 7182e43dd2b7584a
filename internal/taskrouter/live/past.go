package live

import (
	"time"

	"parley/internal/taskrouter"
)

// recent is the time that the numbers of "thirty minutes" look back, in whole minutes.
const recent = 30 * time.Minute

// late is how long after its time an event may appear: transactions end after the time that they bear, and the clocks of nodes differ.
const late = 2 * time.Minute

// past is how waits ended today and in the last thirty minutes. What is older than late is kept; what is younger is read again each time, so a
// count reads minutes of the history, not the day.
type past struct {
	spans []taskrouter.Outcome // by rising time
	until int64                // spans that begin before this are final; 0: nothing was read
}

// floorOf is the beginning of the span of a time.
func floorOf(at int64) int64 { return at - at%taskrouter.OutcomeSpan.Microseconds() }

// since is from when on the history must be read.
func (p *past) since(day, now int64) int64 {
	return max(p.until, floorOf(min(day, now-recent.Microseconds())))
}

// with returns the past with what was read since a time in place of what it knew of it, and without what is too old to be asked for.
func (p *past) with(read []taskrouter.Outcome, since, now int64) past {
	oldest := now - (24*time.Hour + recent).Microseconds()
	next := past{until: max(since, floorOf(now-late.Microseconds()))}
	for _, o := range p.spans {
		if o.At >= oldest && o.At < since {
			next.spans = append(next.spans, o)
		}
	}
	next.spans = append(next.spans, read...)
	return next
}

// sums adds up a queue since a time, by the number of the channel; 0 is all.
func (p *past) sums(queueID, since int64) map[int64]taskrouter.Outcome {
	sums := map[int64]taskrouter.Outcome{}
	since = floorOf(since)
	for i := len(p.spans) - 1; i >= 0 && p.spans[i].At >= since; i-- {
		o := &p.spans[i]
		if o.QueueID != queueID {
			continue
		}
		for _, channel := range [...]int64{0, o.ChannelID} {
			s := sums[channel]
			s.Handled, s.InTime, s.Abandoned = s.Handled+o.Handled, s.InTime+o.InTime, s.Abandoned+o.Abandoned
			sums[channel] = s
		}
	}
	return sums
}
