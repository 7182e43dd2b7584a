package machine

import (
	"time"

	"parley/internal/studio/definition"
	"parley/internal/studio/template"
)

// Settings are the limits of executions (taskrouter-studio B.5); zero values mean the defaults.
type Settings struct {
	MaxSteps       int           // of an execution, subflows included; default 1000, then 81000
	MaxRepeats     int           // runs of one widget in a row; default 10, then 81001
	WarnWidgets    int           // of a flow with its subflows, from which on 81025 is warned of; default 1500
	MaxWidgets     int           // of a flow with its subflows; default 2000, then 81026
	MaxSubflows    int           // flows that a flow runs; default 50, then 81024
	MaxRenderings  int           // templates of one call, after which an execution lets others run; default 200
	MaxContext     int           // bytes, roughly, of all that an execution remembers; default 1 MB, then 81000
	HTTPTimeout    time.Duration // of a request; default 10 s
	HTTPBytes      int           // of an answer; default 65536
	ReplyTimeout   time.Duration // of send-and-wait-for-reply without a timeout of its own; default 1 h
	Lifetime       time.Duration // of an execution; default 30 days
	TaskAttributes int           // characters of a task's attributes; default 4096
	Template       template.Settings
}

func (s Settings) withDefaults() Settings {
	number := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	number(&s.MaxSteps, 1000)
	number(&s.MaxRepeats, 10)
	number(&s.WarnWidgets, 1500)
	number(&s.MaxWidgets, definition.MaxWidgets)
	number(&s.MaxSubflows, definition.MaxSubflows)
	number(&s.MaxRenderings, 200)
	number(&s.MaxContext, 1<<20)
	number(&s.HTTPBytes, 64<<10)
	number(&s.TaskAttributes, 4096)
	span := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	span(&s.HTTPTimeout, 10*time.Second)
	span(&s.ReplyTimeout, time.Hour)
	span(&s.Lifetime, 30*24*time.Hour)
	return s
}
