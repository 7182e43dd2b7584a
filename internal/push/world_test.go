package push

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

const account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// notices is push as chat sees it.
type notices struct{}

func (notices) Notify(tx *store.Tx, n chat.Notice) error { return Notify(tx, n) }

// call is what a push service was sent.
type call struct {
	device, certificate string
	header              http.Header
	http2               bool
	body                map[string]any
}

func (c call) data() map[string]any {
	m, _ := c.body["message"].(map[string]any)
	data, _ := m["data"].(map[string]any)
	return data
}

// reply is what a push service answers in place of taking a message.
type reply struct {
	status      int
	body, after string
}

// keys are made once, for they take long.
var keys = sync.OnceValue(func() (k struct {
	rsa *rsa.PrivateKey
	ec  *ecdsa.PrivateKey
}) {
	k.rsa, _ = rsa.GenerateKey(rand.Reader, 2048)
	k.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return k
})

// world is chat and push over one store, and doubles of both push services that check who sends.
type world struct {
	*testing.T
	st     *store.Store
	chat   *chat.Chat
	svc    *chat.Service
	push   *Push
	runner *jobs.Runner
	log    *bytes.Buffer
	tokens atomic.Int64 // access tokens that were given out

	mu      sync.Mutex
	calls   []call
	replies []reply
}

// each runs a test in a fresh world on both engines.
func each(t *testing.T, fn func(w *world)) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := &world{T: t, st: open(), log: &bytes.Buffer{}}
		w.build()
		fn(w)
	})
}

func (w *world) build() {
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		w.Fatal(err)
	}
	w.chat = chat.New(w.st, codec, chat.Options{Notifier: notices{}})
	double := httptest.NewUnstartedServer(w)
	double.EnableHTTP2 = true
	double.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	double.StartTLS()
	w.Cleanup(double.Close)
	roots := x509.NewCertPool()
	roots.AddCert(double.Certificate())
	w.push = New(Options{Store: w.st, FCM: double.URL + "/fcm", OAuth: double.URL + "/token", APNs: double.URL, RootCAs: roots,
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Announce: w.chat.Announce, Device: w.chat.BindingTx, Drop: w.chat.DropBindingTx})
	w.Cleanup(w.push.Close)
	w.runner = jobs.NewRunner(w.st, w.push.Jobs(), jobs.Options{Sole: true, Poll: 20 * time.Millisecond})
	err = w.st.Update(w.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, secondary_token, created_at, updated_at)
			VALUES ($1, '', 'active', 'x', NULL, 0, 0)`, account)
		return err
	})
	if err == nil {
		w.svc, err = w.chat.CreateService(w.Context(), chat.NewService{AccountSID: account, FriendlyName: "test"})
	}
	if err == nil {
		err = w.runner.Start(context.WithoutCancel(w.Context()))
	}
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(w.hold)
}

// hold lets no more jobs run.
func (w *world) hold() {
	if err := w.runner.Stop(context.WithoutCancel(w.Context())); err != nil {
		w.Error(err)
	}
}

// ServeHTTP is the token endpoint and both push services.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		w.grant(rw, r)
		return
	}
	c := call{header: r.Header, http2: r.ProtoMajor == 2}
	if err := json.NewDecoder(r.Body).Decode(&c.body); err != nil {
		w.Errorf("the body of %s: %v", r.URL.Path, err)
	}
	var ok bool
	if c.device, ok = strings.CutPrefix(r.URL.Path, "/3/device/"); ok {
		if len(r.TLS.PeerCertificates) > 0 {
			c.certificate = r.TLS.PeerCertificates[0].Subject.CommonName
		} else {
			w.checkProvider(r)
		}
	} else {
		m, _ := c.body["message"].(map[string]any)
		c.device, _ = m["token"].(string)
		if r.URL.Path != "/fcm/v1/projects/our-project/messages:send" || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer token-") {
			w.Errorf("a call to %s with %q", r.URL.Path, r.Header.Get("Authorization"))
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
	if len(w.replies) == 0 {
		_, _ = rw.Write([]byte("{}"))
		return
	}
	next := w.replies[0]
	w.replies = w.replies[1:]
	if next.after != "" {
		rw.Header().Set("Retry-After", next.after)
	}
	rw.WriteHeader(next.status)
	_, _ = rw.Write([]byte(next.body))
}

// grant checks a service account's assertion (RFC 7523).
func (w *world) grant(rw http.ResponseWriter, r *http.Request) {
	claims := jwt.MapClaims{}
	t, err := jwt.ParseWithClaims(r.PostFormValue("assertion"), claims, func(*jwt.Token) (any, error) { return &keys().rsa.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience("https://oauth2.googleapis.com/token"), jwt.WithIssuer("push@our-project.example"), jwt.WithExpirationRequired())
	if err != nil || t.Header["kid"] != "key1" || claims["scope"] != fcmScope || r.PostFormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		w.Errorf("the assertion: %v, %v", err, claims)
	}
	_, _ = fmt.Fprintf(rw, `{"access_token":"token-%d","expires_in":3600,"token_type":"Bearer"}`, w.tokens.Add(1))
}

// checkProvider checks the token by which Apple knows a team.
func (w *world) checkProvider(r *http.Request) {
	text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "bearer ")
	t, err := jwt.Parse(text, func(*jwt.Token) (any, error) { return &keys().ec.PublicKey, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer("TEAM"), jwt.WithIssuedAt())
	if err != nil || t.Header["kid"] != "KEY" {
		w.Errorf("the provider token: %v", err)
	}
}

func (w *world) answer(replies ...reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replies = replies
}

func (w *world) take() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

// waiting counts the jobs that are not done.
func (w *world) waiting() (n int) {
	w.Helper()
	err := w.st.View(w.Context(), func(r *store.Reader) error { return r.One("SELECT count(*) FROM job", nil, &n) })
	if err != nil {
		w.Fatal(err)
	}
	return n
}

// settled waits until no job is left.
func (w *world) settled() {
	w.Helper()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(30 * time.Second); w.waiting() > 0; <-poll.C {
		if time.Now().After(deadline) {
			w.Fatalf("%d jobs are left; the log says %s", w.waiting(), w.log)
		}
	}
}

func (w *world) credential(kind string, in Patch) *Credential {
	w.Helper()
	c, err := w.push.CreateCredential(w.Context(), account, kind, in)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *world) fcmCredential() *Credential {
	w.Helper()
	text, _ := json.Marshal(map[string]string{"type": "service_account", "project_id": "our-project", "client_email": "push@our-project.example",
		"private_key_id": "key1", "private_key": pkcs8(keys().rsa), "token_uri": "https://elsewhere.example.com"})
	secret := string(text)
	return w.credential(TypeFCM, Patch{Secret: &secret})
}

func (w *world) apnKeyCredential() *Credential {
	w.Helper()
	key, secret := pkcs8(keys().ec), `{"key_id":"KEY","team_id":"TEAM","bundle_id":"com.example.app"}`
	return w.credential(TypeAPN, Patch{PrivateKey: &key, Secret: &secret})
}

func (w *world) apnCertificate(bundle string) *Credential {
	w.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), Subject: pkix.Name{CommonName: "push",
		ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: bundle}}}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &keys().ec.PublicKey, keys().ec)
	if err != nil {
		w.Fatal(err)
	}
	cert, key := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), pkcs8(keys().ec)
	return w.credential(TypeAPN, Patch{Certificate: &cert, PrivateKey: &key})
}

func pkcs8(key any) string {
	der, _ := x509.MarshalPKCS8PrivateKey(key) // keys of these kinds always encode
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// enable turns all messages of the service on, with settings beside.
func (w *world) enable(settings map[string]any) {
	w.Helper()
	all := map[string]any{}
	for _, kind := range []string{"new_message", "added_to_channel", "removed_from_channel", "invited_to_channel"} {
		all[kind+".enabled"] = true
	}
	for k, v := range settings {
		all[k] = v
	}
	w.patch(all)
}

func (w *world) patch(notifications map[string]any) {
	w.Helper()
	if _, err := w.chat.UpdateService(w.Context(), w.service(), chat.ServicePatch{Notifications: notifications}); err != nil {
		w.Fatal(err)
	}
}

// service is the service as it is now.
func (w *world) service() *chat.Service {
	w.Helper()
	svc, err := w.chat.ServiceByID(w.Context(), w.svc.ID)
	if err != nil {
		w.Fatal(err)
	}
	return svc
}

func (w *world) api() chat.Actor { return chat.Actor{Service: w.service(), Source: chat.SourceAPI} }

func (w *world) as(identity string) chat.Actor {
	w.Helper()
	u, err := w.chat.EnsureUser(w.Context(), w.service(), identity)
	if err != nil {
		w.Fatal(err)
	}
	return chat.Actor{Service: w.service(), Identity: identity, User: u, Source: chat.SourceSDK}
}

// channel makes one, named room, in which ann is called Ann.
func (w *world) channel(members ...string) *chat.Channel {
	w.Helper()
	name, title := "Ann", "room"
	room, err := w.chat.CreateChannel(w.Context(), w.api(), chat.NewChannel{FriendlyName: &title})
	if err != nil {
		w.Fatal(err)
	}
	for _, m := range members {
		if _, err := w.chat.AddMember(w.Context(), w.api(), room.Channel.SID, chat.NewMember{Identity: m}); err != nil {
			w.Fatal(err)
		}
	}
	if _, err := w.chat.UpdateUser(w.Context(), w.api(), "ann", chat.UserPatch{FriendlyName: &name}); err != nil {
		w.Fatal(err)
	}
	return room.Channel
}

func (w *world) device(identity, kind, credential, address string) {
	w.Helper()
	w.deviceFor(identity, kind, credential, address, "twilio.channel.new_message", "twilio.channel.added_to_channel",
		"twilio.channel.invited_to_channel", "twilio.channel.removed_from_channel")
}

func (w *world) deviceFor(identity, kind, credential, address string, types ...string) {
	w.Helper()
	_, err := w.chat.RegisterBinding(w.Context(), w.as(identity), chat.NewBinding{Type: kind, Address: address, CredentialSID: credential, MessageTypes: types})
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) bound(identity string) bool {
	w.Helper()
	l, err := w.chat.ListBindings(w.Context(), w.service(), chat.BindingFilter{User: identity}, chat.Page{Size: 1})
	if err != nil {
		w.Fatal(err)
	}
	return len(l.Items) > 0
}

// unbind takes all devices of a user away.
func (w *world) unbind(identity string) {
	w.Helper()
	l, err := w.chat.ListBindings(w.Context(), w.service(), chat.BindingFilter{User: identity}, chat.Page{})
	for _, b := range l.Items {
		if err == nil {
			err = w.chat.DeleteBinding(w.Context(), w.service(), identity, b.SID)
		}
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) say(ch *chat.Channel, from, body string) {
	w.Helper()
	if _, err := w.chat.SendMessage(w.Context(), w.as(from), ch.SID, chat.NewMessage{Body: &body}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) horizon(ch *chat.Channel, identity string, index *int64) error {
	_, err := w.chat.UpdateMember(w.Context(), w.api(), ch.SID, identity, chat.MemberPatch{Horizon: &chat.Horizon{Index: index}})
	return err
}

func (w *world) mute(ch *chat.Channel, identity string) {
	w.Helper()
	level := chat.LevelMuted
	if _, err := w.chat.UpdateUserChannel(w.Context(), w.as(identity), identity, ch.SID, chat.UserChannelPatch{NotificationLevel: &level}); err != nil {
		w.Fatal(err)
	}
}

// online connects a user, in a service that wants to know.
func (w *world) online(identity string) {
	w.Helper()
	on := true
	_, err := w.chat.UpdateService(w.Context(), w.service(), chat.ServicePatch{Reachability: &on})
	if err == nil {
		err = w.chat.SetPresence(w.Context(), w.service(), identity, 1, true)
	}
	if err != nil {
		w.Fatal(err)
	}
}
