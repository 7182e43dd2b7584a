package syncapi

import (
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/twilsock"
)

// Page sizes of items. Clients ask for 50 at most by themselves; an application may ask for more.
const (
	defaultItems = 50
	maxItems     = 100
)

// cursor is the place of a page among the items: Size items from From on, in the order of Desc, or those right before From
// if Before is set. Exclusive leaves From itself out.
type cursor struct {
	size      int
	desc      bool
	from      string // "" for the beginning
	before    bool
	exclusive bool
	alone     bool // nobody asks what lies around
}

// token writes a cursor for a client that sends nothing else for the next page (§6.3).
func (c cursor) token() string {
	var b strings.Builder
	b.WriteString("PT")
	b.WriteByte(flag(c.desc, 'd', 'a'))
	b.WriteByte(flag(c.before, 'b', 'f'))
	b.WriteByte(flag(c.exclusive, 'x', 'i'))
	b.WriteString(strconv.Itoa(c.size))
	b.WriteByte('.')
	b.WriteString(c.from)
	return b.String()
}

func flag(on bool, yes, no byte) byte {
	if on {
		return yes
	}
	return no
}

// maxKey bounds keys in requests; all keys of ours are shorter.
const maxKey = 64

// parseToken reads a token back. What token did not write is 54453.
func parseToken(s string) (cursor, error) {
	bad := core.E(core.CodeSyncPageToken)
	head, from, ok := strings.Cut(s, ".")
	if !ok || len(head) < 6 || len(head) > 8 || head[:2] != "PT" || len(from) > maxKey {
		return cursor{}, bad
	}
	size, err := strconv.Atoi(head[5:])
	c := cursor{size: size, desc: head[2] == 'd', before: head[3] == 'b', exclusive: head[4] == 'x', from: from}
	if err != nil || size < 1 || size > maxItems || c.token() != s {
		return cursor{}, bad
	}
	return c, nil
}

// parseCursor reads what a request asks for.
func parseCursor(r *httpapi.Request) (cursor, error) {
	if t := r.Text("PageToken"); t != "" {
		return parseToken(t)
	}
	c := cursor{size: defaultItems, from: r.Text("From")}
	if v := r.Text("PageSize"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return c, core.E(core.CodeSyncPageSize)
		}
		c.size = min(n, maxItems)
	}
	switch r.Text("Order") {
	case "", "asc":
	case "desc":
		c.desc = true
	default:
		return c, core.E(core.CodeSyncOrder)
	}
	if len(c.from) > maxKey {
		return c, core.Ef(core.CodeInvalidParameter, "From is too long")
	}
	return c, r.Err()
}

// page is a page of items, with whether there are others before and after it in the order that was asked for.
type page struct {
	items       [][]byte
	first, last string // keys
	prev, next  bool
}

// write makes the answer.
func (p *page) write(c cursor) []byte {
	size := 96
	for _, item := range p.items {
		size += len(item) + 1
	}
	b := make([]byte, 0, size)
	b = append(b, `{"items":[`...)
	for i, item := range p.items {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, item...)
	}
	b = append(b, `],"meta":{"key":"items","page_size":`...)
	b = strconv.AppendInt(b, int64(c.size), 10)
	b = append(b, `,"previous_token":`...)
	b = appendToken(b, p.prev, cursor{size: c.size, desc: c.desc, from: p.first, before: true, exclusive: true})
	b = append(b, `,"next_token":`...)
	b = appendToken(b, p.next, cursor{size: c.size, desc: c.desc, from: p.last, exclusive: true})
	return append(b, "}}"...)
}

func appendToken(b []byte, there bool, c cursor) []byte {
	if !there {
		return append(b, "null"...)
	}
	return twilsock.AppendString(b, c.token())
}

// items answers GET of an object's items, or of a single one by Key or Index: an unknown one is an empty page (§6.3).
func (s *Sync) items(fam *family) httpapi.Handler {
	return func(r *httpapi.Request) (httpapi.Response, error) {
		u, _, err := userOf(r.Context())
		if err != nil {
			return httpapi.Response{}, err
		}
		c, err := parseCursor(r)
		if err != nil {
			return httpapi.Response{}, err
		}
		only := r.Str("Key")
		if fam == lists {
			only = r.Str("Index")
		}
		if only != nil {
			c = cursor{size: 1, from: *only, alone: true}
		}
		if err := r.Err(); err != nil {
			return httpapi.Response{}, err
		}
		p, err := s.itemPage(r, u, fam, c)
		if err != nil {
			return httpapi.Response{}, err
		}
		if only != nil {
			if len(p.items) > 0 && p.first != *only {
				p.items = nil
			}
			p.prev, p.next = false, false
		} else if len(p.items) == 0 {
			p.first, p.last = c.from, c.from
		}
		return httpapi.OK(p.write(c))
	}
}

// itemPage reads a page of the object that a request names.
func (s *Sync) itemPage(r *httpapi.Request, u *User, fam *family, c cursor) (p *page, err error) {
	if s.isBoard(fam, r.Path("object")) {
		return s.boardItems(r, c)
	}
	svc, err := s.chat.ServiceByID(r.Context(), u.ServiceID)
	if err != nil {
		return nil, err
	}
	err = s.reading(r, u, fam, func(rd *store.Reader, o *object) error {
		p, err = s.page(rd, o, c, svc.ReadStatus)
		return err
	})
	return p, err
}

func (s *Sync) page(r *store.Reader, o *object, c cursor, horizons bool) (*page, error) {
	switch o.topic.Kind {
	case Messages:
		return s.messagePage(r, o, c)
	case Channels:
		return s.channelPage(r, o, c)
	case Roster:
		rosters, err := s.chat.ViewRosters(r, []int64{o.topic.ID})
		if err != nil {
			return nil, err
		}
		members := rosters[o.topic.ID]
		if !horizons {
			for _, m := range members {
				m.ConsumedIndex, m.ConsumedAt = nil, nil
			}
		}
		return s.rosterPage(o, c, members), nil
	case Info:
		items := infoItems(o.user.User)
		return cut(c, len(items), func(i int) string { return items[i].key }, func(i int) []byte {
			return s.appendInfoItem(nil, o.topic, o.user.User, items[i])
		}), nil
	}
	return &page{}, nil // a session list keeps nothing
}

// cut pages through items that are all at hand, sorted by key.
func cut(c cursor, n int, key func(int) string, item func(int) []byte) *page {
	start, end := 0, n // the part that follows From in the order that is read in
	backwards := c.desc != c.before
	if c.from != "" || c.exclusive {
		i := sort.Search(n, func(i int) bool { return key(i) >= c.from })
		found := i < n && key(i) == c.from
		switch {
		case !backwards:
			start = i
			if found && c.exclusive {
				start++
			}
		default:
			end = i
			if found && !c.exclusive {
				end++
			}
		}
	}
	if backwards {
		start = max(start, end-c.size)
	} else {
		end = min(end, start+c.size)
	}
	p := &page{prev: start > 0, next: end < n}
	for i := start; i < end; i++ {
		p.items = append(p.items, item(i))
	}
	if start < end {
		p.first, p.last = key(start), key(end-1)
	}
	if c.desc {
		slices.Reverse(p.items)
		p.first, p.last = p.last, p.first
		p.prev, p.next = p.next, p.prev
	}
	return p
}

func (s *Sync) rosterPage(o *object, c cursor, members []*chat.Member) *page {
	keys := make(map[*chat.Member]string, len(members))
	for _, m := range members {
		keys[m] = s.chat.MemberSID(m.ID)
	}
	slices.SortFunc(members, func(a, b *chat.Member) int { return strings.Compare(keys[a], keys[b]) })
	return cut(c, len(members), func(i int) string { return keys[members[i]] }, func(i int) []byte {
		m := members[i]
		b := s.beginMapItem(make([]byte, 0, 700+len(m.Attributes)), o.topic, keys[m], m.LastEv, m.CreatedAt, m.UpdatedAt)
		return append(appendMember(b, m), '}')
	})
}

// messagePage reads one page of messages, and one message more on each side where there may be one.
func (s *Sync) messagePage(r *store.Reader, o *object, c cursor) (*page, error) {
	from, err := strconv.ParseInt(c.from, 10, 64)
	if c.from != "" && (err != nil || from < 0) {
		return nil, core.E(core.CodeSyncIndex)
	}
	rows, more, err := read(c, c.from != "", from, func(g chat.Range[int64]) ([]*chat.Message, error) {
		return s.chat.ViewMessages(r, o.room.Channel, g)
	}, func(m *chat.Message) int64 { return m.Index })
	if err != nil {
		return nil, err
	}
	p := &page{prev: more.prev, next: more.next}
	for _, m := range rows {
		key := strconv.FormatInt(m.Index, 10)
		b := make([]byte, 0, 600+len(m.Body)+len(m.Attributes))
		b = append(b, `{"index":`...)
		b = append(b, key...)
		b = s.appendItemHead(b, o.topic, key, m.LastEv, m.CreatedAt, m.UpdatedAt)
		p.items = append(p.items, append(s.appendMessage(b, m), '}'))
	}
	if n := len(rows); n > 0 {
		p.first, p.last = strconv.FormatInt(rows[0].Index, 10), strconv.FormatInt(rows[n-1].Index, 10)
	}
	return p, nil
}

func (s *Sync) channelPage(r *store.Reader, o *object, c cursor) (*page, error) {
	if c.from != "" && !core.IsSID("CH", c.from) && !c.alone {
		return nil, core.E(core.CodeSyncKey)
	}
	rows, more, err := read(c, c.from != "", c.from, func(g chat.Range[string]) ([]*chat.UserItem, error) {
		return s.chat.ViewUserChannels(r, o.topic.ID, g)
	}, func(u *chat.UserItem) string { return u.ChannelSID })
	if err != nil {
		return nil, err
	}
	p := &page{prev: more.prev, next: more.next}
	created, updated := o.dates()
	for _, u := range rows {
		b := s.beginMapItem(make([]byte, 0, 700), o.topic, u.ChannelSID, u.LastEv, created, updated)
		p.items = append(p.items, append(appendUserChannel(b, u), '}'))
	}
	if n := len(rows); n > 0 {
		p.first, p.last = rows[0].ChannelSID, rows[n-1].ChannelSID
	}
	return p, nil
}

// neighbours tells what lies around a page, in the order that was asked for.
type neighbours struct{ prev, next bool }

// read reads a page through a range read: the page itself with one row more, and whether there are rows on its other side.
func read[K comparable, T any](c cursor, ok bool, from K, rows func(chat.Range[K]) ([]T, error), key func(T) K) ([]T, neighbours, error) {
	backwards := c.desc != c.before // in keys
	start, limit := &from, c.size+1
	if !ok {
		start = nil
	} else if c.exclusive {
		limit++
	}
	list, err := rows(chat.Range[K]{From: start, Limit: limit, Desc: backwards})
	if err != nil {
		return nil, neighbours{}, err
	}
	if start != nil && c.exclusive && len(list) > 0 && key(list[0]) == from {
		list = list[1:]
	}
	ahead := len(list) > c.size
	list = list[:min(len(list), c.size)]
	behind := false
	if start != nil && !c.alone {
		edge := from
		if !c.exclusive && len(list) > 0 {
			edge = key(list[0])
		}
		other, err := rows(chat.Range[K]{From: &edge, Limit: 2, Desc: !backwards})
		if err != nil {
			return nil, neighbours{}, err
		}
		for _, row := range other {
			behind = behind || c.exclusive || len(list) == 0 || key(row) != edge
		}
	}
	if c.before {
		slices.Reverse(list)
		return list, neighbours{prev: ahead, next: behind}, nil
	}
	return list, neighbours{prev: behind, next: ahead}, nil
}

// beginMapItem writes an item of a map up to its data.
func (s *Sync) beginMapItem(b []byte, t realtime.Topic, key string, ev, created, updated int64) []byte {
	b = append(b, `{"key":`...)
	b = twilsock.AppendString(b, key)
	return s.appendItemHead(b, t, key, ev, created, updated)
}

func (s *Sync) appendItemHead(b []byte, t realtime.Topic, key string, ev, created, updated int64) []byte {
	return appendHead(b, s.objectURL(t), key, ev, created, updated)
}

// appendHead writes what stands between the key of an item and its data. Keys are SIDs or plain words.
func appendHead(b []byte, object, key string, ev, created, updated int64) []byte {
	b = append(b, `,"url":"`...)
	b = append(b, object...)
	b = append(b, "/Items/"...)
	b = append(b, url.PathEscape(key)...)
	b = append(b, `","revision":"`...)
	b = strconv.AppendInt(b, ev, 10)
	b = append(b, `","last_event_id":`...)
	b = strconv.AppendInt(b, ev, 10)
	b = append(b, `,"date_created":`...)
	b = appendTime(b, created)
	b = append(b, `,"date_updated":`...)
	b = appendTime(b, updated)
	return append(b, `,"date_expires":null,"created_by":"system","data":`...)
}

func (s *Sync) appendInfoItem(b []byte, t realtime.Topic, u *chat.User, item infoItem) []byte {
	b = s.beginMapItem(b, t, item.key, item.ev, u.CreatedAt, u.UpdatedAt)
	return append(appendInfo(b, u, item.key), '}')
}
