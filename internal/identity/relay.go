package identity

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"time"
)

// Relays are the operator's STUN and TURN servers, which apps that call by WebRTC ask for, and the secret that the TURN servers share
// with this one.
type Relays struct {
	URLs   []string // such as "stun:relay.example.com" and "turn:relay.example.com:3478?transport=udp"
	Secret string   // "" where there is no TURN server
}

// RelayPass lets its bearer use the relays until it expires. Nothing is kept of it: a TURN server checks it with the secret that it
// shares with us (draft-uberti-behave-turn-rest; coturn's use-auth-secret).
type RelayPass struct {
	Username, Password string
	URLs               []string // of the servers; those of STUN ask for no password
	Made               time.Time
}

// NewRelayPass makes a pass for an account that is good for ttl. Without a shared secret it opens nothing.
func (id *Identity) NewRelayPass(accountSID string, ttl time.Duration) RelayPass {
	now := id.now()
	p := RelayPass{Username: fmt.Sprintf("%d:%s", now.Add(ttl).Unix(), accountSID), Password: NewSecret(), URLs: id.relays.URLs, Made: now}
	if id.relays.Secret != "" {
		mac := hmac.New(sha1.New, []byte(id.relays.Secret)) // the algorithm of that scheme
		mac.Write([]byte(p.Username))
		p.Password = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return p
}
