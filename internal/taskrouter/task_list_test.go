package taskrouter

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestTaskList(t *testing.T) {
	eachScene(t, func(s *scene) {
		n := func(v int64) *int64 { return &v }
		for i, c := range []NewTask{
			{Attributes: `{"n":0,"call_sid":"CA1"}`, Priority: n(5)},
			{Attributes: `{"n":1,"conversationSid":"CH1"}`, VirtualStart: n(s.now.Load() - 1e6)},
			{Attributes: `{"n":2}`, Priority: n(5)},
			{Attributes: `{"n":3,"language":"es"}`}, // Spanish, priority 7
			{Attributes: `{"n":4}`, RoutingTarget: s.agents[1].SID},
		} {
			if i > 0 {
				s.now.Add(1e6)
			}
			s.create(c)
		}
		first := s.firstTask()
		s.must(s.answer(first, s.offer(first, s.agents[0]), ReservationAccepted))
		yes, no := true, false
		for name, c := range map[string]struct {
			f    TaskFilter
			want string // the tasks' numbers
		}{
			"all":                    {TaskFilter{}, "01234"},
			"newest first":           {TaskFilter{Ordering: "DateCreated:desc"}, "43210"},
			"by priority":            {TaskFilter{Ordering: "Priority:desc,DateCreated:asc"}, "30214"},
			"by priority upwards":    {TaskFilter{Ordering: "Priority"}, "14023"},
			"by virtual start":       {TaskFilter{Ordering: "VirtualStartTime:asc"}, "10234"},
			"priority, then start":   {TaskFilter{Ordering: "Priority:asc,VirtualStartTime:desc"}, "41203"},
			"priority 5":             {TaskFilter{Priority: n(5)}, "02"},
			"pending":                {TaskFilter{Statuses: []string{"pending"}}, "1234"},
			"two statuses":           {TaskFilter{Statuses: []string{"assigned", "reserved"}}, "0"},
			"two statuses by comma":  {TaskFilter{Statuses: []string{"assigned,pending"}}, "01234"},
			"of a workflow":          {TaskFilter{WorkflowSID: s.flow.SID}, "01234"},
			"of a workflow's name":   {TaskFilter{WorkflowName: "flow"}, "01234"},
			"of no workflow":         {TaskFilter{WorkflowSID: "WW0"}, ""},
			"of a queue":             {TaskFilter{TaskQueueSID: s.es.SID}, "3"},
			"of a queue's name":      {TaskFilter{TaskQueueName: "Everyone"}, "012"},
			"of no queue":            {TaskFilter{TaskQueueName: "Nobody"}, ""},
			"to a worker":            {TaskFilter{RoutingTarget: s.agents[1].SID}, "4"},
			"with addons":            {TaskFilter{HasAddons: &yes}, ""},
			"without addons":         {TaskFilter{HasAddons: &no}, "01234"},
			"as deployed, single =":  {TaskFilter{Expression: `call_sid= 'CA1'`}, "0"},
			"as deployed, double ==": {TaskFilter{Expression: `conversationSid == "CH1"`}, "1"},
			"an expression of more":  {TaskFilter{Expression: `n > 1`, Ordering: "DateCreated:desc"}, "432"},
			"several":                {TaskFilter{Expression: `n < 3`, Priority: n(5), Statuses: []string{"pending"}}, "2"},
		} {
			for _, size := range []int{1, 2, 100} {
				if got := s.listed(c.f, size); got != c.want {
					s.Errorf("%s by %d: %q, want %q", name, size, got, c.want)
				}
			}
		}
		for ordering, text := range map[string]string{
			"Age":                                   "Ordering",
			"Priority:up":                           ":asc or :desc",
			"Priority,":                             "Ordering",
			"Priority,Priority:desc":                "twice",
			"DateCreated:asc,VirtualStartTime":      "at once",
			"VirtualStartTime,Priority,DateCreated": "at once",
		} {
			_, err := s.tr.ListTasks(s.Context(), s.account, s.ws, TaskFilter{Ordering: ordering}, "", 10)
			s.refused(err, 20001, text)
		}
		_, err := s.tr.ListTasks(s.Context(), s.account, s.ws, TaskFilter{Statuses: []string{"open"}}, "", 10)
		s.refused(err, 20001, "AssignmentStatus")
		_, err = s.tr.ListTasks(s.Context(), s.account, s.ws, TaskFilter{Expression: "skill-level > 3"}, "", 10)
		s.refused(err, 20001, "expecting OPERATOR")
		_, err = s.tr.ListTasks(s.Context(), s.account, s.ws, TaskFilter{}, "WT"+strings.Repeat("0", 32), 10)
		s.refused(err, 20001, "PageToken")

		// The last task of a page may be gone when the next page is asked for.
		sid := s.tr.TaskSID(first.ID)
		s.must(s.tr.DeleteTask(s.Context(), s.account, s.ws, sid, ""))
		rest, err := s.tr.ListTasks(s.Context(), s.account, s.ws, TaskFilter{}, sid, 10)
		if err != nil || len(rest) != 4 {
			s.Errorf("after a task that is gone: %d, %v", len(rest), err)
		}
		_, err = s.tr.ListTasks(s.Context(), s.account, s.ws, TaskFilter{Ordering: "Priority"}, sid, 10)
		s.refused(err, 20001, "removed")
	})
}

func (s *scene) firstTask() *TaskView {
	s.Helper()
	list, err := s.tr.ListTasks(s.Context(), s.account, s.ws, TaskFilter{}, "", 1)
	s.must(err)
	return list[0]
}

// listed follows the pages of a list and returns the numbers of its tasks, which no page may give twice.
func (s *scene) listed(f TaskFilter, size int) (numbers string) {
	s.Helper()
	after := ""
	for {
		page, err := s.tr.ListTasks(s.Context(), s.account, s.ws, f, after, size)
		s.must(err)
		for _, t := range page {
			n, _ := t.object()["n"].(float64)
			numbers += strconv.Itoa(int(n))
			after = s.tr.TaskSID(t.ID)
		}
		if len(page) < size {
			break
		}
	}
	if seen := slices.Compact(slices.Sorted(strings.SplitSeq(numbers, ""))); numbers != "" && len(seen) != len(numbers) {
		s.Errorf("%q repeats itself", numbers)
	}
	return numbers
}
