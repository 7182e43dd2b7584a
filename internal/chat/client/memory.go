package client

import (
	"net/http"
	"sync"

	"parley/internal/core"
	"parley/internal/httpapi"
)

// rememberedMutations is how many answers a node keeps. SDKs do not repeat a mutation by themselves (chat-sdk-protocol §14.4), so what
// is kept need only cover a client or a proxy that repeats one at once.
const rememberedMutations = 4096

// memory keeps the latest answers to mutations by the id that the client gave them, so that a repeated one is not done twice on
// this node (chat-sdk-protocol §13, point 10).
type memory struct {
	mu   sync.Mutex
	seen map[string]*answer
	ring []string // the keys in the order of their coming
	at   int
}

// answer is a mutation that is done, or on its way.
type answer struct {
	ready chan struct{}
	kept  bool // response and err are to be given again
	resp  httpapi.Response
	err   error
}

func newMemory(size int) *memory {
	return &memory{seen: make(map[string]*answer, size), ring: make([]string, size)}
}

// once runs fn unless a mutation with the same key was done already, or is being done: then it returns that one's answer. Answers that
// say nothing about the mutation (an error of the server's own) are not kept. An empty key is not remembered.
func (m *memory) once(key string, fn func() (httpapi.Response, error)) (httpapi.Response, error) {
	if key == "" {
		return fn()
	}
	for {
		m.mu.Lock()
		a := m.seen[key]
		if a == nil {
			a = m.add(key)
			m.mu.Unlock()
			return m.run(key, a, fn)
		}
		m.mu.Unlock()
		if <-a.ready; a.kept {
			return a.resp, a.err
		}
	}
}

// add makes room for a key and takes it. The lock is held.
func (m *memory) add(key string) *answer {
	delete(m.seen, m.ring[m.at])
	m.ring[m.at] = key
	m.at = (m.at + 1) % len(m.ring)
	a := &answer{ready: make(chan struct{})}
	m.seen[key] = a
	return a
}

func (m *memory) run(key string, a *answer, fn func() (httpapi.Response, error)) (httpapi.Response, error) {
	defer func() {
		if !a.kept {
			m.mu.Lock()
			if m.seen[key] == a {
				delete(m.seen, key)
			}
			m.mu.Unlock()
		}
		close(a.ready)
	}()
	a.resp, a.err = fn()
	a.kept = a.err == nil || core.AsError(a.err).Status < http.StatusInternalServerError
	return a.resp, a.err
}
