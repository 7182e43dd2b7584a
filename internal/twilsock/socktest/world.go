package socktest

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/bus"
	"parley/internal/chat"
	"parley/internal/chat/client"
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/identity"
	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/syncapi"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/live"
	"parley/internal/twilsock"
)

// Account owns the services of a World.
const Account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// World is a node with a chat service, reached through its socket.
type World struct {
	T       testing.TB
	Store   *store.Store
	Chat    *chat.Chat
	Sync    *syncapi.Sync
	Client  *client.Client
	Hub     *realtime.Hub
	Service *chat.Service
	API     chat.Actor // a server with the account's credentials
	URL     string

	// What workers see; see Staff.
	Tasks *taskrouter.TaskRouter
	Live  *live.Live
	staff sync.Map // *identity.Token by identity
}

// Staff lets an identity come as a worker: Dial then has a token with the task_router grant of from, of which the workspace, the worker and
// the role count.
func (w *World) Staff(who string, from identity.Token) { w.staff.Store(who, &from) }

// New starts a node over a store and makes a service. b may be nil.
func New(t testing.TB, st *store.Store, b bus.Bus) *World {
	t.Helper()
	w := Join(t, st, b, nil)
	err := st.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec("INSERT INTO account (sid, friendly_name, status, auth_token, secondary_token, created_at, updated_at) VALUES ($1, '', 'active', 'x', NULL, 0, 0)", Account)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Service, err = w.Chat.CreateService(t.Context(), chat.NewService{AccountSID: Account, FriendlyName: "test"})
	if err != nil {
		t.Fatal(err)
	}
	w.API = chat.Actor{Service: w.Service, Source: chat.SourceAPI}
	return w
}

// Join starts a node over a store that has a service already.
func Join(t testing.TB, st *store.Store, b bus.Bus, svc *chat.Service) *World {
	t.Helper()
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	w := &World{T: t, Store: st, Service: svc, API: chat.Actor{Service: svc, Source: chat.SourceAPI}}
	w.Chat = chat.New(st, codec, chat.Options{})
	w.Tasks = taskrouter.New(st, codec, taskrouter.Options{})
	w.Live = live.New(live.Options{Store: st, TaskRouter: w.Tasks, Bus: b, Coalesce: 10 * time.Millisecond, CheckEvery: 200 * time.Millisecond})
	w.Sync = syncapi.New(syncapi.Options{Store: st, Chat: w.Chat, Codec: codec, TaskRouter: w.Tasks, Live: w.Live})
	w.Client = client.New(client.Options{Store: st, Chat: w.Chat, NodeID: 1, TLSListen: ":8443", MayWatch: watches})
	w.Sync.LetWatch(watches)
	w.Hub = realtime.NewHub(w.Sync, b, realtime.Options{OnPresence: w.Client.Presence, OnRecovered: w.Sync.Recovered, CheckEvery: 200 * time.Millisecond})
	w.Sync.Attach(w.Hub)
	w.Client.Attach(w.Hub)
	router := httpapi.New(httpapi.Options{Auth: auth{}})
	w.Sync.Mount(router, w.Client)
	w.Client.Mount(router)
	sockets := twilsock.New(twilsock.Options{Hub: w.Hub, Auth: auth{w}, Login: w.Client.Login, Router: router, Overlaps: client.Overlaps})
	router.HandleRaw("tsock", "GET /", httpapi.Public, sockets)
	srv := httptest.NewServer(router)
	w.URL = srv.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := sockets.Stop(ctx); err != nil {
			t.Errorf("stopping sockets: %v", err)
		}
		if err := w.Hub.Stop(ctx); err != nil {
			t.Errorf("stopping the hub: %v", err)
		}
		if err := w.Live.Stop(ctx); err != nil {
			t.Errorf("stopping live queries: %v", err)
		}
		srv.Close()
	})
	return w
}

// watches stands for Flex: who has a role that leads may watch all channels.
func watches(_ context.Context, by *identity.Token, _ string) (bool, error) {
	return taskrouter.LeadingRole(by.WorkerRole), nil
}

// auth takes an identity as token; "identity SID" names another service than the world's.
type auth struct{ w *World }

func (auth) Basic(context.Context, string, string) (httpapi.Caller, error) {
	return httpapi.Caller{}, core.E(core.CodeAuthenticate)
}

func (a auth) Token(_ context.Context, jwt string) (httpapi.Caller, error) {
	name, service, other := strings.Cut(jwt, " IS")
	if other {
		service = "IS" + service
	} else {
		name, service = jwt, a.w.Service.SID
	}
	token := &identity.Token{AccountSID: Account, Identity: name, ChatServiceSID: service, ExpiresAt: time.Now().Add(time.Hour)}
	if from, ok := a.w.staff.Load(name); ok {
		grant := from.(*identity.Token)
		token.WorkspaceSID, token.WorkerSID, token.WorkerRole = grant.WorkspaceSID, grant.WorkerSID, grant.WorkerRole
	}
	return httpapi.Caller{AccountSID: Account, Token: token}, nil
}

// Dial connects an identity.
func (w *World) Dial(identity string) *Client {
	w.T.Helper()
	return Dial(w.T, w.URL, identity)
}

// Channel makes a channel with members.
func (w *World) Channel(kind string, members ...string) *chat.Channel {
	w.T.Helper()
	room, err := w.Chat.CreateChannel(w.T.Context(), w.API, chat.NewChannel{Type: kind})
	if err != nil {
		w.T.Fatal(err)
	}
	for _, m := range members {
		w.Join(room.Channel, m)
	}
	return room.Channel
}

// Join adds a member.
func (w *World) Join(ch *chat.Channel, identity string) *chat.Member {
	w.T.Helper()
	m, err := w.Chat.AddMember(w.T.Context(), w.API, ch.SID, chat.NewMember{Identity: identity})
	if err != nil {
		w.T.Fatal(err)
	}
	return m
}

// Say sends a message as a server, in the name of from.
func (w *World) Say(ch *chat.Channel, from, body string) *chat.Message {
	w.T.Helper()
	m, err := w.Chat.SendMessage(w.T.Context(), w.API, ch.SID, chat.NewMessage{From: from, Body: &body})
	if err != nil {
		w.T.Fatal(err)
	}
	return m
}
