package rest

import (
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/match"
)

// whyRoutes mounts an extension: what the original left to guessing.
func (h handlers) whyRoutes(rt *httpapi.Router) {
	rt.Handle(product, "GET /v1/Workspaces/{WorkspaceSid}/Tasks/{TaskSid}/Why", httpapi.Account, h.why)
}

// why says why a task waits, see docs/taskrouter-workflows.md.
type why struct {
	AccountSID       string     `json:"account_sid"`
	WorkspaceSID     string     `json:"workspace_sid"`
	TaskSID          string     `json:"task_sid"`
	AssignmentStatus string     `json:"assignment_status"`
	TaskQueueSID     *string    `json:"task_queue_sid"`
	TaskQueueName    *string    `json:"task_queue_friendly_name"`
	Step             *whyStep   `json:"step"` // null where the task does not wait, or its routing target bypasses the workflow
	Waits            *string    `json:"waits"`
	OfferedTo        []whyWho   `json:"offered_to"`
	Faults           []whyFault `json:"faults"`
	Workers          []whyRuled `json:"workers"`
	URL              string     `json:"url"`
}

type whyStep struct {
	FilterIndex      int     `json:"filter_index"`
	FilterName       string  `json:"filter_name"`
	TargetIndex      int     `json:"target_index"`
	TargetExpression *string `json:"target_expression"`
}

type whyWho struct {
	SID          string `json:"sid"`
	FriendlyName string `json:"friendly_name"`
}

type whyFault struct {
	Code    *int   `json:"code"`
	Message string `json:"message"`
}

type whyRuled struct {
	Reason   match.Obstacle `json:"reason"`
	Count    int            `json:"count"`
	Examples []whyWho       `json:"examples"`
}

func (h handlers) why(r *httpapi.Request) (httpapi.Response, error) {
	found, err := h.tr.Why(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("TaskSid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(h.showWhy(r, found))
}

func (h handlers) showWhy(r *httpapi.Request, found *taskrouter.Why) why {
	ws, sid, e := found.Space.Workspace, h.tr.TaskSID(found.ID), found.Explanation
	out := why{AccountSID: ws.AccountSID, WorkspaceSID: ws.SID, TaskSID: sid, AssignmentStatus: found.Status, Waits: orNull(e.Waits),
		OfferedTo: whyNames(found, e.Holders), Faults: []whyFault{}, Workers: []whyRuled{}, URL: address(r, ws.SID, "Tasks", sid, "Why")}
	if q := found.Space.Queue(e.Queue); q != nil {
		out.TaskQueueSID, out.TaskQueueName = &q.SID, &q.FriendlyName
	}
	if found.Filtered {
		out.Step = &whyStep{e.Step.Filter, found.FilterName, e.Step.Target, orNull(e.Expression)}
	}
	for _, f := range e.Faults {
		shown := whyFault{Message: f.Message}
		if f.Code != 0 {
			shown.Code = &f.Code
		}
		out.Faults = append(out.Faults, shown)
	}
	for _, ruled := range e.Workers {
		out.Workers = append(out.Workers, whyRuled{ruled.Obstacle, ruled.Count, whyNames(found, ruled.Examples)})
	}
	return out
}

func whyNames(found *taskrouter.Why, ids []int64) []whyWho {
	out := []whyWho{}
	for _, id := range ids {
		if w := found.Names[id]; w != nil {
			out = append(out, whyWho{w.SID, w.FriendlyName})
		}
	}
	return out
}
