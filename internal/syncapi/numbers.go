package syncapi

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/taskrouter/live"
	"parley/internal/twilsock"
)

// The maps of numbers that the desktop's Queues view shows (flex-ui-protocol §5.7): views, as all objects here are. The SID of such a map is
// that of its queue with another prefix, or is made of that of the workspace, so that every node knows it.

const (
	workspaceNumbers = "realtime_statistics_v1"
	queueNumbers     = ".realtime_statistics.v1" // after the SID of a queue
)

// board is a map of numbers.
type board struct {
	at        live.Scope
	about     live.Subject
	sid, name string
}

// isBoard reports whether a reference, a name or a SID that is none of chat's, may be that of a map of numbers.
func (s *Sync) isBoard(fam *family, ref string) bool {
	if fam != maps || s.live == nil {
		return false
	}
	if _, _, chats := s.codec.DecodeAny(maps.prefix, ref); chats {
		return false
	}
	return ref == workspaceNumbers || core.IsSID("MP", ref) || strings.HasSuffix(ref, queueNumbers)
}

// board returns a map of numbers for a supervisor or an admin of its workspace.
func (s *Sync) board(r *httpapi.Request, ref string) (*board, error) {
	at, leads, err := s.staffOf(r)
	if err == nil && !leads {
		err = forbidden()
	}
	if core.HasCode(err, core.CodeSyncForbidden) && core.IsSID(maps.prefix, ref) {
		err = core.E(maps.notFound) // it may be any that was never made
	}
	if err != nil {
		return nil, err
	}
	queue, named := strings.CutSuffix(ref, queueNumbers)
	switch {
	case ref == workspaceNumbers || ref == workspaceBoard(at.WorkspaceSID):
		return &board{at, live.Numbers(""), workspaceBoard(at.WorkspaceSID), workspaceNumbers}, nil
	case !named:
		queue = "WQ" + ref[2:]
	}
	if !core.IsSID("WQ", queue) {
		return nil, core.E(core.CodeSyncNameNotFound)
	}
	return &board{at, live.Numbers(queue), "MP" + queue[2:], queue + queueNumbers}, nil
}

func workspaceBoard(workspaceSID string) string {
	sum := sha256.Sum256([]byte(workspaceNumbers + "|" + workspaceSID))
	return "MP" + hex.EncodeToString(sum[:16])
}

func (m *board) url() string { return baseURL + maps.path + "/" + m.sid }

// openBoard is board with its items, sorted by key.
func (s *Sync) openBoard(r *httpapi.Request) (*board, live.Answer, error) {
	m, err := s.board(r, r.Path("object"))
	if err != nil {
		return nil, live.Answer{}, err
	}
	answer, err := s.live.Open(r.Context(), m.at, m.about)
	slices.SortFunc(answer.Items, func(a, b live.Item) int { return cmp.Compare(a.Key, b.Key) })
	return m, answer, err
}

func (s *Sync) fetchBoard(r *httpapi.Request) (httpapi.Response, error) {
	m, answer, err := s.openBoard(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	b := make([]byte, 0, 1024)
	b = append(b, `{"sid":"`...)
	b = append(b, m.sid...)
	b = append(b, `","unique_name":"`...)
	b = append(b, m.name...)
	b = append(b, `","url":"`...)
	b = append(b, m.url()...)
	b = append(b, `","revision":"`...)
	b = strconv.AppendInt(b, answer.Last, 10)
	b = append(b, `","last_event_id":`...)
	b = strconv.AppendInt(b, answer.Last, 10)
	b = append(b, `,"date_created":`...)
	b = appendTime(b, answer.Last) // events are numbered by the clock
	b = append(b, `,"date_updated":`...)
	b = appendTime(b, answer.Last)
	b = append(b, `,"date_expires":null,"created_by":"system","type":"map","links":{"items":"`...)
	b = append(b, m.url()...)
	b = append(b, `/Items"}`...)
	if r.Text("Include") == "items" {
		b = append(b, `,"items":[`...)
		for i := range answer.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = m.appendItem(b, &answer.Items[i])
		}
		b = append(b, ']')
	}
	return httpapi.OK(append(b, '}'))
}

func (m *board) appendItem(b []byte, item *live.Item) []byte {
	b = append(b, `{"key":`...)
	b = twilsock.AppendString(b, item.Key)
	b = appendHead(b, m.url(), item.Key, item.Rev, item.Rev, item.Rev)
	b = append(b, item.Data...)
	return append(b, '}')
}

// boardItems answers GET of the items: all of them stand on one page, unless the request wants it smaller.
func (s *Sync) boardItems(r *httpapi.Request, c cursor) (*page, error) {
	m, answer, err := s.openBoard(r)
	if err != nil {
		return nil, err
	}
	list := answer.Items
	return cut(c, len(list), func(i int) string { return list[i].Key }, func(i int) []byte { return m.appendItem(nil, &list[i]) }), nil
}

// establishBoard subscribes a connection to a map of numbers; what changed since it was read comes first.
func (s *Sync) establishBoard(r *httpapi.Request, conn *realtime.Conn, p *poke, q *pokeObject) {
	m, err := s.board(r, q.SID)
	if err == nil {
		after := int64(0)
		if q.Since != nil {
			after = *q.Since
		}
		w := watchOf(r, conn, m.sid, func(changes []live.Change) { conn.Send(m.changes(nil, changes)...) })
		err = s.live.Watch(r.Context(), m.at, m.about, w, after, func(missed live.Replay) {
			conn.Send(append(m.changes(p, missed.Changes), s.subscription(p, "established", m.sid, maps.name,
				`,"replay_status":"completed","last_event_id":`+strconv.FormatInt(missed.Last, 10)))...)
		})
	}
	if err != nil {
		conn.Send(s.failed(p, q.SID, q.Type, err))
	}
}

func (m *board) changes(p *poke, changes []live.Change) [][]byte {
	frames := make([][]byte, len(changes))
	for i := range changes {
		c := &changes[i]
		name := "map_item_updated"
		if c.Removed {
			name = "map_item_removed"
		}
		b := beginEvent(p, len(c.Data), name, maps, m.sid, c.Rev, c.Rev)
		b = append(b, `,"item_key":`...)
		b = twilsock.AppendString(b, c.Key)
		b = append(b, `,"item_url":"`...)
		b = append(b, m.url()...)
		b = append(b, "/Items/"...)
		b = append(b, c.Key...)
		b = append(b, `","item_revision":"`...)
		b = strconv.AppendInt(b, c.Rev, 10)
		b = append(b, `","item_data":`...)
		if c.Removed {
			b = append(b, "null"...)
		} else {
			b = append(b, c.Data...)
		}
		frames[i] = endEvent(p, b, maps)
	}
	return frames
}
