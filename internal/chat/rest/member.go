package rest

import (
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// member is chat.v2.service.channel.member.
type member struct {
	SID                      string  `json:"sid"`
	AccountSID               string  `json:"account_sid"`
	ChannelSID               string  `json:"channel_sid"`
	ServiceSID               string  `json:"service_sid"`
	Identity                 string  `json:"identity"`
	DateCreated              string  `json:"date_created"`
	DateUpdated              string  `json:"date_updated"`
	RoleSID                  string  `json:"role_sid"`
	LastConsumedMessageIndex *int64  `json:"last_consumed_message_index"`
	LastConsumptionTimestamp *string `json:"last_consumption_timestamp"`
	URL                      string  `json:"url"`
	Attributes               string  `json:"attributes"`
}

func (h handlers) showMember(r *httpapi.Request, s *chat.Service, channelSID string) func(*chat.Member) any {
	return func(m *chat.Member) any {
		sid := h.chat.MemberSID(m.ID)
		return member{
			SID: sid, AccountSID: s.AccountSID, ChannelSID: channelSID, ServiceSID: s.SID, Identity: m.Identity,
			DateCreated: core.ISO(m.CreatedAt), DateUpdated: core.ISO(m.UpdatedAt), RoleSID: m.RoleSID,
			LastConsumedMessageIndex: m.ConsumedIndex, LastConsumptionTimestamp: isoOrNull(m.ConsumedAt), Attributes: m.Attributes,
			URL: r.Base.URL(product, "/v2/Services/"+s.SID+"/Channels/"+channelSID+"/Members/"+sid),
		}
	}
}

// inChannel runs work with the actor and the SID of the channel that the path names, by SID or unique name.
func (h handlers) inChannel(r *httpapi.Request, work func(a chat.Actor, sid string) (httpapi.Response, error)) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		ref := r.Path("ChannelSid")
		if core.IsSID("CH", ref) {
			return work(a, ref)
		}
		standing, err := h.chat.FetchChannel(r.Context(), a, ref)
		if err != nil {
			return httpapi.Response{}, err
		}
		return work(a, standing.Channel.SID)
	})
}

func (h handlers) listMembers(r *httpapi.Request) (httpapi.Response, error) {
	page, identities := r.Page(), r.List("Identity")
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		l, err := h.chat.ListMembers(r.Context(), a, sid, identities, pageOf(page))
		return listing(r, "members", page, l, err, h.showMember(r, a.Service, sid))
	})
}

func (h handlers) createMember(r *httpapi.Request) (httpapi.Response, error) {
	created, updated := dates(r)
	n := chat.NewMember{Identity: r.Required("Identity", core.CodeIdentityRequired), RoleSID: r.Text("RoleSid"), Attributes: r.Text("Attributes"),
		Horizon: horizon(r), CreatedAt: created, UpdatedAt: updated}
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		m, err := h.chat.AddMember(r.Context(), a, sid, n)
		return answer(httpapi.Created, m, err, h.showMember(r, a.Service, sid))
	})
}

func (h handlers) fetchMember(r *httpapi.Request) (httpapi.Response, error) {
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		m, err := h.chat.FetchMember(r.Context(), a, sid, r.Path("Sid"))
		return answer(httpapi.OK, m, err, h.showMember(r, a.Service, sid))
	})
}

func (h handlers) updateMember(r *httpapi.Request) (httpapi.Response, error) {
	created, updated := dates(r)
	patch := chat.MemberPatch{RoleSID: r.Str("RoleSid"), Attributes: r.Str("Attributes"), Horizon: horizon(r), CreatedAt: created, UpdatedAt: updated}
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		m, err := h.chat.UpdateMember(r.Context(), a, sid, r.Path("Sid"), patch)
		return answer(httpapi.OK, m, err, h.showMember(r, a.Service, sid))
	})
}

func (h handlers) deleteMember(r *httpapi.Request) (httpapi.Response, error) {
	return h.inChannel(r, func(a chat.Actor, sid string) (httpapi.Response, error) {
		return gone(h.chat.RemoveMember(r.Context(), a, sid, r.Path("Sid")))
	})
}
