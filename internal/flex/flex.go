package flex

import (
	"strconv"
	"strings"

	"parley/internal/chat"
	"parley/internal/store"
)

// Flex holds the use cases of flows and channels.
type Flex struct {
	store *store.Store
	chat  *chat.Chat
}

// New makes the use cases over a store and the chat product that they conduct.
func New(st *store.Store, c *chat.Chat) *Flex { return &Flex{store: st, chat: c} }

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
