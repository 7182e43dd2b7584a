package signin

import (
	"context"
	"strings"
	"testing"
	"time"

	"parley/internal/core"
)

func TestHash(t *testing.T) {
	h := newHasher()
	hash, err := h.hash(t.Context(), "correct horse battery")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hash, "horse") {
		t.Fatal(hash, err)
	}
	if again, _ := h.hash(t.Context(), "correct horse battery"); again == hash {
		t.Error("two hashes share a salt")
	}
	// Of the argon2 reference implementation's own test: argon2id, m=65536, t=2, p=1, "password", "somesalt".
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, c := range []struct {
		hash, password string
		want           bool
	}{
		{hash, "correct horse battery", true},
		{hash, "correct horse batter", false},
		{hash, "", false},
		{"", "", false},
		{"", "correct horse battery", false},
		{reference, "password", true},
		{reference, "passwort", false},
	} {
		if got, err := h.matches(t.Context(), c.hash, c.password); err != nil || got != c.want {
			t.Errorf("%q against %q: %v, %v", c.password, c.hash, got, err)
		}
	}
	for _, damaged := range []string{"x", strings.Replace(hash, "argon2id", "argon2i", 1), strings.Replace(hash, "m=19456", "m=4194304", 1), strings.Replace(hash, "t=2", "t=0", 1),
		strings.Replace(hash, "v=19", "v=18", 1), hash + "$", strings.Replace(hash, "p=1", "p=0", 1), hash[:len(hash)-40]} {
		if ok, err := h.matches(t.Context(), damaged, "correct horse battery"); err == nil || ok {
			t.Errorf("a damaged hash %q: %v", damaged, ok)
		}
	}
}

// Nobody hashes beyond the bound; who waits too long is told so.
func TestTurns(t *testing.T) {
	h := newHasher()
	for range cap(h.turns) {
		if _, err := h.turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.matches(gone, "", "x"); !core.HasCode(err, core.CodeUnavailable) {
		t.Errorf("without a turn: %v", err)
	}
	waiting, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	got := make(chan error)
	go func() {
		_, err := h.hash(waiting, "x")
		got <- err
	}()
	<-h.turns // somebody is done
	if err := <-got; err != nil {
		t.Error(err)
	}
}
