package syncapi

import (
	"net/http"
	"strconv"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/live"
	"parley/internal/twilsock"
)

// The product flex_insights: queries over what lives in the workspace of the token (flex-ui-protocol §5.7). Any worker may ask once, as the
// directory of transfers does; to watch takes a supervisor or an admin.

// liveQuery is the type of a live query as pokes name it.
const liveQuery = "live_query"

// staffOf returns the workspace of the worker who asks, and whether that is a supervisor or an admin.
func (s *Sync) staffOf(r *httpapi.Request) (at live.Scope, leads bool, err error) {
	t := r.Caller.Token
	if s.live == nil || t == nil || t.WorkerSID == "" {
		return at, false, forbidden()
	}
	w, err := s.tasks.FetchWorker(r.Context(), t.AccountSID, t.WorkspaceSID, t.WorkerSID)
	if core.HasCode(err, core.CodeNotFound) {
		return at, false, forbidden()
	}
	if err != nil {
		return at, false, err
	}
	return live.Scope{AccountSID: t.AccountSID, WorkspaceSID: t.WorkspaceSID}, taskrouter.LeadingRole(t.WorkerRole) || taskrouter.HasLeadingRole(w.Attributes), nil
}

// query answers POST of a query to an index. Each answer has an identity of its own, by which a client may follow it.
func (s *Sync) query(r *httpapi.Request) (httpapi.Response, error) {
	at, leads, err := s.staffOf(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	var in struct {
		Query *string `json:"query_string"`
		Type  string  `json:"type"`
	}
	if err := r.JSON(&in); err != nil {
		return httpapi.Response{}, err
	}
	if in.Query == nil {
		return httpapi.Response{}, core.Ef(core.CodeSyncQuery, "Invalid query: query_string is missing")
	}
	about := live.Subject{Index: r.Path("index"), Query: *in.Query}
	ask := s.live.Query
	if in.Type == liveQuery {
		ask = s.live.Open
	}
	if !leads && (in.Type == liveQuery || about.Index == live.Reservations) {
		return httpapi.Response{}, forbidden()
	}
	answer, err := ask(r.Context(), at, about)
	if err != nil {
		return httpapi.Response{}, err
	}
	size := 128
	for _, item := range answer.Items {
		size += len(item.Data) + 100
	}
	b := make([]byte, 0, size)
	b = append(b, `{"query_id":"`...)
	b = append(b, core.NewSID("QR")...)
	b = append(b, `","last_event_id":`...)
	b = strconv.AppendInt(b, answer.Last, 10)
	b = append(b, `,"items":[`...)
	for i, item := range answer.Items {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendItem(b, &item)
	}
	return httpapi.Response{Status: http.StatusOK, Body: append(b, "]}"...)}, nil
}

func appendItem(b []byte, item *live.Item) []byte {
	b = append(b, `{"key":`...)
	b = twilsock.AppendString(b, item.Key)
	b = append(b, `,"data":`...)
	b = append(b, item.Data...)
	b = append(b, `,"revision":`...)
	b = strconv.AppendInt(b, item.Rev, 10)
	return append(b, '}')
}

// establishQuery subscribes a connection to a query. The request holds the query itself, so any node can continue what another began; what
// the client missed meanwhile comes first.
func (s *Sync) establishQuery(r *httpapi.Request, conn *realtime.Conn, p *poke, q *pokeObject) {
	err := s.watchQuery(r, conn, p, q)
	if err != nil {
		conn.Send(s.failed(p, q.SID, q.Type, err))
	}
}

func (s *Sync) watchQuery(r *httpapi.Request, conn *realtime.Conn, p *poke, q *pokeObject) error {
	at, leads, err := s.staffOf(r)
	switch {
	case err != nil:
		return err
	case !leads:
		return forbidden()
	case !core.IsSID("QR", q.SID):
		return core.Ef(core.CodeSyncQuery, "Invalid query: object_sid must be that of a query (QR…)")
	}
	after := int64(0)
	if q.Since != nil {
		after = *q.Since
	}
	sid := q.SID
	w := watchOf(r, conn, sid, func(changes []live.Change) { conn.Send(queryChanges(nil, sid, changes)...) })
	return s.live.Watch(r.Context(), at, live.Subject{Index: q.Index, Query: q.Query}, w, after, func(missed live.Replay) {
		frames := queryChanges(p, q.SID, missed.Changes)
		if missed.Whole {
			frames = [][]byte{wholeQuery(p, q.SID, &missed)}
		}
		conn.Send(append(frames, s.subscription(p, "established", q.SID, liveQuery, `,"replay_status":"completed","last_event_id":`+strconv.FormatInt(missed.Last, 10)))...)
	})
}

// watchOf is a watch of the worker who asks.
func watchOf(r *httpapi.Request, conn *realtime.Conn, sid string, tell func([]live.Change)) live.Watch {
	t := r.Caller.Token
	return live.Watch{Owner: conn, SID: sid, Worker: t.WorkerSID, Granted: taskrouter.LeadingRole(t.WorkerRole), Tell: tell}
}

// beginQuery starts the frame of an event of a query. Clients take such events for ordered where they say so themselves.
func beginQuery(p *poke, size int, name, sid string) []byte {
	b := twilsock.NewPayload(size + 300)
	b = append(b, `{"event_type":"live_query_`...)
	b = append(b, name...)
	b = append(b, `","event_protocol_version":3,"strictly_ordered":true`...)
	if p != nil {
		b = append(b, `,"correlation_id":`...)
		b = append(b, p.correlation...)
	}
	b = append(b, `,"event":{"query_id":"`...)
	b = append(b, sid...)
	return append(b, '"')
}

func endQuery(b []byte, last int64) []byte {
	b = append(b, `,"last_event_id":`...)
	b = strconv.AppendInt(b, last, 10)
	return twilsock.Notification(append(b, "}}"...), twilsock.TypeSyncEvent)
}

func queryChanges(p *poke, sid string, changes []live.Change) [][]byte {
	frames := make([][]byte, len(changes))
	for i := range changes {
		c := &changes[i]
		name := "item_updated"
		if c.Removed {
			name = "item_removed"
		}
		b := beginQuery(p, len(c.Data), name, sid)
		b = append(b, `,"item_key":`...)
		b = twilsock.AppendString(b, c.Key)
		if !c.Removed {
			b = append(b, `,"item_data":`...)
			b = append(b, c.Data...)
		}
		b = append(b, `,"item_revision":`...)
		b = strconv.AppendInt(b, c.Rev, 10)
		frames[i] = endQuery(b, c.Rev)
	}
	return frames
}

// wholeQuery is all that matches, in place of what the client has.
func wholeQuery(p *poke, sid string, missed *live.Replay) []byte {
	size := 0
	for _, c := range missed.Changes {
		size += len(c.Data) + 100
	}
	b := beginQuery(p, size, "updated", sid)
	b = append(b, `,"items":[`...)
	for i := range missed.Changes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendItem(b, &missed.Changes[i].Item)
	}
	return endQuery(append(b, ']'), missed.Last)
}
