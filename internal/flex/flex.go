package flex

import (
	"strconv"
	"strings"

	"parley/internal/chat"
	"parley/internal/identity"
	"parley/internal/jobs"
	"parley/internal/proxy"
	"parley/internal/store"
	"parley/internal/studio"
	"parley/internal/taskrouter"
)

// Flex holds the use cases of flows and channels, and of the pages that work with them.
type Flex struct {
	store    *store.Store
	chat     *chat.Chat
	tr       *taskrouter.TaskRouter
	proxy    *proxy.Proxy
	identity *identity.Identity
	studio   *studio.Studio // nil: no Flex Flow can name one of its flows
}

// New makes the use cases over a store and the products that they conduct. It asks TaskRouter to tell of its tasks, so make it
// before the store's first Update.
func New(st *store.Store, c *chat.Chat, tr *taskrouter.TaskRouter, id *identity.Identity) *Flex {
	x := &Flex{store: st, chat: c, tr: tr, identity: id}
	tr.SetOnTask(x.taskHappened)
	return x
}

// The kinds of jobs that transactions of chat and TaskRouter leave for Flex.
const (
	jobMessage = "flex.message" // a customer wrote where the handler listens
	jobEnd     = "flex.end"     // a task ended that was about a channel
)

// Jobs says how a runner does the jobs that are left for Flex.
func (x *Flex) Jobs() map[string]jobs.Kind {
	return map[string]jobs.Kind{jobMessage: {Run: x.runMessage}, jobEnd: {Run: x.runEnd}}
}

// mark writes the placeholder of argument n.
func mark(n int) string { return "$" + strconv.Itoa(n) }

// clip shortens a value for an error message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
