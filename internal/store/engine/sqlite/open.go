package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

const (
	// busyTimeout bounds the wait for another process that writes to the same file.
	busyTimeout = 10 * time.Second
	// checkpointPages: the log is copied into the database each time it has grown by about 64 MB. Large, because a page that
	// changes often is then copied once instead of many times (peers §3.2: +35 % rows/s).
	checkpointPages = 16000
)

// Options for Open. The zero value is what production uses.
type Options struct {
	Log     *slog.Logger
	Readers int // the most read connections; 0 means twice the processors, at least 4
	// OnBatch is told, by the writer's goroutine, how many units shared a commit and how long the whole batch took.
	OnBatch func(units int, took time.Duration)
}

// Engine is a store.Engine over one SQLite file.
type Engine struct {
	path    string
	log     *slog.Logger
	writer  *conn
	onBatch func(units int, took time.Duration)
	queue   chan *unit
	stopped chan struct{} // closed when the writer goroutine has ended

	accept sync.RWMutex // held for reading while a unit is put into the queue, so that Close can close the queue
	closed bool         // under accept

	closing chan struct{} // closed when Close begins
	places  chan struct{} // one for each read connection in use
	mu      sync.Mutex
	idle    []*conn // read connections, the warmest last
	once    sync.Once
	err     error // of Close
}

// Open opens the database file and creates it, with its folder, where it is missing.
func Open(path string, o Options) (*Engine, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Readers <= 0 {
		o.Readers = max(4, 2*runtime.GOMAXPROCS(0))
	}
	if o.OnBatch == nil {
		o.OnBatch = func(int, time.Duration) {}
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("store: cannot create %s: %w", path, err)
	}
	writer, err := connect(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		path: path, log: o.Log, writer: writer, onBatch: o.OnBatch,
		queue: make(chan *unit, maxBatch), stopped: make(chan struct{}),
		closing: make(chan struct{}), places: make(chan struct{}, o.Readers),
	}
	go e.write()
	return e, nil
}

// create makes the file before SQLite does, because SQLite would make it readable for all; its log files take over the mode.
// The file is only ever opened here when it is new: closing a second descriptor of it would drop SQLite's locks (POSIX).
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

func connect(path string, mode sqlite.OpenFlags) (*conn, error) {
	db, err := sqlite.OpenConn(path, mode)
	if err != nil {
		return nil, fmt.Errorf("store: cannot open %s: %w", path, err)
	}
	db.SetBusyTimeout(busyTimeout)
	settings := []string{"foreign_keys = ON", "synchronous = FULL", fmt.Sprintf("wal_autocheckpoint = %d", checkpointPages), "temp_store = MEMORY"}
	if mode == sqlite.OpenReadWrite {
		settings = append(settings, "journal_mode = WAL", "cache_size = -16000") // KiB
	}
	for _, s := range settings {
		if err := sqlitex.ExecuteTransient(db, "PRAGMA "+s, nil); err != nil {
			_ = db.Close()
			return nil, fmt.Errorf("store: cannot set up %s: %s: %w", path, s, err)
		}
	}
	return &conn{db: db, cache: map[string]*statement{}}, nil
}
