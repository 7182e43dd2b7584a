package match

import "parley/internal/taskrouter/workflow"

// Kind is what a [Decision] does with its task.
type Kind uint8

// The kinds of decisions.
const (
	Reserve Kind = iota + 1 // offer it to Worker until Expires
	Move                    // it enters the step To, and the queue of that
	Leave                   // it leaves the workflow, canceled
	Expire                  // it has lived or was offered for too long, canceled
)

// Reasons of decisions. Those of canceled tasks are the vendor's texts (taskrouter-studio A.6).
const (
	ReasonTimeout         = "timeout" // of a Move
	ReasonSkip            = "skip"    // of a Move
	ReasonWorkflowTimeout = "Task canceled on Workflow timeout"
	ReasonTTL             = "Task TTL Exceeded"
	ReasonAttempts        = "Task TTL Exceeded or Max assignment count exceeded"
)

// MaxAttempts is how often a task may go from pending to reserved (taskrouter-studio A.4). It is canceled when it is pending again after that.
const MaxAttempts = 1000

// defaultReservationTimeout holds for tasks that bypass all workflows, in microseconds (taskrouter-studio A.2).
const defaultReservationTimeout = 120_000_000

// Decision is one thing to be done. Each raises the task's version by one; several on one task carry it as it will be.
type Decision struct {
	Kind          Kind
	Task, Version int64
	Worker        int64         // of a Reserve
	Queue         int64         // the task's queue, of a Move the new one; 0 if it does not exist
	Expires       int64         // of a Reserve: when the reservation ends, in microseconds
	From, To      workflow.Step // other than From in a Move only
	Base          int64         // the task's Base afterwards
	Priority      *int64        // of a Move: the task's new priority; nil: it keeps its own
	OnlySkips     bool          // the task's OnlySkips afterwards
	Skipped       bool          // of a Move or Leave: the step was left by skip_if, not by its timeout
	Reason        string
}
