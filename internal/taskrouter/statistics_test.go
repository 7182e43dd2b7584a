package taskrouter

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"parley/internal/core"
)

// day is two minutes of work, counted by hand below. Seconds are counted from its start.
type day struct {
	*scene
	start                           int64
	ann, bob, cy, dora              *WorkerView
	first, second, third, moved, at *TaskView
}

func eachDay(t *testing.T, play func(d *day)) {
	eachScene(t, func(s *scene) {
		d := &day{scene: s, start: s.now.Load(), ann: s.agents[0], bob: s.agents[1], cy: s.agents[2]}
		d.dora = s.newWorker(NewWorker{FriendlyName: "dora"})
		d.clock(10)
		d.first, d.second = s.create(NewTask{}), s.create(NewTask{Attributes: `{"language":"es"}`})
		d.clock(20)
		rejected := s.offer(d.first, d.ann)
		d.clock(25)
		s.must(s.answer(d.first, rejected, ReservationRejected))
		d.clock(30)
		accepted := s.offer(d.first, d.bob)
		d.clock(40)
		s.must(s.answer(d.first, accepted, ReservationAccepted))
		d.clock(45)
		d.third = s.create(NewTask{})
		d.clock(50)
		s.must(s.set(d.third, TaskCanceled))
		s.must(s.tr.DeleteWorker(s.Context(), s.account, s.ws, d.dora.SID, ""))
		missed := s.offer(d.second, d.ann)
		d.clock(60)
		s.close(d.second, missed, ReservationTimeout)
		accepted = s.offer(d.second, d.cy)
		d.clock(70)
		s.must(s.answer(d.second, accepted, ReservationAccepted))
		d.clock(80)
		s.must(s.set(d.first, TaskCompleted))
		d.moved, d.at = s.create(NewTask{}), s.create(NewTask{})
		s.offer(d.at, d.ann)
		d.clock(90)
		s.move(d.bob, "Unavailable")
		d.clock(100)
		s.move(d.cy, "Unavailable")
		d.clock(110)
		s.move(d.bob, "Available")
		d.clock(115)
		s.must(s.tr.update(s.Context(), s.account, s.ws, func(u *unit) error {
			row, err := u.lockTaskByID(d.moved.ID)
			if err != nil {
				return err
			}
			u.touch(row)
			if err := u.enterQueue(row, s.es.ID); err != nil {
				return err
			}
			return u.saveTask(row)
		}))
		d.clock(120)
		play(d)
	})
}

func (d *day) clock(second int64) { d.now.Store(d.start + second*1e6) }

// between is a period in seconds.
func (d *day) between(from, to int64) Period {
	start, end := d.start+from*1e6, d.start+to*1e6
	return Period{Start: &start, End: &end}
}

func minutes(n int64) Period { return Period{Minutes: &n} }

// said writes the counts of a past that are not zero.
func said(p *Past) string {
	var b strings.Builder
	for _, c := range []struct {
		name string
		n    int64
	}{
		{"created", p.TasksCreated}, {"entered", p.TasksEntered}, {"workflow", p.WorkflowEntered}, {"moved", p.TasksMoved}, {"completed", p.TasksCompleted},
		{"canceled", p.TasksCanceled}, {"deleted", p.TasksDeleted}, {"late", p.WorkflowTimedOut}, {"R", p.ReservationsCreated},
		{"accepted", p.ReservationsAccepted}, {"rejected", p.ReservationsRejected}, {"timeout", p.ReservationsTimedOut},
		{"withdrawn", p.ReservationsCanceled}, {"rescinded", p.ReservationsRescinded},
	} {
		if c.n != 0 {
			fmt.Fprintf(&b, "%s %d ", c.name, c.n)
		}
	}
	return strings.TrimSpace(b.String())
}

// spent writes a spread in seconds as count, total, min, max.
func spent(s Spread) string { return fmt.Sprint(s.Count, s.Total/1e6, s.Min/1e6, s.Max/1e6) }

func TestCumulativeStatistics(t *testing.T) {
	eachDay(t, func(d *day) {
		ctx := d.Context()
		filter := func(p Period) StatisticsFilter {
			return StatisticsFilter{Part: Cumulative, Period: p, Split: []int64{30, 45}}
		}
		workspace := func(f StatisticsFilter) *Past {
			t.Helper()
			s, err := d.tr.WorkspaceStatistics(ctx, d.account, d.ws, f)
			d.must(err)
			return s.Past
		}
		voice, chosen := filter(Period{}), filter(Period{})
		voice.TaskChannel, chosen.TaskChannel = "voice", "default"
		all := "created 5 entered 6 workflow 5 moved 1 completed 1 canceled 1 R 5 accepted 2 rejected 1 timeout 1"
		for _, c := range []struct {
			f    StatisticsFilter
			want string
		}{
			{filter(Period{}), all}, {chosen, all}, {voice, ""}, {filter(minutes(43200)), all},
			{filter(minutes(1)), "created 2 entered 3 workflow 2 moved 1 completed 1 R 2 accepted 1 timeout 1"},
			{filter(d.between(0, 45)), "created 3 entered 3 workflow 3 R 2 accepted 1 rejected 1"},
			{filter(d.between(50, 60)), "canceled 1 R 2 timeout 1"},
			{filter(d.between(200, 10000)), ""},
		} {
			if c.f.Start != nil && *c.f.Start > d.now.Load() {
				_, err := d.tr.WorkspaceStatistics(ctx, d.account, d.ws, c.f)
				d.refused(err, core.CodeTaskRouterInvalid, "StartDate")
			} else if got := said(workspace(c.f)); got != c.want {
				t.Errorf("%+v: %q, want %q", c.f.Period, got, c.want)
			}
		}
		p := workspace(filter(Period{}))
		if p.End != d.now.Load() || p.End-p.Start != (15*time.Minute).Microseconds() {
			t.Errorf("from %s to %s", core.ISO(p.Start), core.ISO(p.End))
		}
		if got := spent(p.UntilAccepted) + ", " + spent(p.InQueueUntilAccepted) + ", " + spent(p.UntilCanceled); got != "2 90 30 60, 2 90 30 60, 1 5 5 5" || p.UntilAccepted.Avg() != 45e6 {
			t.Errorf("waited %s", got)
		}
		if got, want := fmt.Sprint(p.Splits), "[{30 0 2 1 0} {45 1 1 1 0}]"; got != want {
			t.Errorf("splits %s, want %s", got, want)
		}
		flow, err := d.tr.WorkflowStatistics(ctx, d.account, d.ws, d.flow.SID, filter(Period{}))
		d.must(err)
		if got := said(flow.Past); got != all {
			t.Errorf("workflow: %q", got)
		}
		list, err := d.tr.ListQueueStatistics(ctx, d.account, d.ws, "", "", 10, filter(Period{}))
		d.must(err)
		for i, want := range []string{
			"created 4 entered 4 moved 1 completed 1 canceled 1 R 3 accepted 1 rejected 1", "created 1 entered 2 R 2 accepted 1 timeout 1",
		} {
			one, err := d.tr.QueueStatistics(ctx, d.account, d.ws, list[i].Queue.SID, filter(Period{}))
			d.must(err)
			if a, b := said(list[i].Past), said(one.Past); a != want || b != want {
				t.Errorf("%s: %q in the list, %q alone, want %q", list[i].Queue.FriendlyName, a, b, want)
			}
		}
	})
}

func TestRealTimeStatistics(t *testing.T) {
	eachDay(t, func(d *day) {
		ctx, now := d.Context(), StatisticsFilter{Part: RealTime}
		check := func(what string, s *Statistics, want string) {
			t.Helper()
			var parts []string
			if n := s.Tasks; n != nil {
				parts = append(parts, fmt.Sprint(n.Pending, n.Reserved, n.Assigned, n.Wrapping, n.ByPriority))
				parts = append(parts, fmt.Sprint(n.LongestID == d.moved.ID, n.LongestAge/1e6, n.LongestInQueueID == d.moved.ID, n.LongestInQueueAge/1e6))
			}
			if w := s.Workers; w != nil {
				line := fmt.Sprint(w.Total, w.Available)
				for _, c := range w.ByActivity {
					line += fmt.Sprintf(" %s %d", c.FriendlyName, c.Workers)
				}
				parts = append(parts, line)
			}
			if got := strings.Join(parts, "; "); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		s, err := d.tr.WorkspaceStatistics(ctx, d.account, d.ws, now)
		d.must(err)
		check("workspace", s, "1 1 1 0 map[0:2 7:1]; true 40 false 40; 3 2 Offline 0 Available 2 Unavailable 1")
		s, err = d.tr.WorkflowStatistics(ctx, d.account, d.ws, d.flow.SID, now)
		d.must(err)
		check("workflow", s, "1 1 1 0 map[0:2 7:1]; true 40 false 40")
		eve, members := d.newWorker(NewWorker{FriendlyName: "eve", Attributes: `{"level":2}`}), "level > 1 AND channel.chat.configured_capacity == 1"
		_, err = d.tr.UpdateTaskQueue(ctx, d.account, d.ws, d.es.SID, TaskQueuePatch{TargetWorkers: &members})
		d.must(err)
		list, err := d.tr.BulkQueueStatistics(ctx, d.account, d.ws, []string{d.es.SID, core.NewSID("WQ"), d.everyone.SID, d.es.SID}, now)
		d.must(err)
		if len(list) != 2 {
			t.Fatalf("%d answers", len(list))
		}
		spanish := "1 0 1 0 map[0:1 7:1]; true 40 true 5; 1 0 Offline 1 Available 0 Unavailable 0"
		check("Spanish", list[0], spanish)
		check("Everyone", list[1], "0 1 0 0 map[0:1]; false 40 false 40; 4 2 Offline 1 Available 2 Unavailable 1")
		s, err = d.tr.QueueStatistics(ctx, d.account, d.ws, d.es.SID, now)
		d.must(err)
		check("Spanish alone", s, spanish)
		no := false
		_, err = d.tr.UpdateWorkerChannel(ctx, d.account, d.ws, eve.SID, "voice", nil, &no)
		d.must(err)
		voice := StatisticsFilter{Part: RealTime, TaskChannel: "voice"}
		s, err = d.tr.WorkersStatistics(ctx, d.account, d.ws, WorkerFilter{}, voice)
		d.must(err)
		check("workers of a channel", s, "3 2 Offline 0 Available 2 Unavailable 1")
		s, err = d.tr.WorkspaceStatistics(ctx, d.account, d.ws, voice)
		d.must(err)
		check("tasks of a channel", s, "0 0 0 0 map[]; false 0 false 0; 3 2 Offline 0 Available 2 Unavailable 1")
	})
}

func TestWorkerStatistics(t *testing.T) {
	eachDay(t, func(d *day) {
		ctx := d.Context()
		check := func(what string, s *Statistics, err error, want string) {
			t.Helper()
			d.must(err)
			got := said(s.Past)
			for _, a := range s.Past.Activities {
				if a.Count > 0 {
					got += "; " + a.FriendlyName + " " + spent(a.Spread)
				}
			}
			if got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		past := func(p Period) StatisticsFilter { return StatisticsFilter{Part: Cumulative, Period: p} }
		workers := func(w WorkerFilter, p Period, want string) {
			t.Helper()
			s, err := d.tr.WorkersStatistics(ctx, d.account, d.ws, w, past(p))
			check(fmt.Sprintf("%+v", w), s, err, want)
		}
		workers(WorkerFilter{}, Period{}, "R 5 accepted 2 rejected 1 timeout 1; Offline 1 50 50 50; Available 4 320 10 120; Unavailable 2 40 20 20")
		workers(WorkerFilter{}, minutes(1), "R 2 accepted 1 timeout 1; Available 4 140 10 60; Unavailable 2 40 20 20")
		workers(WorkerFilter{}, d.between(95, 105), "; Available 2 15 5 10; Unavailable 2 15 5 10")
		workers(WorkerFilter{}, d.between(10, 30), "R 2 rejected 1; Offline 1 20 20 20; Available 3 60 20 20")
		workers(WorkerFilter{FriendlyName: "ann"}, Period{}, "R 3 rejected 1 timeout 1; Available 1 120 120 120")
		workers(WorkerFilter{TaskQueueName: "Spanish"}, Period{}, "R 5 accepted 2 rejected 1 timeout 1; Available 4 320 10 120; Unavailable 2 40 20 20")
		workers(WorkerFilter{TaskQueueName: "nobody"}, Period{}, "")
		s, err := d.tr.WorkerStatistics(ctx, d.account, d.ws, d.bob.SID, past(Period{}))
		check("bob", s, err, "R 1 accepted 1; Available 2 100 10 90; Unavailable 1 20 20 20")
		_, err = d.tr.WorkerStatistics(ctx, d.account, d.ws, d.dora.SID, past(Period{}))
		d.refused(err, core.CodeNotFound, "Worker")
	})
}

func TestStatisticsRefused(t *testing.T) {
	eachScene(t, func(s *scene) {
		ctx := s.Context()
		early, late := s.now.Load()-Retention-1, s.now.Load()-2*time.Hour.Microseconds()
		for _, c := range []struct {
			f    StatisticsFilter
			code int
			text string
		}{
			{StatisticsFilter{Period: Period{Start: &early}}, core.CodeStatisticsTooOld, "30 days"},
			{StatisticsFilter{Period: minutes(43201)}, core.CodeStatisticsTooOld, "30 days"},
			{StatisticsFilter{Period: Period{Start: &late, End: &early}}, core.CodeTaskRouterInvalid, "StartDate"},
			{StatisticsFilter{TaskChannel: "fax"}, core.CodeTaskRouterInvalid, "TaskChannel"},
			{StatisticsFilter{Split: make([]int64, maxSplits+1)}, core.CodeTaskRouterInvalid, "SplitByWaitTime"},
		} {
			c.f.Part = Cumulative
			_, err := s.tr.WorkspaceStatistics(ctx, s.account, s.ws, c.f)
			s.refused(err, c.code, c.text)
		}
		f := StatisticsFilter{Part: RealTime}
		_, err := s.tr.QueueStatistics(ctx, s.account, s.ws, core.NewSID("WQ"), f)
		s.refused(err, core.CodeNotFound, "TaskQueue")
		_, err = s.tr.WorkflowStatistics(ctx, s.account, s.ws, core.NewSID("WW"), f)
		s.refused(err, core.CodeNotFound, "Workflow")
		_, err = s.tr.ListQueueStatistics(ctx, s.account, s.ws, "", core.NewSID("WQ"), 1, f)
		s.refused(err, core.CodeTaskRouterInvalid, "PageToken")
		for _, n := range []int{0, MaxBulkQueues + 1} {
			_, err = s.tr.BulkQueueStatistics(ctx, s.account, s.ws, make([]string, n), f)
			s.refused(err, core.CodeTaskRouterInvalid, "queueSids")
		}
		list, err := s.tr.BulkQueueStatistics(ctx, s.account, s.ws, []string{core.NewSID("WQ")}, f)
		if err != nil || len(list) != 0 {
			t.Errorf("an unknown queue: %v, %v", list, err)
		}
	})
}
