package syncapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
)

// The session list of a generation A client (chat-sdk-protocol §7) is a view, too: of nothing but the user. Its SID is computed from the
// user's number, so every node knows it, before and after a restart; a command is executed when it comes, its answer is
// pushed to the connection that gave it, and nothing is kept.

// sessionPurpose is the purpose with which a chat client creates its session list.
const sessionPurpose = "com.twilio.rtd.ipmsg"

// createSession answers POST /v3/Lists. No other list may be made by a chat user.
func (s *Sync) createSession(r *httpapi.Request) (httpapi.Response, error) {
	u, _, err := userOf(r.Context())
	if err != nil {
		return httpapi.Response{}, err
	}
	var in struct {
		Purpose string `json:"purpose"`
	}
	if err := r.JSON(&in); err != nil {
		return httpapi.Response{}, err
	}
	if in.Purpose != sessionPurpose {
		return httpapi.Response{}, forbidden()
	}
	return httpapi.Created(s.descriptor(&object{topic: realtime.Topic{Kind: session, ID: u.ID}, viewer: u}, false))
}

// ownSession finds the session list that a path names; anybody else's is not found, which makes the client create its own (§7.2).
func (s *Sync) ownSession(r *httpapi.Request) (realtime.Topic, *realtime.Conn, error) {
	u, conn, err := userOf(r.Context())
	if err != nil {
		return realtime.Topic{}, nil, err
	}
	t, ok := s.bySID(lists, r.Path("object"))
	switch {
	case !ok || t.Kind == session && t.ID != u.ID:
		return t, nil, core.E(core.CodeListNotFound)
	case t.Kind != session:
		return t, nil, forbidden()
	}
	return t, conn, nil
}

// sessionContext answers GET of a session's context, with an event id before that of the event which brings it (§7.1).
func (s *Sync) sessionContext(commands Commands) httpapi.Handler {
	return func(r *httpapi.Request) (httpapi.Response, error) {
		t, _, err := s.ownSession(r)
		if err != nil {
			return httpapi.Response{}, err
		}
		context, err := commands.Context(r)
		if err != nil {
			return httpapi.Response{}, err
		}
		b := make([]byte, 0, len(context)+200)
		b = append(b, `{"data":`...)
		b = append(b, context...)
		b = append(b, `,"last_event_id":0,"revision":"0","url":"`...)
		b = append(b, s.objectURL(t)...)
		return httpapi.OK(append(b, `/Context"}`...))
	}
}

// maxCommandID bounds the id that is echoed and remembered, in bytes.
const maxCommandID = 64

// command answers POST of an item to a session list: it executes the command, pushes the answer, then confirms the item (§7.2).
func (s *Sync) command(commands Commands) httpapi.Handler {
	return func(r *httpapi.Request) (httpapi.Response, error) {
		t, conn, err := s.ownSession(r)
		if err != nil {
			return httpapi.Response{}, err
		}
		var in struct {
			Data jsonText `json:"data"`
		}
		if err := r.JSON(&in); err != nil {
			return httpapi.Response{}, err
		}
		id, request := gjson.GetBytes(in.Data, "commandId"), gjson.GetBytes(in.Data, "request")
		if id.Type != gjson.String || len(id.Str) > maxCommandID || !request.IsObject() {
			return httpapi.Response{}, core.Ef(core.CodeSyncItemData, "data must hold a commandId and a request")
		}
		index := s.ticks.next()
		response := commands.Execute(r, id.Str, []byte(request.Raw))
		conn.Send(s.answered(t, index, s.ticks.next(), id.Str, response))
		return httpapi.Response{Status: http.StatusCreated, Body: s.confirmed(t, index)}, nil
	}
}

// confirmed is the reply to the POST of a command. The client has its data already.
func (s *Sync) confirmed(t realtime.Topic, index int64) []byte {
	key := strconv.FormatInt(index, 10)
	now := time.Now().UnixMicro()
	b := make([]byte, 0, 400)
	b = append(b, `{"index":`...)
	b = append(b, key...)
	b = append(b, `,"url":"`...)
	b = s.appendItemURL(b, t, key)
	b = append(b, `","revision":"`...)
	b = append(b, key...)
	b = append(b, `","last_event_id":`...)
	b = append(b, key...)
	b = append(b, `,"date_created":`...)
	b = appendTime(b, now)
	b = append(b, `,"date_updated":`...)
	b = appendTime(b, now)
	return append(b, `,"date_expires":null}`...)
}

// jsonText is JSON that is looked into later.
type jsonText []byte

// UnmarshalJSON keeps the text.
func (t *jsonText) UnmarshalJSON(b []byte) error {
	*t = append((*t)[:0], b...)
	return nil
}
