package rest

import (
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// binding is chat.v2.service.binding.
type binding struct {
	bindingCommon
	Links map[string]string `json:"links"`
}

// userBinding is chat.v2.service.user.user_binding: the same binding as its user's.
type userBinding struct {
	bindingCommon
	UserSID string `json:"user_sid"`
}

type bindingCommon struct {
	SID           string   `json:"sid"`
	AccountSID    string   `json:"account_sid"`
	ServiceSID    string   `json:"service_sid"`
	DateCreated   string   `json:"date_created"`
	DateUpdated   string   `json:"date_updated"`
	Endpoint      string   `json:"endpoint"`
	Identity      string   `json:"identity"`
	CredentialSID *string  `json:"credential_sid"`
	BindingType   string   `json:"binding_type"`
	MessageTypes  []string `json:"message_types"`
	URL           string   `json:"url"`
}

func commonOf(s *chat.Service, b *chat.Binding, url string) bindingCommon {
	out := bindingCommon{
		SID: b.SID, AccountSID: s.AccountSID, ServiceSID: s.SID, DateCreated: core.ISO(b.CreatedAt), DateUpdated: core.ISO(b.UpdatedAt),
		Endpoint: b.Endpoint, Identity: b.Identity, BindingType: b.Type, MessageTypes: b.MessageTypeList(), URL: url,
	}
	if b.CredentialSID != "" {
		out.CredentialSID = &b.CredentialSID
	}
	return out
}

func showBinding(r *httpapi.Request, s *chat.Service) func(*chat.Binding) any {
	return func(b *chat.Binding) any {
		service := r.Base.URL(product, "/v2/Services/"+s.SID)
		return binding{commonOf(s, b, service+"/Bindings/"+b.SID), map[string]string{"user": service + "/Users/" + b.UserSID}}
	}
}

func showUserBinding(r *httpapi.Request, s *chat.Service) func(*chat.Binding) any {
	return func(b *chat.Binding) any {
		return userBinding{commonOf(s, b, r.Base.URL(product, "/v2/Services/"+s.SID+"/Users/"+b.UserSID+"/Bindings/"+b.SID)), b.UserSID}
	}
}

// bindings are the handlers of the bindings of a service, or of the user that the path names: path is where the user stands in it, and
// "" for the former.
type bindings struct {
	handlers
	path string
	show func(*httpapi.Request, *chat.Service) func(*chat.Binding) any
}

func (h bindings) user(r *httpapi.Request) string {
	if h.path == "" {
		return ""
	}
	return r.Path(h.path)
}

func (h bindings) list(r *httpapi.Request) (httpapi.Response, error) {
	page, filter := r.Page(), chat.BindingFilter{User: h.user(r), Types: r.List("BindingType"), Identities: r.List("Identity")}
	if h.path != "" {
		filter.Identities = nil // not a parameter of a user's bindings
	}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		l, err := h.chat.ListBindings(r.Context(), a.Service, filter, pageOf(page))
		return listing(r, "bindings", page, l, err, h.show(r, a.Service))
	})
}

func (h bindings) fetch(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		b, err := h.chat.FetchBinding(r.Context(), a.Service, h.user(r), r.Path("Sid"))
		return answer(httpapi.OK, b, err, h.show(r, a.Service))
	})
}

func (h bindings) remove(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		return gone(h.chat.DeleteBinding(r.Context(), a.Service, h.user(r), r.Path("Sid")))
	})
}
