package proxy

import (
	"context"
	"log/slog"

	"parley/internal/jobs"
	"parley/internal/store"
)

// Call is a request to a foreign server: a callback, or a message for a transport. It is signed with the account's auth token.
type Call struct {
	AccountSID string
	Lane       string // calls of a lane that are due go out in the order of LaneSeq
	LaneSeq    int64
	URL        string
	Params     map[string]string
}

// Outbox takes the callbacks that a transaction causes, inside that transaction.
type Outbox interface {
	Enqueue(tx *store.Tx, c Call) error
}

// Courier calls foreign servers while somebody waits.
type Courier interface {
	// Ask puts a question and returns the receiver's last word: its status and the body; status 0 when none came in time.
	Ask(ctx context.Context, c Call) (status int, body []byte)
	// Attempt makes one attempt at a job's call. The error says when to try again (package jobs); final says that another attempt is in vain.
	Attempt(ctx context.Context, c Call, job *jobs.Claimed) (final bool, err error)
}

// Chat is what a session needs of chat. Errors are those of chat.
type Chat interface {
	// HasServiceTx reports whether a chat service is the account's.
	HasServiceTx(r *store.Reader, accountSID, serviceSID string) (bool, error)
	// JoinTx locks a channel and has its messages told to HeardTx from now on.
	JoinTx(tx *store.Tx, accountSID, serviceSID, channelSID string) error
	// PostTx locks a channel and writes a message in it, of which all its webhooks are told. It returns the message's SID.
	PostTx(tx *store.Tx, p Post) (string, error)
	// KeepMedia stores what a transport brings a link to, and returns its SID. Final says that it cannot be had.
	KeepMedia(ctx context.Context, accountSID, serviceSID string, m Media) (sid string, final bool, err error)
	// MediaLink is an address at which a transport finds a channel's media for a while.
	MediaLink(serviceSID, mediaSID string) string
}

// Post is a message for a channel: a text, or a media.
type Post struct {
	AccountSID, ServiceSID, ChannelSID string
	From, Body, MediaSID               string
}

// Media is a file of a message: by its address, or one of chat by its SID.
type Media struct {
	URL         string `json:"url,omitempty"`
	ServiceSID  string `json:"service_sid,omitempty"`
	SID         string `json:"sid,omitempty"`
	ContentType string `json:"content_type,omitempty"`
}

// Front answers those who write where no session is.
type Front interface {
	// OwnsTx reports whether an address is one of the account's beside those of pools, such as a Flex Flow's contact identity in a chat
	// service ("" for any).
	OwnsTx(r *store.Reader, accountSID, chatServiceSID string, a Address) (bool, error)
	// EndedTx reports whether the conversation in a channel is over, although its session is open.
	EndedTx(r *store.Reader, accountSID, chatServiceSID, channelSID string) (bool, error)
	// OpenTx begins a conversation with somebody: upon that a session joins the two. False where nobody answers at the address.
	OpenTx(tx *store.Tx, accountSID string, v Visitor) (bool, error)
}

// Visitor is somebody who wrote to an address.
type Visitor struct {
	From, To Address
	Name     string // "" if it is not known
}

// Options for New.
type Options struct {
	Store   *store.Store
	Chat    Chat
	Outbox  Outbox
	Courier Courier
	// Transports are the addresses at which messages are handed over, by kind of address.
	Transports map[string]string
	// StatusURL is where a transport reports what became of a message.
	StatusURL func(accountSID, messageSID string) string
	// Observe is told of each message: the direction "in" or "out", and what became of it (Outcomes).
	Observe func(direction, outcome string)
	Log     *slog.Logger
}

// Proxy holds the use cases. It is safe for concurrent use.
type Proxy struct {
	o     Options
	st    *store.Store
	front Front
	log   *slog.Logger
}

// New makes the use cases.
func New(o Options) *Proxy {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(string, string) {}
	}
	return &Proxy{o: o, st: o.Store, front: nobody{}, log: o.Log}
}

// SetFront names who answers where no session is. Call it before anything runs.
func (p *Proxy) SetFront(f Front) { p.front = f }

// nobody is the front of a Proxy that stands alone.
type nobody struct{}

func (nobody) OwnsTx(*store.Reader, string, string, Address) (bool, error) { return false, nil }
func (nobody) EndedTx(*store.Reader, string, string, string) (bool, error) { return false, nil }
func (nobody) OpenTx(*store.Tx, string, Visitor) (bool, error)             { return false, nil }

// The kinds of jobs.
const (
	jobExpire = "proxy.expire" // a session's time may be over
	jobHeard  = "proxy.heard"  // something was said in a joined channel
	jobSend   = "proxy.send"   // a message goes to a transport
	jobTake   = "proxy.take"   // a message came from a transport
)

// Jobs says how a runner does the jobs. What goes out is given up by its age, not by the number of attempts.
func (p *Proxy) Jobs() map[string]jobs.Kind {
	return map[string]jobs.Kind{jobExpire: {Run: p.runExpire}, jobHeard: {Run: p.runHeard}, jobSend: {Run: p.runSend, MaxAttempts: 100_000},
		jobTake: {Run: p.runTake}}
}
