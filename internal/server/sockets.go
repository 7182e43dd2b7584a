package server

import (
	"context"
	"encoding/binary"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"parley/internal/bus"
	"parley/internal/chat"
	"parley/internal/chat/client"
	"parley/internal/httpapi"
	"parley/internal/realtime"
	"parley/internal/twilsock"
)

// subjectService carries the numbers of chat services whose settings changed, so that other nodes forget what they remember.
const subjectService = "chat.service"

// openRealtime connects the commits of this node, and of others through the bus, with the sockets.
func (s *Server) openRealtime(context.Context) error {
	s.client = client.New(client.Options{Store: s.store, Chat: s.chat, NodeID: s.node.id, TLSListen: s.config.TLSListen, MayWatch: s.flex.MayWatch, Log: s.log})
	s.sync.LetWatch(s.flex.MayWatch)
	s.hub = realtime.NewHub(s.sync, s.bus, realtime.Options{
		QueueBytes: int(s.config.QueueBytes), Drain: s.drainSockets(), OnPresence: s.client.Presence, OnRecovered: s.sync.Recovered, Logger: s.log,
	})
	s.later("hub", s.hub.Stop)
	s.sync.Attach(s.hub)
	s.client.Attach(s.hub)
	return nil
}

// drainSockets is the time over which a stop spreads the closing of sockets, so that their clients do not come back all at once.
func (s *Server) drainSockets() time.Duration { return s.config.DrainTimeout / 2 }

// shareServices tells other nodes of changed services, and hears of theirs.
func (s *Server) shareServices() error {
	if bus.Alone(s.bus) {
		return nil
	}
	s.store.OnCommit(func(changes []any) {
		for _, c := range changes {
			if changed, ok := c.(chat.ServiceChanged); ok {
				// A lost word costs seconds: what is remembered ages.
				_ = s.bus.Publish(subjectService, binary.BigEndian.AppendUint64(nil, uint64(changed.ServiceID)))
			}
		}
	})
	_, err := s.bus.Subscribe(subjectService, func(data []byte) {
		if len(data) == 8 {
			s.chat.ServiceStale(int64(binary.BigEndian.Uint64(data)))
		}
	})
	return err
}

// openSockets mounts what chat clients connect to and ask for.
func (s *Server) openSockets() {
	s.sockets = twilsock.New(twilsock.Options{
		Hub: s.hub, Auth: authenticator{s.identity}, Login: s.client.Login, Router: s.router, Overlaps: client.Overlaps, ClientIP: s.clientIP, Log: s.log,
		MaxFrameBytes: int(s.config.MaxFrameBytes), MaxConnections: s.config.MaxConnections, FrameRate: s.config.FrameRate,
		FrameBurst: s.config.FrameBurst, ConnectRate: s.config.ConnectRate, Drain: s.drainSockets(),
	})
	s.later("sockets", s.sockets.Stop)
	s.sync.Mount(s.router, s.client)
	s.client.Mount(s.router)
	s.router.HandleRaw("tsock", "GET /", httpapi.Public, s.sockets)
}

// clientIP is the address of the client itself: behind proxies that are trusted, the last one that they did not add themselves.
func (s *Server) clientIP(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	ip := at.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trustedProxy(ip); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = hop.Unmap()
	}
	return ip
}

func (s *Server) trustedProxy(ip netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
