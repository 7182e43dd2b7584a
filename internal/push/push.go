package push

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"parley/internal/chat"
	"parley/internal/jobs"
	"parley/internal/store"
)

// The kinds of jobs.
const (
	jobNotice = "push"
	jobSend   = "push-send"
)

const (
	patience  = time.Hour // after which nobody wants to be told any more
	longPause = 5 * time.Minute
)

// Options for New.
type Options struct {
	Store    *store.Store
	FCM      string         // base address of Firebase Cloud Messaging
	OAuth    string         // address at which access tokens for it are got
	APNs     string         // base address of Apple's service for both of its sides; "" means Apple's two
	RootCAs  *x509.CertPool // whom the services' certificates are from; nil means the system's
	Log      *slog.Logger
	Announce func(r *store.Reader, n chat.Notice) (*chat.Announcement, error)
	Device   func(r *store.Reader, bindingSID string) (*chat.Binding, error) // store.ErrNoRow when it is gone
	Drop     func(tx *store.Tx, bindingSID string, goneAt int64) error
}

// Push sends push messages. It is safe for concurrent use.
type Push struct {
	o       Options
	senders *senders
}

// New makes it; nothing runs until jobs do.
func New(o Options) *Push {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Push{o: o, senders: newSenders(o)}
}

// Close drops idle connections. Call it when no jobs run any more.
func (p *Push) Close() { p.senders.close() }

// Jobs are the kinds of jobs that do the work.
func (p *Push) Jobs() map[string]jobs.Kind {
	// What is too old ends well, so that no attempt is the last one before that.
	return map[string]jobs.Kind{jobNotice: {Run: p.announce}, jobSend: {Run: p.send, MaxAttempts: 1000}}
}

// Notify implements chat.Notifier.
func Notify(tx *store.Tx, n chat.Notice) error {
	payload, err := json.Marshal(n)
	if err != nil {
		return err
	}
	return jobs.Enqueue(tx, jobs.Job{Kind: jobNotice, Payload: string(payload)})
}

// message is what one device is told.
type message struct {
	chat.Announcement
	BindingSID    string `json:"binding_sid"`
	CredentialSID string `json:"credential_sid"`
	Badge         *int64 `json:"badge,omitempty"`
}

// announce makes a job for each device that is to be told of a notice.
func (p *Push) announce(ctx context.Context, job *jobs.Claimed) error {
	var n chat.Notice
	if err := json.Unmarshal([]byte(job.Payload), &n); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	return p.o.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := p.o.Announce(&tx.Reader, n)
		if err != nil {
			return err
		}
		if a == nil {
			return job.Complete(tx)
		}
		for _, d := range a.Devices {
			payload, err := json.Marshal(message{*a, d.BindingSID, d.CredentialSID, d.Badge})
			if err != nil {
				return err
			}
			// The credential is the key, so that one that is held up holds up no other.
			if err := jobs.Enqueue(tx, jobs.Job{Kind: jobSend, Key: jobSend + " " + d.CredentialSID, Payload: string(payload)}); err != nil {
				return err
			}
		}
		return job.Complete(tx)
	})
}

// send tells one device.
func (p *Push) send(ctx context.Context, job *jobs.Claimed) error {
	var m message
	if err := json.Unmarshal([]byte(job.Payload), &m); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	if p.o.Store.Now()-job.CreatedAt > patience.Microseconds() {
		p.o.Log.Warn("a push message was not sent in time", "binding", m.BindingSID, "credential", m.CredentialSID)
		return nil
	}
	var device *chat.Binding
	var c *Credential
	err := p.o.Store.View(ctx, func(r *store.Reader) (err error) {
		if device, err = p.o.Device(r, m.BindingSID); err != nil {
			return err
		}
		c, err = credentialTable.One(r, "WHERE sid = $1 AND account_sid = $2", m.CredentialSID, m.AccountSID)
		return err
	})
	if errors.Is(err, store.ErrNoRow) {
		return nil // the device or its credential has gone
	}
	if err != nil {
		return err
	}
	if (device.Type == TypeAPN) != (c.Type == TypeAPN) {
		p.o.Log.Warn("a device registered with a credential of another push service", "binding", m.BindingSID, "credential", c.SID)
		return nil
	}
	s, err := p.senders.of(c)
	if err != nil {
		p.o.Log.Warn("a push credential cannot be used", "credential", c.SID, "error", err)
		return nil
	}
	return p.settle(ctx, job, &m, s.send(ctx, device.Address, job.Token(), &m))
}

// settle does what a push service's answer asks for.
func (p *Push) settle(ctx context.Context, job *jobs.Claimed, m *message, v verdict) error {
	switch {
	case v.err == nil:
		return nil
	case ctx.Err() != nil:
		return v.err
	case v.goneAt > 0:
		return p.o.Store.Update(ctx, func(tx *store.Tx) error {
			if err := p.o.Drop(tx, m.BindingSID, v.goneAt); err != nil {
				return err
			}
			return job.Complete(tx)
		})
	case v.after > 0:
		return jobs.Postpone(min(v.after, longPause))
	case v.retry:
		return v.err
	}
	p.o.Log.Warn("a push message was refused", "binding", m.BindingSID, "credential", m.CredentialSID, "error", v.err)
	return nil
}

// verdict is what came of a message.
type verdict struct {
	err    error         // nil: it was taken
	goneAt int64         // when the device was known to be gone, in microseconds; 0 if it is not
	after  time.Duration // how long the service wants no more messages
	retry  bool          // the same message may be taken later
}

// sender brings messages to a push service with one credential.
type sender interface {
	send(ctx context.Context, address, token string, m *message) verdict
	close()
}

// newTransport is how push services are reached.
func newTransport(roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: tlsConfig(roots), ForceAttemptHTTP2: true, MaxConnsPerHost: maxConns, MaxIdleConnsPerHost: maxConns,
		IdleConnTimeout: time.Minute, TLSHandshakeTimeout: timeout, MaxResponseHeaderBytes: maxAnswer,
	}
}
