package syncapi

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/live"
	"parley/internal/twilsock"
)

// The live objects. The values stand on the bus between nodes: append only.
const (
	Document realtime.Kind = 1 // a channel's document, by the channel's number
	Messages realtime.Kind = 2 // a channel's message list
	Roster   realtime.Kind = 3 // a channel's members
	Channels realtime.Kind = 4 // a user's channels, by the user's number
	Info     realtime.Kind = 5 // a user's info
	session  realtime.Kind = 6 // a generation A session list; private to a connection, so never a topic
	Plain    realtime.Kind = 7 // a worker's own document, by its number
)

// Commands executes what generation A clients push to their session list (chat-sdk-protocol §7); chat/client does.
type Commands interface {
	// Context returns the session context as JSON.
	Context(r *httpapi.Request) ([]byte, error)
	// Execute runs a command and returns the JSON object that answers it, whatever the outcome. It is called again for a command
	// id only when the first answer is no longer known.
	Execute(r *httpapi.Request, commandID string, request []byte) []byte
}

// User is who a connection belongs to; it is the Data of its realtime.ConnInfo.
type User struct {
	ServiceID, ID int64
	SID, Identity string
}

// Options of New.
type Options struct {
	Store *store.Store
	Chat  *chat.Chat
	Codec *core.SIDCodec
	Log   *slog.Logger

	// What workers see of their workspace; nil: there is none.
	TaskRouter *taskrouter.TaskRouter
	Live       *live.Live
}

// Sync serves the objects and publishes their events.
type Sync struct {
	st    *store.Store
	chat  *chat.Chat
	codec *core.SIDCodec
	log   *slog.Logger
	tasks *taskrouter.TaskRouter
	live  *live.Live

	mayWatch MayWatch

	hub   atomic.Pointer[realtime.Hub]
	ticks ticks
}

// New makes the views and registers for commits; call it before the first Update. Events reach connections once Attach
// has named the hub.
func New(o Options) *Sync {
	s := &Sync{st: o.Store, chat: o.Chat, codec: o.Codec, log: o.Log, tasks: o.TaskRouter, live: o.Live}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	o.Store.OnCommit(s.publish)
	return s
}

// Attach names the hub that takes the events; s must be its Source.
func (s *Sync) Attach(hub *realtime.Hub) { s.hub.Store(hub) }

// UserKey is the key under which realtime knows the connections of an identity of a service.
func UserKey(serviceID int64, identity string) string {
	return strconv.FormatInt(serviceID, 36) + "|" + identity
}

// SplitUserKey is the inverse of UserKey.
func SplitUserKey(key string) (serviceID int64, identity string, ok bool) {
	number, identity, ok := strings.Cut(key, "|")
	if !ok {
		return 0, "", false
	}
	serviceID, err := strconv.ParseInt(number, 36, 64)
	return serviceID, identity, err == nil
}

// userOf returns the user behind a tunnelled request.
func userOf(ctx context.Context) (*User, *realtime.Conn, error) {
	conn := twilsock.ConnOf(ctx)
	if conn == nil {
		return nil, nil, forbidden()
	}
	u, ok := conn.Info().Data.(*User)
	if !ok {
		return nil, nil, forbidden()
	}
	return u, conn, nil
}

// forbidden is the answer to what chat users may not do through Sync: 54007 with status 403 (chat-sdk-protocol §6.2).
func forbidden() error { return core.E(core.CodeSyncForbidden).WithStatus(403) }

// ticks gives out numbers that rise with the clock, in microseconds: event ids and indexes of session lists, of which nothing
// is stored. They stay below 2^53 until the year 2255.
type ticks struct{ last atomic.Int64 }

func (t *ticks) next() int64 {
	for {
		last := t.last.Load()
		now := max(time.Now().UnixMicro(), last+1)
		if t.last.CompareAndSwap(last, now) {
			return now
		}
	}
}

// UserOf returns the user behind a tunnelled request; 54007 for a request that is not one.
func UserOf(ctx context.Context) (*User, error) {
	u, _, err := userOf(ctx)
	return u, err
}
