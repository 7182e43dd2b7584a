package resttest

import (
	"fmt"
	"strings"
	"sync"

	"parley/internal/chat"
	"parley/internal/store"
)

// recorder collects what requests caused: the changes that commits emitted, and the webhook calls that they enqueued.
type recorder struct {
	mu      sync.Mutex
	changes []string
	calls   []chat.Delivery
}

func (o *recorder) commit(changes []any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range changes {
		o.changes = append(o.changes, strings.TrimPrefix(fmt.Sprintf("%T", c), "chat."))
	}
}

// Enqueue implements chat.Outbox.
func (o *recorder) Enqueue(tx *store.Tx, d chat.Delivery) error {
	tx.AfterCommit(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.calls = append(o.calls, d)
	})
	return nil
}

// take returns what was collected since the last call.
func (o *recorder) take() (changes []string, calls []chat.Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	changes, calls = o.changes, o.calls
	o.changes, o.calls = nil, nil
	return changes, calls
}
