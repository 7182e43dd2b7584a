package bridge

import (
	"testing"

	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// What the hub is told of where a worker's events stand, and of what it missed.
func TestSource(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		w.move(agent, "Available")
		v, err := w.tr.FetchWorker(t.Context(), account, workspace, agent)
		if err != nil {
			t.Fatal(err)
		}
		here, gone := topic(v.ID), topic(1<<40)
		now, err := source{w.b}.Positions(t.Context(), []realtime.Topic{here, gone})
		if err != nil || now[0] < 1 || now[1] != -1 {
			t.Fatal(now, err)
		}
		seq := now[0]
		for _, c := range []struct {
			name   string
			at     realtime.Position
			found  bool
			events int
		}{
			{"a new socket", realtime.Position{Topic: here, Since: fromNow}, true, 0},
			{"nothing missed", realtime.Position{Topic: here, Since: seq}, true, 0},
			{"one event missed", realtime.Position{Topic: here, Since: seq - 1}, true, 1},
			{"a restored store", realtime.Position{Topic: here, Since: seq + 5}, true, 1},
			{"a deleted worker", realtime.Position{Topic: gone, Since: 3}, false, 1},
			{"no such worker", realtime.Position{Topic: gone, Since: fromNow}, false, 0},
		} {
			r, err := source{w.b}.Read(t.Context(), []realtime.Position{c.at})
			if err != nil || r[0].Found != c.found || len(r[0].Events) != c.events {
				t.Errorf("%s: %+v, %v", c.name, r, err)
				continue
			}
			for _, e := range r[0].Events {
				if f := (source{}).Encode(c.at.Topic, e); e.Seq <= c.at.Since || f[0] != opClose {
					t.Errorf("%s: event %d, frame %q", c.name, e.Seq, f)
				}
			}
		}
	})
}
