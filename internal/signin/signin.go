package signin

import (
	"context"
	"log/slog"
	"time"

	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

const (
	// tokenTTL is the life of an access token. A worker who was deleted, or lost its roles, is out when it ends at the latest.
	tokenTTL = time.Hour
	// DefaultMaxSession is how long somebody stays signed in without proving anew who they are: a shift.
	DefaultMaxSession = 12 * time.Hour
)

// Options of New.
type Options struct {
	Store    *store.Store
	Identity *identity.Identity
	Tasks    *taskrouter.TaskRouter

	AccountSID, WorkspaceSID string // whose workers may sign in
	APIKeySID                string // signs the tokens
	ChatServiceSID           string
	// ChatRole returns the SID of the chat service's deployment role of that name.
	ChatRole func(ctx context.Context, name string) (string, error)

	MarkKey    []byte        // seals what a browser keeps of a sign-in; the same on all nodes
	OIDC       *OIDC         // nil: nobody signs in at a provider
	MaxSession time.Duration // 0 is DefaultMaxSession
	Log        *slog.Logger
}

// SignIn is the package's use cases.
type SignIn struct {
	Options
	hasher   hasher
	failures failures
	provider *provider
}

// New makes the use cases.
func New(o Options) *SignIn {
	if o.MaxSession == 0 {
		o.MaxSession = DefaultMaxSession
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &SignIn{Options: o, hasher: newHasher(), failures: newFailures(), provider: newProvider(o.OIDC)}
}

func (s *SignIn) now() time.Time { return time.UnixMicro(s.Store.Now()) }
