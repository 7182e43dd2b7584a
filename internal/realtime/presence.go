package realtime

import (
	"hash/maphash"
	"slices"
	"sync"
)

// presence knows the connections of each identity and tells the caller's hook about the first and the last.
//
// The hook may be slow, so changes are noted and told by a goroutine that lives while there are any. It tells the state
// of the moment, not each change, so that a page that is loaded again is not reported as offline.
type presence struct {
	hub    *Hub
	hook   func(string, bool)
	seed   maphash.Seed
	shards [shards]presenceShard

	mu      sync.Mutex
	noted   []string // identities to look at, each at most once
	telling bool
}

type presenceShard struct {
	mu         sync.Mutex
	identities map[string]present
}

// present is one identity's entry; it stays while there are connections or something is to be told.
type present struct {
	conns []*Conn // nil for none
	told  bool    // what the hook heard last
	noted bool    // is in presence.noted
}

func (p *presence) init(h *Hub) {
	p.hub = h
	p.hook = h.opt.OnPresence
	p.seed = maphash.MakeSeed()
	for i := range p.shards {
		p.shards[i].identities = make(map[string]present)
	}
}

func (p *presence) shard(identity string) *presenceShard {
	return &p.shards[maphash.String(p.seed, identity)%shards]
}

func (p *presence) count(identity string) int {
	s := p.shard(identity)
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.identities[identity].conns)
}

// conns returns the connections of an identity at this moment.
func (p *presence) conns(identity string) []*Conn {
	s := p.shard(identity)
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.identities[identity].conns)
}

func (p *presence) join(c *Conn) {
	p.change(c.info.Identity, func(conns []*Conn) []*Conn { return append(conns, c) })
}

func (p *presence) leave(c *Conn) {
	p.change(c.info.Identity, func(conns []*Conn) []*Conn {
		i := slices.Index(conns, c)
		if i < 0 {
			return conns
		}
		if len(conns) == 1 {
			return nil
		}
		return slices.Delete(conns, i, i+1)
	})
}

func (p *presence) change(identity string, edit func([]*Conn) []*Conn) {
	s := p.shard(identity)
	s.mu.Lock()
	e := s.identities[identity]
	e.conns = edit(e.conns)
	note := p.hook != nil && !e.noted && (len(e.conns) > 0) != e.told
	e.noted = e.noted || note
	s.put(identity, e)
	s.mu.Unlock()
	if note {
		p.note(identity)
	}
}

// put stores an entry, or removes it if it says nothing. s.mu is held.
func (s *presenceShard) put(identity string, e present) {
	if e.conns == nil && !e.told && !e.noted {
		delete(s.identities, identity)
		return
	}
	s.identities[identity] = e
}

func (p *presence) note(identity string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noted = append(p.noted, identity)
	if !p.telling {
		p.telling = true
		p.hub.background.Go(p.tell) // a connection is still counted, so Stop has not come to wait for this yet
	}
}

func (p *presence) tell() {
	for {
		p.mu.Lock()
		if len(p.noted) == 0 {
			p.noted = nil
			p.telling = false
			p.mu.Unlock()
			return
		}
		identity := p.noted[0]
		p.noted = p.noted[1:]
		p.mu.Unlock()
		p.tellOne(identity)
	}
}

func (p *presence) tellOne(identity string) {
	s := p.shard(identity)
	s.mu.Lock()
	e := s.identities[identity]
	online := len(e.conns) > 0
	changed := online != e.told
	e.noted = false
	e.told = online
	s.put(identity, e)
	s.mu.Unlock()
	if changed {
		p.hook(identity, online)
	}
}
