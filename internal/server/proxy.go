package server

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"parley/internal/blob"
	"parley/internal/chat"
	"parley/internal/delivery"
	"parley/internal/flex"
	"parley/internal/jobs"
	"parley/internal/proxy"
	proxyrest "parley/internal/proxy/rest"
	"parley/internal/store"
)

// openProxy makes what brings messages to people outside and back.
func (s *Server) openProxy() {
	line := flex.Line{Chat: s.chat, Keep: s.keepMedia, Link: s.mediaLink}
	s.proxy = proxy.New(proxy.Options{Store: s.store, Chat: line, Outbox: callbacks{}, Courier: courier{s.deliveries}, Transports: s.config.Transports.Addresses(),
		StatusURL: func(accountSID, messageSID string) string {
			return s.reached() + "/proxy" + proxyrest.StatusPath(accountSID, messageSID)
		}, Observe: s.metrics.relayed, Log: s.log})
}

// proxyRoutes mounts the Proxy API, and the addresses at which transports call.
func (s *Server) proxyRoutes() {
	proxyrest.Routes(s.router, s.proxy, proxyrest.Options{Auth: authenticator{s.identity}, AuthToken: s.identity.AuthToken, Log: s.log})
}

// reached is the address under which others reach this server.
func (s *Server) reached() string {
	if base := s.base.Load(); base != nil {
		return *base
	}
	return s.config.Network.BaseURL() // a job of before the start
}

// callbackRetries is how often a callback of Proxy is tried again.
const callbackRetries = 3

// callbacks turns Proxy's callbacks into jobs.
type callbacks struct{}

// Enqueue implements proxy.Outbox.
func (callbacks) Enqueue(tx *store.Tx, c proxy.Call) error {
	call := callTo(c)
	call.Retries = callbackRetries
	return delivery.Enqueue(tx, c.Lane, c.LaneSeq, call)
}

func callTo(c proxy.Call) delivery.Call {
	return delivery.Call{AccountSID: c.AccountSID, URL: c.URL, Method: "POST", Params: c.Params}
}

// courier makes Proxy's calls.
type courier struct{ deliveries *delivery.Deliveries }

// Ask implements proxy.Courier.
func (k courier) Ask(ctx context.Context, c proxy.Call) (status int, body []byte) {
	call := callTo(c)
	call.Retries = 1
	return k.deliveries.Ask(ctx, call)
}

// Attempt implements proxy.Courier.
func (k courier) Attempt(ctx context.Context, c proxy.Call, job *jobs.Claimed) (final bool, err error) {
	return k.deliveries.Attempt(ctx, callTo(c), job)
}

// linkTTL is how long a link to a file that was given to a transport stays good at least: its provider may fetch it later.
const linkTTL = time.Hour

// mediaLink is an address at which a file of chat can be fetched without credentials for a while.
func (s *Server) mediaLink(serviceSID, mediaSID string) string {
	pass := blob.Signer{Key: s.keys.Link}.Sign(mediaSID, time.Now().Add(max(linkTTL, s.config.MediaURLTTL)))
	return s.reached() + "/mcs/v1/Services/" + serviceSID + "/Media/" + mediaSID + "/Content/" + pass
}

// fetchTimeout is how long fetching a file may take.
const fetchTimeout = time.Minute

// keepMedia fetches a file that came with a message and stores it as if it had been uploaded.
func (s *Server) keepMedia(ctx context.Context, service *chat.Service, m proxy.Media) (sid string, final bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	file, err := s.caller.Fetch(ctx, m.URL)
	if err != nil {
		return "", file.Final, err
	}
	defer file.Close()
	id, err := s.chat.MediaID(ctx)
	if err != nil {
		return "", false, err
	}
	sid = s.chat.MediaSID(id)
	info, err := s.blobs.Put(ctx, sid, file, int64(s.config.MediaMaxBytes))
	if err != nil {
		return "", errors.Is(err, blob.ErrTooLarge), fmt.Errorf("a file of a transport: %w", err)
	}
	n := chat.NewMedia{ID: id, ContentType: m.ContentType, Size: info.Size}
	if n.ContentType == "" {
		n.ContentType = file.ContentType
	}
	if name := path.Base(file.Path); name != "." && name != "/" && len(name) <= 128 {
		n.Filename = &name
	}
	_, err = s.chat.CreateMedia(ctx, chat.Actor{Service: service, Source: chat.SourceAPI}, n)
	if err != nil {
		// Nobody will ever ask for these bytes.
		if err := s.blobs.Delete(context.WithoutCancel(ctx), sid); err != nil {
			s.log.Warn("the bytes of a file of a transport could not be removed", "media", sid, "error", err)
		}
		return "", false, err
	}
	return sid, false, nil
}
