package push

import (
	"context"
	"crypto/rsa"
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
	fcmScope     = "https://www.googleapis.com/auth/firebase.messaging"
	fcmAudience  = "https://oauth2.googleapis.com/token" // whom an assertion is for, wherever it is sent
	assertionTTL = time.Hour
	tokenMargin  = time.Minute // before its end a token is replaced
)

// fcm sends through the HTTP v1 API as a service account. An assertion that the account signed is exchanged for an access token (RFC 7523).
type fcm struct {
	client       *http.Client
	oauth, url   string
	email, keyID string
	key          *rsa.PrivateKey
	now          func() time.Time

	mu    sync.Mutex // held while a token is got, so that one is got at a time
	token string
	until time.Time
}

func newFCM(o Options, client *http.Client, c *Credential) (*fcm, error) {
	var account struct {
		Project string `json:"project_id"`
		Email   string `json:"client_email"`
		KeyID   string `json:"private_key_id"`
		Key     string `json:"private_key"`
	}
	if err := decode(c.Secret, &account); err != nil {
		return nil, fmt.Errorf("the key file of a service account is wanted: %w", err)
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(account.Key))
	if err != nil || account.Project == "" || account.Email == "" {
		return nil, errors.New("the key file of the service account lacks project_id, client_email or an RSA private_key")
	}
	return &fcm{client: client, oauth: o.OAuth, url: o.FCM + "/v1/projects/" + url.PathEscape(account.Project) + "/messages:send",
		email: account.Email, keyID: account.KeyID, key: key, now: func() time.Time { return time.UnixMicro(o.Store.Now()) }}, nil
}

func (f *fcm) close() {}

// send implements sender.
func (f *fcm) send(ctx context.Context, address, _ string, m *message) verdict {
	token, v := f.access(ctx)
	if v.err != nil {
		return v
	}
	data := map[string]string{"twi_message_type": m.Type, "twi_body": m.Text, "channel_sid": m.ChannelSID}
	if m.Sound != "" {
		data["twi_sound"] = m.Sound
	}
	if m.MessageSID != "" {
		data["message_sid"], data["message_index"] = m.MessageSID, strconv.FormatInt(m.MessageIndex, 10)
	}
	body, err := json.Marshal(map[string]any{"message": map[string]any{"token": address, "data": data, "android": map[string]string{"priority": "high"}}})
	if err != nil {
		return verdict{err: err}
	}
	resp, answer, err := post(ctx, f.client, f.url, http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}}, body)
	if err != nil {
		return verdict{err: err, retry: true}
	}
	if resp.StatusCode == http.StatusOK {
		return verdict{}
	}
	var fault struct {
		Error struct {
			Status  string `json:"status"`
			Details []struct {
				Code string `json:"errorCode"`
			} `json:"details"`
		} `json:"error"`
	}
	_ = decode(string(answer), &fault) // without it, the status alone decides
	code := fault.Error.Status
	for _, d := range fault.Error.Details {
		if d.Code != "" {
			code = d.Code
		}
	}
	v = judge(resp, fmt.Errorf("FCM answered %d %s", resp.StatusCode, code))
	switch {
	case code == "UNREGISTERED":
		v.goneAt = f.now().UnixMicro()
	case resp.StatusCode == http.StatusUnauthorized:
		v.retry = true
		f.forget(token)
	}
	return v
}

// judge is what an answer's status says: busy and broken services may do better later.
func judge(resp *http.Response, err error) verdict {
	v := verdict{err: err, retry: resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500}
	if v.retry {
		v.after = retryAfter(resp.Header)
	}
	return v
}

// forget drops a token that was refused.
func (f *fcm) forget(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.token == token {
		f.token = ""
	}
}

// access returns a token that is good for a while.
func (f *fcm) access(ctx context.Context) (string, verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if f.token != "" && now.Before(f.until) {
		return f.token, verdict{}
	}
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": f.email, "scope": fcmScope, "aud": fcmAudience,
		"iat": now.Unix(), "exp": now.Add(assertionTTL).Unix()})
	t.Header["kid"] = f.keyID
	assertion, err := t.SignedString(f.key)
	if err != nil {
		return "", verdict{err: errors.New("the service account's key cannot sign")}
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	resp, answer, err := post(ctx, f.client, f.oauth, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, []byte(form.Encode()))
	if err != nil {
		return "", verdict{err: err, retry: true}
	}
	var granted struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if resp.StatusCode != http.StatusOK || decode(string(answer), &granted) != nil || granted.Token == "" {
		return "", judge(resp, fmt.Errorf("the token endpoint answered %d to the service account", resp.StatusCode))
	}
	f.token, f.until = granted.Token, now.Add(time.Duration(min(granted.Seconds, 24*60*60))*time.Second-tokenMargin)
	return f.token, verdict{}
}
