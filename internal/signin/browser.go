package signin

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/ratelimit"
)

// MarkTTL is how long a browser is known after a sign-in.
const MarkTTL = 180 * 24 * time.Hour

// Visitor is who asks to be signed in.
type Visitor struct {
	From netip.Addr // the client's address
	Mark string     // what the browser has of an earlier sign-in under the name; "" for nothing
}

// A mark is a number by which failures are counted, and an end, sealed for one name. It opens nothing: it only keeps those who have it
// apart from those who fail on purpose.
const markID, markEnd = 8, 8 // bytes

// Mark makes what a browser keeps once somebody has signed in with a name and a password. From then on the browser's own failures count for
// that name, and those of others do not: not even a colleague behind the same address can keep a person out where they work.
func (s *SignIn) Mark(name string) string {
	b := make([]byte, markID, markID+markEnd+sha256.Size)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	b = binary.BigEndian.AppendUint64(b, uint64(s.now().Add(MarkTTL).Unix()))
	return base64.RawURLEncoding.EncodeToString(append(b, s.seal(b, name)...))
}

func (s *SignIn) seal(b []byte, name string) []byte {
	mac := hmac.New(sha256.New, s.MarkKey)
	mac.Write([]byte("sign-in mark"))
	mac.Write(b)
	mac.Write([]byte(folded(name)))
	return mac.Sum(nil)
}

// browser returns the number in a mark that is good for a name; "" for any other.
func (s *SignIn) browser(mark, name string) string {
	b, err := base64.RawURLEncoding.DecodeString(mark)
	if err != nil || len(b) != markID+markEnd+sha256.Size {
		return ""
	}
	head, seal := b[:markID+markEnd], b[markID+markEnd:]
	if !hmac.Equal(seal, s.seal(head, name)) || int64(binary.BigEndian.Uint64(head[markID:])) < s.now().Unix() {
		return ""
	}
	return string(head[:markID])
}

// failureOf is how a failure of a visitor would count.
func (s *SignIn) failureOf(v Visitor, name string) failure {
	if id := s.browser(v.Mark, name); id != "" {
		return failure{browser: id, name: folded(name)}
	}
	return failure{from: ratelimit.Source(v.From), name: folded(name)}
}

// folded is a name as it is counted: bounded, because it is kept, and without case.
func folded(name string) string { return strings.ToLower(name[:min(len(name), core.MaxName)]) }
