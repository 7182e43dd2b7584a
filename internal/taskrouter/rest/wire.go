package rest

import (
	"net/http"
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
)

// address is the URL of what lies below a workspace; the parts are joined by slashes.
func address(r *httpapi.Request, workspaceSID string, parts ...string) string {
	return r.Base.URL(product, strings.Join(append([]string{"/v1/Workspaces", workspaceSID}, parts...), "/"))
}

// versioned answers with the version of a resource as its ETag (taskrouter-studio A.6).
func versioned(status int, version int64, body any) (httpapi.Response, error) {
	etag := http.Header{"Etag": {`"` + strconv.FormatInt(version, 10) + `"`}}
	return httpapi.Response{Status: status, Body: body, Header: etag}, nil
}

// followed reads the page of a list that is only followed: a page number without the token that the page before gave is 40153
// (taskrouter-studio A.1).
func followed(r *httpapi.Request) httpapi.Page {
	p := r.Page()
	if p.Number > 0 && p.Token == "" {
		r.Fault(core.Ef(core.CodeAbsolutePaging, "Page %d cannot be asked for by number; follow next_page_url from the first page", p.Number))
	}
	return p
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
