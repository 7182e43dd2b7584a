package signin

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"parley/internal/core"
)

// Parameters of argon2id (OWASP Password Storage Cheat Sheet). A hash names those by which it was made, so that they can be raised.
const (
	hashMemory  = 19 << 10 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashBytes   = 32
	saltBytes   = 16
	// maxHashMemory bounds, in KiB, what a damaged row could ask for.
	maxHashMemory = 1 << 20
)

// hashPatience is how long a sign-in waits for its turn.
const hashPatience = 5 * time.Second

// hasher computes hashes, few at a time: a flood of sign-ins must not take the memory and the processors of everybody else.
type hasher struct {
	turns chan struct{}
	none  string // the hash of nobody's password
}

func newHasher() hasher {
	none := make([]byte, saltBytes)
	_, _ = rand.Read(none) // never fails (crypto/rand)
	return hasher{turns: make(chan struct{}, min(4, max(1, runtime.NumCPU()/2))), none: writeHash(none, make([]byte, hashBytes))}
}

// turn waits until a hash may be computed.
func (h hasher) turn(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns }, nil
	case <-ctx.Done():
		return nil, core.Ef(core.CodeUnavailable, "Too many people sign in at this moment; try again in a minute")
	}
}

// hash returns a password's hash in the form of the argon2 reference implementation.
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	return writeHash(salt, argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashThreads, hashBytes)), nil
}

// matches reports whether a hash is that of the password. Nothing matches "", which costs the same.
func (h hasher) matches(ctx context.Context, hash, password string) (bool, error) {
	real := hash != ""
	if !real {
		hash = h.none
	}
	p, err := readHash(hash)
	if err != nil {
		return false, err
	}
	done, err := h.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	got := argon2.IDKey([]byte(password), p.salt, p.passes, p.memory, p.threads, uint32(len(p.sum)))
	return subtle.ConstantTimeCompare(got, p.sum) == 1 && real, nil
}

func writeHash(salt, sum []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashPasses, hashThreads, b64(salt), b64(sum))
}

// parsed is a hash taken apart.
type parsed struct {
	memory, passes uint32
	threads        uint8
	salt, sum      []byte
}

func readHash(hash string) (p parsed, err error) {
	fail := func() (parsed, error) {
		return p, fmt.Errorf("the stored hash of a password is damaged; set the password anew")
	}
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return fail()
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.threads); err != nil {
		return fail()
	}
	salt, errSalt := base64.RawStdEncoding.DecodeString(parts[4])
	sum, errSum := base64.RawStdEncoding.DecodeString(parts[5])
	if errSalt != nil || errSum != nil || len(sum) < 16 || p.memory > maxHashMemory || p.passes == 0 || p.passes > 16 || p.threads == 0 {
		return fail()
	}
	p.salt, p.sum = salt, sum
	return p, nil
}
