package taskrouter

import (
	"parley/internal/taskrouter/workflow"
)

// enterFirst lets a task enter its workflow at the top, or its target's queue, and tells of it and of the event that goes with it in the
// order of taskrouter-studio A.11. A task that nothing takes is 20001.
func (u *unit) enterFirst(t *Task, event string) error {
	var route map[string]string // nil: no step is entered
	if t.followsFilters() {
		plan := u.Plan(t.WorkflowID)
		if plan == nil {
			return invalid("The configuration of the task's workflow cannot be read; correct the workflow")
		}
		step, ok := plan.Enter(t.object())
		if !ok {
			return invalid("No filter of the workflow takes a task with these Attributes, and it has no default_filter; change the Attributes or add one")
		}
		route = stepFields(plan, step)
		if err := u.record(note{Type: "workflow.entered", Task: t, Extra: route}); err != nil {
			return err
		}
		if err := u.enterStep(t, plan, step); err != nil {
			return err
		}
	} else if t.QueueID != 0 {
		if err := u.record(note{Type: "task-queue.entered", Task: t}); err != nil {
			return err
		}
	}
	if err := u.record(note{Type: event, Task: t}); err != nil {
		return err
	}
	if route == nil {
		return nil
	}
	return u.record(note{Type: "workflow.target-matched", Task: t, Extra: route})
}

// enterStep puts a task into a step of its workflow: its queue, and its priority where the step says one. It does not touch what the
// step's timeout counts from.
func (u *unit) enterStep(t *Task, plan *workflow.Plan, step workflow.Step) error {
	target := plan.At(step)
	t.StepFilter, t.StepTarget, t.StepFresh = int64(step.Filter), int64(step.Target), true
	setIf(&t.Priority, target.Priority)
	var queueID int64
	if q := u.QueueByRef(target.Queue); q != nil {
		queueID = q.ID
	} else {
		sid, missing, log := u.tr.TaskSID(t.ID), clip(target.Queue), u.tr.log
		u.tx.AfterCommit(func() {
			log.Warn("a workflow names a queue that does not exist; the task waits", "task", sid, "queue", missing)
		})
	}
	return u.enterQueue(t, queueID)
}

// enterQueue moves a task into a queue, 0 for none, and tells of it where that is another one.
func (u *unit) enterQueue(t *Task, queueID int64) error {
	if queueID == t.QueueID {
		return nil
	}
	if from := u.Queue(t.QueueID); from != nil {
		if err := u.record(note{Type: "task-queue.moved", Task: t, Queue: from}); err != nil {
			return err
		}
	}
	t.QueueID, t.QueueEnteredAt = queueID, u.tx.Now()
	if queueID == 0 {
		return nil
	}
	return u.record(note{Type: "task-queue.entered", Task: t})
}

// stepFields name a step in the events of workflows (taskrouter-studio A.11).
func stepFields(plan *workflow.Plan, step workflow.Step) map[string]string {
	f := map[string]string{"workflow_filter_name": "default_filter"}
	if step.Filter < len(plan.Filters) {
		f["workflow_filter_name"], f["workflow_filter_expression"] = plan.Filters[step.Filter].Name, plan.Filters[step.Filter].Text
	}
	if target := plan.At(step); target != nil {
		f["workflow_filter_target_name"], f["workflow_filter_target_expression"] = target.Name, target.WhereText
	}
	return f
}
