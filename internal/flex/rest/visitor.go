package rest

import (
	"net/http"
	"slices"
	"time"

	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/httpapi"
)

// pass is what the widget keeps of its visitor; it needs all four to come back after a reload (flex-ui-protocol §4.2).
type pass struct {
	Token      string   `json:"token"`
	Identity   string   `json:"identity"`
	Roles      []string `json:"roles"`
	Expiration string   `json:"expiration"`
}

func showPass(p *flex.Pass) (httpapi.Response, error) {
	return httpapi.Response{Status: http.StatusOK, Header: http.Header{"Cache-Control": {"no-store"}},
		Body: pass{p.Token, p.Identity, p.Roles, core.ISO(p.Expires.UnixMicro())}}, nil
}

// newVisitor lets a visitor of the widget in. Nobody is asked who they are.
func (h *API) newVisitor(r *httpapi.Request) (httpapi.Response, error) {
	var in struct {
		Products []string `json:"products"`
	}
	if err := r.JSON(&in); err != nil {
		return httpapi.Response{}, err
	}
	if !slices.Contains(in.Products, "flex") {
		return httpapi.Response{}, core.Ef(core.CodeFlexValidation, `The body must be JSON such as {"products":["flex"]}`)
	}
	if err := h.door.admit(r); err != nil {
		return httpapi.Response{}, err
	}
	p, err := h.flex.NewVisitor(r.Context(), r.Path("AccountSid"), h.visit())
	if err != nil {
		return httpapi.Response{}, err
	}
	return showPass(p)
}

// RefreshVisitor renews the token of a visitor. Whoever renews the desktop's tokens calls it, for both ask at the same place.
func (h *API) RefreshVisitor(r *httpapi.Request, token string) (httpapi.Response, error) {
	if err := h.door.admit(r); err != nil {
		return httpapi.Response{}, err
	}
	p, err := h.flex.RenewVisitor(r.Context(), r.Path("AccountSid"), token, h.visit())
	if err != nil {
		return httpapi.Response{}, err
	}
	return showPass(p)
}

func (h *API) visit() time.Duration {
	if h.opt.Widget.TokenTTL == 0 {
		return 12 * time.Hour
	}
	return h.opt.Widget.TokenTTL
}
