package taskrouter

// The statuses of a task (taskrouter-studio A.6).
const (
	TaskPending   = "pending"
	TaskReserved  = "reserved"
	TaskAssigned  = "assigned"
	TaskWrapping  = "wrapping"
	TaskCompleted = "completed"
	TaskCanceled  = "canceled"
)

// The statuses of a reservation (taskrouter-studio A.8).
const (
	ReservationPending   = "pending"
	ReservationAccepted  = "accepted"
	ReservationRejected  = "rejected"
	ReservationTimeout   = "timeout"
	ReservationCanceled  = "canceled"
	ReservationRescinded = "rescinded"
	ReservationWrapping  = "wrapping"
	ReservationCompleted = "completed"
)

// The statuses, modes and types of a transfer (taskrouter-studio A.10).
const (
	TransferInitiated = "initiated"
	TransferComplete  = "complete"
	TransferFailed    = "failed"
	TransferCanceled  = "canceled"

	TransferCold = "COLD"
	TransferWarm = "WARM"

	TransferToWorker = "WORKER"
	TransferToQueue  = "QUEUE" // also for workflows
)

// Orders of queues (taskrouter-studio A.7).
const (
	FIFO = "FIFO"
	LIFO = "LIFO"
)

// Workspace ("WS…") holds everything else. All times are microseconds.
type Workspace struct {
	ID                                   int64
	SID, AccountSID, FriendlyName        string
	DefaultActivityID, TimeoutActivityID int64
	EventCallbackURL, EventsFilter       string // the filter is a comma-separated list of event types, "" for all
	MultiTask                            bool
	Prioritize                           string // which queues go first: FIFO or LIFO
	Rev                                  int64  // rises with every change of what Space shows
	CreatedAt, UpdatedAt                 int64
}

// Activity ("WA…") is what a worker does; some make it available for work.
type Activity struct {
	ID                   int64
	SID                  string
	WorkspaceID          int64
	FriendlyName         string
	Available            bool
	CreatedAt, UpdatedAt int64
}

// TaskChannel ("TC…") is a kind of work with a capacity of its own.
type TaskChannel struct {
	ID                       int64
	SID                      string
	WorkspaceID              int64
	FriendlyName, UniqueName string
	Optimized                bool // the worker that is idle longest on this channel goes first
	CreatedAt, UpdatedAt     int64
}

// TaskQueue ("WQ…") names the workers who may take the tasks in it.
type TaskQueue struct {
	ID                                          int64
	SID                                         string
	WorkspaceID                                 int64
	FriendlyName, TargetWorkers                 string
	MaxReserved                                 int64
	TaskOrder                                   string
	AssignmentActivityID, ReservationActivityID int64 // 0 for none
	CreatedAt, UpdatedAt                        int64
}

// Workflow ("WW…") brings tasks into queues.
type Workflow struct {
	ID                          int64
	SID                         string
	WorkspaceID                 int64
	FriendlyName, Configuration string
	AssignmentURL, FallbackURL  string
	ReservationTimeout          int64 // seconds
	CreatedAt, UpdatedAt        int64
}

// Worker ("WK…") takes tasks.
type Worker struct {
	ID                    int64
	SID                   string
	WorkspaceID           int64
	FriendlyName, NameKey string
	ActivityID            int64
	Attributes            string
	Version               int64
	StatusChangedAt       int64
	CreatedAt, UpdatedAt  int64
}

// WorkerChannel ("WC…", of its number) is what a worker can take of one task channel.
type WorkerChannel struct {
	ID, WorkerID, TaskChannelID int64
	Capacity                    int64
	Available                   bool
	Held                        int64 // pending, accepted and wrapping reservations
	Assigned                    int64 // accepted ones
	AssignedAt                  int64 // when work of this channel was last given
	CreatedAt, UpdatedAt        int64
}

// Percentage is the share of the capacity that is free (taskrouter-studio A.5).
func (c *WorkerChannel) Percentage() int64 {
	if c.Capacity <= 0 || c.Held >= c.Capacity {
		return 0
	}
	return 100 * (c.Capacity - c.Held) / c.Capacity
}

// Task ("WT…", of its number) is work to be given to a worker.
type Task struct {
	ID, WorkspaceID, WorkflowID, QueueID, TaskChannelID int64 // workflow and queue are 0 where a routing target leaves them out
	Status, Reason                                      string
	Priority                                            int64
	Attributes                                          string
	Timeout                                             int64 // seconds to live until accepted
	VirtualStart                                        int64
	RoutingTarget                                       string
	IgnoreCapacity                                      bool
	Version                                             int64
	Events                                              int64 // the number of its last event, for the order of callbacks
	Attempts                                            int64 // moves from pending to reserved

	// Where it is in its workflow, see match.Task.
	StepFilter, StepTarget int64
	StepFresh              bool
	StepBase               int64
	OnlySkips              bool

	QueueEnteredAt       int64
	TransferID           int64 // the transfer under way, 0 for none
	DueAt                int64 // when it must be ended or removed, 0 while the matcher looks after it
	CreatedAt, UpdatedAt int64
}

// Waits reports whether the matcher looks after the task.
func (t *Task) Waits() bool { return t.Status == TaskPending || t.Status == TaskReserved }

// Ended reports whether nothing can change the task any more.
func (t *Task) Ended() bool { return t.Status == TaskCompleted || t.Status == TaskCanceled }

// Reservation ("WR…", of its number) offers a task to a worker.
type Reservation struct {
	ID, WorkspaceID, TaskID, WorkerID, QueueID, TaskChannelID int64
	Status                                                    string
	ReasonCode                                                int64 // why it was canceled, 0 for none
	Version                                                   int64
	Timeout                                                   int64 // seconds
	ExpiresAt                                                 int64
	TransferID                                                int64 // the transfer that it is part of as its target, 0 for none
	CreatedAt, UpdatedAt                                      int64
}

// Open reports whether the reservation uses capacity.
func (r *Reservation) Open() bool {
	return r.Status == ReservationPending || r.Status == ReservationAccepted || r.Status == ReservationWrapping
}

// Transfer ("TT…", of its number) hands an assigned task on.
type Transfer struct {
	ID, WorkspaceID, TaskID                  int64
	ReservationID, WorkerID                  int64 // who began it
	QueueID, WorkflowID                      int64 // where the task was then, and what else it gets back if the transfer comes to nothing
	QueueEnteredAt, Priority                 int64
	RoutingTarget                            string
	Mode, Target, Type, Status, FailedReason string
	CreatedAt, UpdatedAt                     int64
}

// Event ("EV…", of its number) is a row of the history. A pointer to it is emitted to the receivers of store.OnCommit, who must not
// change it.
type Event struct {
	ID, WorkspaceID                                                                 int64
	Type                                                                            string
	At                                                                              int64
	TaskID, ReservationID, WorkerID, QueueID, WorkflowID, TaskChannelID, ActivityID int64
	Wait, WaitInQueue                                                               int64 // microseconds
	ResourceType, ResourceSID                                                       string
	Data                                                                            string // JSON object of texts
}
