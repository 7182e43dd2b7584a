package rest

import (
	"math"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

// workerChannel is taskrouter.v1.workspace.worker.worker_channel.
type workerChannel struct {
	AccountSID                  string `json:"account_sid"`
	AssignedTasks               int64  `json:"assigned_tasks"`
	Available                   bool   `json:"available"`
	AvailableCapacityPercentage int64  `json:"available_capacity_percentage"`
	ConfiguredCapacity          int64  `json:"configured_capacity"`
	DateCreated                 string `json:"date_created"`
	DateUpdated                 string `json:"date_updated"`
	SID                         string `json:"sid"`
	TaskChannelSID              string `json:"task_channel_sid"`
	TaskChannelUniqueName       string `json:"task_channel_unique_name"`
	WorkerSID                   string `json:"worker_sid"`
	WorkspaceSID                string `json:"workspace_sid"`
	URL                         string `json:"url"`
}

func (h handlers) showWorkerChannel(r *httpapi.Request, c *taskrouter.WorkerChannelView) workerChannel {
	ws, sid := c.Space.Workspace, h.tr.WorkerChannelSID(c.ID)
	out := workerChannel{
		AccountSID: ws.AccountSID, AssignedTasks: c.Assigned, Available: c.Available, AvailableCapacityPercentage: c.Percentage(),
		ConfiguredCapacity: c.Capacity, DateCreated: core.ISO(c.CreatedAt), DateUpdated: core.ISO(c.UpdatedAt), SID: sid, WorkerSID: c.WorkerSID,
		WorkspaceSID: ws.SID, URL: address(r, ws.SID, "Workers", c.WorkerSID, "Channels", sid),
	}
	if of := c.Space.Channel(c.TaskChannelID); of != nil {
		out.TaskChannelSID, out.TaskChannelUniqueName = of.SID, of.UniqueName
	}
	return out
}

func (h handlers) fetchWorkerChannel(r *httpapi.Request) (httpapi.Response, error) {
	c, err := h.tr.FetchWorkerChannel(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("WorkerSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(h.showWorkerChannel(r, c))
}

func (h handlers) updateWorkerChannel(r *httpapi.Request) (httpapi.Response, error) {
	capacity, available := r.Int("Capacity", core.CodeTaskRouterInvalid, 0, math.MaxInt32), r.Bool("Available")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := h.tr.UpdateWorkerChannel(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("WorkerSid"), r.Path("Sid"), capacity, available)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(h.showWorkerChannel(r, c))
}

func (h handlers) listWorkerChannels(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListWorkerChannels(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("WorkerSid"), page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	sid := func(c *taskrouter.WorkerChannelView) string { return h.tr.WorkerChannelSID(c.ID) }
	return httpapi.ListRows(r, product, "channels", page, list, sid, h.showWorkerChannel)
}
