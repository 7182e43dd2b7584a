package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

func (h handlers) taskChannelRoutes(rt *httpapi.Router, list string) {
	rt.Handle(product, "GET "+list, httpapi.AccountOrToken, h.forWorkers(h.listTaskChannels))
	rt.Handle(product, "POST "+list, httpapi.Account, h.createTaskChannel)
	rt.Handle(product, "GET "+list+"/{Sid}", httpapi.Account, h.fetchTaskChannel)
	rt.Handle(product, "POST "+list+"/{Sid}", httpapi.Account, h.updateTaskChannel)
	rt.Handle(product, "DELETE "+list+"/{Sid}", httpapi.Account, h.deleteTaskChannel)
}

// taskChannel is taskrouter.v1.workspace.task_channel.
type taskChannel struct {
	AccountSID              string        `json:"account_sid"`
	DateCreated             string        `json:"date_created"`
	DateUpdated             string        `json:"date_updated"`
	FriendlyName            string        `json:"friendly_name"`
	SID                     string        `json:"sid"`
	UniqueName              string        `json:"unique_name"`
	WorkspaceSID            string        `json:"workspace_sid"`
	ChannelOptimizedRouting bool          `json:"channel_optimized_routing"`
	URL                     string        `json:"url"`
	Links                   workspaceLink `json:"links"`
}

func showTaskChannel(r *httpapi.Request, c *taskrouter.TaskChannel) taskChannel {
	ws := r.Path("WorkspaceSid")
	return taskChannel{
		AccountSID: r.Caller.AccountSID, DateCreated: core.ISO(c.CreatedAt), DateUpdated: core.ISO(c.UpdatedAt), FriendlyName: c.FriendlyName, SID: c.SID,
		UniqueName: c.UniqueName, WorkspaceSID: ws, ChannelOptimizedRouting: c.Optimized, URL: address(r, ws, "TaskChannels", c.SID),
		Links: workspaceLink{address(r, ws)},
	}
}

func (h handlers) createTaskChannel(r *httpapi.Request) (httpapi.Response, error) {
	optimized := r.Bool("ChannelOptimizedRouting")
	n := taskrouter.NewTaskChannel{
		FriendlyName: r.Required("FriendlyName", fault), UniqueName: r.Required("UniqueName", fault), Optimized: optimized != nil && *optimized,
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := h.tr.CreateTaskChannel(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showTaskChannel(r, c))
}

func (h handlers) updateTaskChannel(r *httpapi.Request) (httpapi.Response, error) {
	p := taskrouter.TaskChannelPatch{FriendlyName: r.Str("FriendlyName"), Optimized: r.Bool("ChannelOptimizedRouting")}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := h.tr.UpdateTaskChannel(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"), p)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showTaskChannel(r, c))
}

func (h handlers) fetchTaskChannel(r *httpapi.Request) (httpapi.Response, error) {
	c, err := h.tr.FetchTaskChannel(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showTaskChannel(r, c))
}

func (h handlers) deleteTaskChannel(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.tr.DeleteTaskChannel(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listTaskChannels(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListTaskChannels(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "channels", page, list, func(c *taskrouter.TaskChannel) string { return c.SID }, showTaskChannel)
}
