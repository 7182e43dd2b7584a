package taskrouter

// Signal is one event as a worker's sockets get it (flex-ui-protocol §3.5). It is emitted after the commit to the receivers of
// store.OnCommit. Exactly one of the payloads is set, but for workers who were deleted, of whom nothing is shown.
type Signal struct {
	WorkerID int64
	Seq      int64 // the worker's event number: 1, 2, 3, … without gaps
	Type     string

	Worker        *WorkerView
	WorkerChannel *WorkerChannelView
	Reservation   *ReservationView
	Task          *TaskView
	Transfer      *TransferView
}

// The views are rows at the moment of an event or an answer, with the workspace as it was then. They are shared and never change.

// WorkerView is a worker to be shown.
type WorkerView struct {
	Space *Space
	Worker
}

// WorkerChannelView is a worker's channel to be shown.
type WorkerChannelView struct {
	Space *Space
	WorkerChannel
	WorkerSID string
}

// TaskView is a task to be shown.
type TaskView struct {
	Space *Space
	Task
}

// ReservationView is a reservation to be shown, with its task and, where there is one, the transfer that brought it (Incoming) or
// that its worker has begun (Outgoing).
type ReservationView struct {
	Space *Space
	Reservation
	WorkerSID, WorkerName string
	Task                  *Task // nil where the task was removed
	Incoming, Outgoing    *Transfer
	IncomingWorkerSID     string // of the worker who began Incoming, "" where it was removed
}

// TransferView is a transfer to be shown.
type TransferView struct {
	Space *Space
	Transfer
	WorkerSID string // of the worker who began it
}
