package server

import (
	"context"

	"parley/internal/chat"
	"parley/internal/push"
	"parley/internal/store"
)

// notices turns what devices are to be told into jobs.
type notices struct{}

// Notify implements chat.Notifier.
func (notices) Notify(tx *store.Tx, n chat.Notice) error { return push.Notify(tx, n) }

// openPush makes what tells devices.
func (s *Server) openPush() {
	s.push = push.New(push.Options{Store: s.store, FCM: s.config.FCMURL, OAuth: s.config.FCMTokenURL, APNs: s.config.APNsURL, Log: s.log,
		Announce: s.chat.Announce, Device: s.chat.BindingTx, Drop: s.chat.DropBindingTx})
	s.later("push", func(context.Context) error { s.push.Close(); return nil })
}
