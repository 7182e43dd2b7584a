package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/proxy"
)

// service is proxy.v1.service.
type service struct {
	SID                     string       `json:"sid"`
	UniqueName              string       `json:"unique_name"`
	AccountSID              string       `json:"account_sid"`
	ChatInstanceSID         *string      `json:"chat_instance_sid"`
	CallbackURL             *string      `json:"callback_url"`
	DefaultTTL              int64        `json:"default_ttl"`
	NumberSelectionBehavior string       `json:"number_selection_behavior"`
	GeoMatchLevel           string       `json:"geo_match_level"`
	InterceptCallbackURL    *string      `json:"intercept_callback_url"`
	OutOfSessionCallbackURL *string      `json:"out_of_session_callback_url"`
	DateCreated             string       `json:"date_created"`
	DateUpdated             string       `json:"date_updated"`
	URL                     string       `json:"url"`
	Links                   serviceLinks `json:"links"`
}

type serviceLinks struct {
	Sessions     string `json:"sessions"`
	PhoneNumbers string `json:"phone_numbers"`
}

func showService(r *httpapi.Request, s *proxy.Service) service {
	return service{
		SID: s.SID, UniqueName: s.UniqueName, AccountSID: s.AccountSID, ChatInstanceSID: s.ChatServiceSID, CallbackURL: s.CallbackURL, DefaultTTL: s.DefaultTTL,
		NumberSelectionBehavior: s.NumberSelection, GeoMatchLevel: s.GeoMatchLevel, InterceptCallbackURL: s.InterceptURL, OutOfSessionCallbackURL: s.OutOfSessionURL,
		DateCreated: core.ISO(s.CreatedAt), DateUpdated: core.ISO(s.UpdatedAt), URL: at(r, "/"+s.SID),
		Links: serviceLinks{Sessions: at(r, "/"+s.SID+"/Sessions"), PhoneNumbers: at(r, "/"+s.SID+"/PhoneNumbers")},
	}
}

func readService(r *httpapi.Request) proxy.ServicePatch {
	return proxy.ServicePatch{
		UniqueName: r.Str("UniqueName"), ChatServiceSID: r.Str("ChatInstanceSid"), DefaultTTL: r.Int("DefaultTtl", fault, 0, 1<<40),
		CallbackURL: r.Str("CallbackUrl"), InterceptURL: r.Str("InterceptCallbackUrl"), OutOfSessionURL: r.Str("OutOfSessionCallbackUrl"),
		GeoMatchLevel:   r.Enum("GeoMatchLevel", fault, proxy.GeoMatchLevels()...),
		NumberSelection: r.Enum("NumberSelectionBehavior", fault, proxy.NumberSelections()...),
	}
}

func (h handlers) createService(r *httpapi.Request) (httpapi.Response, error) {
	r.Required("UniqueName", fault)
	patch := readService(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.proxy.CreateService(r.Context(), r.Caller.AccountSID, patch)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showService(r, s))
}

func (h handlers) updateService(r *httpapi.Request) (httpapi.Response, error) {
	patch := readService(r)
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := h.proxy.UpdateService(r.Context(), r.Caller.AccountSID, r.Path("Sid"), patch)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showService(r, s))
}

func (h handlers) fetchService(r *httpapi.Request) (httpapi.Response, error) {
	s, err := h.proxy.FetchService(r.Context(), r.Caller.AccountSID, r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showService(r, s))
}

func (h handlers) deleteService(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.proxy.DeleteService(r.Context(), r.Caller.AccountSID, r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listServices(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	rows, err := h.proxy.ListServices(r.Context(), r.Caller.AccountSID, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "services", page, rows, func(s *proxy.Service) string { return s.SID }, showService)
}
