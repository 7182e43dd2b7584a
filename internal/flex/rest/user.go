package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
)

// user is somebody whom a worker's acceptance brought into a channel. The published API does not describe this answer; its readers look
// at the status only (flex-ui-protocol §5.5).
type user struct {
	AccountSID  string `json:"account_sid"`
	ChannelSID  string `json:"channel_sid"`
	UserSID     string `json:"user_sid"`
	Identity    string `json:"identity"`
	Role        string `json:"role"`
	DateCreated string `json:"date_created"`
}

func (h *API) addUser(r *httpapi.Request) (httpapi.Response, error) {
	who := r.Text("Identity")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	role := r.Path("Role")
	m, err := h.flex.AddUser(r.Context(), r.Caller.AccountSID, r.Path("Sid"), role, who, r.Caller.Token)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(user{AccountSID: r.Caller.AccountSID, ChannelSID: m.ChannelSID, UserSID: m.UserSID, Identity: m.Identity, Role: role,
		DateCreated: core.ISO(m.CreatedAt)})
}
