package rest

import (
	"encoding/json"
	"net/url"
	"strings"

	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/httpapi"
)

// showConfiguration is flex.v1.configuration: the fields of the use case, and those that depend on where the request came in.
func (h *API) showConfiguration(r *httpapi.Request, c *flex.Configuration) (httpapi.Response, error) {
	fields, err := h.flex.Fields(r.Context(), c)
	if err != nil {
		return httpapi.Response{}, err
	}
	body := make(map[string]any, len(fields)+5)
	for name, v := range fields {
		body[name] = v
	}
	if string(fields["runtime_domain"]) == "null" {
		body["runtime_domain"] = h.router.Origin(r.Request)
	}
	body["date_created"], body["date_updated"] = core.ISO(c.CreatedAt), core.ISO(c.UpdatedAt)
	body["url"] = r.Base.URL(product, "/v1/Configuration")
	body["service_version"] = h.opt.Version
	return httpapi.OK(body)
}

// fetchConfiguration serves back ends, and the desktop at each of its starts. The parameter UiVersion says nothing that matters here: one
// version of Flex UI is served.
func (h *API) fetchConfiguration(r *httpapi.Request) (httpapi.Response, error) {
	if by := r.Caller.Token; by != nil {
		if _, err := h.flex.StaffOf(r.Context(), by); err != nil {
			return httpapi.Response{}, err
		}
	}
	c, err := h.flex.FetchConfiguration(r.Context(), r.Caller.AccountSID)
	if err != nil {
		return httpapi.Response{}, err
	}
	return h.showConfiguration(r, c)
}

// updateConfiguration saves the fields of a JSON object.
func (h *API) updateConfiguration(r *httpapi.Request) (httpapi.Response, error) {
	if by := r.Caller.Token; by != nil {
		s, err := h.flex.StaffOf(r.Context(), by)
		if err != nil {
			return httpapi.Response{}, err
		}
		if !s.IsAdmin() {
			return httpapi.Response{}, core.Ef(core.CodeFlexForbidden, "Not allowed: only an admin may change the configuration")
		}
	}
	var fields map[string]json.RawMessage
	if err := r.JSON(&fields); err != nil {
		return httpapi.Response{}, err
	}
	if fields == nil {
		return httpapi.Response{}, core.Ef(core.CodeFlexValidation, "The body must be a JSON object of the fields to save")
	}
	c, err := h.flex.UpdateConfiguration(r.Context(), r.Caller.AccountSID, fields)
	if err != nil {
		return httpapi.Response{}, err
	}
	return h.showConfiguration(r, c)
}

// provisioning answers flex.v1.provisioning_status: an account is ready for Flex once it has a configuration.
func (h *API) provisioning(r *httpapi.Request) (httpapi.Response, error) {
	status := "active"
	if _, err := h.flex.FetchConfiguration(r.Context(), r.Caller.AccountSID); core.HasCode(err, core.CodeFlexNotConfigured) {
		status = "not-configured"
	} else if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(map[string]string{"status": status, "url": r.Base.URL(product, "/v1/account/provision/status")})
}

// publicConfiguration is what a page learns before anybody signed in (flex-ui-protocol §5.2).
type publicConfiguration struct {
	AccountSID       string          `json:"account_sid"`
	RuntimeDomain    json.RawMessage `json:"runtime_domain"`
	PublicAttributes json.RawMessage `json:"public_attributes"`
}

// publicConfiguration answers for an account, for an address of this server, or without either for the server's first account. Who is
// unknown has none.
func (h *API) publicConfiguration(r *httpapi.Request) (httpapi.Response, error) {
	account, domain := r.Text("AccountSid"), r.Text("RuntimeDomain")
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	found := []publicConfiguration{}
	answer := func() (httpapi.Response, error) { return httpapi.OK(map[string]any{"configurations": found}) }
	origin := h.router.Origin(r.Request)
	if account == "" && domain != "" && domain != origin && !strings.EqualFold(domain, hostOf(origin)) {
		return answer()
	}
	var c *flex.Configuration
	var err error
	if account != "" {
		c, err = h.flex.FetchConfiguration(r.Context(), account)
	} else {
		c, err = h.flex.FirstConfiguration(r.Context())
	}
	if core.HasCode(err, core.CodeFlexNotConfigured) {
		return answer()
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	fields, err := h.flex.Fields(r.Context(), c)
	if err != nil {
		return httpapi.Response{}, err
	}
	one := publicConfiguration{c.AccountSID, fields["runtime_domain"], fields["public_attributes"]}
	if string(one.RuntimeDomain) == "null" {
		if one.RuntimeDomain, err = json.Marshal(origin); err != nil {
			return httpapi.Response{}, err
		}
	}
	found = append(found, one)
	return answer()
}

func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return u.Host
}
