package push

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	timeout    = 10 * time.Second // of a call
	maxAnswer  = 64 << 10         // bytes
	maxConns   = 16               // to one host
	maxSenders = 256
)

// senders keeps what credentials became: their keys, tokens and connections. What a credential was before a change is not used again.
type senders struct {
	o      Options
	shared *http.Client // for all that need no certificate

	mu    sync.Mutex
	known map[string]keptSender // by the credential's SID
}

type keptSender struct {
	sender
	made int64 // the credential's UpdatedAt
}

func newSenders(o Options) *senders {
	return &senders{o: o, shared: newClient(newTransport(o.RootCAs)), known: map[string]keptSender{}}
}

func newClient(t *http.Transport) *http.Client {
	return &http.Client{Transport: t, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func tlsConfig(roots *x509.CertPool) *tls.Config {
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// of returns the sender of a credential, or what is wrong with its secrets.
func (k *senders) of(c *Credential) (sender, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	old, ok := k.known[c.SID]
	if ok && old.made == c.UpdatedAt {
		return old, nil
	}
	var s sender
	var err error
	if c.Type == TypeAPN {
		s, err = newAPNs(k.o, k.shared, c)
	} else {
		s, err = newFCM(k.o, k.shared, c)
	}
	if err != nil {
		return nil, err
	}
	if ok {
		old.close()
	} else if len(k.known) >= maxSenders {
		k.clear()
	}
	k.known[c.SID] = keptSender{s, c.UpdatedAt}
	return s, nil
}

func (k *senders) clear() {
	for _, s := range k.known {
		s.close()
	}
	clear(k.known)
}

func (k *senders) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clear()
	k.shared.CloseIdleConnections()
}

// post sends a body and reads the answer. Its error names neither a device nor a secret.
func post(ctx context.Context, client *http.Client, url string, header http.Header, body []byte) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, errors.New("the push service's address is not one")
	}
	req.Header = header
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, errors.Unwrap(err) // the outer error repeats the address, in which Apple wants the device
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp, answer, err
}

// decode reads JSON, for which there are no secrets in what goes wrong.
func decode(text string, into any) error {
	if json.Unmarshal([]byte(text), into) != nil {
		return errors.New("it is not the JSON that is expected")
	}
	return nil
}

// retryAfter reads the header of that name, in seconds; 0 for none.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n), 24*60*60) * time.Second
}
