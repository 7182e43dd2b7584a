package server

import (
	"context"
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

// cleanEvery is how often failed calls, and receipts of transports, are removed that are too old or too many.
const cleanEvery = time.Minute

func (s *Server) startCleaning(context.Context) error {
	s.periodically("cleaning", cleanEvery, nil, "old failures of webhooks could not be removed", s.deliveries.Clean)
	s.periodically("cleaning of receipts", cleanEvery, nil, "old receipts of transports could not be removed", s.proxy.Clean)
	return nil
}
