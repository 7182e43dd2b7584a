package syncapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
)

// maxBatch is how many objects one poke may name; clients learn it from the answer.
const maxBatch = 1000

// pokeRequest is the body of POST /v4/Subscriptions (§6.4).
type pokeRequest struct {
	Version     int64       `json:"event_protocol_version"`
	Action      string      `json:"action"`
	Correlation json.Number `json:"correlation_id"`

	Requests []pokeObject `json:"requests"`
}

type pokeObject struct {
	SID  string `json:"object_sid"`
	Type string `json:"object_type"`
	// Since is null for a client that holds no items: it gets no replay (§6.5).
	Since *int64 `json:"last_event_id"`
	Index string `json:"index_name"` // of a live query
	Query string `json:"query_string"`
}

// subscribe answers a poke.
func (s *Sync) subscribe(r *httpapi.Request, commands Commands) (httpapi.Response, error) {
	user, conn, err := userOf(r.Context())
	if err != nil {
		return httpapi.Response{}, err
	}
	var in pokeRequest
	if err := r.JSON(&in); err != nil {
		return httpapi.Response{}, err
	}
	correlation, err := in.Correlation.Int64()
	if err != nil {
		return httpapi.Response{}, core.Ef(core.CodeInvalidParameter, "correlation_id must be a whole number")
	}
	if len(in.Requests) > maxBatch {
		return httpapi.Response{}, core.Ef(core.CodeInvalidParameter, "requests must name at most %d objects", maxBatch)
	}
	p := &poke{correlation: strconv.FormatInt(correlation, 10), version: min(max(in.Version, 3), eventVersion)}
	switch in.Action {
	case "establish":
		err = s.establish(r, commands, user, conn, p, &in)
	case "cancel":
		s.cancel(conn, p, &in)
	default:
		err = core.Ef(core.CodeInvalidParameter, "action must be establish or cancel")
	}
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Response{Status: http.StatusAccepted, Body: []byte(`{"estimated_delivery_in_ms":10000,"max_batch_size":1000,"ttl_in_s":-1}`)}, nil
}

// farAhead stands for a null last_event_id: nothing is after it.
const farAhead = 1 << 53

func (s *Sync) establish(r *httpapi.Request, commands Commands, user *User, conn *realtime.Conn, p *poke, in *pokeRequest) error {
	at := make([]realtime.Position, 0, len(in.Requests))
	seen := make(map[realtime.Topic]bool, len(in.Requests))
	for _, q := range in.Requests {
		if q.Type == liveQuery {
			s.establishQuery(r, conn, p, &q)
			continue
		}
		fam := familyNamed(q.Type)
		if s.isBoard(fam, q.SID) {
			s.establishBoard(r, conn, p, &q)
			continue
		}
		if fam == nil {
			conn.Send(s.failed(p, q.SID, q.Type, core.E(core.CodeSyncForbidden).WithStatus(403)))
			continue
		}
		t, ok := s.bySID(fam, q.SID)
		switch {
		case !ok || t.Kind == session && t.ID != user.ID:
			conn.Send(s.failed(p, q.SID, q.Type, core.E(fam.notFound)))
		case t.Kind == session:
			if err := s.establishSession(r, commands, conn, p, t, q.Since); err != nil {
				return err
			}
		case !seen[t]:
			seen[t] = true
			since := int64(farAhead)
			if q.Since != nil {
				since = max(0, *q.Since)
			}
			at = append(at, realtime.Position{Topic: t, Since: since})
		}
	}
	watched, err := s.watched(r, user, channelsOf(at))
	if err != nil {
		return err
	}
	who := &viewer{user: user, worker: r.Caller.Token.WorkerSID, watched: watched, refused: map[realtime.Topic]error{}, partial: map[realtime.Topic]bool{}}
	err = conn.Subscribe(context.WithValue(r.Context(), viewerKey{}, who), at, func(readings []realtime.Reading) [][][]byte {
		frames := make([][][]byte, len(at))
		for i := range at {
			frames[i] = s.replay(p, who, at[i].Topic, &readings[i])
		}
		return frames
	})
	if errors.Is(err, realtime.ErrClosed) {
		return core.E(core.CodeUnavailable).Because(err)
	}
	return err
}

// replay makes what a client gets for one object: what it missed, and how its subscription stands.
func (s *Sync) replay(p *poke, who *viewer, t realtime.Topic, reading *realtime.Reading) [][]byte {
	if err := who.refused[t]; err != nil {
		return [][]byte{s.failed(p, s.sid(t), familyOf(t.Kind).name, err)}
	}
	partial := who.partial[t] && len(reading.Events) > 0
	if !reading.Found && !partial { // deleted, or left by force, while it was read
		return [][]byte{s.failed(p, s.sid(t), familyOf(t.Kind).name, core.E(familyOf(t.Kind).notFound))}
	}
	frames := make([][]byte, 0, len(reading.Events)+1)
	for _, e := range reading.Events {
		frames = append(frames, s.encode(p, t, e))
	}
	status, last := "completed", reading.Seq
	if partial {
		status, last = "interrupted", reading.Events[len(reading.Events)-1].Seq
	}
	return append(frames, s.established(p, t, status, last))
}

func (s *Sync) established(p *poke, t realtime.Topic, status string, last int64) []byte {
	return s.subscription(p, "established", s.sid(t), familyOf(t.Kind).name, `,"replay_status":"`+status+`","last_event_id":`+strconv.FormatInt(last, 10))
}

func (s *Sync) failed(p *poke, sid, object string, err error) []byte {
	e := core.AsError(err)
	text, _ := json.Marshal(e.Message) // a string always encodes
	return s.subscription(p, "failed", clip(sid), clip(object),
		`,"error":{"status":`+strconv.Itoa(e.Status)+`,"code":`+strconv.Itoa(e.Code)+`,"message":`+string(text)+`}`)
}

// clip bounds what is echoed.
func clip(s string) string { return s[:min(len(s), 64)] }

// establishSession confirms a session list. Its answers are pushed to the connection that gave the command and are not kept, so
// the position is the client's own; only the context may be missing (§7.1).
func (s *Sync) establishSession(r *httpapi.Request, commands Commands, conn *realtime.Conn, p *poke, t realtime.Topic, since *int64) error {
	last := int64(contextEvent)
	if since == nil || *since < contextEvent {
		text, err := commands.Context(r)
		if err != nil {
			return err
		}
		conn.Send(s.contextUpdated(p, t, time.Now().UnixMicro(), text))
	} else {
		last = min(*since, farAhead)
	}
	conn.Send(s.established(p, t, "completed", last))
	return nil
}

func (s *Sync) cancel(conn *realtime.Conn, p *poke, in *pokeRequest) {
	var topics []realtime.Topic
	frames := make([][]byte, 0, len(in.Requests))
	for _, q := range in.Requests {
		if s.live != nil {
			s.live.Unwatch(conn, q.SID)
		}
		if fam := familyNamed(q.Type); fam != nil {
			if t, ok := s.bySID(fam, q.SID); ok && t.Kind != session {
				topics = append(topics, t)
			}
		}
		frames = append(frames, s.subscription(p, "canceled", clip(q.SID), clip(q.Type), ""))
	}
	conn.Unsubscribe(topics...)
	conn.Send(frames...)
}

func familyNamed(name string) *family {
	for _, fam := range [...]*family{documents, lists, maps} {
		if fam.name == name {
			return fam
		}
	}
	return nil
}
