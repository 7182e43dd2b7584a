package rest

import (
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// role is chat.v2.service.role.
type role struct {
	SID          string   `json:"sid"`
	AccountSID   string   `json:"account_sid"`
	ServiceSID   string   `json:"service_sid"`
	FriendlyName string   `json:"friendly_name"`
	Type         string   `json:"type"`
	Permissions  []string `json:"permissions"`
	DateCreated  string   `json:"date_created"`
	DateUpdated  string   `json:"date_updated"`
	URL          string   `json:"url"`
}

func showRole(r *httpapi.Request, s *chat.Service) func(*chat.Role) any {
	return func(x *chat.Role) any {
		return role{
			SID: x.SID, AccountSID: s.AccountSID, ServiceSID: s.SID, FriendlyName: x.FriendlyName, Type: x.Type, Permissions: x.PermissionList(),
			DateCreated: core.ISO(x.CreatedAt), DateUpdated: core.ISO(x.UpdatedAt), URL: r.Base.URL(product, "/v2/Services/"+s.SID+"/Roles/"+x.SID),
		}
	}
}

func (h handlers) listRoles(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		l, err := h.chat.ListRoles(r.Context(), a.Service, pageOf(page))
		return listing(r, "roles", page, l, err, showRole(r, a.Service))
	})
}

func (h handlers) createRole(r *httpapi.Request) (httpapi.Response, error) {
	n := chat.NewRole{FriendlyName: r.Required("FriendlyName", core.CodeChatNameRequired), Type: r.Required("Type", core.CodeInvalidRoleType),
		Permissions: r.List("Permission")}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		x, err := h.chat.CreateRole(r.Context(), a.Service, n)
		return answer(httpapi.Created, x, err, showRole(r, a.Service))
	})
}

func (h handlers) fetchRole(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		x, err := h.chat.FetchRole(r.Context(), a.Service, r.Path("Sid"))
		return answer(httpapi.OK, x, err, showRole(r, a.Service))
	})
}

// updateRole replaces the permissions. Without any it changes nothing, like other empty updates (rest-semantics §2.2).
func (h handlers) updateRole(r *httpapi.Request) (httpapi.Response, error) {
	permissions := r.List("Permission")
	if permissions == nil {
		return h.fetchRole(r)
	}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		x, err := h.chat.UpdateRole(r.Context(), a.Service, r.Path("Sid"), permissions)
		return answer(httpapi.OK, x, err, showRole(r, a.Service))
	})
}

func (h handlers) deleteRole(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		return gone(h.chat.DeleteRole(r.Context(), a.Service, r.Path("Sid")))
	})
}
