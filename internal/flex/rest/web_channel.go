package rest

import (
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/httpapi"
)

// webChannel is flex.v1.web_channel.
type webChannel struct {
	AccountSID  string `json:"account_sid"`
	FlexFlowSID string `json:"flex_flow_sid"`
	SID         string `json:"sid"`
	URL         string `json:"url"`
	DateCreated string `json:"date_created"`
	DateUpdated string `json:"date_updated"`
}

func showWebChannel(r *httpapi.Request, c *flex.Channel) webChannel {
	return webChannel{
		AccountSID: c.AccountSID, FlexFlowSID: c.FlowSID, SID: c.SID,
		URL: r.Base.URL(product, "/v1/WebChannels/"+c.SID), DateCreated: core.ISO(c.CreatedAt), DateUpdated: core.ISO(c.UpdatedAt),
	}
}

// createWebChannel serves an app's back end, and the widget itself with its visitor's token.
func (h *API) createWebChannel(r *httpapi.Request) (httpapi.Response, error) {
	if r.Caller.Token != nil {
		if err := h.door.admit(r); err != nil {
			return httpapi.Response{}, err
		}
	}
	n := flex.NewWebChannel{
		FlowSID: r.Text("FlexFlowSid"), Identity: r.Text("Identity"), CustomerFriendlyName: r.Text("CustomerFriendlyName"),
		ChatFriendlyName: r.Text("ChatFriendlyName"), ChatUniqueName: r.Text("ChatUniqueName"), PreEngagementData: r.Text("PreEngagementData"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	if r.Caller.Token != nil {
		if err := h.door.admitTo(n.FlowSID); err != nil {
			return httpapi.Response{}, err
		}
	}
	c, err := h.flex.CreateWebChannel(r.Context(), r.Caller.AccountSID, n, r.Caller.Token)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showWebChannel(r, c))
}

func (h *API) updateWebChannel(r *httpapi.Request) (httpapi.Response, error) {
	p := flex.WebChannelPatch{
		End: r.Enum("ChatStatus", core.CodeFlexValidation, "inactive") != nil, PostEngagement: r.Str("PostEngagementData"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	c, err := h.flex.UpdateWebChannel(r.Context(), r.Caller.AccountSID, r.Path("Sid"), p)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showWebChannel(r, c))
}

func (h *API) fetchWebChannel(r *httpapi.Request) (httpapi.Response, error) {
	c, err := h.flex.FetchWebChannel(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showWebChannel(r, c))
}

func (h *API) deleteWebChannel(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.flex.DeleteWebChannel(r.Context(), r.Caller.AccountSID, r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h *API) listWebChannels(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.flex.ListWebChannels(r.Context(), r.Caller.AccountSID, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "flex_chat_channels", page, list, func(c *flex.Channel) string { return c.SID }, showWebChannel)
}
