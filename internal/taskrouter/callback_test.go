package taskrouter

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestAssignmentCallback(t *testing.T) {
	eachScene(t, func(s *scene) {
		const first, second = "https://example.org/assign", "https://example.org/fallback"
		configuration := `{"task_routing":{"filters":[{"expression":"vip == true","targets":[{"queue":"` + s.es.SID + `"}]}],"default_filter":{"queue":"` + s.everyone.SID + `"}}}`
		flow, err := s.tr.CreateWorkflow(s.Context(), s.account, s.ws, NewWorkflow{FriendlyName: "called", Configuration: configuration, AssignmentURL: first, FallbackURL: second})
		s.must(err)
		var log strings.Builder
		s.tr.log = slog.New(slog.NewTextHandler(&log, nil))
		ann := s.agents[0]
		offline := find(ann.Space.Activities, func(a *Activity) bool { return !a.Available })
		type answer struct {
			status     int
			kind, body string
			err        error
		}
		good := func(body string) answer { return answer{200, "application/json; charset=utf-8", body, nil} }
		bad := func(body string) []answer { return []answer{{500, "", "", nil}, good(body)} }
		for name, c := range map[string]struct {
			answers []answer // of the two addresses
			called  int
			stands  string // of ann's reservation
			task    string
			logged  string // "" for nothing
		}{
			"accept":                     {[]answer{good(`{"instruction":"accept"}`)}, 1, "accepted", TaskAssigned, ""},
			"reject":                     {[]answer{good(`{"instruction":"reject"}`)}, 1, "rejected", TaskPending, ""},
			"reject, and away":           {[]answer{good(`{"instruction":"reject","activity_sid":"` + offline.SID + `"}`)}, 1, "rejected", TaskPending, ""},
			"reject, to nowhere":         {[]answer{good(`{"instruction":"reject","activity_sid":"WA1"}`)}, 1, "pending", TaskReserved, "code=40100"},
			"redirect":                   {[]answer{good(`{"instruction":"redirect"}`)}, 1, "rescinded", TaskPending, ""},
			"redirect a call":            {[]answer{good(`{"instruction":"redirect","call_sid":"CA1","url":"https://example.org"}`)}, 1, "pending", TaskReserved, "code=40122"},
			"dequeue":                    {[]answer{good(`{"instruction":"dequeue"}`)}, 1, "pending", TaskReserved, "code=40133"},
			"call":                       {[]answer{good(`{"instruction":"call","from":"x"}`)}, 1, "pending", TaskReserved, "code=40113"},
			"conference":                 {[]answer{good(`{"instruction":"conference"}`)}, 1, "pending", TaskReserved, "code=40149"},
			"unknown":                    {[]answer{good(`{"instruction":"sing"}`)}, 1, "pending", TaskReserved, "code=55555"},
			"no instruction":             {[]answer{good(`{}`)}, 1, "pending", TaskReserved, ""},
			"empty":                      {[]answer{{200, "", "", nil}}, 1, "pending", TaskReserved, ""},
			"not JSON":                   {[]answer{good(`accept`), good(`{"instruction":"accept"}`)}, 2, "accepted", TaskAssigned, "code=40001"},
			"another type":               {[]answer{{200, "text/html", "<html>", nil}, good(`{"instruction":"accept"}`)}, 2, "accepted", TaskAssigned, "code=40000"},
			"204":                        {[]answer{{204, "", "", nil}, good(`{"instruction":"reject"}`)}, 2, "rejected", TaskPending, "status 204"},
			"no answer, then the second": {[]answer{{err: errors.New("timeout")}, good(`{"instruction":"accept"}`)}, 2, "accepted", TaskAssigned, "timeout"},
			"neither":                    {[]answer{{err: errors.New("timeout")}, {500, "", "", nil}}, 2, "pending", TaskReserved, "status 500"},
			"the second says nothing":    {bad(``), 2, "pending", TaskReserved, "status 500"},
		} {
			task := s.create(NewTask{WorkflowSID: flow.SID, Attributes: `{"vip":true}`})
			sid := s.offer(task, ann)
			id := s.held(task, ann).ID
			log.Reset()
			var called []string
			post := func(_ context.Context, account, address string, form url.Values) (int, string, []byte, error) {
				if account != s.account || form.Get("ReservationSid") != sid || form.Get("WorkerName") != "ann" || form.Get("TaskAttributes") != `{"vip":true}` ||
					form.Get("TaskQueueSid") != s.es.SID || form.Get("WorkflowSid") != flow.SID || form.Get("TaskSid") != s.tr.TaskSID(task.ID) ||
					form.Get("WorkspaceSid") != s.ws || form.Get("WorkerSid") != ann.SID || form.Get("Timestamp") == "" || form.Get("TaskAge") != "0" ||
					form.Get("TaskPriority") != "0" || form.Get("WorkerAttributes") != "{}" {
					s.Errorf("%s: called for %s with %v", name, account, form)
				}
				a := c.answers[len(called)]
				called = append(called, address)
				return a.status, a.kind, []byte(a.body), a.err
			}
			s.must(s.tr.CallAssignment(s.Context(), id, post))
			if !slices.Equal(called, []string{first, second}[:c.called]) {
				s.Errorf("%s: called %q", name, called)
			}
			s.stands(task, c.task, "ann "+c.stands)
			if c.logged == "" != (log.Len() == 0) || !strings.Contains(log.String(), c.logged) {
				s.Errorf("%s: logged %q, want %q", name, log.String(), c.logged)
			}
			if c.stands == "rescinded" {
				if got := s.fetch(task); got.QueueID != s.everyone.ID || got.StepFilter != 1 || !got.StepFresh {
					s.Errorf("redirected to %+v", got.Task)
				}
			}
			if c.stands != "pending" { // it is over: the receiver is not asked again
				s.must(s.tr.CallAssignment(s.Context(), id, func(context.Context, string, string, url.Values) (int, string, []byte, error) {
					s.Errorf("%s: called for a reservation that is not pending", name)
					return 0, "", nil, nil
				}))
			}
			s.must(s.tr.DeleteTask(s.Context(), s.account, s.ws, s.tr.TaskSID(task.ID), ""))
			available := find(ann.Space.Activities, func(a *Activity) bool { return a.Available })
			_, err := s.tr.UpdateWorker(s.Context(), s.account, s.ws, ann.SID, WorkerPatch{ActivitySID: &available.SID}, "")
			s.must(err)
			if got := s.assigned; len(got) != 1 || got[0] != id {
				s.Errorf("%s: enqueued %v, want %d", name, got, id)
			}
			s.assigned = nil
		}
	})
}
