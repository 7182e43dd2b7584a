package rest

import (
	"strconv"

	"parley/internal/core"
	"parley/internal/taskrouter"
)

// fields are an object of an answer. Statistics are answered flat or one level down, with the same names (taskrouter-studio A.13).
type fields map[string]any

// about says whose statistics they are.
func about(s *taskrouter.Statistics) fields {
	f := fields{"account_sid": s.Space.Workspace.AccountSID, "workspace_sid": s.Space.Workspace.SID}
	switch {
	case s.Queue != nil:
		f["task_queue_sid"] = s.Queue.SID
	case s.Workflow != nil:
		f["workflow_sid"] = s.Workflow.SID
	case s.Worker != nil:
		f["worker_sid"] = s.Worker.SID
	}
	return f
}

// now is the real-time part.
func (h handlers) now(s *taskrouter.Statistics) fields {
	f := fields{}
	if t := s.Tasks; t != nil {
		f["longest_task_waiting_age"], f["longest_task_waiting_sid"] = seconds(t.LongestAge), h.taskOrNull(t.LongestID)
		f["tasks_by_priority"] = t.ByPriority
		f["tasks_by_status"] = map[string]int64{"pending": t.Pending, "reserved": t.Reserved, "assigned": t.Assigned, "wrapping": t.Wrapping}
		f["total_tasks"] = t.Total()
	}
	if w := s.Workers; w != nil {
		counts := make([]fields, len(w.ByActivity))
		for i, c := range w.ByActivity {
			counts[i] = fields{"sid": c.SID, "friendly_name": c.FriendlyName, "workers": c.Workers}
		}
		f["activity_statistics"] = counts
		if s.Queue == nil {
			f["total_workers"] = w.Total
		}
	}
	if s.Queue != nil {
		f["longest_relative_task_age_in_queue"] = seconds(s.Tasks.LongestInQueueAge)
		f["longest_relative_task_sid_in_queue"] = h.taskOrNull(s.Tasks.LongestInQueueID)
		f["total_available_workers"], f["total_eligible_workers"] = s.Workers.Available, s.Workers.Total
	}
	return f
}

func (h handlers) taskOrNull(id int64) *string {
	if id == 0 {
		return nil
	}
	return orNull(h.tr.TaskSID(id))
}

// past is the cumulative part.
func past(s *taskrouter.Statistics) fields {
	p := s.Past
	f := fields{
		"start_time": core.ISO(p.Start), "end_time": core.ISO(p.End), "reservations_created": p.ReservationsCreated,
		"reservations_accepted": p.ReservationsAccepted, "reservations_rejected": p.ReservationsRejected,
		"reservations_timed_out": p.ReservationsTimedOut, "reservations_canceled": p.ReservationsCanceled,
		"reservations_rescinded": p.ReservationsRescinded,
	}
	if p.Activities != nil {
		times := make([]fields, len(p.Activities))
		for i, t := range p.Activities {
			times[i] = spread(t.Spread)
			times[i]["sid"], times[i]["friendly_name"] = t.SID, t.FriendlyName
		}
		f["activity_durations"] = times
		return f
	}
	f["avg_task_acceptance_time"] = seconds(p.UntilAccepted.Avg())
	f["wait_duration_until_accepted"], f["wait_duration_until_canceled"] = spread(p.UntilAccepted), spread(p.UntilCanceled)
	splits := fields{}
	for _, t := range p.Splits {
		splits[strconv.FormatInt(t.Seconds, 10)] = fields{
			"above": fields{"reservations_accepted": t.AboveAccepted, "tasks_canceled": t.AboveCanceled},
			"below": fields{"reservations_accepted": t.BelowAccepted, "tasks_canceled": t.BelowCanceled},
		}
	}
	f["split_by_wait_time"] = splits
	f["tasks_canceled"], f["tasks_completed"], f["tasks_deleted"], f["tasks_moved"] = p.TasksCanceled, p.TasksCompleted, p.TasksDeleted, p.TasksMoved
	if s.Queue != nil {
		f["wait_duration_in_queue_until_accepted"], f["tasks_entered"] = spread(p.InQueueUntilAccepted), p.TasksEntered
		return f
	}
	f["tasks_timed_out_in_workflow"] = p.WorkflowTimedOut
	if s.Workflow != nil {
		f["tasks_entered"] = p.WorkflowEntered
	} else {
		f["tasks_created"] = p.TasksCreated
	}
	return f
}

func spread(s taskrouter.Spread) fields {
	return fields{"avg": seconds(s.Avg()), "min": seconds(s.Min), "max": seconds(s.Max), "total": seconds(s.Total)}
}

// seconds rounds microseconds down.
func seconds(us int64) int64 { return us / 1e6 }
