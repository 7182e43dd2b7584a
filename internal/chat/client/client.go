package client

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"

	"parley/internal/chat"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/syncapi"
	"parley/internal/twilsock"
)

// Options of New.
type Options struct {
	Store *store.Store
	Chat  *chat.Chat
	// NodeID is this node's number in the table node; presence is kept by it.
	NodeID int64
	// TLSListen is the address of the TLS listener, or "". Generation A clients upload media by TLS only, so those that came
	// without it are sent there (chat-sdk-protocol §1.3).
	TLSListen string
	// MayWatch lets some read channels without being in them; nil: nobody may.
	MayWatch syncapi.MayWatch
	Log      *slog.Logger
}

// Client serves the SDKs.
type Client struct {
	store    *store.Store
	chat     *chat.Chat
	hub      *realtime.Hub
	nodeID   int64
	tlsPort  string
	mayWatch syncapi.MayWatch
	log      *slog.Logger
	answered *memory
}

// New makes the handlers. Attach names the hub before the first request.
func New(o Options) *Client {
	c := &Client{store: o.Store, chat: o.Chat, nodeID: o.NodeID, mayWatch: o.MayWatch, log: o.Log, answered: newMemory(rememberedMutations)}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if _, port, err := net.SplitHostPort(o.TLSListen); err == nil {
		c.tlsPort = port
	}
	return c
}

// Attach names the hub that carries typing.
func (c *Client) Attach(hub *realtime.Hub) { c.hub = hub }

// Login prepares for a connection whose token was verified: the service must exist, the user is made at its first login, and
// gets the role that the token names (rest-semantics §5). It is twilsock's Login.
func (c *Client) Login(ctx context.Context, caller httpapi.Caller) (realtime.ConnInfo, error) {
	svc, err := c.chat.Service(ctx, caller.AccountSID, caller.Token.ChatServiceSID)
	if err != nil {
		return realtime.ConnInfo{}, err
	}
	u, err := c.chat.EnsureUser(ctx, svc, caller.Token.Identity)
	if err != nil {
		return realtime.ConnInfo{}, err
	}
	if role := caller.Token.RoleSID; role != "" && role != u.RoleSID {
		server := chat.Actor{Service: svc, Source: chat.SourceAPI}
		if _, err := c.chat.UpdateUser(ctx, server, u.SID, chat.UserPatch{RoleSID: &role}); err != nil {
			return realtime.ConnInfo{}, err
		}
	}
	return realtime.ConnInfo{
		Identity: syncapi.UserKey(svc.ID, u.Identity),
		Data:     &syncapi.User{ServiceID: svc.ID, ID: u.ID, SID: u.SID, Identity: u.Identity},
	}, nil
}

// Overlaps implements twilsock's option: messages that a client sends without waiting may share a commit.
func Overlaps(path string, payload []byte) bool {
	if strings.HasSuffix(path, "/Messages") {
		return strings.HasPrefix(path, "/Client/v1/")
	}
	return strings.HasSuffix(path, "/Items") && bytes.Contains(payload, []byte(`"action":"sendMessage"`))
}

// Presence records that an identity has got its first connection to this node, or lost its last. It is the hub's OnPresence.
func (c *Client) Presence(key string, online bool) {
	ctx := context.Background() // the hub calls at its own pace, at the end too
	serviceID, identity, ok := syncapi.SplitUserKey(key)
	if !ok {
		return
	}
	svc, err := c.chat.ServiceByID(ctx, serviceID)
	if err == nil {
		err = c.chat.SetPresence(ctx, svc, identity, c.nodeID, online)
	}
	if err != nil {
		c.log.Error("presence could not be recorded", "online", online, "error", err)
	}
}

// call is a request with what every handler needs.
type call struct {
	*httpapi.Request
	c     *Client
	user  *syncapi.User
	actor chat.Actor
}

// handler makes an httpapi.Handler of a function that knows its actor.
func (c *Client) handler(fn func(*call) (httpapi.Response, error)) httpapi.Handler {
	return func(r *httpapi.Request) (httpapi.Response, error) {
		in, err := c.call(r)
		if err != nil {
			return httpapi.Response{}, err
		}
		return fn(in)
	}
}

func (c *Client) call(r *httpapi.Request) (*call, error) {
	user, err := syncapi.UserOf(r.Context())
	if err != nil {
		return nil, err
	}
	svc, err := c.chat.ServiceByID(r.Context(), user.ServiceID)
	if err != nil {
		return nil, err
	}
	return &call{r, c, user, chat.Actor{Service: svc, Identity: r.Caller.Token.Identity, Source: chat.SourceSDK}}, nil
}

// tail returns the ways to read the last segment of a path, into which clients paste identities as they are (chat-sdk-protocol §8.2): raw,
// decoded, and the caller's own where the client has cut it off at "?" or "#".
func (in *call) tail(after string) []string {
	raw := twilsock.RawPath(in.Context())
	if i := strings.LastIndex(raw, after); i >= 0 {
		raw = raw[i+len(after):]
	}
	names := []string{raw}
	if decoded := in.Path("who"); decoded != raw {
		names = append(names, decoded)
	}
	if own := in.actor.Identity; len(own) > len(raw) && strings.HasPrefix(own, raw) && strings.ContainsRune("?#", rune(own[len(raw)])) {
		names = append(names, own)
	}
	return names
}

// firstFound runs fn with one name after the other until one is found.
func firstFound(names []string, fn func(name string) error) (err error) {
	for _, name := range names {
		if err = fn(name); !notFound(err) {
			return err
		}
	}
	return err
}
