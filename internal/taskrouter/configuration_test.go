package taskrouter

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"parley/internal/core"
	"parley/internal/store"
)

// provision makes what p names and returns the workspace as it is then.
func (s *scene) provision(p Provision) *Space {
	s.Helper()
	s.must(s.st.Update(s.Context(), func(tx *store.Tx) error { return s.tr.ProvisionTx(tx, p) }))
	space, err := s.tr.Space(s.Context(), s.account, p.WorkspaceSID)
	s.must(err)
	return space
}

// rows counts the rows of every table that a workspace has rows in.
func (s *scene) rows() map[string]int64 {
	s.Helper()
	counts := map[string]int64{}
	s.must(s.st.View(s.Context(), func(r *store.Reader) error {
		for _, table := range []string{"tr_workspace", "tr_activity", "tr_task_channel", "tr_queue", "tr_workflow", "tr_worker", "tr_worker_seq", "tr_worker_channel",
			"tr_task", "tr_reservation", "tr_transfer", "tr_event"} {
			var n int64
			if err := r.One(`SELECT COUNT(*) FROM `+table, nil, &n); err != nil {
				return err
			}
			counts[table] = n
		}
		return nil
	}))
	return counts
}

func TestProvision(t *testing.T) {
	eachScene(t, func(s *scene) {
		p := Provision{AccountSID: s.account, WorkspaceSID: core.NewSID("WS"), WorkflowSID: core.NewSID("WW"), QueueSID: core.NewSID("WQ"),
			WorkerSID: core.NewSID("WK"), WorkerName: "agent"}
		space := s.provision(p)
		var names []string
		for _, a := range space.Activities {
			names = append(names, a.FriendlyName+":"+strconv.FormatBool(a.Available))
		}
		if got := strings.Join(names, " "); got != "Offline:false Available:true Unavailable:false Break:false" {
			t.Errorf("activities %s", got)
		}
		ws := space.Workspace
		if ws.FriendlyName != "Flex Task Assignment" || ws.DefaultActivityID != space.Activities[0].ID || ws.TimeoutActivityID != space.Activities[0].ID || len(space.Channels) != 5 {
			t.Errorf("workspace %+v with %d channels", ws, len(space.Channels))
		}
		q, w := space.QueueBySID(p.QueueSID), space.WorkflowBySID(p.WorkflowSID)
		if q == nil || q.FriendlyName != "Everyone" || q.TargetWorkers != "1==1" || w == nil || w.FriendlyName != "Assign to Anyone" || w.ReservationTimeout != 120 {
			t.Fatalf("queue %+v, workflow %+v", q, w)
		}
		if plan := space.Plan(w.ID); len(plan.Filters) != 0 || plan.Default.Queue != q.SID || len(space.Warnings(w))+len(q.Warnings()) != 0 {
			t.Errorf("plan %+v, warnings %v %v", plan, space.Warnings(w), q.Warnings())
		}
		worker, err := s.tr.FetchWorker(s.Context(), s.account, p.WorkspaceSID, p.WorkerSID)
		s.must(err)
		if worker.FriendlyName != "agent" || worker.Attributes != `{"contact_uri":"client:agent","full_name":"Agent","roles":["agent"]}` {
			t.Errorf("worker %+v", worker.Worker)
		}

		before := s.rows()
		if again := s.provision(p); again.Workspace.Rev != ws.Rev || !sameRows(s.rows(), before) {
			t.Errorf("a second provision changed %v into %v", before, s.rows())
		}
	})
}

// What was deleted is made anew under its SID, and makes way for what took its name.
func TestProvisionAnew(t *testing.T) {
	eachScene(t, func(s *scene) {
		p := Provision{AccountSID: s.account, WorkspaceSID: core.NewSID("WS"), WorkflowSID: core.NewSID("WW"), QueueSID: core.NewSID("WQ"),
			WorkerSID: core.NewSID("WK"), WorkerName: "agent"}
		s.provision(p)
		ctx := s.Context()
		s.must(s.tr.DeleteWorkflow(ctx, s.account, p.WorkspaceSID, p.WorkflowSID))
		s.must(s.tr.DeleteTaskQueue(ctx, s.account, p.WorkspaceSID, p.QueueSID))
		s.must(s.tr.DeleteWorker(ctx, s.account, p.WorkspaceSID, p.WorkerSID, ""))
		_, err := s.tr.CreateTaskQueue(ctx, s.account, p.WorkspaceSID, NewTaskQueue{FriendlyName: "Everyone"})
		s.must(err)
		_, err = s.tr.CreateWorker(ctx, s.account, p.WorkspaceSID, NewWorker{FriendlyName: "Agent"})
		s.must(err)
		space := s.provision(p)
		if q := space.QueueBySID(p.QueueSID); q == nil || q.FriendlyName != "Everyone 2" || space.WorkflowBySID(p.WorkflowSID) == nil {
			t.Errorf("queue %+v, workflow %+v", q, space.WorkflowBySID(p.WorkflowSID))
		}
		if w, err := s.tr.FetchWorker(ctx, s.account, p.WorkspaceSID, p.WorkerSID); err != nil || w.FriendlyName != "agent 2" {
			t.Errorf("worker %+v, %v", w, err)
		}
		s.must(s.tr.DeleteWorkspace(ctx, s.account, p.WorkspaceSID))
		if space := s.provision(p); len(space.Queues) != 1 || len(space.Workflows) != 1 {
			t.Errorf("after the workspace was deleted: %d queues, %d workflows", len(space.Queues), len(space.Workflows))
		}
	})
}

func sameRows(a, b map[string]int64) bool {
	for table, n := range a {
		if b[table] != n {
			return false
		}
	}
	return true
}

// A workspace takes everything with it, and nothing of others.
func TestDeleteWorkspace(t *testing.T) {
	eachScene(t, func(s *scene) {
		before, first := s.rows(), s.ws
		space, err := s.tr.CreateWorkspace(s.Context(), s.account, NewWorkspace{FriendlyName: "second", Template: TemplateFIFO})
		s.must(err)
		other := space.Workspace.SID
		available := find(space.Activities, func(a *Activity) bool { return a.Available })
		w, err := s.tr.CreateWorker(s.Context(), s.account, other, NewWorker{FriendlyName: "dora", ActivitySID: available.SID})
		s.must(err)
		task, err := s.tr.CreateTask(s.Context(), s.account, other, NewTask{})
		s.must(err)
		s.ws = other
		if !s.tryOffer(task, w) {
			t.Fatal("the task was not offered")
		}
		s.ws = first
		s.must(s.tr.DeleteWorkspace(s.Context(), s.account, other))
		if after := s.rows(); !sameRows(after, before) {
			t.Errorf("rows %v, want %v", after, before)
		}
		_, err = s.tr.Space(s.Context(), s.account, other)
		s.refused(err, core.CodeNotFound, other)
		s.refused(s.tr.DeleteWorkspace(s.Context(), s.account, other), core.CodeNotFound, other)
	})
}

func TestReEvaluate(t *testing.T) {
	eachScene(t, func(s *scene) {
		spanish := s.create(NewTask{Attributes: `{"language":"es"}`})
		offered := s.create(NewTask{Attributes: `{"language":"es"}`})
		if !s.tryOffer(offered, s.agents[0]) {
			t.Fatal("the task was not offered")
		}
		direct := s.create(NewTask{Attributes: `{"language":"es"}`, RoutingTarget: s.agents[1].SID})
		place := func(v *TaskView) string {
			t.Helper()
			v, err := s.tr.FetchTask(s.Context(), s.account, s.ws, s.tr.TaskSID(v.ID))
			s.must(err)
			name := ""
			if q := v.Space.Queue(v.QueueID); q != nil {
				name = q.FriendlyName
			}
			return name + " " + v.Status + " " + strconv.FormatInt(v.Priority, 10) + " " + strconv.FormatInt(v.Version, 10)
		}
		update := func(p WorkflowPatch) error {
			_, err := s.tr.UpdateWorkflow(s.Context(), s.account, s.ws, s.flow.SID, p)
			return err
		}
		was := [3]string{place(spanish), place(offered), place(direct)}
		if !strings.HasPrefix(was[0], "Spanish pending 7 ") {
			t.Fatalf("the task is in %s", was[0])
		}
		anew := `{"task_routing":{"filters":[{"expression":"language == 'es'","targets":[{"queue":"` + s.everyone.SID + `","priority":9}]}]}}`
		s.must(update(WorkflowPatch{Configuration: &anew}))
		if now := [3]string{place(spanish), place(offered), place(direct)}; now != was {
			t.Errorf("without being asked for, tasks moved from %q to %q", was, now)
		}
		none := `{"task_routing":{"filters":[{"expression":"language == 'fr'","targets":[{"queue":"` + s.everyone.SID + `"}]}]}}`
		s.refused(update(WorkflowPatch{Configuration: &none, ReEvaluate: true}), core.CodeTaskRouterInvalid, "No filter")
		if now := [3]string{place(spanish), place(offered), place(direct)}; now != was {
			t.Errorf("a refused change moved tasks from %q to %q", was, now)
		}
		s.must(update(WorkflowPatch{ReEvaluate: true}))
		if now := place(spanish); now != "Everyone pending 9 1" {
			t.Errorf("the task is in %s after re-evaluation", now)
		}
		if now := [2]string{place(offered), place(direct)}; now != [2]string(was[1:]) {
			t.Errorf("what is offered or has a target moved from %q to %q", was[1:], now)
		}
	})
}

func TestActivityLimit(t *testing.T) {
	eachScene(t, func(s *scene) {
		for i := 3; i < maxActivities; i++ {
			_, err := s.tr.CreateActivity(s.Context(), s.account, s.ws, NewActivity{FriendlyName: "a" + strconv.Itoa(i)})
			s.must(err)
		}
		_, err := s.tr.CreateActivity(s.Context(), s.account, s.ws, NewActivity{FriendlyName: "more"})
		s.refused(err, core.CodeTaskRouterInvalid, "at most 100")
	})
}

// lanes keeps where event callbacks stand in their order.
type lanes struct {
	*scene
	mu   sync.Mutex
	seqs map[string][]int64
}

func (l *lanes) Enqueue(tx *store.Tx, d Delivery) error {
	tx.AfterCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.seqs[d.Lane] = append(l.seqs[d.Lane], d.LaneSeq)
	})
	return nil
}

// Changes at once: one name is given once, each change has its own place in the order of callbacks, and everybody sees all of them.
func TestChangesAtOnce(t *testing.T) {
	eachScene(t, func(s *scene) {
		l := &lanes{scene: s, seqs: map[string][]int64{}}
		s.tr.opt.Outbox = l
		space, err := s.tr.CreateWorkspace(s.Context(), s.account, NewWorkspace{FriendlyName: "second", Template: TemplateFIFO, EventCallbackURL: "https://example.org/"})
		s.must(err)
		ws := space.Workspace
		var group sync.WaitGroup
		var won, lost sync.Map
		for i := range 20 {
			group.Go(func() {
				name := "q" + strconv.Itoa(i/2)
				if _, err := s.tr.CreateTaskQueue(s.Context(), s.account, ws.SID, NewTaskQueue{FriendlyName: name}); err == nil {
					won.Store(i, name)
				} else if core.HasCode(err, core.CodeTaskRouterInvalid) {
					lost.Store(i, name)
				} else {
					t.Error(err)
				}
			})
		}
		group.Wait()
		count := func(m *sync.Map) (n int) {
			m.Range(func(any, any) bool { n++; return true })
			return n
		}
		if count(&won) != 10 || count(&lost) != 10 {
			t.Errorf("%d were made and %d refused, want 10 and 10", count(&won), count(&lost))
		}
		space, err = s.tr.Space(s.Context(), s.account, ws.SID)
		s.must(err)
		if len(space.Queues) != 11 {
			t.Errorf("%d queues are seen, want 11", len(space.Queues))
		}
		seqs := l.seqs["tr:"+strconv.FormatInt(ws.ID, 10)+":c"]
		slices.Sort(seqs)
		if len(seqs) != 13 || len(slices.Compact(slices.Clone(seqs))) != 13 {
			t.Errorf("the callbacks stand at %d", seqs)
		}
	})
}
