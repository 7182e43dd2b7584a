package live_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/live"
)

// numbers reads a set of numbers by key.
func (n *node) numbers(queue string) map[string]map[string]any {
	n.Helper()
	answer, err := n.l.Open(n.Context(), n.at(), live.Numbers(queue))
	n.must(err)
	all := map[string]map[string]any{}
	for _, item := range answer.Items {
		var data map[string]any
		n.must(json.Unmarshal(item.Data, &data))
		all[item.Key] = data
	}
	return all
}

// shows waits until a value in the numbers, by the keys that lead to it, is as it should be.
func (n *node) shows(queue string, want any, keys ...string) {
	n.Helper()
	n.eventually(func() string {
		var v any = n.numbers(queue)[keys[0]]
		for _, k := range keys[1:] {
			m, _ := v.(map[string]any)
			v = m[k]
		}
		if fmt.Sprint(v) == fmt.Sprint(want) {
			return ""
		}
		return fmt.Sprintf("%v is %v, not %v", keys, v, want)
	})
}

// TestHandCounted plays a day whose numbers were counted by hand.
//
//	23:00 yesterday  A is accepted and completed
//	09:00            B is accepted after it waited 45 s; C is canceled while it waits
//	12:00            D is accepted at once and wrapped up; G is accepted at once and completed; E waits on the channel chat, with priority 5
func TestHandCounted(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		now := time.Now().UTC()
		noon := 12*time.Hour - time.Duration(now.Hour()*3600+now.Minute()*60+now.Second())*time.Second
		w := newWorld(t)
		w.ahead.Store(int64(-13 * time.Hour))
		n := w.node(open(), nil, true, live.Options{Zone: time.FixedZone("", int(noon/time.Second))})
		n.worker("lead", `{}`, "Offline")
		n.move(n.agent, "Available")

		a := n.task("default", 0)
		n.answer(a, n.accept(a), taskrouter.ReservationCompleted)
		n.forward(10 * time.Hour)
		n.move(n.agent, "Break")
		b := n.task("default", 0)
		n.forward(45 * time.Second)
		n.move(n.agent, "Available")
		n.answer(b, n.accept(b), taskrouter.ReservationCompleted)
		n.move(n.agent, "Break")
		c := n.task("default", 0)
		n.end(c, taskrouter.TaskCanceled)
		n.shows(n.queue, 1, live.KeyToday, "queue", "abandoned_tasks_count")
		n.forward(3 * time.Hour)
		n.move(n.agent, "Available")
		g := n.task("default", 0)
		n.answer(g, n.accept(g), taskrouter.ReservationCompleted)
		d := n.task("default", 0)
		n.answer(d, n.accept(d), taskrouter.ReservationWrapping)
		n.move(n.agent, "Unavailable")
		e := n.task("chat", 5)
		n.move(n.agent, "Available")
		n.offered(e)

		n.shows(n.queue, 2, live.KeyTasksNow, "queue", "total_tasks")
		n.shows(n.queue, 1, live.KeyTasksNow, "queue", "reserved_tasks")
		numbers := n.numbers(n.queue)
		task, err := n.tr.FetchTask(n.Context(), n.account, n.workspace, e)
		n.must(err)
		channels := map[string]string{}
		s, err := n.tr.Space(n.Context(), n.account, n.workspace)
		n.must(err)
		for _, ch := range s.Channels {
			channels[ch.UniqueName] = ch.SID
		}
		for _, want := range []struct {
			value any
			keys  []string
		}{
			{0, []string{live.KeyTasksNow, "queue", "pending_tasks"}},
			{0, []string{live.KeyTasksNow, "queue", "assigned_tasks"}},
			{1, []string{live.KeyTasksNow, "queue", "wrapping_tasks"}},
			{"map[0:1 5:1]", []string{live.KeyTasksNow, "queue", "tasks_by_priority"}},
			{e, []string{live.KeyTasksNow, "queue", "longest_task_waiting_sid"}},
			{core.ISO(task.QueueEnteredAt), []string{live.KeyTasksNow, "queue", "longest_task_waiting_from"}},
			{1, []string{live.KeyTasksNow, channels["chat"], "total_tasks"}},
			{nil, []string{live.KeyTasksNow, channels["default"], "longest_task_waiting_sid"}},
			{nil, []string{live.KeyTasksNow, channels["sms"]}},
			{2, []string{live.KeyThirtyMinutes, "queue", "handled_tasks_count"}},
			{0, []string{live.KeyThirtyMinutes, "queue", "abandoned_tasks_count"}},
			{1, []string{live.KeyThirtyMinutes, "queue", "sla_percentage"}},
			{3, []string{live.KeyToday, "queue", "handled_tasks_count"}},
			{1, []string{live.KeyToday, "queue", "abandoned_tasks_count"}},
			{0.5, []string{live.KeyToday, "queue", "sla_percentage"}},
			{3, []string{live.KeyToday, channels["default"], "handled_tasks_count"}},
			{nil, []string{live.KeyToday, channels["chat"]}},
			{1, []string{live.KeyWorkers, "total_available_workers"}},
			{2, []string{live.KeyWorkers, "total_eligible_workers"}},
		} {
			var v any = numbers[want.keys[0]]
			for _, k := range want.keys[1:] {
				m, _ := v.(map[string]any)
				v = m[k]
			}
			if fmt.Sprint(v) != fmt.Sprint(want.value) {
				t.Errorf("%v is %v, not %v", want.keys, v, want.value)
			}
		}
		n.shows("", 2, live.KeyWorkspace, "total_workers")
		n.shows("", "map[assigned:0 pending:0 reserved:1 wrapping:1]", live.KeyWorkspace, "tasks_by_status")

		// Nothing was to be measured in a queue of its own.
		q, err := n.tr.CreateTaskQueue(n.Context(), n.account, n.workspace, taskrouter.NewTaskQueue{FriendlyName: "idle"})
		n.must(err)
		n.shows(q.SID, -1, live.KeyToday, "queue", "sla_percentage")

		// The numbers of noon grow old.
		n.forward(32 * time.Minute)
		n.end(d, taskrouter.TaskCompleted)
		n.shows(n.queue, 0, live.KeyThirtyMinutes, "queue", "handled_tasks_count")
		n.shows(n.queue, 3, live.KeyToday, "queue", "handled_tasks_count")
		n.forward(12 * time.Hour)
		n.task("default", 0)
		n.shows(n.queue, 0, live.KeyToday, "queue", "handled_tasks_count")
	})
}

func TestUnknownNumbers(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		n := newWorld(t).node(open(), nil, true, live.Options{})
		if _, err := n.l.Open(t.Context(), n.at(), live.Numbers(core.NewSID("WQ"))); !core.HasCode(err, core.CodeSyncNameNotFound) {
			t.Errorf("a queue that there is not: %v", err)
		}
		if _, err := n.l.Open(t.Context(), live.Scope{AccountSID: core.NewSID("AC"), WorkspaceSID: n.workspace}, live.Numbers("")); !core.HasCode(err, core.CodeNotFound) {
			t.Errorf("a workspace of somebody else: %v", err)
		}
	})
}
