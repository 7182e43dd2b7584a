package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"parley/internal/config"
)

// Limits of the HTTP server. Bodies have their own: requests get requestTime, uploads and downloads may take long but not stand
// still (package media), sockets leave the HTTP server.
const (
	headerTime  = 10 * time.Second
	idleTime    = 2 * time.Minute
	requestTime = time.Minute
	maxHeader   = 64 << 10 // bytes; an access token and a few names fit
)

// listeners are the addresses that a server answers on.
type listeners struct {
	plain  []net.Listener
	secure net.Listener // nil without TLS
	cert   *certificate
}

// listen binds all addresses, or none.
func listen(ctx context.Context, c config.Network) (l *listeners, err error) {
	l = &listeners{}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	var lc net.ListenConfig
	var first error
	for _, addr := range config.ListenAddresses(c.Listen) {
		if len(l.plain) > 0 { // port 0 must become one port
			_, port, _ := net.SplitHostPort(l.plain[0].Addr().String())
			host, _, _ := net.SplitHostPort(addr)
			addr = net.JoinHostPort(host, port)
		}
		ln, err := lc.Listen(ctx, "tcp", addr)
		if err != nil {
			first = errors.Join(first, err)
			continue
		}
		l.plain = append(l.plain, ln)
	}
	if len(l.plain) == 0 {
		return nil, fmt.Errorf("cannot listen on %s: %w; is another server running there? Choose another address with --listen", c.Listen, first)
	}
	if c.TLSListen == "" {
		return l, nil
	}
	l.cert = &certificate{certFile: c.TLSCert, keyFile: c.TLSKey}
	if err := l.cert.load(); err != nil {
		return nil, err
	}
	ln, err := lc.Listen(ctx, "tcp", c.TLSListen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s for TLS: %w; choose another address with --tls-listen", c.TLSListen, err)
	}
	// HTTP/1.1 only: chat sockets are upgrades, which HTTP/2 does not have in this form.
	l.secure = tls.NewListener(ln, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: l.cert.get, NextProtos: []string{"http/1.1"}})
	return l, nil
}

func (l *listeners) close() {
	for _, ln := range l.plain {
		_ = ln.Close()
	}
	if l.secure != nil {
		_ = l.secure.Close()
	}
}

// serve answers on all listeners until the server is shut down; failed is told of anything else that ends one.
func (l *listeners) serve(srv *http.Server, failed func(error)) {
	all := l.plain
	if l.secure != nil {
		all = append(all[:len(all):len(all)], l.secure)
	}
	for _, ln := range all {
		go func() { // ends when srv is shut down or closed
			if err := srv.Serve(ln); err != nil && !errors.Is(err, http.ErrServerClosed) {
				failed(err)
			}
		}()
	}
}

// port returns the port of a listener.
func port(ln net.Listener) string {
	_, p, _ := net.SplitHostPort(ln.Addr().String())
	return p
}

// certificate can be read anew while the server runs, because certificates are renewed every few weeks.
type certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
}

func (c *certificate) load() error {
	cert, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("tls-cert and tls-key cannot be used: %w", err)
	}
	c.current.Store(&cert)
	return nil
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.current.Load(), nil
}

func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, WriteTimeout: requestTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		// Its messages are about peers that do not speak HTTP or TLS; they are of interest when one looks for that.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
