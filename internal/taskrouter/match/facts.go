package match

import (
	"parley/internal/taskrouter/expr"
	"parley/internal/taskrouter/workflow"
)

// The facts that a [Board] is told. Times are microseconds since 1970. Attributes are decoded JSON; they are shared with the board
// and must not be changed any more.

// Workspace is what the workspace itself says of the order.
type Workspace struct {
	LIFOFirst bool // PrioritizeQueueOrder: of equal priority, LIFO queues go before FIFO queues
}

// Activity is what a worker does.
type Activity struct {
	ID        int64
	SID, Name string
	Available bool
}

// Channel is a task channel.
type Channel struct {
	ID         int64
	UniqueName string
	Optimized  bool // the worker who is idle longest on this channel goes first, not the one who is idle longest on all
}

// Queue is a task queue.
type Queue struct {
	ID          int64
	SID, Name   string
	Members     *expr.Expr // TargetWorkers; nil: nobody
	MaxReserved int        // reservations of one task at once; less than 1 counts as 1
	LIFO        bool
}

// Workflow is a workflow.
type Workflow struct {
	ID                 int64
	Plan               *workflow.Plan // nil: its tasks wait and go nowhere
	ReservationTimeout int64          // microseconds
}

// Slot is a worker's share of a task channel.
type Slot struct {
	Channel      int64
	Capacity     int
	Held         int // pending, accepted and wrapping reservations
	Assigned     int // accepted ones
	Available    bool
	LastAssigned int64 // when it was last offered work of this channel; 0: never
}

// Worker is somebody who takes tasks.
type Worker struct {
	ID           int64
	SID, Name    string
	Activity     int64
	Attributes   any
	Slots        []Slot
	LastAssigned int64 // when it was last offered work; 0: never
}

// Task is one that waits: pending, or reserved with pending reservations.
type Task struct {
	ID             int64
	Version        int64
	Workflow       int64 // may be 0 with a Target of "WK…" or "WQ…"
	Queue          int64 // 0: the one that its step names, as soon as there is one
	Channel        int64
	Attributes     any
	Priority       int64
	Created        int64
	VirtualStart   int64
	Step           workflow.Step
	Fresh          bool    // it has just entered the step: skip_if was not looked at yet
	Base           int64   // where the step's timeout counts from: Created plus the timeouts of the steps that ended by them
	OnlySkips      bool    // every step so far was left by skip_if; so it begins
	Target         string  // RoutingTarget: "WK…" and "WQ…" bypass the workflow; "WW…" is as "", Workflow is the one that it names
	IgnoreCapacity bool    // with a worker as Target: neither its capacity nor its availability counts
	Holders        []int64 // workers with a pending reservation of the task
	Keepers        []int64 // workers who have accepted it and hand it on: it is not offered to them (taskrouter-studio A.10)
	Attempts       int     // moves from pending to reserved so far
	Expires        int64   // when its time to live ends; 0: never
}
