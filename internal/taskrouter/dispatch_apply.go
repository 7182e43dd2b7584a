package taskrouter

import (
	"strconv"

	"parley/internal/taskrouter/match"
)

// apply makes one decision true, on a locked task that is as the board knew it. at is the time by which was decided. With false the
// worker could not be offered it, and nothing was changed.
func (u *unit) apply(t *Task, d match.Decision, at int64) (ok bool, err error) {
	switch d.Kind {
	case match.Reserve:
		if d.Queue != 0 && d.Queue != t.QueueID { // the queue that its workflow names was made after the task
			if err := u.enterQueue(t, d.Queue); err != nil {
				return false, err
			}
			if err := u.saveTask(t); err != nil {
				return false, err
			}
		}
		return u.offer(t, d.Worker, (d.Expires-at)/1e6, t.TransferID, t.IgnoreCapacity && prefix(t.RoutingTarget) == "WK")
	case match.Move:
		return true, u.moveTask(t, d)
	case match.Leave:
		if err := u.leaveStep(t, d); err != nil {
			return false, err
		}
		event := "workflow.timeout"
		if d.Skipped {
			event = "workflow.skipped"
		}
		if err := u.record(note{Type: event, Task: t, Extra: stepFields(u.Plan(t.WorkflowID), d.From)}); err != nil {
			return false, err
		}
	}
	return true, u.cancelTask(t, d.Reason)
}

// moveTask takes a task into the next step of its workflow (taskrouter-studio A.4).
func (u *unit) moveTask(t *Task, d match.Decision) error {
	u.touch(t)
	if err := u.leaveStep(t, d); err != nil {
		return err
	}
	plan, before := u.Plan(t.WorkflowID), t.Priority
	t.StepBase, t.OnlySkips = d.Base, d.OnlySkips
	if err := u.enterStep(t, plan, d.To); err != nil {
		return err
	}
	fields := stepFields(plan, d.To)
	fields["previous_task_priority"] = strconv.FormatInt(before, 10)
	if err := u.record(note{Type: "workflow.target-matched", Task: t, Extra: fields}); err != nil {
		return err
	}
	return u.saveTask(t)
}

// leaveStep tells of a step whose timeout ended. One that is skipped is left without a word.
func (u *unit) leaveStep(t *Task, d match.Decision) error {
	if d.Skipped || t.QueueID == 0 {
		return nil
	}
	return u.record(note{Type: "task-queue.timeout", Task: t, Extra: stepFields(u.Plan(t.WorkflowID), d.From)})
}
