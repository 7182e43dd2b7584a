package httpapi

import (
	"net/url"
	"strconv"
	"strings"

	"parley/internal/core"
)

// Page sizes (rest-semantics §2.6).
const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// Page is the part of a list that a request asks for. Token is what the list gave for the next page, "" for the first.
type Page struct {
	Size   int
	Number int
	Token  string
}

// Page reads PageSize, Page and PageToken.
func (r *Request) Page() Page {
	p := Page{Size: defaultPageSize}
	if n := r.Int("PageSize", core.CodeInvalidParameter, 1, 1<<31); n != nil {
		if *n > maxPageSize {
			r.Fault(core.Ef(core.CodePageSizeTooLarge, "PageSize must be at most %d", maxPageSize))
		}
		p.Size = int(*n)
	}
	if n := r.Int("Page", core.CodeInvalidParameter, 0, 1<<31); n != nil {
		p.Number = int(*n)
	}
	if t := r.Text("PageToken"); t != "" {
		if strings.HasPrefix(t, "-") {
			r.Fault(core.E(core.CodePageTokenNegative))
		}
		p.Token = t
	}
	return p
}

// meta is the envelope of a v1 or v2 list.
type meta struct {
	Page        int     `json:"page"`
	PageSize    int     `json:"page_size"`
	FirstPage   string  `json:"first_page_url"`
	PreviousURL *string `json:"previous_page_url"`
	URL         string  `json:"url"`
	NextURL     *string `json:"next_page_url"`
	Key         string  `json:"key"`
}

// Listing answers one page of a list under key, with the v1/v2 envelope. next is the token of the page after it, "" for the last.
// previous tokens are not kept by clients, so the previous page's URL is given only where it is the first.
func Listing[T any](r *Request, product, key string, p Page, items []T, next string) (Response, error) {
	if items == nil {
		items = []T{}
	}
	m := meta{Page: p.Number, PageSize: p.Size, Key: key}
	at := func(number int, token string) string {
		q := filters(r.URL.Query())
		q.Set("PageSize", strconv.Itoa(p.Size))
		q.Set("Page", strconv.Itoa(number))
		if token != "" {
			q.Set("PageToken", token)
		}
		return r.Base.URL(product, r.URL.EscapedPath()) + "?" + q.Encode()
	}
	m.FirstPage, m.URL = at(0, ""), at(p.Number, p.Token)
	if next != "" {
		url := at(p.Number+1, next)
		m.NextURL = &url
	}
	if p.Number == 1 {
		m.PreviousURL = &m.FirstPage
	}
	return OK(map[string]any{"meta": m, key: items})
}

// LegacyListing is Listing with the envelope of the 2010 API, whose URIs are relative and without a prefix (rest-semantics §2.6).
func LegacyListing[T any](r *Request, key string, p Page, items []T, next string) (Response, error) {
	if items == nil {
		items = []T{}
	}
	at := func(number int, token string) string {
		q := filters(r.URL.Query())
		q.Set("PageSize", strconv.Itoa(p.Size))
		q.Set("Page", strconv.Itoa(number))
		if token != "" {
			q.Set("PageToken", token)
		}
		return r.URL.EscapedPath() + "?" + q.Encode()
	}
	start := p.Number * p.Size
	body := map[string]any{
		"page": p.Number, "page_size": p.Size, "start": start, "end": max(start, start+len(items)-1),
		"uri": at(p.Number, p.Token), "first_page_uri": at(0, ""), "next_page_uri": nil, "previous_page_uri": nil, key: items,
	}
	if next != "" {
		body["next_page_uri"] = at(p.Number+1, next)
	}
	if p.Number == 1 {
		body["previous_page_uri"] = at(0, "")
	}
	return OK(body)
}

// filters drops the paging parameters from a query: what is left must be repeated in the URLs of other pages.
func filters(q url.Values) url.Values {
	for _, name := range []string{"PageSize", "Page", "PageToken"} {
		delete(q, name)
	}
	return q
}

// After returns the SID of the last item of the page before, "" for the first page: a page token is "PT" and that SID.
func (p Page) After() string { return strings.TrimPrefix(p.Token, "PT") }

// ListRows answers a page from rows that were read one beyond the page's size, so that the list knows whether another follows. sid names a
// row for the next page's token; show makes its representation.
func ListRows[Row, Item any](r *Request, product, key string, p Page, rows []Row, sid func(Row) string, show func(*Request, Row) Item) (Response, error) {
	next := ""
	if len(rows) > p.Size {
		rows = rows[:p.Size]
		next = "PT" + sid(rows[len(rows)-1])
	}
	items := make([]Item, len(rows))
	for i, row := range rows {
		items[i] = show(r, row)
	}
	return Listing(r, product, key, p, items, next)
}
