package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"parley/internal/blob"
	"parley/internal/bus"
	"parley/internal/bus/local"
	"parley/internal/bus/nats"
	"parley/internal/chat"
	"parley/internal/chat/client"
	"parley/internal/chat/media"
	chatrest "parley/internal/chat/rest"
	"parley/internal/config"
	"parley/internal/core"
	"parley/internal/delivery"
	deliveryrest "parley/internal/delivery/rest"
	"parley/internal/demo"
	"parley/internal/flex"
	flexrest "parley/internal/flex/rest"
	"parley/internal/httpapi"
	"parley/internal/identity"
	identityrest "parley/internal/identity/rest"
	"parley/internal/jobs"
	"parley/internal/proxy"
	"parley/internal/push"
	pushrest "parley/internal/push/rest"
	"parley/internal/realtime"
	"parley/internal/store"
	"parley/internal/studio"
	studiorest "parley/internal/studio/rest"
	"parley/internal/syncapi"
	"parley/internal/taskrouter"
	"parley/internal/taskrouter/bridge"
	"parley/internal/taskrouter/live"
	taskrest "parley/internal/taskrouter/rest"
	"parley/internal/twilsock"
	"parley/internal/web"
	"parley/internal/webhook"
)

// Options of Start beside the configuration.
type Options struct {
	Version string
	Log     *slog.Logger
}

// Server is a running Parley.
type Server struct {
	config  config.Config
	log     *slog.Logger
	version string
	beside  bool // works beside a running server

	store    *store.Store
	keys     keys
	codec    *core.SIDCodec
	instance Instance
	identity *identity.Identity
	chat     *chat.Chat
	tasks    *taskrouter.TaskRouter
	proxy    *proxy.Proxy
	flex     *flex.Flex
	studio   *studio.Studio
	blobs    *blob.Dir
	caller   *webhook.Caller
	jobs     *jobs.Runner
	bus      bus.Bus
	node     *node
	sync     *syncapi.Sync
	client   *client.Client
	hub      *realtime.Hub
	sockets  *twilsock.Server

	deliveries *delivery.Deliveries
	push       *push.Push
	dispatcher *taskrouter.Dispatcher
	bridge     *bridge.Bridge
	live       *live.Live

	router  *httpapi.Router
	flexAPI *flexrest.API
	site    http.Handler // the pages
	proxies []netip.Prefix
	health  *health
	metrics *metrics

	listeners *listeners
	base      atomic.Pointer[string] // under which the server is reached; nil until it listens
	http      *http.Server
	failed    chan error

	keyDeleted chan struct{} // a key was deleted here

	// undo holds what Stop does, the last first.
	undo []step
}

// step is one part's end.
type step struct {
	name string
	stop func(ctx context.Context) error
}

// Start builds all parts and returns once the server answers. The configuration must be valid. What was started is stopped again
// when a later part fails.
func Start(ctx context.Context, c config.Config, o Options) (s *Server, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s = &Server{config: c, log: o.Log, version: o.Version, failed: make(chan error, 4), keyDeleted: make(chan struct{}, 1)}
	for _, part := range []func(context.Context) error{s.openStore, s.openBus, s.openProducts, s.openNode, s.openRealtime, s.openJobs, s.startMatching, s.startCollecting, s.startCleaning, s.startSweeping, s.openRoutes, s.startRevoking, s.open} {
		if err := part(ctx); err != nil {
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.DrainTimeout)
			defer cancel()
			return nil, errors.Join(err, s.Stop(stop))
		}
	}
	return s, nil
}

// later arranges what Stop has to do for a part.
func (s *Server) later(name string, stop func(ctx context.Context) error) {
	s.undo = append(s.undo, step{name, stop})
}

func (s *Server) openStore(ctx context.Context) (err error) {
	if s.config.DatabaseURL == "" && !s.beside {
		unlock, err := lockData(s.config.Storage)
		if err != nil {
			return err
		}
		s.later("lock", func(context.Context) error { return unlock() })
	}
	s.metrics = newMetrics(s.version)
	if s.store, err = openStore(ctx, s.config.Storage, s.log, s.metrics.store); err != nil {
		return err
	}
	s.later("store", func(context.Context) error { return s.store.Close() })
	if s.keys, err = loadKeys(ctx, s.store); err != nil {
		return err
	}
	if s.codec, err = core.NewSIDCodec(s.keys.SID); err != nil {
		return err
	}
	if s.blobs, err = blob.OpenDir(s.config.MediaDir()); err != nil {
		return fmt.Errorf("media: %w", err)
	}
	s.later("media", func(context.Context) error { return s.blobs.Close() })
	return nil
}

func (s *Server) openBus(context.Context) error {
	s.bus = local.New()
	working := func() bool { return true }
	if s.config.NATSURL != "" {
		b, err := nats.New(nats.Options{URL: s.config.NATSURL.Reveal(), Prefix: s.cluster(), Logger: s.log})
		if err != nil {
			return err
		}
		s.bus, working = b, b.Connected
	}
	s.later("bus", func(context.Context) error { return s.bus.Close() })
	s.health = &health{store: s.store, bus: working}
	return nil
}

// openProducts makes the use cases, and what the instance needs of them.
func (s *Server) openProducts(ctx context.Context) (err error) {
	// These listen to commits, so they come before the first change.
	s.chat = chat.New(s.store, s.codec, chat.Options{Outbox: outbox{}, Asker: asker{s}, Notifier: notices{}, HasFlow: s.hasFlow, Log: s.log})
	if err := s.shareServices(); err != nil {
		return err
	}
	s.identity = identity.New(s.store, identity.Options{OnKeyDeleted: s.noteKeyDeleted, Relays: identity.Relays{URLs: s.config.ICEServers, Secret: s.config.TURNSecret.Reveal()}, HasService: func(ctx context.Context, accountSID, serviceSID string) (bool, error) {
		_, err := s.chat.Service(ctx, accountSID, serviceSID)
		if core.HasCode(err, core.CodeServiceNotFound) {
			return false, nil
		}
		return err == nil, err
	}})
	if err := s.openTaskRouter(); err != nil {
		return err
	}
	s.sync = syncapi.New(syncapi.Options{Store: s.store, Chat: s.chat, Codec: s.codec, Log: s.log, TaskRouter: s.tasks, Live: s.live})
	s.caller, err = webhook.NewCaller(webhook.Options{Version: s.version, AllowPrivate: s.config.WebhookAllowPrivate, AllowHosts: s.config.WebhookAllowHosts})
	if err != nil {
		return err
	}
	s.openDeliveries()
	s.openProxy()
	s.flex = flex.New(s.store, s.chat, s.tasks, s.identity)
	s.flex.ConductProxy(s.proxy)
	if err := s.openStudio(); err != nil {
		return err
	}
	s.openPush()
	offers := &assignments{tasks: s.tasks, caller: s.caller, identity: s.identity}
	kinds := map[string]jobs.Kind{delivery.Job: s.deliveries.Kind(), jobAssignment: {Run: offers.run}}
	maps.Copy(kinds, s.flex.Jobs())
	maps.Copy(kinds, s.studio.Jobs())
	maps.Copy(kinds, s.proxy.Jobs())
	maps.Copy(kinds, s.push.Jobs())
	s.jobs = jobs.NewRunner(s.store, kinds, jobs.Options{Sole: s.config.DatabaseURL == "", Log: s.log})
	p := provisioner{st: s.store, identity: s.identity, chat: s.chat, tasks: s.tasks, proxy: s.proxy, flex: s.flex, wanted: s.config.Account, log: s.log}
	s.instance, err = p.run(ctx)
	return err
}

// cluster keeps the subjects of this store's nodes apart from those of others that use the same NATS.
func (s *Server) cluster() string {
	sum := sha256.Sum256(s.keys.SID)
	return "parley." + hex.EncodeToString(sum[:6])
}

func (s *Server) openNode(ctx context.Context) (err error) {
	if s.node, err = startNode(ctx, s.store, s.chat, s.log); err == nil {
		s.later("node", s.node.stop)
	}
	return err
}

// openJobs begins to run what earlier transactions left behind.
func (s *Server) openJobs(context.Context) error {
	s.later("webhooks", func(context.Context) error { s.caller.Close(); return nil })
	s.later("jobs", s.jobs.Stop)
	return s.jobs.Start(context.Background())
}

// openRoutes mounts what answers requests.
func (s *Server) openRoutes(ctx context.Context) error {
	s.proxies = s.config.Proxies()
	s.router = httpapi.New(httpapi.Options{Auth: authenticator{s.identity}, PublicURL: s.config.PublicURL, TrustedProxies: s.proxies,
		Origins: s.config.DesktopOrigins, KeyRate: s.config.KeyRate, IdentityRate: s.config.IdentityRate,
		Log: s.log, Observe: s.metrics.observe, Refused: s.metrics.refuse})
	identityrest.Routes(s.router, s.identity)
	chatrest.Routes(s.router, s.chat)
	pushrest.Routes(s.router, s.push)
	s.openFlex()
	taskrest.Routes(s.router, s.tasks)
	studiorest.Routes(s.router, s.studio, studiorest.Options{Auth: authenticator{s.identity}, Admit: s.flex.AdmitLead})
	s.proxyRoutes()
	if err := s.openSignIn(ctx); err != nil {
		return err
	}
	deliveryrest.Routes(s.router, s.deliveries)
	s.bridge.Routes(s.router)
	media.Routes(s.router, media.Options{Chat: s.chat, Blobs: s.blobs, Signer: blob.Signer{Key: s.keys.Link}, MaxBytes: int64(s.config.MediaMaxBytes),
		LinkTTL: s.config.MediaURLTTL, Log: s.log})
	s.openSockets()
	s.metrics.watch(s)
	return nil
}

// open binds the addresses and answers.
func (s *Server) open(ctx context.Context) (err error) {
	if s.listeners, err = listen(ctx, s.config.Network); err != nil {
		return err
	}
	base := s.BaseURL()
	s.base.Store(&base)
	if err := keepBaseURL(ctx, s.store, base); err != nil {
		s.listeners.close()
		return err
	}
	s.http = newHTTPServer(&front{router: s.router, pages: s.site, errors: web.Errors(), demo: s.demo(), health: s.health,
		metrics: s.metrics.handler(), log: s.log}, s.log)
	s.later("requests", func(ctx context.Context) error {
		s.health.stopping.Store(true)
		if err := s.http.Shutdown(ctx); err != nil {
			return errors.Join(err, s.http.Close())
		}
		return nil
	})
	s.log.Info("serving", "version", s.version, "base_url", s.BaseURL(), "store", storeKind(s.config.Storage), "tls", s.SecureAddr())
	s.listeners.serve(s.http, func(err error) {
		select {
		case s.failed <- err:
		default: // one is enough to stop for
		}
	})
	return nil
}

func (s *Server) demo() http.Handler {
	if !s.config.Demo {
		return demo.NotFound()
	}
	return demo.New(demo.Options{
		Store: s.store, Identity: s.identity, Chat: s.chat, Flex: s.flex, Log: s.log,
		AccountSID: s.instance.AccountSID, APIKeySID: s.instance.APIKeySID, ChatServiceSID: s.instance.ChatServiceSID, FlexFlowSID: s.instance.FlexFlowSID,
		WorkspaceSID: s.instance.WorkspaceSID, WorkerSID: s.instance.WorkerSID,
		Credentials: func(r *http.Request) (any, error) {
			c, err := s.Credentials(r.Context())
			c.BaseURL = s.router.Origin(r)
			return c, err
		},
	})
}

// Credentials reads what applications need to use this server.
func (s *Server) Credentials(ctx context.Context) (Credentials, error) {
	c, err := ReadCredentials(ctx, s.store)
	c.BaseURL = s.BaseURL() // on several nodes each has its own
	return c, err
}

// BaseURL is the address under which this server is reached.
func (s *Server) BaseURL() string {
	n := s.config.Network
	host, _, err := net.SplitHostPort(n.Listen)
	if err == nil {
		n.Listen = net.JoinHostPort(host, port(s.listeners.plain[0])) // port 0 became another one
	}
	return n.BaseURL()
}

// SecureAddr is the address of the TLS listener, or "".
func (s *Server) SecureAddr() string {
	if s.listeners.secure == nil {
		return ""
	}
	return s.listeners.secure.Addr().String()
}

// Failed tells of what made the server unable to go on.
func (s *Server) Failed() <-chan error { return s.failed }

// ReloadCertificate reads the TLS certificate anew; open connections keep the old one.
func (s *Server) ReloadCertificate() error {
	if s.listeners.cert == nil {
		return nil
	}
	return s.listeners.cert.load()
}

// Stop ends the server: nothing new comes in, what is in comes out, and what was promised is kept. When ctx ends, what is left is cut.
func (s *Server) Stop(ctx context.Context) error {
	var all error
	for len(s.undo) > 0 {
		last := s.undo[len(s.undo)-1]
		s.undo = s.undo[:len(s.undo)-1]
		start := time.Now()
		err := last.stop(ctx)
		s.log.Debug("stopped", "part", last.name, "took", time.Since(start))
		if err != nil {
			all = errors.Join(all, fmt.Errorf("stopping %s: %w", last.name, err))
		}
	}
	return all
}
