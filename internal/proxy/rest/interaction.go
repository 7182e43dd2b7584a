package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/proxy"
)

// interaction is proxy.v1.service.session.interaction.
type interaction struct {
	SID                    string  `json:"sid"`
	SessionSID             string  `json:"session_sid"`
	ServiceSID             string  `json:"service_sid"`
	AccountSID             string  `json:"account_sid"`
	Data                   string  `json:"data"`
	Type                   string  `json:"type"`
	InboundParticipantSID  *string `json:"inbound_participant_sid"`
	InboundResourceSID     *string `json:"inbound_resource_sid"`
	InboundResourceStatus  *string `json:"inbound_resource_status"`
	InboundResourceType    *string `json:"inbound_resource_type"`
	InboundResourceURL     *string `json:"inbound_resource_url"`
	OutboundParticipantSID *string `json:"outbound_participant_sid"`
	OutboundResourceSID    *string `json:"outbound_resource_sid"`
	OutboundResourceStatus *string `json:"outbound_resource_status"`
	OutboundResourceType   *string `json:"outbound_resource_type"`
	OutboundResourceURL    *string `json:"outbound_resource_url"`
	DateCreated            string  `json:"date_created"`
	DateUpdated            string  `json:"date_updated"`
	URL                    string  `json:"url"`
}

// message is proxy.v1.service.session.participant.message_interaction.
type message struct {
	interaction
	ParticipantSID *string `json:"participant_sid"`
}

func showInteraction(s *proxy.Session) func(r *httpapi.Request, i *proxy.Interaction) interaction {
	return func(r *httpapi.Request, i *proxy.Interaction) interaction {
		return interaction{
			SID: i.SID, SessionSID: s.SID, ServiceSID: s.ServiceSID, AccountSID: s.AccountSID, Data: i.Data, Type: "message",
			InboundParticipantSID: i.InboundParticipantSID, InboundResourceSID: i.InboundSID, InboundResourceStatus: i.InboundStatus, InboundResourceType: i.InboundType(),
			OutboundParticipantSID: i.OutboundParticipantSID, OutboundResourceSID: i.OutboundSID, OutboundResourceStatus: i.OutboundStatus, OutboundResourceType: i.OutboundType(),
			DateCreated: core.ISO(i.CreatedAt), DateUpdated: core.ISO(i.UpdatedAt), URL: at(r, "/"+s.ServiceSID+"/Sessions/"+s.SID+"/Interactions/"+i.SID),
		}
	}
}

func showMessage(s *proxy.Session) func(r *httpapi.Request, i *proxy.Interaction) message {
	return func(r *httpapi.Request, i *proxy.Interaction) message {
		m := message{showInteraction(s)(r, i), i.OutboundParticipantSID}
		m.URL = at(r, "/"+s.ServiceSID+"/Sessions/"+s.SID+"/Participants/"+r.Path("ParticipantSid")+"/MessageInteractions/"+i.SID)
		return m
	}
}

func interactionSID(i *proxy.Interaction) string { return i.SID }

func (h handlers) fetchInteraction(r *httpapi.Request) (httpapi.Response, error) {
	s, i, err := h.proxy.FetchInteraction(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showInteraction(s)(r, i))
}

func (h handlers) deleteInteraction(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.proxy.DeleteInteraction(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listInteractions(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, rows, err := h.proxy.ListInteractions(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "interactions", page, rows, interactionSID, showInteraction(s))
}

// sendMessage answers 200, not 201 (rest-semantics §1.3).
func (h handlers) sendMessage(r *httpapi.Request) (httpapi.Response, error) {
	in := proxy.NewMessage{Body: r.Text("Body"), MediaURL: r.List("MediaUrl")}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, i, err := h.proxy.SendMessage(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), r.Path("ParticipantSid"), in)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showMessage(s)(r, i))
}

func (h handlers) fetchMessage(r *httpapi.Request) (httpapi.Response, error) {
	s, i, err := h.proxy.FetchMessage(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), r.Path("ParticipantSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showMessage(s)(r, i))
}

func (h handlers) listMessages(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, rows, err := h.proxy.ListMessages(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), r.Path("ParticipantSid"), page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "interactions", page, rows, interactionSID, showMessage(s))
}
