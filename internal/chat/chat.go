package chat

import (
	"log/slog"
	"time"

	"parley/internal/core"
	"parley/internal/store"
)

// Chat is the use cases. It is safe for concurrent use.
type Chat struct {
	st       *store.Store
	codec    *core.SIDCodec
	outbox   Outbox
	asker    Asker
	notifier Notifier
	hasFlow  func(r *store.Reader, accountSID, flowSID string) (bool, error)
	log      *slog.Logger
	services *serviceCache
	rooms    *roomCache
}

// Options for New. The zero value works: without an outbox no webhooks are sent, without an asker nobody is asked before,
// without a notifier no push messages are sent.
type Options struct {
	Outbox        Outbox
	Asker         Asker
	Notifier      Notifier
	HasFlow       func(r *store.Reader, accountSID, flowSID string) (bool, error) // says whether an account has a Studio flow; nil: none has
	Log           *slog.Logger
	CachedMembers int           // bound of the cache of channels, counted in members; 0 means 100,000
	ServiceTTL    time.Duration // how long a service's settings may be stale when another node's message was lost; 0 means 3 s
}

// New makes the use cases over a store. It registers a commit receiver, so call it before the first Update.
func New(st *store.Store, codec *core.SIDCodec, o Options) *Chat {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.CachedMembers == 0 {
		o.CachedMembers = 100_000
	}
	if o.ServiceTTL == 0 {
		o.ServiceTTL = 3 * time.Second
	}
	c := &Chat{st: st, codec: codec, outbox: o.Outbox, asker: o.Asker, notifier: o.Notifier, hasFlow: o.HasFlow, log: o.Log,
		services: newServiceCache(o.ServiceTTL), rooms: newRoomCache(o.CachedMembers)}
	st.OnCommit(func(changes []any) {
		for _, change := range changes {
			if s, ok := change.(ServiceChanged); ok {
				c.services.forget(s.ServiceID)
			}
		}
	})
	return c
}

// ServiceStale drops what is remembered of a service: another node changed it.
func (c *Chat) ServiceStale(serviceID int64) { c.services.forget(serviceID) }

// Source says where an action came from (rest-semantics §3.3).
type Source string

// The sources of actions.
const (
	SourceAPI Source = "API"
	SourceSDK Source = "SDK"
)

// Actor is who acts. The zero Identity is a server with the account's credentials: it bypasses roles (rest-semantics §2.9).
type Actor struct {
	Service  *Service
	Identity string
	User     *User // of Identity
	Source   Source
	Webhooks bool // REST with X-Twilio-Webhook-Enabled: true; SDK actions fire webhooks anyway (rest-semantics §3.2)
	Flow     bool // a Studio flow: no flow hears it
}

// server reports whether roles do not apply.
func (a *Actor) server() bool { return a.Identity == "" }

// fires reports whether post-events of the action are due.
func (a *Actor) fires() bool { return a.Source == SourceSDK || a.Webhooks }

// name is what stands in created_by and the like.
func (a *Actor) name() string {
	if a.server() {
		return reservedIdentity
	}
	return a.Identity
}

// MessageSID is the SID of the message with row number id.
func (c *Chat) MessageSID(id int64) string { return c.codec.Encode("IM", core.SIDMessage, id) }

// MemberSID is the SID of the member with row number id.
func (c *Chat) MemberSID(id int64) string { return c.codec.Encode("MB", core.SIDMember, id) }

// InviteSID is the SID of the invite with row number id.
func (c *Chat) InviteSID(id int64) string { return c.codec.Encode("IN", core.SIDInvite, id) }

// MediaSID is the SID of the media with row number id.
func (c *Chat) MediaSID(id int64) string { return c.codec.Encode("ME", core.SIDMedia, id) }
