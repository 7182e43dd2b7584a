package rest

import (
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// invite is chat.v2.service.channel.invite.
type invite struct {
	SID         string `json:"sid"`
	AccountSID  string `json:"account_sid"`
	ChannelSID  string `json:"channel_sid"`
	ServiceSID  string `json:"service_sid"`
	Identity    string `json:"identity"`
	DateCreated string `json:"date_created"`
	DateUpdated string `json:"date_updated"`
	RoleSID     string `json:"role_sid"`
	CreatedBy   string `json:"created_by"`
	URL         string `json:"url"`
}

func (h handlers) showInvite(r *httpapi.Request, s *chat.Service) func(*chat.Invite) any {
	return func(i *chat.Invite) any {
		sid := h.chat.InviteSID(i.ID)
		return invite{
			SID: sid, AccountSID: s.AccountSID, ChannelSID: i.ChannelSID, ServiceSID: s.SID, Identity: i.Identity,
			DateCreated: core.ISO(i.CreatedAt), DateUpdated: core.ISO(i.UpdatedAt), RoleSID: i.RoleSID, CreatedBy: i.CreatedBy,
			URL: r.Base.URL(product, "/v2/Services/"+s.SID+"/Channels/"+i.ChannelSID+"/Invites/"+sid),
		}
	}
}

func (h handlers) listInvites(r *httpapi.Request) (httpapi.Response, error) {
	page, identities := r.Page(), r.List("Identity")
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		l, err := h.chat.ListInvites(r.Context(), a, r.Path("ChannelSid"), identities, pageOf(page))
		return listing(r, "invites", page, l, err, h.showInvite(r, a.Service))
	})
}

func (h handlers) createInvite(r *httpapi.Request) (httpapi.Response, error) {
	n := chat.NewInvite{Identity: r.Required("Identity", core.CodeIdentityRequired), RoleSID: r.Text("RoleSid")}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		i, err := h.chat.CreateInvite(r.Context(), a, r.Path("ChannelSid"), n)
		return answer(httpapi.Created, i, err, h.showInvite(r, a.Service))
	})
}

func (h handlers) fetchInvite(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		i, err := h.chat.FetchInvite(r.Context(), a, r.Path("ChannelSid"), r.Path("Sid"))
		return answer(httpapi.OK, i, err, h.showInvite(r, a.Service))
	})
}

func (h handlers) deleteInvite(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		return gone(h.chat.DeleteInvite(r.Context(), a, r.Path("ChannelSid"), r.Path("Sid")))
	})
}
