package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/proxy"
)

// participant is proxy.v1.service.session.participant.
type participant struct {
	SID                string           `json:"sid"`
	SessionSID         string           `json:"session_sid"`
	ServiceSID         string           `json:"service_sid"`
	AccountSID         string           `json:"account_sid"`
	FriendlyName       *string          `json:"friendly_name"`
	Identifier         string           `json:"identifier"`
	ProxyIdentifier    string           `json:"proxy_identifier"`
	ProxyIdentifierSID *string          `json:"proxy_identifier_sid"`
	DateDeleted        *string          `json:"date_deleted"`
	DateCreated        string           `json:"date_created"`
	DateUpdated        string           `json:"date_updated"`
	URL                string           `json:"url"`
	Links              participantLinks `json:"links"`
}

type participantLinks struct {
	MessageInteractions string `json:"message_interactions"`
}

// showParticipant shows a participant of a session.
func showParticipant(s *proxy.Session) func(r *httpapi.Request, a *proxy.Participant) participant {
	return func(r *httpapi.Request, a *proxy.Participant) participant {
		self := at(r, "/"+s.ServiceSID+"/Sessions/"+s.SID+"/Participants/"+a.SID)
		return participant{
			SID: a.SID, SessionSID: s.SID, ServiceSID: s.ServiceSID, AccountSID: a.AccountSID, FriendlyName: a.FriendlyName, Identifier: a.Identifier,
			ProxyIdentifier: a.ProxyIdentifier, ProxyIdentifierSID: a.ProxyIdentifierSID, DateDeleted: date(a.DeletedAt),
			DateCreated: core.ISO(a.CreatedAt), DateUpdated: core.ISO(a.UpdatedAt), URL: self, Links: participantLinks{self + "/MessageInteractions"},
		}
	}
}

func (h handlers) addParticipant(r *httpapi.Request) (httpapi.Response, error) {
	in := proxy.NewParticipant{Identifier: r.Required("Identifier", fault), FriendlyName: r.Text("FriendlyName"),
		ProxyIdentifier: r.Text("ProxyIdentifier"), ProxyIdentifierSID: r.Text("ProxyIdentifierSid")}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, a, err := h.proxy.AddParticipant(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), in)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showParticipant(s)(r, a))
}

func (h handlers) fetchParticipant(r *httpapi.Request) (httpapi.Response, error) {
	s, a, err := h.proxy.FetchParticipant(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showParticipant(s)(r, a))
}

func (h handlers) deleteParticipant(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.proxy.DeleteParticipant(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listParticipants(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, rows, err := h.proxy.ListParticipants(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "participants", page, rows, func(a *proxy.Participant) string { return a.SID }, showParticipant(s))
}
