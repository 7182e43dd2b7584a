package taskrouter

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"parley/internal/store"
)

// Provision names what a new instance has.
type Provision struct {
	AccountSID, WorkspaceSID, WorkflowSID, QueueSID, WorkerSID string
	WorkerName                                                 string
}

// ProvisionTx makes what Flex has from the start: a workspace with the usual activities and task channels, a queue of everybody, a workflow
// that leads there, and a worker who is an agent (taskrouter-studio A.3). What exists stays as it is, and what was deleted is made anew.
func (tr *TaskRouter) ProvisionTx(tx *store.Tx, p Provision) error {
	u, err := tr.provisionWorkspace(tx, p)
	if err != nil {
		return err
	}
	if u.QueueBySID(p.QueueSID) == nil {
		name, err := freeName("Everyone", func(name string) (bool, error) { return u.QueueByRef(name) != nil, nil })
		if err != nil {
			return err
		}
		if _, err := u.createQueue(p.QueueSID, NewTaskQueue{FriendlyName: name}); err != nil {
			return err
		}
	}
	if u.WorkflowBySID(p.WorkflowSID) == nil {
		n := NewWorkflow{FriendlyName: "Assign to Anyone", Configuration: `{"task_routing":{"filters":[],"default_filter":{"queue":"` + p.QueueSID + `"}}}`}
		if _, err := u.createWorkflow(p.WorkflowSID, n); err != nil {
			return err
		}
	}
	return u.provisionWorker(p)
}

func (tr *TaskRouter) provisionWorkspace(tx *store.Tx, p Provision) (*unit, error) {
	ws, err := workspaces.One(&tx.Reader, `WHERE sid = $1`, p.WorkspaceSID)
	if errors.Is(err, store.ErrNoRow) {
		return tr.createWorkspace(tx, p.AccountSID, p.WorkspaceSID, NewWorkspace{FriendlyName: "Flex Task Assignment"}, "Offline", "Available", "Unavailable", "Break")
	}
	if err != nil {
		return nil, err
	}
	s, err := loadSpace(&tx.Reader, ws.ID)
	return &unit{view{s, tr, &tx.Reader}, tx}, err
}

// provisionWorker makes the agent. Its roles are what Flex asks of a worker who may sign in.
func (u *unit) provisionWorker(p Provision) error {
	_, err := workers.One(u.r, `WHERE sid = $1`, p.WorkerSID)
	if !errors.Is(err, store.ErrNoRow) {
		return err
	}
	name, err := freeName(p.WorkerName, func(name string) (bool, error) {
		_, err := workers.One(u.r, `WHERE workspace_id = $1 AND name_key = $2`, u.Workspace.ID, strings.ToLower(name))
		if errors.Is(err, store.ErrNoRow) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return err
	}
	attributes, err := json.Marshal(map[string]any{"contact_uri": "client:" + p.WorkerName, "full_name": capital(p.WorkerName), "roles": []string{"agent"}})
	if err != nil {
		return err
	}
	if err := u.shareConfig(); err != nil {
		return err
	}
	_, err = u.createWorker(NewWorker{SID: p.WorkerSID, FriendlyName: name, Attributes: string(attributes)})
	return err
}

// capital begins a name with a capital letter.
func capital(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}

// freeName is a name, with a number where somebody gave that name to something else.
func freeName(name string, taken func(name string) (bool, error)) (string, error) {
	for n, free := 2, name; ; n++ {
		used, err := taken(free)
		if err != nil || !used {
			return free, err
		}
		free = name + " " + strconv.Itoa(n)
	}
}
