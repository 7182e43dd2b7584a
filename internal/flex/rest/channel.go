package rest

import (
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/httpapi"
)

// channel is flex.v1.channel.
type channel struct {
	AccountSID  string  `json:"account_sid"`
	FlexFlowSID string  `json:"flex_flow_sid"`
	SID         string  `json:"sid"`
	UserSID     string  `json:"user_sid"`
	TaskSID     *string `json:"task_sid"`
	URL         string  `json:"url"`
	DateCreated string  `json:"date_created"`
	DateUpdated string  `json:"date_updated"`
}

func showChannel(r *httpapi.Request, c *flex.Channel) channel {
	return channel{
		AccountSID: c.AccountSID, FlexFlowSID: c.FlowSID, SID: c.SID, UserSID: c.UserSID, TaskSID: c.TaskSID,
		URL: r.Base.URL(product, "/v1/Channels/"+c.SID), DateCreated: core.ISO(c.CreatedAt), DateUpdated: core.ISO(c.UpdatedAt),
	}
}

func (h *API) createChannel(r *httpapi.Request) (httpapi.Response, error) {
	n := flex.NewChannel{
		FlowSID: r.Text("FlexFlowSid"), Identity: r.Text("Identity"),
		ChatUserFriendlyName: r.Text("ChatUserFriendlyName"), ChatFriendlyName: r.Text("ChatFriendlyName"),
		Target: r.Text("Target"), ChatUniqueName: r.Text("ChatUniqueName"), PreEngagementData: r.Text("PreEngagementData"),
		TaskSID: r.Text("TaskSid"), TaskAttributes: r.Text("TaskAttributes"), LongLived: r.Bool("LongLived"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := h.flex.CreateChannel(r.Context(), r.Caller.AccountSID, n)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showChannel(r, c))
}

func (h *API) fetchChannel(r *httpapi.Request) (httpapi.Response, error) {
	c, err := h.flex.FetchChannel(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showChannel(r, c))
}

func (h *API) deleteChannel(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.flex.DeleteChannel(r.Context(), r.Caller.AccountSID, r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h *API) listChannels(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.flex.ListChannels(r.Context(), r.Caller.AccountSID, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "flex_chat_channels", page, list, func(c *flex.Channel) string { return c.SID }, showChannel)
}
