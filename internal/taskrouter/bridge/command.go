package bridge

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/taskrouter"
)

// maxCommand bounds a command in bytes: a token, and attributes in which every character is escaped.
const maxCommand = 64 << 10

// envelope is what the SDK posts: a REST call in JSON, though its content type says form (flex-ui-protocol §3.2).
type envelope struct {
	URL    string                     `json:"url"`
	Method string                     `json:"method"`
	Params map[string]json.RawMessage `json:"params"`
	Token  string                     `json:"token"`
}

// call is a command on its way.
type call struct {
	context.Context
	b       *Bridge
	who     caller
	self    *taskrouter.WorkerView // of who
	ids     []string               // what stood for the asterisks of the command's path
	params  map[string]json.RawMessage
	ifMatch string
	fault   error // the first parameter that is wrong
}

// command is a row of flex-ui-protocol §3.3.
type command struct {
	method, path string
	run          func(*call) (any, error)
}

var commands = []command{
	{"GET", "Workspaces/*/Activities", listActivities},
	{"GET", "Workspaces/*/Workers", listWorkers},
	{"GET", "Workspaces/*/Workers/*", fetchWorker},
	{"POST", "Workspaces/*/Workers/*", updateWorker},
	{"GET", "Workspaces/*/Workers/*/WorkerChannels", own(listChannels)},
	{"GET", "Workspaces/*/Workers/*/Reservations", own(listReservations)},
	{"GET", "Workspaces/*/Workers/*/Reservations/*", own(fetchReservation)},
	{"POST", "Workspaces/*/Workers/*/Reservations/*", own(updateReservation)},
	{"POST", "Workspaces/*/Workers/*/Transfers", own(startTransfer)},
	{"POST", "Workspaces/*/Workers/*/Transfers/*", own(cancelTransfer)},
	{"POST", "Workspaces/*/Workers/*/WorkerParticipant", own(updateParticipant)},
	{"POST", "Workspaces/*/Workers/*/CustomerParticipant", own(noConference)},
	{"POST", "Workspaces/*/Workers/*/HoldWorkerParticipant", own(noConference)},
	{"POST", "Workspaces/*/Workers/*/KickWorkerParticipant", own(noConference)},
	{"POST", "Workspaces/*/Tasks", createTask},
	{"GET", "Workspaces/*/Tasks/*", fetchTask},
	{"POST", "Workspaces/*/Tasks/*", updateTask},
	{"POST", "Workspaces/*/Tasks/*/Reservations/*", supervise},
	{"GET", "Workspaces/*/TaskQueues", listQueues},
	{"GET", "Workspaces/*/TaskQueues/*", fetchQueue},
}

// command answers a posted command with {"payload": …}. HTTP leaves no room for our words in its status line, where old clients look for
// them; they are in the error's message.
func (b *Bridge) command(r *httpapi.Request) (httpapi.Response, error) {
	var e envelope
	r.Body = http.MaxBytesReader(nil, r.Body, maxCommand) // nobody is known yet
	if err := r.JSON(&e); err != nil {
		return httpapi.Response{}, err
	}
	who, err := b.verify(r.Context(), e.Token)
	if err != nil {
		return httpapi.Response{}, err
	}
	if err := r.Admit(httpapi.Caller{AccountSID: who.account, Token: &identity.Token{Identity: who.worker}}); err != nil {
		return httpapi.Response{}, err
	}
	c := &call{Context: r.Context(), b: b, who: who, params: e.Params, ifMatch: r.Header.Get("If-Match")}
	run := c.find(e.Method, strings.Trim(e.URL, "/"))
	if run == nil {
		return httpapi.Response{}, core.Ef(core.CodeNotFound, "There is no command %s %s", short(e.Method), short(e.URL))
	}
	if c.ids[0] != who.workspace {
		return httpapi.Response{}, core.Ef(core.CodeForbidden, "The token is for another workspace")
	}
	if c.self, err = b.worker(c, who); err != nil {
		return httpapi.Response{}, err
	}
	payload, err := run(c)
	if err == nil {
		err = c.fault
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(map[string]any{"payload": payload})
}

// find returns the command of a method and path and keeps what the path names.
func (c *call) find(method, path string) func(*call) (any, error) {
	words := strings.Split(path, "/")
	for _, cmd := range commands {
		if ids, ok := matches(cmd.path, words); ok && cmd.method == method {
			c.ids = ids
			return cmd.run
		}
	}
	return nil
}

func matches(pattern string, words []string) (ids []string, ok bool) {
	want := strings.Split(pattern, "/")
	if len(want) != len(words) {
		return nil, false
	}
	for i, w := range want {
		switch {
		case w == "*":
			ids = append(ids, words[i])
		case w != words[i]:
			return nil, false
		}
	}
	return ids, true
}

// text returns a parameter as text, nil when it is absent or null. Objects come back as JSON: attributes travel as objects
// (flex-ui-protocol §3.3).
func (c *call) text(name string) *string {
	raw, ok := c.params[name]
	if !ok || string(raw) == "null" {
		return nil
	}
	text := string(raw)
	if text[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			c.refuse("%s is not a text", name)
			return nil
		}
	}
	if !core.CleanText(text) {
		c.refuse("%s is not valid UTF-8 text without null bytes", name)
		return nil
	}
	return &text
}

// word is text with "" for an absent parameter.
func (c *call) word(name string) string {
	if v := c.text(name); v != nil {
		return *v
	}
	return ""
}

// flag returns a parameter that is true or false, or nil.
func (c *call) flag(name string) *bool {
	v := c.text(name)
	if v == nil {
		return nil
	}
	yes := strings.EqualFold(*v, "true")
	if !yes && !strings.EqualFold(*v, "false") {
		c.refuse("%s must be true or false, not %q", name, short(*v))
		return nil
	}
	return &yes
}

// number returns a whole number, or nil.
func (c *call) number(name string) *int64 {
	v := c.text(name)
	if v == nil || *v == "" {
		return nil
	}
	n, err := strconv.ParseInt(*v, 10, 64)
	if err != nil {
		c.refuse("%s must be a whole number, not %q", name, short(*v))
		return nil
	}
	return &n
}

// time returns a date in microseconds, or nil.
func (c *call) time(name string) *int64 {
	v := c.text(name)
	if v == nil || *v == "" {
		return nil
	}
	us, ok := core.ParseTime(*v)
	if !ok {
		c.refuse("%s must be an ISO 8601 date such as 2026-01-02T03:04:05Z, not %q", name, short(*v))
		return nil
	}
	return &us
}

func (c *call) refuse(format string, args ...any) {
	if c.fault == nil {
		c.fault = core.Ef(core.CodeTaskRouterInvalid, format, args...)
	}
}

func short(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// maxPage is the largest page, and the one that the SDK asks for.
const maxPage = 1000

// span is the part of a list that a command asks for.
type span struct {
	size  int
	after string // SID of the last row of the page before
}

func (c *call) span() span {
	s := span{size: maxPage, after: c.word("AfterSid")}
	if s.after == "" {
		s.after = c.word("NextToken") // of a list with an order
	}
	if n := c.number("PageSize"); n != nil {
		if *n < 1 || *n > maxPage {
			c.refuse("PageSize must be from 1 to %d", maxPage)
			return s
		}
		s.size = int(*n)
	}
	return s
}

// page is a part of a list. Clients go on after one of the SIDs, by whether they asked for an order.
type page[Item any] struct {
	Contents []Item  `json:"contents"`
	AfterSID *string `json:"after_sid"`
	Meta     struct {
		NextToken *string `json:"next_token"`
	} `json:"meta"`
}

// pageOf shows rows that were read one beyond the page's size.
func pageOf[Row, Item any](s span, rows []Row, sid func(Row) string, show func(Row) Item) page[Item] {
	var p page[Item]
	if len(rows) > s.size {
		rows = rows[:s.size]
		last := sid(rows[s.size-1])
		p.AfterSID, p.Meta.NextToken = &last, &last
	}
	p.Contents = make([]Item, len(rows))
	for i, row := range rows {
		p.Contents[i] = show(row)
	}
	return p
}
