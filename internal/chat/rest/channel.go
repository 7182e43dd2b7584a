package rest

import (
	"strconv"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// channel is chat.v2.service.channel.
type channel struct {
	SID           string             `json:"sid"`
	AccountSID    string             `json:"account_sid"`
	ServiceSID    string             `json:"service_sid"`
	FriendlyName  *string            `json:"friendly_name"`
	UniqueName    *string            `json:"unique_name"`
	Attributes    string             `json:"attributes"`
	Type          string             `json:"type"`
	DateCreated   string             `json:"date_created"`
	DateUpdated   string             `json:"date_updated"`
	CreatedBy     string             `json:"created_by"`
	MembersCount  int64              `json:"members_count"`
	MessagesCount int64              `json:"messages_count"`
	URL           string             `json:"url"`
	Links         map[string]*string `json:"links"`
}

func showChannel(r *httpapi.Request, s *chat.Service) func(*chat.Room) any {
	return func(room *chat.Room) any {
		c := room.Channel
		url := r.Base.URL(product, "/v2/Services/"+s.SID+"/Channels/"+c.SID)
		link := func(path string) *string { path = url + path; return &path }
		out := channel{
			SID: c.SID, AccountSID: s.AccountSID, ServiceSID: s.SID, FriendlyName: c.FriendlyName, UniqueName: c.UniqueName, Attributes: c.Attributes,
			Type: c.Type, DateCreated: core.ISO(c.CreatedAt), DateUpdated: core.ISO(c.UpdatedAt), CreatedBy: c.CreatedBy,
			MembersCount: room.Seq.Members, MessagesCount: room.Seq.MessagesCount(), URL: url,
			Links: map[string]*string{"members": link("/Members"), "messages": link("/Messages"), "invites": link("/Invites"), "webhooks": link("/Webhooks"), "last_message": nil},
		}
		if room.Seq.LastIndex >= 0 {
			out.Links["last_message"] = link("/Messages/" + strconv.FormatInt(room.Seq.LastIndex, 10))
		}
		return out
	}
}

func (h handlers) listChannels(r *httpapi.Request) (httpapi.Response, error) {
	page, types := r.Page(), r.List("Type")
	for _, t := range types {
		if t != "public" && t != "private" {
			r.Fault(core.Ef(core.CodeInvalidParameter, "Type must be public or private"))
		}
	}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		l, err := h.chat.ListChannels(r.Context(), a.Service, types, pageOf(page))
		return listing(r, "channels", page, l, err, showChannel(r, a.Service))
	})
}

func (h handlers) createChannel(r *httpapi.Request) (httpapi.Response, error) {
	created, updated := dates(r)
	n := chat.NewChannel{FriendlyName: r.Str("FriendlyName"), UniqueName: r.Str("UniqueName"), Attributes: r.Text("Attributes"),
		CreatedBy: r.Text("CreatedBy"), CreatedAt: created, UpdatedAt: updated}
	if t := r.Enum("Type", core.CodeInvalidParameter, "public", "private"); t != nil {
		n.Type = *t
	}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		room, err := h.chat.CreateChannel(r.Context(), a, n)
		return answer(httpapi.Created, room, err, showChannel(r, a.Service))
	})
}

func (h handlers) fetchChannel(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		standing, err := h.chat.FetchChannel(r.Context(), a, r.Path("Sid"))
		if err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.OK(showChannel(r, a.Service)(&standing.Room))
	})
}

func (h handlers) updateChannel(r *httpapi.Request) (httpapi.Response, error) {
	created, updated := dates(r)
	patch := chat.ChannelPatch{FriendlyName: r.Str("FriendlyName"), UniqueName: r.Str("UniqueName"), Attributes: r.Str("Attributes"),
		CreatedBy: r.Str("CreatedBy"), CreatedAt: created, UpdatedAt: updated}
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		room, err := h.chat.UpdateChannel(r.Context(), a, r.Path("Sid"), patch)
		return answer(httpapi.OK, room, err, showChannel(r, a.Service))
	})
}

func (h handlers) deleteChannel(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		return gone(h.chat.DeleteChannel(r.Context(), a, r.Path("Sid")))
	})
}
