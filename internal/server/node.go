package server

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"parley/internal/chat"
	"parley/internal/store"
)

const (
	// heartbeatEvery is how often a node says that it lives; deadAfter is when the others take its users offline. Missing two
	// heartbeats is not yet death.
	heartbeatEvery = 10 * time.Second
	deadAfter      = 35 * time.Second
)

// node is this process's row in the table node: for presence, and for what a dead one held.
type node struct {
	id     int64
	name   string
	st     *store.Store
	chat   *chat.Chat
	log    *slog.Logger
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// startNode enters a new node and keeps it alive until stop.
func startNode(ctx context.Context, st *store.Store, c *chat.Chat, log *slog.Logger) (*node, error) {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	n := &node{name: name, st: st, chat: c, log: log}
	err = st.Update(ctx, func(tx *store.Tx) error {
		n.id = tx.NextID()
		return n.beat(tx)
	})
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.Background())
	n.cancel = cancel
	n.done.Go(func() { n.live(life) })
	return n, nil
}

// beat writes the row, also when others have taken this node for dead meanwhile.
func (n *node) beat(tx *store.Tx) error {
	_, err := tx.Exec(`INSERT INTO node (id, name, seen_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`,
		n.id, n.name, tx.Now())
	return err
}

func (n *node) live(ctx context.Context) {
	tick := time.NewTicker(heartbeatEvery)
	defer tick.Stop()
	n.sweep(ctx) // what died before this start
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := n.st.Update(ctx, n.beat); err != nil {
			n.log.Warn("the heartbeat could not be written", "error", err)
			continue
		}
		n.sweep(ctx)
	}
}

func (n *node) sweep(ctx context.Context) {
	if err := n.chat.SweepPresence(ctx, time.Now().Add(-deadAfter).UnixMicro()); err != nil && ctx.Err() == nil {
		n.log.Warn("presence of dead nodes could not be cleared", "error", err)
	}
}

// stop ends the heartbeat and leaves nothing of the node behind.
func (n *node) stop(ctx context.Context) error {
	n.cancel()
	n.done.Wait()
	if err := n.chat.DropNodePresence(ctx, n.id); err != nil {
		return err
	}
	return n.st.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM node WHERE id = $1`, n.id)
		return err
	})
}
