package rest

import (
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// user is chat.v2.service.user.
type user struct {
	SID                 string            `json:"sid"`
	AccountSID          string            `json:"account_sid"`
	ServiceSID          string            `json:"service_sid"`
	Attributes          string            `json:"attributes"`
	FriendlyName        *string           `json:"friendly_name"`
	RoleSID             string            `json:"role_sid"`
	Identity            string            `json:"identity"`
	IsOnline            *bool             `json:"is_online"`
	IsNotifiable        *bool             `json:"is_notifiable"`
	DateCreated         string            `json:"date_created"`
	DateUpdated         string            `json:"date_updated"`
	JoinedChannelsCount int64             `json:"joined_channels_count"`
	Links               map[string]string `json:"links"`
	URL                 string            `json:"url"`
}

// showUser shows users with their counts of joined channels, and with whether they can be notified: nil in lists. Reachability is null
// there and where the service has it off; so is whether a user is online who never was (rest-semantics §2.7).
func showUser(r *httpapi.Request, s *chat.Service, joined map[int64]int64, notifiable map[int64]bool) func(*chat.User) any {
	return func(u *chat.User) any {
		url := r.Base.URL(product, "/v2/Services/"+s.SID+"/Users/"+u.SID)
		out := user{
			SID: u.SID, AccountSID: s.AccountSID, ServiceSID: s.SID, Attributes: u.Attributes, FriendlyName: u.FriendlyName, RoleSID: u.RoleSID,
			Identity: u.Identity, DateCreated: core.ISO(u.CreatedAt), DateUpdated: core.ISO(u.UpdatedAt), JoinedChannelsCount: joined[u.ID], URL: url,
			Links: map[string]string{"user_channels": url + "/Channels", "user_bindings": url + "/Bindings"},
		}
		if s.Reachability && notifiable != nil {
			can := notifiable[u.ID]
			out.IsNotifiable = &can
			if u.ReachEv != 0 { // else it was never online
				out.IsOnline = &u.Online
			}
		}
		return out
	}
}

// oneUser answers with a single user.
func (h handlers) oneUser(r *httpapi.Request, a chat.Actor, status func(any) (httpapi.Response, error), u *chat.User, err error) (httpapi.Response, error) {
	if err != nil {
		return httpapi.Response{}, err
	}
	joined, err := h.chat.JoinedCounts(r.Context(), []int64{u.ID})
	if err != nil {
		return httpapi.Response{}, err
	}
	notifiable, err := h.chat.Notifiable(r.Context(), []int64{u.ID})
	return answer(status, u, err, showUser(r, a.Service, joined, notifiable))
}

func (h handlers) listUsers(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		l, err := h.chat.ListUsers(r.Context(), a.Service, pageOf(page))
		if err != nil {
			return httpapi.Response{}, err
		}
		ids := make([]int64, len(l.Items))
		for i, u := range l.Items {
			ids[i] = u.ID
		}
		joined, err := h.chat.JoinedCounts(r.Context(), ids)
		return listing(r, "users", page, l, err, showUser(r, a.Service, joined, nil))
	})
}

func (h handlers) createUser(r *httpapi.Request) (httpapi.Response, error) {
	n := chat.NewUser{Identity: r.Required("Identity", core.CodeIdentityRequired), FriendlyName: r.Str("FriendlyName"),
		Attributes: r.Text("Attributes"), RoleSID: r.Text("RoleSid")}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		u, err := h.chat.CreateUser(r.Context(), a, n)
		return h.oneUser(r, a, httpapi.Created, u, err)
	})
}

func (h handlers) fetchUser(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		u, err := h.chat.FetchUser(r.Context(), a.Service, r.Path("Sid"))
		return h.oneUser(r, a, httpapi.OK, u, err)
	})
}

func (h handlers) updateUser(r *httpapi.Request) (httpapi.Response, error) {
	patch := chat.UserPatch{FriendlyName: r.Str("FriendlyName"), Attributes: r.Str("Attributes"), RoleSID: r.Str("RoleSid")}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		u, err := h.chat.UpdateUser(r.Context(), a, r.Path("Sid"), patch)
		return h.oneUser(r, a, httpapi.OK, u, err)
	})
}

func (h handlers) deleteUser(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		return gone(h.chat.DeleteUser(r.Context(), a, r.Path("Sid")))
	})
}
