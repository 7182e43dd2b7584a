package rest

import (
	"encoding/json"

	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/httpapi"
)

// flow is flex.v1.flex_flow.
type flow struct {
	AccountSID      string          `json:"account_sid"`
	DateCreated     string          `json:"date_created"`
	DateUpdated     string          `json:"date_updated"`
	SID             string          `json:"sid"`
	FriendlyName    string          `json:"friendly_name"`
	ChatServiceSID  string          `json:"chat_service_sid"`
	ChannelType     string          `json:"channel_type"`
	ContactIdentity *string         `json:"contact_identity"`
	Enabled         bool            `json:"enabled"`
	IntegrationType *string         `json:"integration_type"`
	Integration     json.RawMessage `json:"integration"`
	LongLived       bool            `json:"long_lived"`
	JanitorEnabled  bool            `json:"janitor_enabled"`
	URL             string          `json:"url"`
}

func showFlow(r *httpapi.Request, f *flex.Flow) flow {
	return flow{
		AccountSID: f.AccountSID, DateCreated: core.ISO(f.CreatedAt), DateUpdated: core.ISO(f.UpdatedAt), SID: f.SID,
		FriendlyName: f.FriendlyName, ChatServiceSID: f.ChatServiceSID, ChannelType: f.ChannelType, ContactIdentity: orNull(f.ContactIdentity),
		Enabled: f.Enabled, IntegrationType: orNull(f.IntegrationType), Integration: json.RawMessage(f.Integration),
		LongLived: f.LongLived, JanitorEnabled: f.JanitorEnabled, URL: r.Base.URL(product, "/v1/FlexFlows/"+f.SID),
	}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func readFlow(r *httpapi.Request) flex.FlowPatch {
	fault := core.CodeFlexFlowFailed
	return flex.FlowPatch{
		FriendlyName: r.Str("FriendlyName"), ChatServiceSID: r.Str("ChatServiceSid"),
		ChannelType: r.Enum("ChannelType", fault, flex.ChannelTypes...), ContactIdentity: r.Str("ContactIdentity"),
		Enabled: r.Bool("Enabled"), LongLived: r.Bool("LongLived"), JanitorEnabled: r.Bool("JanitorEnabled"),
		IntegrationType: r.Enum("IntegrationType", fault, flex.IntegrationStudio, flex.IntegrationExternal, flex.IntegrationTask),
		FlowSID:         r.Str("Integration.FlowSid"), URL: r.Str("Integration.Url"),
		WorkspaceSID: r.Str("Integration.WorkspaceSid"), WorkflowSID: r.Str("Integration.WorkflowSid"), Channel: r.Str("Integration.Channel"),
		Timeout: r.Int("Integration.Timeout", fault, 0, 1<<31), Priority: r.Int("Integration.Priority", fault, 0, 1<<31),
		RetryCount: r.Int("Integration.RetryCount", fault, 0, 3), CreationOnMessage: r.Bool("Integration.CreationOnMessage"),
	}
}

func (h *API) createFlow(r *httpapi.Request) (httpapi.Response, error) {
	patch := readFlow(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	f, err := h.flex.CreateFlow(r.Context(), r.Caller.AccountSID, patch)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showFlow(r, f))
}

func (h *API) updateFlow(r *httpapi.Request) (httpapi.Response, error) {
	patch := readFlow(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	f, err := h.flex.UpdateFlow(r.Context(), r.Caller.AccountSID, r.Path("Sid"), patch)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showFlow(r, f))
}

func (h *API) fetchFlow(r *httpapi.Request) (httpapi.Response, error) {
	f, err := h.flex.FetchFlow(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showFlow(r, f))
}

func (h *API) deleteFlow(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.flex.DeleteFlow(r.Context(), r.Caller.AccountSID, r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h *API) listFlows(r *httpapi.Request) (httpapi.Response, error) {
	page, name := r.Page(), r.Str("FriendlyName")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.flex.ListFlows(r.Context(), r.Caller.AccountSID, name, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "flex_flows", page, list, func(f *flex.Flow) string { return f.SID }, showFlow)
}
