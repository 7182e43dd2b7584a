package rest

import (
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/proxy"
)

// number is proxy.v1.service.phone_number.
type number struct {
	SID          string       `json:"sid"`
	AccountSID   string       `json:"account_sid"`
	ServiceSID   string       `json:"service_sid"`
	DateCreated  string       `json:"date_created"`
	DateUpdated  string       `json:"date_updated"`
	PhoneNumber  string       `json:"phone_number"`
	FriendlyName string       `json:"friendly_name"`
	ISOCountry   *string      `json:"iso_country"`
	Capabilities capabilities `json:"capabilities"`
	URL          string       `json:"url"`
	IsReserved   bool         `json:"is_reserved"`
	InUse        int64        `json:"in_use"`
}

// capabilities are those of every address: messages both ways, and no calls.
type capabilities struct {
	SMS   bool `json:"sms"`
	MMS   bool `json:"mms"`
	Voice bool `json:"voice"`
	Fax   bool `json:"fax"`
}

func showNumber(r *httpapi.Request, n *proxy.Number) number {
	return number{
		SID: n.SID, AccountSID: n.AccountSID, ServiceSID: n.ServiceSID, DateCreated: core.ISO(n.CreatedAt), DateUpdated: core.ISO(n.UpdatedAt),
		PhoneNumber: string(n.Address), FriendlyName: string(n.Address), ISOCountry: orNull(n.Address.Country()),
		Capabilities: capabilities{SMS: true, MMS: true},
		URL:          at(r, "/"+n.ServiceSID+"/PhoneNumbers/"+n.SID), IsReserved: n.Reserved, InUse: n.InUse,
	}
}

func (h handlers) addNumber(r *httpapi.Request) (httpapi.Response, error) {
	reserved := r.Bool("IsReserved")
	in := proxy.NewNumber{SID: r.Text("Sid"), Address: r.Text("PhoneNumber"), Reserved: reserved != nil && *reserved}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	n, err := h.proxy.AddNumber(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), in)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(showNumber(r, n))
}

func (h handlers) updateNumber(r *httpapi.Request) (httpapi.Response, error) {
	reserved := r.Bool("IsReserved")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	n, err := h.proxy.UpdateNumber(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("Sid"), reserved)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showNumber(r, n))
}

func (h handlers) fetchNumber(r *httpapi.Request) (httpapi.Response, error) {
	n, err := h.proxy.FetchNumber(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(showNumber(r, n))
}

func (h handlers) deleteNumber(r *httpapi.Request) (httpapi.Response, error) {
	if err := h.proxy.DeleteNumber(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), r.Path("Sid")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func (h handlers) listNumbers(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	rows, err := h.proxy.ListNumbers(r.Context(), r.Caller.AccountSID, r.Path("ServiceSid"), page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.ListRows(r, product, "phone_numbers", page, rows, func(n *proxy.Number) string { return n.SID }, showNumber)
}
