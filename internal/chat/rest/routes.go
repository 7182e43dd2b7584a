package rest

import (
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

const product = "chat"

// Routes mounts the resources.
func Routes(rt *httpapi.Router, c *chat.Chat) {
	h := handlers{c}
	all := bindings{handlers: h, show: showBinding}
	own := bindings{handlers: h, path: "UserSid", show: showUserBinding}
	for pattern, handler := range map[string]httpapi.Handler{
		"GET /v2/Services":          h.listServices,
		"POST /v2/Services":         h.createService,
		"GET /v2/Services/{Sid}":    h.fetchService,
		"POST /v2/Services/{Sid}":   h.updateService,
		"DELETE /v2/Services/{Sid}": h.deleteService,

		"GET /v2/Services/{ServiceSid}/Users":          h.listUsers,
		"POST /v2/Services/{ServiceSid}/Users":         h.createUser,
		"GET /v2/Services/{ServiceSid}/Users/{Sid}":    h.fetchUser,
		"POST /v2/Services/{ServiceSid}/Users/{Sid}":   h.updateUser,
		"DELETE /v2/Services/{ServiceSid}/Users/{Sid}": h.deleteUser,

		"GET /v2/Services/{ServiceSid}/Users/{UserSid}/Channels":                 h.listUserChannels,
		"GET /v2/Services/{ServiceSid}/Users/{UserSid}/Channels/{ChannelSid}":    h.fetchUserChannel,
		"POST /v2/Services/{ServiceSid}/Users/{UserSid}/Channels/{ChannelSid}":   h.updateUserChannel,
		"DELETE /v2/Services/{ServiceSid}/Users/{UserSid}/Channels/{ChannelSid}": h.deleteUserChannel,

		"GET /v2/Services/{ServiceSid}/Users/{UserSid}/Bindings":          own.list,
		"GET /v2/Services/{ServiceSid}/Users/{UserSid}/Bindings/{Sid}":    own.fetch,
		"DELETE /v2/Services/{ServiceSid}/Users/{UserSid}/Bindings/{Sid}": own.remove,

		"GET /v2/Services/{ServiceSid}/Bindings":          all.list,
		"GET /v2/Services/{ServiceSid}/Bindings/{Sid}":    all.fetch,
		"DELETE /v2/Services/{ServiceSid}/Bindings/{Sid}": all.remove,

		"GET /v2/Services/{ServiceSid}/Roles":          h.listRoles,
		"POST /v2/Services/{ServiceSid}/Roles":         h.createRole,
		"GET /v2/Services/{ServiceSid}/Roles/{Sid}":    h.fetchRole,
		"POST /v2/Services/{ServiceSid}/Roles/{Sid}":   h.updateRole,
		"DELETE /v2/Services/{ServiceSid}/Roles/{Sid}": h.deleteRole,

		"GET /v2/Services/{ServiceSid}/Channels":          h.listChannels,
		"POST /v2/Services/{ServiceSid}/Channels":         h.createChannel,
		"GET /v2/Services/{ServiceSid}/Channels/{Sid}":    h.fetchChannel,
		"POST /v2/Services/{ServiceSid}/Channels/{Sid}":   h.updateChannel,
		"DELETE /v2/Services/{ServiceSid}/Channels/{Sid}": h.deleteChannel,

		"GET /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Members":          h.listMembers,
		"POST /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Members":         h.createMember,
		"GET /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Members/{Sid}":    h.fetchMember,
		"POST /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Members/{Sid}":   h.updateMember,
		"DELETE /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Members/{Sid}": h.deleteMember,

		"GET /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Messages":          h.listMessages,
		"POST /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Messages":         h.createMessage,
		"GET /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Messages/{Sid}":    h.fetchMessage,
		"POST /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Messages/{Sid}":   h.updateMessage,
		"DELETE /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Messages/{Sid}": h.deleteMessage,

		"GET /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Invites":          h.listInvites,
		"POST /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Invites":         h.createInvite,
		"GET /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Invites/{Sid}":    h.fetchInvite,
		"DELETE /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Invites/{Sid}": h.deleteInvite,

		"GET /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Webhooks":          h.listWebhooks,
		"POST /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Webhooks":         h.createWebhook,
		"GET /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Webhooks/{Sid}":    h.fetchWebhook,
		"POST /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Webhooks/{Sid}":   h.updateWebhook,
		"DELETE /v2/Services/{ServiceSid}/Channels/{ChannelSid}/Webhooks/{Sid}": h.deleteWebhook,
	} {
		rt.Handle(product, pattern, httpapi.Account, handler)
	}
}

type handlers struct{ chat *chat.Chat }

// actor is the server that calls, in the service that the path names. It fails with 50050 for a service of another account.
func (h handlers) actor(r *httpapi.Request) (chat.Actor, error) {
	service, err := h.chat.Service(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"))
	return chat.Actor{Service: service, Source: chat.SourceAPI, Webhooks: r.WebhookEnabled()}, err
}

// in runs a handler's work with the actor, after the parameters that it has read proved to be good.
func (h handlers) in(r *httpapi.Request, work func(a chat.Actor) (httpapi.Response, error)) (httpapi.Response, error) {
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	a, err := h.actor(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	return work(a)
}

// answer shows what a use case returned.
func answer[T any](status func(any) (httpapi.Response, error), row T, err error, show func(T) any) (httpapi.Response, error) {
	if err != nil {
		return httpapi.Response{}, err
	}
	return status(show(row))
}

// gone answers a deletion.
func gone(err error) (httpapi.Response, error) {
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

// listing answers a page.
func listing[T any](r *httpapi.Request, key string, page httpapi.Page, l chat.List[T], err error, show func(T) any) (httpapi.Response, error) {
	if err != nil {
		return httpapi.Response{}, err
	}
	items := make([]any, len(l.Items))
	for i, row := range l.Items {
		items[i] = show(row)
	}
	return httpapi.Listing(r, product, key, page, items, l.Next)
}

func pageOf(p httpapi.Page) chat.Page { return chat.Page{Size: p.Size, Token: p.Token} }

// dates reads DateCreated and DateUpdated, which restore backups.
func dates(r *httpapi.Request) (created, updated *int64) {
	return r.Time("DateCreated", core.CodeInvalidDateCreated), r.Time("DateUpdated", core.CodeInvalidDateUpdated)
}

// horizon reads LastConsumedMessageIndex and LastConsumptionTimestamp; an empty index resets the horizon, none leaves it where it is.
func horizon(r *httpapi.Request) *chat.Horizon {
	at := r.Time("LastConsumptionTimestamp", core.CodeInvalidConsumptionTime)
	given := r.Str("LastConsumedMessageIndex")
	if given == nil && at == nil {
		return nil
	}
	return &chat.Horizon{Keep: given == nil, Index: r.Int("LastConsumedMessageIndex", core.CodeInvalidConsumedIndex, 0, 1<<53), At: at}
}

// isoOrNull writes a time that may be missing.
func isoOrNull(us *int64) *string {
	if us == nil {
		return nil
	}
	s := core.ISO(*us)
	return &s
}
