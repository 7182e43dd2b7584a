package resttest

import (
	"fmt"
	"strings"
	"sync"

	"parley/internal/chat"
	"parley/internal/jobs"
	"parley/internal/proxy"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// recorder collects what requests caused: the changes that commits emitted, and the calls that they enqueued.
type recorder struct {
	mu      sync.Mutex
	changes []string
	calls   []string
}

// commit notes a change by its type, a worker's event by its own name, and that there is something new for the matcher once as "match".
func (o *recorder) commit(changes []any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	told := false
	for _, c := range changes {
		switch c := c.(type) {
		case taskrouter.Signal:
			o.changes = append(o.changes, c.Type)
		case taskrouter.Changed:
			if !told {
				o.changes = append(o.changes, "match")
			}
			told = true
		case *taskrouter.Event, jobs.Enqueued: // a row, as others that are counted
		default:
			o.changes = append(o.changes, strings.TrimPrefix(fmt.Sprintf("%T", c), "chat."))
		}
	}
}

// call notes a call once the transaction that enqueued it is committed.
func (o *recorder) call(tx *store.Tx, what string) error {
	tx.AfterCommit(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.calls = append(o.calls, what)
	})
	return nil
}

// take returns what was collected since the last call.
func (o *recorder) take() (changes, calls []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	changes, calls = o.changes, o.calls
	o.changes, o.calls = nil, nil
	return changes, calls
}

// chatOutbox implements chat.Outbox.
type chatOutbox struct{ *recorder }

func (o chatOutbox) Enqueue(tx *store.Tx, d chat.Delivery) error {
	switch d.Type {
	case chat.HookHandler, chat.HookStudio, chat.HookRelay:
		return o.call(tx, d.Params["EventType"]+" "+d.Type)
	}
	return o.call(tx, d.Params["EventType"]+" "+d.URL)
}

// proxyOutbox implements proxy.Outbox.
type proxyOutbox struct{ *recorder }

func (o proxyOutbox) Enqueue(tx *store.Tx, c proxy.Call) error {
	return o.call(tx, strings.TrimSpace("interaction "+c.Params["outboundResourceStatus"])+" "+c.URL)
}

// taskOutbox implements taskrouter.Outbox.
type taskOutbox struct{ *recorder }

func (o taskOutbox) Enqueue(tx *store.Tx, d taskrouter.Delivery) error {
	return o.call(tx, d.Params["EventType"]+" "+d.URL)
}

// EnqueueAssignment names no URL: it is the workflow's when the call is made.
func (o taskOutbox) EnqueueAssignment(tx *store.Tx, _ int64) error { return o.call(tx, "assignment") }
