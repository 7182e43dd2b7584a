package flex_test

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/identity"
	"parley/internal/jobs"
	"parley/internal/proxy"
	"parley/internal/store"
	"parley/internal/studio"
	"parley/internal/taskrouter"
)

// outbox hands the handler's messages to Flex, as the server does, and keeps other calls.
type outbox struct {
	mu    sync.Mutex
	calls []chat.Delivery
}

func (o *outbox) Enqueue(tx *store.Tx, d chat.Delivery) error {
	switch d.Type {
	case chat.HookHandler:
		return flex.EnqueueMessage(tx, d)
	case chat.HookStudio:
		return studio.EnqueueMessage(tx, d.Lane, d.LaneSeq, studio.Inbound{AccountSID: d.AccountSID, FlowSID: d.FlowSID, ChannelSID: d.Params["ChannelSid"], Params: d.Params})
	}
	tx.AfterCommit(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.calls = append(o.calls, d)
	})
	return nil
}

// told waits for the first calls and takes them: a commit is seen a moment before its calls are noted.
func (o *outbox) told(t *testing.T) (calls []chat.Delivery) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); len(calls) == 0; time.Sleep(5 * time.Millisecond) {
		if calls = o.take(); len(calls) == 0 && time.Now().After(end) {
			t.Fatal("nobody was told anything")
		}
	}
	return calls
}

func (o *outbox) take() []chat.Delivery {
	o.mu.Lock()
	defer o.mu.Unlock()
	calls := o.calls
	o.calls = nil
	return calls
}

// provision makes the workspace.
func (f *fixture) provision(t *testing.T) {
	t.Helper()
	f.space = taskrouter.Provision{AccountSID: f.account, WorkspaceSID: core.NewSID("WS"), WorkflowSID: core.NewSID("WW"), QueueSID: core.NewSID("WQ"),
		WorkerSID: core.NewSID("WK"), WorkerName: "agent"}
	if err := f.st.Update(t.Context(), func(tx *store.Tx) error { return f.tr.ProvisionTx(tx, f.space) }); err != nil {
		t.Fatal(err)
	}
}

// taskFlow makes a flow that hands off to the workspace, with the janitor on.
func (f *fixture) taskFlow(t *testing.T, change func(*flex.FlowPatch)) *flex.Flow {
	t.Helper()
	f.provision(t)
	return f.flow(t, func(p *flex.FlowPatch) {
		p.IntegrationType, p.WorkspaceSID, p.WorkflowSID, p.Channel = ptr("task"), &f.space.WorkspaceSID, &f.space.WorkflowSID, ptr("chat")
		p.JanitorEnabled = ptr(true)
		if change != nil {
			change(p)
		}
	})
}

// settle runs jobs until none is left. The first call starts the runner: until then, what is on its way stays there.
func (f *fixture) settle(t *testing.T) {
	t.Helper()
	if !f.running {
		f.running = true
		if err := f.runner.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.runner.Stop(context.Background()) })
	}
	deadline, tick := time.After(30*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for f.count(t, "job WHERE kind <> 'studio.timer'") > 0 {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("jobs are left")
		}
	}
}

func (f *fixture) open(t *testing.T, flow *flex.Flow, identity string, change func(*flex.NewChannel)) *flex.Channel {
	t.Helper()
	n := request(flow, identity)
	if change != nil {
		change(&n)
	}
	c, err := f.flex.CreateChannel(t.Context(), f.account, n)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fixture) api() chat.Actor { return chat.Actor{Service: f.service, Source: chat.SourceAPI} }

// write sends a message as an SDK user.
func (f *fixture) write(t *testing.T, sid, identity, body string) {
	t.Helper()
	u, err := f.chat.EnsureUser(t.Context(), f.service, identity)
	if err == nil {
		_, err = f.chat.SendMessage(t.Context(), chat.Actor{Service: f.service, Identity: identity, User: u, Source: chat.SourceSDK}, sid, chat.NewMessage{Body: &body})
	}
	if err != nil {
		t.Error(err)
	}
}

// attribute reads one of a chat channel's attributes.
func (f *fixture) attribute(t *testing.T, sid, name string) any {
	t.Helper()
	at, err := f.chat.FetchChannel(t.Context(), f.api(), sid)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(at.Channel.Attributes), &all); err != nil {
		t.Fatal(err)
	}
	return all[name]
}

// taskOf reads the SID of a channel's newest task, "" for none, from its record; the attribute must agree.
func (f *fixture) taskOf(t *testing.T, sid string) string {
	t.Helper()
	c, err := f.flex.FetchChannel(t.Context(), f.account, sid)
	if err != nil {
		t.Fatal(err)
	}
	shown := f.attribute(t, sid, "task_sid")
	if c.TaskSID == nil {
		if shown != nil {
			t.Errorf("the attribute names task %v, the record none", shown)
		}
		return ""
	}
	if shown != *c.TaskSID {
		t.Errorf("the attribute names task %v, the record %s", shown, *c.TaskSID)
	}
	return *c.TaskSID
}

func (f *fixture) task(t *testing.T, sid string) *taskrouter.TaskView {
	t.Helper()
	v, err := f.tr.FetchTask(t.Context(), f.account, f.space.WorkspaceSID, sid)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (f *fixture) setTask(t *testing.T, sid string, p taskrouter.TaskPatch) {
	t.Helper()
	if _, err := f.tr.UpdateTask(t.Context(), f.account, f.space.WorkspaceSID, sid, p, ""); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) cancel(t *testing.T, sid string) {
	t.Helper()
	f.setTask(t, sid, taskrouter.TaskPatch{AssignmentStatus: ptr("canceled"), Reason: ptr("test")})
}

// assign gives a task to the worker, as accepting a reservation does.
func (f *fixture) assign(t *testing.T, sid, status string) {
	t.Helper()
	task := f.task(t, sid)
	err := f.st.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Exec(`UPDATE tr_task SET status = 'assigned' WHERE id = $1`, task.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE tr_worker_channel SET held = held + 1, assigned = assigned + 1 WHERE task_channel_id = $1`, task.TaskChannelID); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO tr_reservation (id, workspace_id, task_id, worker_id, queue_id, task_channel_id, status, reason_code, version, timeout,
			expires_at, transfer_id, created_at, updated_at) SELECT $1, workspace_id, $2, id, $3, $4, $5, 0, 0, 120, 0, 0, $6, $6 FROM tr_worker WHERE sid = $7`,
			tx.NextID(), task.ID, task.QueueID, task.TaskChannelID, status, tx.Now(), f.space.WorkerSID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) members(t *testing.T, sid string) string {
	t.Helper()
	list, err := f.chat.ListMembers(t.Context(), f.api(), sid, nil, chat.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range list.Items {
		names = append(names, m.Identity)
	}
	return strings.Join(names, " ")
}

// token is what an agent's desktop comes with.
func (f *fixture) token(who string) *identity.Token {
	return &identity.Token{AccountSID: f.account, Identity: who, ChatServiceSID: f.service.SID, WorkspaceSID: f.space.WorkspaceSID, WorkerSID: f.space.WorkerSID}
}

func (f *fixture) enter(t *testing.T, sid, role, who string, by *identity.Token) error {
	t.Helper()
	_, err := f.flex.AddUser(t.Context(), f.account, sid, role, who, by)
	return err
}

func newRunner(st *store.Store, x *flex.Flex, s *studio.Studio, p *proxy.Proxy) *jobs.Runner {
	kinds := x.Jobs()
	maps.Copy(kinds, p.Jobs())
	maps.Copy(kinds, s.Jobs())
	return jobs.NewRunner(st, kinds, jobs.Options{Sole: true, Poll: 20 * time.Millisecond})
}
