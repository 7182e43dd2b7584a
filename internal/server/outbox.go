package server

import (
	"context"
	"sync"
	"time"

	"parley/internal/chat"
	"parley/internal/delivery"
	"parley/internal/flex"
	"parley/internal/store"
)

// outbox turns what chat wants delivered into jobs.
type outbox struct{}

// Enqueue implements chat.Outbox.
func (outbox) Enqueue(tx *store.Tx, d chat.Delivery) error {
	switch d.Type {
	case chat.HookHandler:
		return flex.EnqueueMessage(tx, d)
	case chat.HookStudio:
		return toStudio(tx, d)
	case chat.HookRelay:
		return flex.HeardTx(tx, d)
	}
	return delivery.Enqueue(tx, d.Lane, d.LaneSeq, callOf(d))
}

func callOf(d chat.Delivery) delivery.Call {
	return delivery.Call{AccountSID: d.AccountSID, URL: d.URL, Method: d.Method, Retries: d.Retries, Params: d.Params}
}

// asker puts chat's questions; the deliveries are made after chat.
type asker struct{ s *Server }

// Ask implements chat.Asker.
func (a asker) Ask(ctx context.Context, d chat.Delivery) (status int, body []byte) {
	return a.s.deliveries.Ask(ctx, callOf(d))
}

// openDeliveries makes what calls webhooks.
func (s *Server) openDeliveries() {
	s.deliveries = delivery.New(delivery.Options{Store: s.store, Caller: s.caller, AuthToken: s.identity.AuthToken, Keep: s.config.WebhookRetention,
		Log: s.log, Observe: s.metrics.called})
}

// cleanEvery is how often failed calls that are too old, or too many, are removed.
const cleanEvery = time.Minute

// startCleaning removes them from time to time until the server stops.
func (s *Server) startCleaning(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(cleanEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := s.deliveries.Clean(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("old failures of webhooks could not be removed", "error", err)
			}
			if err := s.proxy.Clean(ctx); err != nil && ctx.Err() == nil {
				s.log.Warn("old receipts of transports could not be removed", "error", err)
			}
		}
	})
	s.later("cleaning", func(context.Context) error { cancel(); done.Wait(); return nil })
	return nil
}
