package media

import (
	"log/slog"
	"net/http"
	"time"

	"parley/internal/blob"
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

const product = "mcs"

// Options of Routes.
type Options struct {
	Chat     *chat.Chat
	Blobs    blob.Store
	Signer   blob.Signer
	MaxBytes int64         // of an upload
	LinkTTL  time.Duration // how long a link to content is good
	Stall    time.Duration // how long a peer may stand still; 0 means 30 s
	Now      func() time.Time
	Log      *slog.Logger
}

type handlers struct{ Options }

// Routes mounts the media service.
func Routes(rt *httpapi.Router, o Options) {
	if o.Stall == 0 {
		o.Stall = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	h := handlers{o}
	const list, one = "/v1/Services/{ServiceSid}/Media", "/v1/Services/{ServiceSid}/Media/{Sid}"
	rt.HandleRaw(product, "POST "+list, httpapi.AccountOrToken, http.HandlerFunc(h.upload))
	rt.Handle(product, "GET "+one, httpapi.AccountOrToken, h.fetch)
	rt.HandleRaw(product, "GET "+one+"/Content", httpapi.AccountOrToken, http.HandlerFunc(h.content))
	rt.HandleRaw(product, "GET "+one+"/Content/{Pass}", httpapi.Public, http.HandlerFunc(h.link))
}

// actor returns who asks, in the service of the path. A token is good for its own service only.
func (h handlers) actor(r *http.Request) (chat.Actor, error) {
	caller, sid := httpapi.CallerOf(r), r.PathValue("ServiceSid")
	if caller.Token != nil && caller.Token.ChatServiceSID != sid {
		return chat.Actor{}, core.E(core.CodeServiceNotFound)
	}
	svc, err := h.Chat.Service(r.Context(), caller.AccountSID, sid)
	if err != nil || caller.Token == nil {
		return chat.Actor{Service: svc, Source: chat.SourceAPI}, err
	}
	user, err := h.Chat.EnsureUser(r.Context(), svc, caller.Token.Identity)
	return chat.Actor{Service: svc, Identity: caller.Token.Identity, User: user, Source: chat.SourceSDK}, err
}

// view is a media as answers show it: addresses are relative and dates carry an offset, unlike anywhere else.
type view struct {
	SID               string            `json:"sid"`
	ServiceSID        string            `json:"service_sid"`
	AccountSID        string            `json:"account_sid"`
	ChannelSID        *string           `json:"channel_sid"`
	MessageSID        *string           `json:"message_sid"`
	DateCreated       string            `json:"date_created"`
	DateUploadUpdated string            `json:"date_upload_updated"`
	DateUpdated       string            `json:"date_updated"`
	Size              int64             `json:"size"`
	ContentType       string            `json:"content_type"`
	Filename          *string           `json:"filename"`
	Author            string            `json:"author"`
	Category          string            `json:"category"`
	Multipart         bool              `json:"is_multipart_upstream"`
	URL               string            `json:"url"`
	Links             map[string]string `json:"links"`
}

func (h handlers) view(svc *chat.Service, m *chat.Media, base httpapi.Base) view {
	date := func(us int64) string { return core.FromMicros(us).Format("2006-01-02T15:04:05.000000-07:00") }
	sid := h.Chat.MediaSID(m.ID)
	path := "/v1/Services/" + svc.SID + "/Media/" + sid
	v := view{
		SID: sid, ServiceSID: svc.SID, AccountSID: svc.AccountSID,
		DateCreated: date(m.CreatedAt), DateUploadUpdated: date(m.CreatedAt), DateUpdated: date(m.UpdatedAt),
		Size: m.Size, ContentType: m.ContentType, Filename: m.Filename, Author: m.Author, Category: m.Category, URL: path,
		Links: map[string]string{
			"content":                  path + "/Content",
			"content_direct_temporary": base.URL(product, path+"/Content/"+h.Signer.Sign(sid, h.Now().Add(h.LinkTTL))),
		},
	}
	if m.MessageID > 0 {
		message, channel := h.Chat.MessageSID(m.MessageID), m.ChannelSID
		v.MessageSID, v.ChannelSID = &message, &channel
	}
	return v
}

func (h handlers) fetch(r *httpapi.Request) (httpapi.Response, error) {
	actor, err := h.actor(r.Request)
	if err != nil {
		return httpapi.Response{}, err
	}
	m, err := h.Chat.FetchMedia(r.Context(), actor, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(h.view(actor.Service, m, r.Base))
}
