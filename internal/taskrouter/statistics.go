package taskrouter

import (
	"context"
	"slices"
)

// Part says which statistics are asked for.
type Part uint8

// The parts of statistics (taskrouter-studio A.13).
const (
	RealTime   Part = 1 << iota // as it is now, from what lives
	Cumulative                  // what happened in a period, from the history
)

// maxSplits is how many thresholds SplitByWaitTime may have.
const maxSplits = 20

// StatisticsFilter narrows statistics.
type StatisticsFilter struct {
	Part
	Period
	TaskChannel string  // SID or unique name, "" for all; another is 20001
	Split       []int64 // thresholds of waiting in seconds
}

// Statistics is an answer: of the queue, workflow or worker that is set, else of the workspace or of several workers.
type Statistics struct {
	Space    *Space
	Queue    *TaskQueue
	Workflow *Workflow
	Worker   *Worker

	Tasks   *TasksNow   // real-time
	Workers *WorkersNow // real-time
	Past    *Past       // cumulative
}

// question is a filter that was understood.
type question struct {
	*view
	Part
	start, end int64 // both included, where the past is asked for
	channel    *TaskChannel
	split      []int64
}

func (tr *TaskRouter) statistics(ctx context.Context, accountSID, workspaceSID string, f StatisticsFilter, fn func(q *question) error) error {
	return tr.view(ctx, accountSID, workspaceSID, func(v *view) error {
		q := &question{view: v, Part: f.Part, split: f.Split}
		if f.TaskChannel != "" {
			if q.channel = v.ChannelByRef(f.TaskChannel); q.channel == nil {
				return invalid("TaskChannel %q is neither the SID nor the unique name of a task channel of this workspace", clip(f.TaskChannel))
			}
		}
		if len(f.Split) > maxSplits {
			return invalid("SplitByWaitTime has %d thresholds; at most %d are allowed", len(f.Split), maxSplits)
		}
		if q.Part&Cumulative != 0 {
			var err error
			if q.start, q.end, err = f.recent(v.r.Now()); err != nil {
				return err
			}
		}
		return fn(q)
	})
}

// WorkspaceStatistics counts all tasks and all workers.
func (tr *TaskRouter) WorkspaceStatistics(ctx context.Context, accountSID, workspaceSID string, f StatisticsFilter) (s *Statistics, err error) {
	err = tr.statistics(ctx, accountSID, workspaceSID, f, func(q *question) error {
		s = &Statistics{Space: q.Space}
		if q.Part&RealTime != 0 {
			if s.Tasks, err = q.tasksNow("", 0); err != nil {
				return err
			}
			if s.Workers, err = q.workersNow(q.allWorkers()); err != nil {
				return err
			}
		}
		if q.Part&Cumulative != 0 {
			s.Past, err = q.tasksPast("", 0)
		}
		return err
	})
	return s, err
}

// WorkflowStatistics counts the tasks of a workflow.
func (tr *TaskRouter) WorkflowStatistics(ctx context.Context, accountSID, workspaceSID, workflowSID string, f StatisticsFilter) (s *Statistics, err error) {
	err = tr.statistics(ctx, accountSID, workspaceSID, f, func(q *question) error {
		w := q.WorkflowBySID(workflowSID)
		if w == nil {
			return notFound("Workflow", workflowSID)
		}
		s = &Statistics{Space: q.Space, Workflow: w}
		if q.Part&RealTime != 0 {
			if s.Tasks, err = q.tasksNow("workflow_id", w.ID); err != nil {
				return err
			}
		}
		if q.Part&Cumulative != 0 {
			s.Past, err = q.tasksPast("workflow_id", w.ID)
		}
		return err
	})
	return s, err
}

// QueueStatistics counts the tasks of a queue and its workers.
func (tr *TaskRouter) QueueStatistics(ctx context.Context, accountSID, workspaceSID, queueSID string, f StatisticsFilter) (s *Statistics, err error) {
	err = tr.statistics(ctx, accountSID, workspaceSID, f, func(q *question) error {
		queue := q.QueueBySID(queueSID)
		if queue == nil {
			return notFound("TaskQueue", queueSID)
		}
		list, err := q.queues([]*TaskQueue{queue})
		if err == nil {
			s = list[0]
		}
		return err
	})
	return s, err
}

// MaxBulkQueues is how many queues BulkQueueStatistics takes (taskrouter-studio A.2).
const MaxBulkQueues = 50

// BulkQueueStatistics is QueueStatistics for 1 to MaxBulkQueues queues; what is no queue of the workspace is left out.
func (tr *TaskRouter) BulkQueueStatistics(ctx context.Context, accountSID, workspaceSID string, queueSIDs []string, f StatisticsFilter) (list []*Statistics, err error) {
	if len(queueSIDs) == 0 || len(queueSIDs) > MaxBulkQueues {
		return nil, invalid("queueSids must name 1 to %d task queues, not %d", MaxBulkQueues, len(queueSIDs))
	}
	err = tr.statistics(ctx, accountSID, workspaceSID, f, func(q *question) error {
		var found []*TaskQueue
		for _, sid := range queueSIDs {
			if queue := q.QueueBySID(sid); queue != nil && !slices.Contains(found, queue) {
				found = append(found, queue)
			}
		}
		list, err = q.queues(found)
		return err
	})
	return list, err
}

// ListQueueStatistics is QueueStatistics for up to limit queues after the one whose SID is after ("" for the first), in the order in which they
// were made; name filters by friendly name, "" for all.
func (tr *TaskRouter) ListQueueStatistics(ctx context.Context, accountSID, workspaceSID, name, after string, limit int, f StatisticsFilter) (list []*Statistics, err error) {
	err = tr.statistics(ctx, accountSID, workspaceSID, f, func(q *question) error {
		from := int64(0)
		if after != "" {
			last := q.QueueBySID(after)
			if last == nil {
				return badToken()
			}
			from = last.ID
		}
		var found []*TaskQueue
		for _, queue := range q.Queues {
			if queue.ID > from && len(found) < limit && (name == "" || queue.FriendlyName == name) {
				found = append(found, queue)
			}
		}
		list, err = q.queues(found)
		return err
	})
	return list, err
}

// queues answers for several queues with as many queries as for one.
func (q *question) queues(queues []*TaskQueue) ([]*Statistics, error) {
	list := make([]*Statistics, len(queues))
	for i, queue := range queues {
		list[i] = &Statistics{Space: q.Space, Queue: queue}
	}
	if len(list) == 0 {
		return list, nil
	}
	if q.Part&RealTime != 0 {
		if err := q.queuesNow(list); err != nil {
			return nil, err
		}
	}
	if q.Part&Cumulative != 0 {
		return list, q.queuesPast(list)
	}
	return list, nil
}

// WorkersStatistics counts the workers whom w asks for, and what they did. The original looks at 100 of them; here all count.
func (tr *TaskRouter) WorkersStatistics(ctx context.Context, accountSID, workspaceSID string, w WorkerFilter, f StatisticsFilter) (s *Statistics, err error) {
	err = tr.statistics(ctx, accountSID, workspaceSID, f, func(q *question) error {
		s = &Statistics{Space: q.Space}
		if q.Part&RealTime != 0 {
			scan, err := q.scan(w)
			if err != nil {
				return err
			}
			if s.Workers, err = q.workersNow(scan); err != nil {
				return err
			}
		}
		if q.Part&Cumulative != 0 {
			scan, err := q.scan(w)
			if err != nil {
				return err
			}
			s.Past, err = q.workersPast(scan, w == WorkerFilter{})
			return err
		}
		return nil
	})
	return s, err
}

// WorkerStatistics tells what one worker did.
func (tr *TaskRouter) WorkerStatistics(ctx context.Context, accountSID, workspaceSID, workerSID string, f StatisticsFilter) (s *Statistics, err error) {
	err = tr.statistics(ctx, accountSID, workspaceSID, f, func(q *question) error {
		w, err := q.worker(workerSID)
		if err != nil {
			return err
		}
		s = &Statistics{Space: q.Space, Worker: w}
		s.Past, err = q.workerPast(w)
		return err
	})
	return s, err
}
