package taskrouter

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"parley/internal/core"
)

func TestTaskLife(t *testing.T) {
	eachScene(t, func(s *scene) {
		task := s.create(NewTask{Attributes: `{"language":"es"}`})
		if task.Status != TaskPending || task.QueueID != s.es.ID || task.Priority != 7 || task.Version != 0 || !task.StepFresh || !task.OnlySkips ||
			task.StepBase != task.CreatedAt || task.DueAt != 0 || task.Timeout != 86400 || task.Space.Channel(task.TaskChannelID).UniqueName != "default" {
			s.Errorf("created %+v", task.Task)
		}
		ann := s.agents[0]
		sid := s.offer(task, ann)
		s.stands(task, TaskReserved, "ann pending")
		s.must(s.answer(task, sid, ReservationAccepted))
		s.stands(task, TaskAssigned, "ann accepted")
		if due := s.fetch(task).DueAt; due != s.now.Load()+24*3600*1e6 {
			s.Errorf("an assignment is due at %d", due)
		}
		s.must(s.set(task, TaskCompleted))
		s.stands(task, TaskCompleted, "ann completed")
		if due := s.fetch(task).DueAt; due != s.now.Load()+300*1e6 {
			s.Errorf("an ended task is due at %d", due)
		}
		// The order of taskrouter-studio A.11.
		want := []string{"workflow.entered", "task-queue.entered", "task.created", "workflow.target-matched", "reservation.created", "reservation.accepted",
			"task.completed", "reservation.completed", "task.updated"}
		if got := s.events(task); !slices.Equal(got, want) {
			s.Errorf("events %q, want %q", got, want)
		}
		if got, want := s.told(ann), []string{"worker.created", "reservation.created", "reservation.accepted", "task.completed", "reservation.completed"}; !slices.Equal(got, want) {
			s.Errorf("ann was told %q, want %q", got, want)
		}
		if v := s.fetch(task).Version; v != 3 {
			s.Errorf("version %d after an offer, its acceptance and the end", v)
		}
	})
}

func TestTaskCreation(t *testing.T) {
	eachScene(t, func(s *scene) {
		n := func(v int64) *int64 { return &v }
		yes, no := true, false
		wq, ww, wk := s.es.SID, s.flow.SID, s.agents[1].SID
		narrow := s.workflow(`{"task_routing":{"filters":[{"expression":"a == 1","targets":[{"queue":"Spanish"}]}]}}`, "")
		for name, c := range map[string]struct {
			n     NewTask
			fault string // "" for none
			queue int64
		}{
			"plain":                     {NewTask{WorkflowSID: ww}, "", s.everyone.ID},
			"no workflow of two":        {NewTask{}, "WorkflowSid field is required", 0},
			"unknown workflow":          {NewTask{WorkflowSID: "WW" + strings.Repeat("0", 32)}, "not a workflow", 0},
			"attributes not an object":  {NewTask{WorkflowSID: ww, Attributes: `[1]`}, "Attributes must be a JSON object", 0},
			"attributes too long":       {NewTask{WorkflowSID: ww, Attributes: `{"a":"` + strings.Repeat("x", 4096) + `"}`}, "4096 characters", 0},
			"unknown channel":           {NewTask{WorkflowSID: ww, TaskChannel: "pigeon"}, "TaskChannel", 0},
			"channel by name":           {NewTask{WorkflowSID: ww, TaskChannel: "chat"}, "", s.everyone.ID},
			"negative priority":         {NewTask{WorkflowSID: ww, Priority: n(-1)}, "Priority", 0},
			"priority too high":         {NewTask{WorkflowSID: ww, Priority: n(1 << 31)}, "Priority", 0},
			"no time to live":           {NewTask{WorkflowSID: ww, Timeout: n(0)}, "Timeout", 0},
			"too much time to live":     {NewTask{WorkflowSID: ww, Timeout: n(1_209_601)}, "Timeout", 0},
			"starts in the future":      {NewTask{WorkflowSID: ww, VirtualStart: n(s.now.Load() + 1)}, "VirtualStartTime", 0},
			"starts before 1900":        {NewTask{WorkflowSID: ww, VirtualStart: n(-2_208_988_800_000_001)}, "VirtualStartTime", 0},
			"started long ago":          {NewTask{WorkflowSID: ww, VirtualStart: n(-2_208_988_800_000_000)}, "", s.everyone.ID},
			"no filter takes it":        {NewTask{WorkflowSID: narrow.SID}, "No filter", 0},
			"a queue's name as target":  {NewTask{WorkflowSID: narrow.SID, Attributes: `{"a":1}`}, "", s.es.ID},
			"to a worker":               {NewTask{RoutingTarget: wk}, "", 0},
			"to a worker in a queue":    {NewTask{RoutingTarget: wk, TaskQueueSID: wq}, "", s.es.ID},
			"to an unknown worker":      {NewTask{RoutingTarget: "WK" + strings.Repeat("0", 32)}, "not a worker", 0},
			"to a queue":                {NewTask{RoutingTarget: wq}, "", s.es.ID},
			"to two queues":             {NewTask{RoutingTarget: wq, TaskQueueSID: s.everyone.SID}, "TaskQueueSid must be", 0},
			"to an unknown queue":       {NewTask{RoutingTarget: "WQ" + strings.Repeat("0", 32)}, "not a task queue", 0},
			"into a queue":              {NewTask{TaskQueueSID: wq}, "", s.es.ID},
			"into an unknown queue":     {NewTask{WorkflowSID: ww, TaskQueueSID: "x"}, "TaskQueueSid", 0},
			"to a workflow":             {NewTask{RoutingTarget: ww}, "", s.everyone.ID},
			"to an unknown workflow":    {NewTask{RoutingTarget: "WW" + strings.Repeat("0", 32)}, "not a workflow", 0},
			"to what is nothing":        {NewTask{RoutingTarget: "x"}, "RoutingTarget must be", 0},
			"capacity without a worker": {NewTask{WorkflowSID: ww, IgnoreCapacity: &yes}, "IgnoreCapacity", 0},
			"capacity counts":           {NewTask{WorkflowSID: ww, IgnoreCapacity: &no}, "", s.everyone.ID},
		} {
			got, err := s.tr.CreateTask(s.Context(), s.account, s.ws, c.n)
			switch {
			case c.fault != "":
				if !core.HasCode(err, 20001) || !strings.Contains(err.Error(), c.fault) {
					s.Errorf("%s: %v, want %q", name, err, c.fault)
				}
			case err != nil:
				s.Errorf("%s: %v", name, err)
			case got.QueueID != c.queue:
				s.Errorf("%s: queue %d, want %d", name, got.QueueID, c.queue)
			case got.IgnoreCapacity != (prefix(c.n.RoutingTarget) == "WK"):
				s.Errorf("%s: IgnoreCapacity is %v", name, got.IgnoreCapacity)
			}
		}
	})
}

// Every change of a task's status that a request can ask for.
func TestTaskTransitions(t *testing.T) {
	eachScene(t, func(s *scene) {
		s.roomy(s.agents[0], 100)
		all := []string{TaskPending, TaskReserved, TaskAssigned, TaskWrapping, TaskCompleted, TaskCanceled}
		allowed := map[string]string{TaskCanceled: "pending reserved", TaskWrapping: "assigned", TaskCompleted: "assigned wrapping"}
		texts := map[string]string{
			TaskCanceled:  "Cannot cancel task %s because it is not pending or reserved.",
			TaskWrapping:  "Cannot wrap up a task %s because it's not currently assigned",
			TaskCompleted: "Cannot complete task %s because it is not currently assigned.",
		}
		for _, from := range all {
			for _, to := range append(all, "", "done") {
				task := s.reach(from)
				before := s.fetch(task)
				err := s.set(task, to)
				if strings.Contains(allowed[to], from) {
					if after := s.fetch(task); err != nil || after.Status != to || after.Version != before.Version+1 {
						s.Errorf("%s to %s: %v, is %s in version %d after %d", from, to, err, after.Status, after.Version, before.Version)
					}
				} else {
					text := "AssignmentStatus must be"
					if texts[to] != "" {
						text = fmt.Sprintf(texts[to], s.tr.TaskSID(task.ID))
					}
					s.refused(err, 20001, text)
					if after := s.fetch(task); after.Task != before.Task {
						s.Errorf("%s to %s changed the task", from, to)
					}
				}
			}
		}
		s.counted()
		for _, ended := range []string{TaskCompleted, TaskCanceled} {
			priority := int64(3)
			_, err := s.tr.UpdateTask(s.Context(), s.account, s.ws, s.tr.TaskSID(s.reach(ended).ID), TaskPatch{Priority: &priority}, "")
			s.refused(err, 20001, "cannot be changed any more")
		}
	})
}

func TestTaskCanceled(t *testing.T) {
	eachScene(t, func(s *scene) {
		task := s.create(NewTask{})
		s.offer(task, s.agents[1])
		s.offer(task, s.agents[0])
		s.now.Add(5e6)
		reason, status := "customer left", TaskCanceled
		got, err := s.tr.UpdateTask(s.Context(), s.account, s.ws, s.tr.TaskSID(task.ID), TaskPatch{AssignmentStatus: &status, Reason: &reason}, "")
		s.must(err)
		if got.Reason != reason {
			s.Errorf("reason %q", got.Reason)
		}
		s.stands(task, TaskCanceled, "bob canceled", "ann canceled")
		s.happened(task, "task.canceled", "reservation.canceled", "reservation.canceled", "task.updated")
		for _, w := range s.agents[:2] {
			if got := s.told(w); !slices.Equal(got[len(got)-2:], []string{"task.canceled", "reservation.canceled"}) {
				s.Errorf("%s was told %q", w.FriendlyName, got)
			}
		}
		var wait int64
		s.must(s.tr.view(s.Context(), s.account, s.ws, func(v *view) error {
			return v.r.One(`SELECT wait FROM tr_event WHERE task_id = $1 AND type = 'task.canceled'`, []any{task.ID}, &wait)
		}))
		if wait != 5e6 {
			s.Errorf("waited %d µs", wait)
		}
	})
}

func TestTaskUpdate(t *testing.T) {
	eachScene(t, func(s *scene) {
		task := s.create(NewTask{})
		sid := s.tr.TaskSID(task.ID)
		text := func(v string) *string { return &v }
		update := func(p TaskPatch, ifMatch string) (*TaskView, error) {
			return s.tr.UpdateTask(s.Context(), s.account, s.ws, sid, p, ifMatch)
		}
		s.now.Add(10e6)
		got, err := update(TaskPatch{Attributes: text(`{"language":"es"}`)}, `W/"0"`)
		s.must(err)
		if got.QueueID != s.es.ID || got.StepBase != task.CreatedAt || got.Version != 1 || got.Priority != 7 {
			s.Errorf("re-evaluated %+v", got.Task)
		}
		s.happened(task, "workflow.entered", "task-queue.moved", "task-queue.entered", "task.updated", "workflow.target-matched")
		_, err = update(TaskPatch{Attributes: text(`{}`)}, "0")
		s.refused(err, 20412, "version 1")
		if again, err := update(TaskPatch{Attributes: text(`{"language":"es"}`)}, ""); err != nil || again.Version != 1 {
			s.Errorf("the same again: %v, version %d", err, again.Version)
		}
		if got, err = update(TaskPatch{TaskChannel: text("chat")}, "*"); err != nil || got.Space.Channel(got.TaskChannelID).UniqueName != "chat" {
			s.Errorf("channel: %v", err)
		}
		_, err = update(TaskPatch{TaskChannel: text("")}, "")
		s.refused(err, 20001, "TaskChannel")
		_, err = update(TaskPatch{Reason: text(strings.Repeat("x", 4097))}, "")
		s.refused(err, 20001, "Reason")

		rid := s.offer(task, s.agents[0])
		s.must(s.answer(task, rid, ReservationAccepted))
		before := s.fetch(task)
		if got, err = update(TaskPatch{Attributes: text(`{"language":"en"}`)}, ""); err != nil || got.QueueID != before.QueueID {
			s.Errorf("an assigned task moved: %v", err)
		}
		_, err = update(TaskPatch{Attributes: text(`{}`), AssignmentStatus: text(TaskWrapping)}, "")
		s.refused(err, 20001, "two requests")
		_, err = s.tr.UpdateTask(s.Context(), s.account, s.ws, "WT"+strings.Repeat("0", 32), TaskPatch{}, "")
		s.refused(err, 20404, "Task")
		_, err = s.tr.UpdateTask(s.Context(), core.NewSID("AC"), s.ws, sid, TaskPatch{}, "")
		s.refused(err, 20404, "Workspace")
	})
}

func TestTaskRemoval(t *testing.T) {
	eachScene(t, func(s *scene) {
		for _, status := range []string{TaskPending, TaskReserved, TaskAssigned, TaskWrapping, TaskCompleted} {
			task := s.reach(status)
			s.told(s.agents[0])
			sid := s.tr.TaskSID(task.ID)
			s.refused(s.tr.DeleteTask(s.Context(), s.account, s.ws, sid, "17"), 20412, "version")
			s.must(s.tr.DeleteTask(s.Context(), s.account, s.ws, sid, ""))
			_, err := s.tr.FetchTask(s.Context(), s.account, s.ws, sid)
			s.refused(err, 20404, "Task")
			want := map[string][]string{TaskReserved: {"reservation.canceled"}, TaskAssigned: {"reservation.completed"}, TaskWrapping: {"reservation.completed"}}[status]
			if got := s.told(s.agents[0]); !slices.Equal(got, want) {
				s.Errorf("%s: ann was told %q, want %q", status, got, want)
			}
			s.happened(task, append([]string{"task.deleted"}, want...)...)
			list, err := s.tr.ListReservations(s.Context(), s.account, s.ws, ReservationFilter{WorkerSID: s.agents[0].SID}, "", 10)
			if err != nil || len(list) != 0 {
				s.Errorf("%d reservations are left: %v", len(list), err)
			}
			s.counted()
		}
	})
}
