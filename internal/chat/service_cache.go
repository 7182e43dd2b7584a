package chat

import (
	"context"
	"errors"
	"sync"
	"time"

	"parley/internal/core"
	"parley/internal/store"
)

// serviceCache remembers services with their roles. An entry is dropped when the service or a role of it changes here, when
// another node tells so, and after a few seconds in any case, because messages between nodes may be lost. Entries are immutable.
type serviceCache struct {
	ttl   time.Duration
	mu    sync.RWMutex
	bySID map[string]*serviceEntry
	byID  map[int64]*serviceEntry
	epoch int64 // counts forgets: what was read before one is not kept after it
}

type serviceEntry struct {
	svc    *Service
	roles  map[string]*roleEntry // by SID
	loaded time.Time
}

type roleEntry struct {
	*Role
	permissions Permissions
}

// maxServices bounds the cache; beyond it, it starts anew.
const maxServices = 4096

func newServiceCache(ttl time.Duration) *serviceCache {
	return &serviceCache{ttl: ttl, bySID: map[string]*serviceEntry{}, byID: map[int64]*serviceEntry{}}
}

func (k *serviceCache) forget(id int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.epoch++
	if e := k.byID[id]; e != nil {
		delete(k.byID, id)
		delete(k.bySID, e.svc.SID)
	}
}

// get returns an entry by SID, or by number if sid is "", or nil; and the epoch for put.
func (k *serviceCache) get(sid string, id int64) (*serviceEntry, int64) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	e := k.byID[id]
	if sid != "" {
		e = k.bySID[sid]
	}
	if e != nil && time.Since(e.loaded) > k.ttl {
		e = nil
	}
	return e, k.epoch
}

func (k *serviceCache) put(e *serviceEntry, epoch int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if epoch != k.epoch {
		return
	}
	if len(k.byID) >= maxServices {
		clear(k.byID)
		clear(k.bySID)
	}
	k.byID[e.svc.ID], k.bySID[e.svc.SID] = e, e
}

// readService reads a service, and whether any device is registered with it.
func readService(r *store.Reader, tail string, arg any) (*Service, error) {
	svc, err := serviceTable.One(r, tail, arg)
	if err != nil {
		return nil, or(err, core.CodeServiceNotFound)
	}
	return svc, r.One("SELECT EXISTS (SELECT 1 FROM binding WHERE service_id = $1)", []any{svc.ID}, &svc.Bound)
}

// loadService is readService with the service's roles.
func loadService(r *store.Reader, tail string, arg any) (*serviceEntry, error) {
	svc, err := readService(r, tail, arg)
	if err != nil {
		return nil, err
	}
	roles, err := roleTable.All(r, "WHERE service_id = $1 ORDER BY id", svc.ID)
	if err != nil {
		return nil, err
	}
	e := &serviceEntry{svc: svc, roles: make(map[string]*roleEntry, len(roles)), loaded: time.Now()}
	for _, role := range roles {
		e.roles[role.SID] = &roleEntry{role, storedPermissions(role.Permissions)}
	}
	return e, nil
}

func (c *Chat) serviceEntry(ctx context.Context, sid string, id int64) (*serviceEntry, error) {
	e, epoch := c.services.get(sid, id)
	if e != nil {
		return e, nil
	}
	err := c.st.View(ctx, func(r *store.Reader) (err error) {
		if sid != "" {
			e, err = loadService(r, "WHERE sid = $1", sid)
		} else {
			e, err = loadService(r, "WHERE id = $1", id)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.services.put(e, epoch)
	return e, nil
}

// role returns a role of a service by its SID, inside a transaction. A role that is newer than the cache is read from the store;
// one that does not exist allows nothing.
func (c *Chat) role(r *store.Reader, serviceID int64, sid string) (*roleEntry, error) {
	e, _ := c.services.get("", serviceID)
	if e == nil {
		// Not kept: a transaction may see what is never committed.
		fresh, err := loadService(r, "WHERE id = $1", serviceID)
		if err != nil {
			return nil, err
		}
		e = fresh
	}
	if role := e.roles[sid]; role != nil {
		return role, nil
	}
	role, err := roleTable.One(r, "WHERE sid = $1 AND service_id = $2", sid, serviceID)
	if err != nil {
		return nil, err
	}
	return &roleEntry{role, storedPermissions(role.Permissions)}, nil
}

// permissions returns what a role allows; nothing for a role that does not exist.
func (c *Chat) permissions(r *store.Reader, serviceID int64, sid string) (Permissions, error) {
	role, err := c.role(r, serviceID, sid)
	if errors.Is(err, store.ErrNoRow) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return role.permissions, nil
}
