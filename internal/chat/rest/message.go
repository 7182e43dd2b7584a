package rest

import (
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// message is chat.v2.service.channel.message.
type message struct {
	SID           string  `json:"sid"`
	AccountSID    string  `json:"account_sid"`
	Attributes    string  `json:"attributes"`
	ServiceSID    string  `json:"service_sid"`
	To            string  `json:"to"`
	ChannelSID    string  `json:"channel_sid"`
	DateCreated   string  `json:"date_created"`
	DateUpdated   string  `json:"date_updated"`
	LastUpdatedBy *string `json:"last_updated_by"`
	WasEdited     bool    `json:"was_edited"`
	From          string  `json:"from"`
	Body          *string `json:"body"`
	Index         int64   `json:"index"`
	Type          string  `json:"type"`
	Media         *media  `json:"media"`
	URL           string  `json:"url"`
}

// media is what a message says of its media.
type media struct {
	SID         string  `json:"sid"`
	Size        int64   `json:"size"`
	ContentType string  `json:"content_type"`
	Filename    *string `json:"filename"`
}

func (h handlers) showMessage(r *httpapi.Request, s *chat.Service, channelSID string) func(*chat.Message) any {
	return func(m *chat.Message) any {
		sid := h.chat.MessageSID(m.ID)
		out := message{
			SID: sid, AccountSID: s.AccountSID, Attributes: m.Attributes, ServiceSID: s.SID, To: channelSID, ChannelSID: channelSID,
			DateCreated: core.ISO(m.CreatedAt), DateUpdated: core.ISO(m.UpdatedAt), LastUpdatedBy: m.LastUpdatedBy, WasEdited: m.WasEdited,
			From: m.Author, Body: &m.Body, Index: m.Index, Type: "text",
			URL: r.Base.URL(product, "/v2/Services/"+s.SID+"/Channels/"+channelSID+"/Messages/"+sid),
		}
		if m.Media != nil {
			out.Type = "media"
			out.Media = &media{h.chat.MediaSID(m.Media.ID), m.Media.Size, m.Media.ContentType, m.Media.Filename}
			if m.Body == "" {
				out.Body = nil
			}
		}
		return out
	}
}

func (h handlers) listMessages(r *httpapi.Request) (httpapi.Response, error) {
	page, order := r.Page(), r.Enum("Order", core.CodeInvalidParameter, "asc", "desc")
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		p := pageOf(page)
		p.Desc = order != nil && *order == "desc"
		l, err := h.chat.ListMessages(r.Context(), a, sid, p)
		return listing(r, "messages", page, l, err, h.showMessage(r, a.Service, sid))
	})
}

func (h handlers) createMessage(r *httpapi.Request) (httpapi.Response, error) {
	created, updated := dates(r)
	n := chat.NewMessage{From: r.Text("From"), Body: r.Str("Body"), Attributes: r.Text("Attributes"), MediaSID: r.Text("MediaSid"),
		LastUpdatedBy: r.Str("LastUpdatedBy"), CreatedAt: created, UpdatedAt: updated}
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		m, err := h.chat.SendMessage(r.Context(), a, sid, n)
		return answer(httpapi.Created, m, err, h.showMessage(r, a.Service, sid))
	})
}

func (h handlers) fetchMessage(r *httpapi.Request) (httpapi.Response, error) {
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		m, err := h.chat.FetchMessage(r.Context(), a, sid, r.Path("Sid"))
		return answer(httpapi.OK, m, err, h.showMessage(r, a.Service, sid))
	})
}

func (h handlers) updateMessage(r *httpapi.Request) (httpapi.Response, error) {
	created, updated := dates(r)
	patch := chat.MessagePatch{Body: r.Str("Body"), Attributes: r.Str("Attributes"), From: r.Str("From"), LastUpdatedBy: r.Str("LastUpdatedBy"),
		CreatedAt: created, UpdatedAt: updated}
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		m, err := h.chat.UpdateMessage(r.Context(), a, sid, r.Path("Sid"), patch)
		return answer(httpapi.OK, m, err, h.showMessage(r, a.Service, sid))
	})
}

func (h handlers) deleteMessage(r *httpapi.Request) (httpapi.Response, error) {
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		return gone(h.chat.DeleteMessage(r.Context(), a, sid, r.Path("Sid")))
	})
}
