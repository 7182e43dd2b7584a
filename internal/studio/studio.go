package studio

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/studio/machine"
	"parley/internal/webhook"
)

// Studio holds the use cases. It is safe for concurrent use.
type Studio struct {
	store   *store.Store
	codec   *core.SIDCodec
	machine *machine.Machine
	desk    Desk
	read    readFlows
	counts  counts
	o       Options
}

// Options for New. The zero value serves flows and runs them without a chat.
type Options struct {
	Caller    *webhook.Caller                                              // makes the requests of flows; nil makes none
	AuthToken func(ctx context.Context, accountSID string) (string, error) // signs an account's requests
	Limits    machine.Settings
	// Keep is how long ended executions can be read; 0 means 30 days.
	Keep time.Duration
	Log  *slog.Logger
}

// New makes the use cases over a store.
func New(st *store.Store, codec *core.SIDCodec, o Options) *Studio {
	const month = 30 * 24 * time.Hour
	if o.Keep == 0 {
		o.Keep = month
	}
	if o.Limits.Lifetime == 0 {
		o.Limits.Lifetime = month
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Limits.MaxRenderings = maxRendered // what a transaction does at most, a call of the machine does, too
	return &Studio{store: st, codec: codec, machine: machine.New(o.Limits), desk: nobody{}, o: o}
}

// SetDesk gives flows a chat and tasks: their conductor is made after the Studio that it conducts. Call it before the first job runs.
func (s *Studio) SetDesk(d Desk) { s.desk = d }

// ExecutionSID is the SID of the execution with row number id.
func (s *Studio) ExecutionSID(id int64) string { return s.codec.Encode("FN", core.SIDExecution, id) }

// ContactSID is the SID of somebody to whom an account's flows talk. It is made from the address, so that it needs no row.
func ContactSID(accountSID, contact string) string {
	sum := sha256.Sum256([]byte(accountSID + "\x00" + contact))
	return "FC" + hex.EncodeToString(sum[:16])
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

// fault is what Studio answers to a bad parameter (taskrouter-studio A.2).
func fault(format string, args ...any) error {
	return core.Ef(core.CodeTaskRouterInvalid, format, args...)
}

func notFound(what, sid string) error {
	return core.Ef(core.CodeNotFound, "The %s %s was not found", what, clip(sid))
}

// AuthToken returns the secret with which an account's messages and requests are signed.
func (s *Studio) AuthToken(ctx context.Context, accountSID string) (string, error) {
	return s.o.AuthToken(ctx, accountSID)
}
