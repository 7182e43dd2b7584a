package server

import (
	"testing"

	"parley/internal/blob"
	"parley/internal/chat"
)

// LinkKey is the key that signs links.
func LinkKey(t *testing.T, s *Server) []byte { t.Helper(); return s.keys.Link }

// Parts are what the collector works on.
func Parts(t *testing.T, s *Server) (*chat.Chat, blob.Store) { t.Helper(); return s.chat, s.blobs }
