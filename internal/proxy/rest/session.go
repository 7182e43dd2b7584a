package rest

import (
	"bytes"
	"encoding/json"
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/proxy"
)

// sessionView is proxy.v1.service.session.
type sessionView struct {
	ServiceSID          string       `json:"service_sid"`
	Status              string       `json:"status"`
	UniqueName          *string      `json:"unique_name"`
	DateStarted         *string      `json:"date_started"`
	DateEnded           *string      `json:"date_ended"`
	DateLastInteraction *string      `json:"date_last_interaction"`
	DateExpiry          *string      `json:"date_expiry"`
	TTL                 int64        `json:"ttl"`
	Mode                string       `json:"mode"`
	ClosedReason        string       `json:"closed_reason"`
	SID                 string       `json:"sid"`
	DateUpdated         string       `json:"date_updated"`
	DateCreated         string       `json:"date_created"`
	AccountSID          string       `json:"account_sid"`
	URL                 string       `json:"url"`
	Links               sessionLinks `json:"links"`
}

type sessionLinks struct {
	Interactions string `json:"interactions"`
	Participants string `json:"participants"`
}

func showSession(r *httpapi.Request, s *proxy.Session) sessionView {
	self := at(r, "/"+s.ServiceSID+"/Sessions/"+s.SID)
	return sessionView{
		ServiceSID: s.ServiceSID, Status: s.Status, UniqueName: s.UniqueName, DateStarted: date(s.StartedAt), DateEnded: date(s.EndedAt),
		DateLastInteraction: date(s.LastAt), DateExpiry: date(s.DateExpiry), TTL: s.TTL, Mode: s.Mode, ClosedReason: s.ClosedReason, SID: s.SID,
		DateUpdated: core.ISO(s.UpdatedAt), DateCreated: core.ISO(s.CreatedAt), AccountSID: s.AccountSID, URL: self,
		Links: sessionLinks{Interactions: self + "/Interactions", Participants: self + "/Participants"},
	}
}

// ttl reads the time to live in seconds.
func ttl(r *httpapi.Request) *int64 { return r.Int("Ttl", fault, 0, 10*365*86400) }

func (h handlers) createSession(r *httpapi.Request) (httpapi.Response, error) {
	in := proxy.NewSession{UniqueName: r.Text("UniqueName"), TTL: ttl(r), DateExpiry: r.Time("DateExpiry", fault)}
	if mode := r.Enum("Mode", fault, proxy.Modes()...); mode != nil {
		in.Mode = *mode
	}
	if status := r.Enum("Status", fault, proxy.SessionStatuses()...); status != nil {
		in.Status = *status
	}
	people, err := readParticipants(r.List("Participants"))
	if err != nil {
		r.Fault(err)
	}
	in.Participants = people
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.proxy.CreateSession(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), in)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showSession(r, s))
}

// maxWanted bounds the participants that a request can name; a session takes fewer, which is another fault.
const maxWanted = 100

// readParticipants reads the participants of a new session: one JSON object for each parameter, as helper libraries send them, or one array
// (rest-semantics §2.2). Names are written in any case: libraries differ.
func readParticipants(values []string) (all []proxy.NewParticipant, err error) {
	for _, v := range values {
		var objects []map[string]any
		text := strings.TrimSpace(v)
		if strings.HasPrefix(text, "[") {
			err = json.Unmarshal([]byte(text), &objects)
		} else {
			objects = make([]map[string]any, 1)
			err = json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&objects[0])
		}
		if err != nil || len(all)+len(objects) > maxWanted {
			return nil, core.Ef(fault, `Participants must be JSON objects such as {"Identifier":"+14155550100"}`)
		}
		for _, o := range objects {
			one, err := readParticipant(o)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

func readParticipant(object map[string]any) (in proxy.NewParticipant, err error) {
	for name, v := range object {
		to := map[string]*string{"identifier": &in.Identifier, "friendlyname": &in.FriendlyName, "proxyidentifier": &in.ProxyIdentifier,
			"proxyidentifiersid": &in.ProxyIdentifierSID}[strings.ToLower(strings.ReplaceAll(name, "_", ""))]
		if to == nil || v == nil {
			continue // unknown parameters are ignored everywhere
		}
		s, ok := v.(string)
		if !ok || !core.CleanText(s) {
			return in, core.Ef(fault, "Participants: %s must be a text", strings.ToValidUTF8(name, "?"))
		}
		*to = s
	}
	return in, nil
}

func (h handlers) updateSession(r *httpapi.Request) (httpapi.Response, error) {
	patch := proxy.SessionPatch{Status: r.Enum("Status", fault, proxy.SessionStatuses()...), TTL: ttl(r), DateExpiry: r.Time("DateExpiry", fault)}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.proxy.UpdateSession(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"), patch)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showSession(r, s))
}

func (h handlers) fetchSession(r *httpapi.Request) (httpapi.Response, error) {
	s, err := h.proxy.FetchSession(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showSession(r, s))
}

func (h handlers) deleteSession(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.proxy.DeleteSession(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("SessionSid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listSessions(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	rows, err := h.proxy.ListSessions(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "sessions", page, rows, func(s *proxy.Session) string { return s.SID }, showSession)
}
