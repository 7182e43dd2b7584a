package blob

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// What Verify finds wrong with a pass.
var (
	ErrExpired      = errors.New("blob: link has expired")
	ErrBadSignature = errors.New("blob: link is not signed by this server")
)

// Signer makes and checks passes: short texts for links that open one blob, without further headers, for a time
// (rest-semantics §2.10, links.content_direct_temporary). All nodes share the key.
type Signer struct {
	Key []byte // 32 random bytes
}

// Sign returns a pass to the blob of the key that is good until expires, in whole seconds. It consists of characters
// that need no escaping in a URL.
func (s Signer) Sign(key string, expires time.Time) string {
	at := strconv.FormatInt(expires.Unix(), 10)
	return at + "." + base64.RawURLEncoding.EncodeToString(s.mac(key, at))
}

// Verify says what is wrong with a pass at the time now, or nil.
func (s Signer) Verify(key, pass string, now time.Time) error {
	at, mac, ok := strings.Cut(pass, ".")
	got, err := base64.RawURLEncoding.Strict().DecodeString(mac)
	if !ok || err != nil || !hmac.Equal(got, s.mac(key, at)) {
		return ErrBadSignature
	}
	// The signature is ours, so the time is as we wrote it; it is looked at only now, so that nothing is learned from a
	// forged pass.
	expires, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return ErrBadSignature
	}
	if now.Unix() >= expires {
		return ErrExpired
	}
	return nil
}

func (s Signer) mac(key, at string) []byte {
	m := hmac.New(sha256.New, s.Key)
	// The first line keeps this use of the key apart from any other; a key has no line breaks, so nothing can be shifted
	// from one part to the next.
	m.Write([]byte("parley blob link 1\n" + at + "\n" + key))
	return m.Sum(nil)
}
