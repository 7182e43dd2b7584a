package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"parley/internal/bus/nats"
	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/signin"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// What the command line does beside serving.

// TokenRequest says what a token is to be.
type TokenRequest struct {
	Identity    string
	TTL         time.Duration
	ChatService string // "" is the default service
	Worker      string // "" leaves the task_router grant out
	Role        string // Flex role, or ""
}

// MintToken makes an access token with the default API key.
func MintToken(ctx context.Context, st *store.Store, t TokenRequest) (string, error) {
	cred, err := ReadCredentials(ctx, st)
	if err != nil {
		return "", err
	}
	claim := identity.Claim{KeySID: cred.APIKeySID, Identity: t.Identity, TTL: t.TTL, ChatServiceSID: or(t.ChatService, cred.ChatServiceSID)}
	keys, err := loadKeys(ctx, st)
	if err != nil {
		return "", err
	}
	codec, err := core.NewSIDCodec(keys.SID)
	if err != nil {
		return "", err
	}
	c := chat.New(st, codec, chat.Options{})
	svc, err := c.Service(ctx, cred.AccountSID, claim.ChatServiceSID)
	if core.HasCode(err, core.CodeServiceNotFound) {
		return "", fmt.Errorf("this store has no chat service %s; leave --chat-service out for the default one", claim.ChatServiceSID)
	}
	if err != nil {
		return "", err
	}
	if t.Role != "" {
		err := st.View(ctx, func(r *store.Reader) error {
			role, err := c.RoleByName(r, svc, "deployment", t.Role)
			if err == nil {
				claim.RoleSID = role.SID
			}
			return err
		})
		if err != nil {
			return "", fmt.Errorf("chat service %s has no role %q: %w", svc.SID, t.Role, err)
		}
	}
	if t.Worker != "" {
		if !core.IsSID("WK", t.Worker) {
			return "", fmt.Errorf("--worker %q is not a worker SID (WK and 32 hexadecimal digits)", t.Worker)
		}
		claim.WorkspaceSID, claim.WorkerSID, claim.WorkerRole = cred.WorkspaceSID, t.Worker, "worker"
		if t.Role == "supervisor" || t.Role == "admin" {
			claim.WorkerRole = "supervisor"
		}
	}
	jwt, _, err := identity.New(st, identity.Options{}).Mint(ctx, claim)
	return jwt, err
}

// SetPassword gives a worker a password for the desktop, or makes one where it is "". It returns the password.
func SetPassword(ctx context.Context, st *store.Store, worker, password string) (string, error) {
	cred, err := ReadCredentials(ctx, st)
	if err != nil {
		return "", err
	}
	keys, err := loadKeys(ctx, st)
	if err != nil {
		return "", err
	}
	codec, err := core.NewSIDCodec(keys.SID)
	if err != nil {
		return "", err
	}
	way := signin.New(signin.Options{Store: st, Tasks: taskrouter.New(st, codec, taskrouter.Options{}), AccountSID: cred.AccountSID, WorkspaceSID: cred.WorkspaceSID})
	sid, err := way.WorkerSID(ctx, worker)
	if core.HasCode(err, core.CodeNotFound) {
		return "", fmt.Errorf("there is no worker %q in workspace %s", worker, cred.WorkspaceSID)
	}
	if err != nil {
		return "", err
	}
	if password == "" {
		password = signin.NewPassword()
	}
	return password, way.SetPassword(ctx, sid, password)
}

// Prepare makes the store ready as a start does, and closes it again.
func Prepare(ctx context.Context, c config.Config, log *slog.Logger) (in Instance, err error) {
	s := &Server{config: c, log: log, beside: true}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.DrainTimeout)
	defer cancel()
	defer func() { err = errors.Join(err, s.Stop(stop)) }()
	if err := s.openStore(ctx); err != nil {
		return in, err
	}
	if err := s.openBus(ctx); err != nil {
		return in, err
	}
	if err := s.openProducts(ctx); err != nil {
		return in, err
	}
	return s.instance, nil
}

// Check looks whether what the configuration points to can be used, without changing anything. It returns what is well; the
// error is all that is not.
func Check(ctx context.Context, c config.Config) (notes []string, err error) {
	ok := func(format string, args ...any) { notes = append(notes, "ok: "+fmt.Sprintf(format, args...)) }
	fail := func(e error) { err = errors.Join(err, e) }
	ok("the settings are valid; the server would be reached at %s", c.BaseURL())
	if c.DatabaseURL == "" {
		if e := writable(c.Data); e != nil {
			fail(fmt.Errorf("data: %w", e))
		} else {
			ok("the data folder %s can be written", c.Data)
		}
	} else if e := reachable(ctx, c.Storage); e != nil {
		fail(fmt.Errorf("database-url: %w", e))
	} else {
		ok("the database answers")
	}
	if l, e := listen(ctx, c.Network); e != nil {
		fail(e)
	} else {
		l.close()
		ok("the addresses to listen on are free")
	}
	if c.NATSURL != "" {
		if e := natsAnswers(c.NATSURL.Reveal()); e != nil {
			fail(fmt.Errorf("nats-url: %w", e))
		} else {
			ok("NATS answers")
		}
	}
	return notes, err
}

// writable looks for the nearest folder that is there and tries to write into it.
func writable(dir string) error {
	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("%s is not a folder", dir)
		}
		if err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, os.ErrNotExist) || parent == dir {
			return err
		}
		dir = parent
	}
	f, err := os.CreateTemp(dir, ".parley-check-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// reachable asks the database something that needs no schema.
func reachable(ctx context.Context, c config.Storage) error {
	engine, err := openEngine(ctx, c, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return errors.Join(engine.Read(ctx, func(conn store.Conn) error {
		return conn.Query("SELECT 1", nil, func(func(...any) error) error { return nil })
	}), engine.Close())
}

func natsAnswers(url string) error {
	b, err := nats.New(nats.Options{URL: url})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	err = b.Flush(ctx)
	for err != nil && ctx.Err() == nil && !b.Connected() { // it connects in the background
		time.Sleep(20 * time.Millisecond)
		err = b.Flush(ctx)
	}
	return errors.Join(err, b.Close())
}
