package taskrouter

import (
	"log/slog"
	"sync"

	"parley/internal/core"
	"parley/internal/store"
)

// Outbox takes what is to be posted, in the transaction that causes it.
type Outbox interface {
	// Enqueue adds an event callback. Callbacks of one lane go out one after another, by LaneSeq.
	Enqueue(tx *store.Tx, d Delivery) error
	// EnqueueAssignment adds the assignment callback of a reservation; whoever runs it calls TaskRouter.CallAssignment.
	EnqueueAssignment(tx *store.Tx, reservationID int64) error
}

// Delivery is one event callback: a form post to URL, signed for the account (taskrouter-studio A.11).
type Delivery struct {
	AccountSID, URL string
	Params          map[string]string
	Lane            string
	LaneSeq         int64
}

// Options of New.
type Options struct {
	Outbox Outbox // nil: nothing is posted
	Log    *slog.Logger
}

// TaskRouter holds the use cases.
type TaskRouter struct {
	st    *store.Store
	codec *core.SIDCodec
	opt   Options
	log   *slog.Logger

	onTask func(tx *store.Tx, space *Space, event string, t *Task) error // nil: nobody is told

	mu     sync.Mutex
	spaces map[int64]*Space // by workspace; each is what its Rev says
}

// New makes the use cases over a store. Make it before the store's first Update.
func New(st *store.Store, codec *core.SIDCodec, o Options) *TaskRouter {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &TaskRouter{st: st, codec: codec, opt: o, log: o.Log, spaces: map[int64]*Space{}}
}

// SetOnTask sets who is told, inside the transaction, of each event of a task (its type, such as "task.completed", and the task as it is
// then): how the conductor of channels, which is made after the TaskRouter that it conducts, learns that a task ended. Call it before
// the first change.
func (tr *TaskRouter) SetOnTask(fn func(tx *store.Tx, space *Space, event string, t *Task) error) {
	tr.onTask = fn
}

// The SIDs that are computed from row numbers.

// TaskSID returns the SID of a task.
func (tr *TaskRouter) TaskSID(id int64) string { return tr.codec.Encode("WT", core.SIDTask, id) }

// ReservationSID returns the SID of a reservation.
func (tr *TaskRouter) ReservationSID(id int64) string {
	return tr.codec.Encode("WR", core.SIDReservation, id)
}

// TransferSID returns the SID of a transfer.
func (tr *TaskRouter) TransferSID(id int64) string {
	return tr.codec.Encode("TT", core.SIDTransfer, id)
}

// EventSID returns the SID of an event.
func (tr *TaskRouter) EventSID(id int64) string { return tr.codec.Encode("EV", core.SIDTaskEvent, id) }

// WorkerChannelSID returns the SID of a worker's channel.
func (tr *TaskRouter) WorkerChannelSID(id int64) string {
	return tr.codec.Encode("WC", core.SIDWorkerChannel, id)
}
