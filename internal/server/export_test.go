package server

import (
	"testing"

	"parley/internal/blob"
	"parley/internal/chat"
	"parley/internal/httpapi"
)

// LinkKey is the key that signs links.
func LinkKey(t *testing.T, s *Server) []byte { t.Helper(); return s.keys.Link }

// Parts are what the collector works on.
func Parts(t *testing.T, s *Server) (*chat.Chat, blob.Store) { t.Helper(); return s.chat, s.blobs }

// Routes are what the server has mounted.
func Routes(t *testing.T, s *Server) []httpapi.Route { t.Helper(); return s.router.Routes() }
