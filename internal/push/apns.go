package push

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	apnsProduction = "https://api.push.apple.com"
	apnsSandbox    = "https://api.sandbox.push.apple.com"
	// providerTTL is how long a provider token is used: Apple refuses those older than an hour, and new ones more often than each 20 minutes.
	providerTTL = 40 * time.Minute
)

// isUID says whether an attribute of a certificate's subject is the one that holds the app's bundle identifier.
func isUID(oid asn1.ObjectIdentifier) bool {
	return oid.Equal(asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1})
}

// apns sends over HTTP/2 with a certificate of the app, or with tokens that a key of the team signs.
type apns struct {
	client   *http.Client
	own      *http.Transport // of a certificate; nil for a key
	url      string
	topic    string
	provider *providerKey // nil for a certificate
	now      func() time.Time
}

func newAPNs(o Options, shared *http.Client, c *Credential) (*apns, error) {
	a := &apns{client: shared, url: o.APNs, now: func() time.Time { return time.UnixMicro(o.Store.Now()) }}
	switch {
	case a.url != "":
	case c.Sandbox:
		a.url = apnsSandbox
	default:
		a.url = apnsProduction
	}
	if c.Certificate == "" {
		return a, a.useKey(c)
	}
	pair, err := tls.X509KeyPair([]byte(c.Certificate), []byte(c.PrivateKey))
	if err != nil {
		return nil, errors.New("certificate and private key are not a pair in PEM")
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, errors.New("the certificate cannot be read")
	}
	for _, name := range leaf.Subject.Names {
		if text, ok := name.Value.(string); ok && isUID(name.Type) {
			a.topic = text
		}
	}
	a.own = newTransport(o.RootCAs)
	a.own.TLSClientConfig.Certificates = []tls.Certificate{pair}
	a.client = newClient(a.own)
	return a, nil
}

// useKey reads a signing key and what Secret says of it.
func (a *apns) useKey(c *Credential) error {
	var of struct {
		KeyID  string `json:"key_id"`
		TeamID string `json:"team_id"`
		Bundle string `json:"bundle_id"`
	}
	if err := decode(c.Secret, &of); err != nil {
		return fmt.Errorf("without a certificate, Secret must tell of the signing key: %w", err)
	}
	key, err := jwt.ParseECPrivateKeyFromPEM([]byte(c.PrivateKey))
	if err != nil || key.Curve.Params().BitSize != 256 || of.KeyID == "" || of.TeamID == "" || of.Bundle == "" {
		return errors.New("a signing key (P-256) with key_id, team_id and bundle_id is wanted")
	}
	a.topic, a.provider = of.Bundle, &providerKey{key: key, keyID: of.KeyID, teamID: of.TeamID}
	return nil
}

func (a *apns) close() {
	if a.own != nil {
		a.own.CloseIdleConnections()
	}
}

// send implements sender.
func (a *apns) send(ctx context.Context, address, token string, m *message) verdict {
	header := http.Header{"Content-Type": {"application/json"}, "Apns-Id": {token}, "Apns-Push-Type": {"alert"}, "Apns-Priority": {"10"},
		"Apns-Expiration": {strconv.FormatInt(a.now().Add(patience).Unix(), 10)}}
	if a.topic != "" {
		header.Set("Apns-Topic", a.topic)
	}
	if a.provider != nil {
		bearer, err := a.provider.token(a.now())
		if err != nil {
			return verdict{err: err}
		}
		header.Set("Authorization", "bearer "+bearer)
	}
	body, err := json.Marshal(apnsBody(m))
	if err != nil {
		return verdict{err: err}
	}
	resp, answer, err := post(ctx, a.client, a.url+"/3/device/"+url.PathEscape(address), header, body)
	if err != nil {
		return verdict{err: err, retry: true}
	}
	if resp.StatusCode == http.StatusOK {
		return verdict{}
	}
	var fault struct {
		Reason string `json:"reason"`
		Since  int64  `json:"timestamp"` // milliseconds, with 410 only
	}
	_ = decode(string(answer), &fault) // without it, the status alone decides
	v := judge(resp, fmt.Errorf("APNs answered %d %s", resp.StatusCode, fault.Reason))
	switch {
	case resp.StatusCode == http.StatusGone && fault.Since > 0:
		v.goneAt = fault.Since * 1000
	case resp.StatusCode == http.StatusGone: // not so for BadDeviceToken, which devices of the other side (sandbox) are answered too
		v.goneAt = a.now().UnixMicro()
	case fault.Reason == "ExpiredProviderToken" && a.provider != nil:
		v.retry = true
		a.provider.forget()
	}
	return v
}

// apnsBody is a message as the SDKs read it (chat-sdk-protocol §9.3).
func apnsBody(m *message) map[string]any {
	aps := map[string]any{"alert": m.Text}
	if m.Sound != "" {
		aps["sound"] = m.Sound
	}
	if m.Badge != nil {
		aps["badge"] = *m.Badge
	}
	out := map[string]any{"aps": aps, "twi_message_type": m.Type, "channel_sid": m.ChannelSID}
	if m.MessageSID != "" {
		out["message_sid"], out["message_index"] = m.MessageSID, m.MessageIndex
	}
	return out
}

// providerKey signs the tokens by which Apple knows a team.
type providerKey struct {
	key           *ecdsa.PrivateKey
	keyID, teamID string

	mu     sync.Mutex
	signed string
	at     time.Time
}

// token returns a token of this key that is not too old.
func (k *providerKey) token(now time.Time) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.signed != "" && now.Sub(k.at) < providerTTL {
		return k.signed, nil
	}
	t := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"iss": k.teamID, "iat": now.Unix()})
	t.Header["kid"] = k.keyID
	signed, err := t.SignedString(k.key)
	if err != nil {
		return "", errors.New("the signing key cannot sign")
	}
	k.signed, k.at = signed, now
	return signed, nil
}

func (k *providerKey) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.signed = ""
}
