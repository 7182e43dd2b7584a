package taskrouter

import (
	"time"

	"parley/internal/core"
)

// Period is the time that events and statistics are asked for: from Start to End, both included, in microseconds. Without End it is until
// now, without Start the Minutes before the end, which are 15 unless said otherwise (taskrouter-studio A.12, A.13).
type Period struct {
	Minutes, Start, End *int64
}

const (
	defaultMinutes = 15
	// Retention is how long the history is kept: 30 days, in microseconds (taskrouter-studio A.12).
	Retention = int64(30 * 24 * time.Hour / time.Microsecond)
)

// bounds returns the first and the last microsecond of the period, or 20001.
func (p Period) bounds(now int64) (start, end int64, err error) {
	end = now
	if p.End != nil {
		end = min(end, *p.End)
	}
	minutes := int64(defaultMinutes)
	if p.Minutes != nil {
		minutes = *p.Minutes
	}
	start = end - minutes*int64(time.Minute/time.Microsecond)
	if p.Start != nil {
		start = *p.Start
	}
	if start > end {
		return 0, 0, invalid("StartDate must not be after EndDate, nor in the future")
	}
	return start, end, nil
}

// recent is bounds for statistics, which reach back no further than the history: 14241.
func (p Period) recent(now int64) (start, end int64, err error) {
	if start, end, err = p.bounds(now); err == nil && start < now-Retention {
		err = core.Ef(core.CodeStatisticsTooOld, "StartDate %s is more than 30 days ago; statistics reach back no further", core.ISO(start))
	}
	return start, end, err
}
