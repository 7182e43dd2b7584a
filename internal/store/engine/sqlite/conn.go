package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"zombiezen.com/go/sqlite"

	"parley/internal/store"
	"parley/internal/store/engine"
)

// maxStatements bounds the prepared statements of a connection: conditions with lists (store.In) make a text per length.
const maxStatements = 500

// conn is one connection with its prepared statements. Only one goroutine uses it at a time.
type conn struct {
	db     *sqlite.Conn
	cache  map[string]*statement // by the text as the caller wrote it
	ctx    context.Context       // of the reader in charge; nil for the writer, whose units do not give up
	failed error                 // the first error of a statement in this unit
	open   bool                  // inside a row function
}

// statement is a prepared statement whose method scan is bound once.
type statement struct {
	*sqlite.Stmt
	params int
	scan   func(dest ...any) error
}

// dialect makes SQLite's text of ours: $1 becomes ?1, which SQLite numbers as we mean it, and row locks go, since there is one
// writer.
var dialect = strings.NewReplacer("$", "?", " FOR UPDATE SKIP LOCKED", "", " FOR UPDATE", "", " FOR SHARE", "")

// prepare looks the statement up, or makes it.
func (c *conn) prepare(sql string) (*statement, error) {
	if s := c.cache[sql]; s != nil {
		return s, nil
	}
	if len(c.cache) >= maxStatements {
		for text, s := range c.cache { // any one: which, does not matter at this size
			delete(c.cache, text)
			_ = s.Finalize()
			break
		}
	}
	stmt, err := c.db.Prepare(dialect.Replace(sql))
	if err != nil {
		return nil, err
	}
	s := &statement{Stmt: stmt, params: stmt.BindParamCount()}
	s.scan = s.read
	c.cache[sql] = s
	return s, nil
}

// run executes a statement of the engine's own, without arguments.
func (c *conn) run(sql string) error {
	s, err := c.prepare(sql)
	if err != nil {
		return err
	}
	_, err = s.Step()
	return errors.Join(err, s.Reset())
}

// rollback undoes what is open; after some errors SQLite has done so itself.
func (c *conn) rollback() {
	if !c.db.AutocommitEnabled() {
		_ = c.run("ROLLBACK")
	}
}

// start prepares and binds.
func (c *conn) start(sql string, args []any) (*statement, error) {
	if c.failed != nil {
		return nil, c.failed
	}
	if c.open {
		return nil, c.fail(engine.ErrBusy)
	}
	if c.ctx != nil && c.ctx.Err() != nil {
		return nil, c.ctx.Err()
	}
	s, err := c.prepare(sql)
	if err != nil {
		return nil, c.fail(err)
	}
	if len(args) != s.params {
		return nil, c.fail(fmt.Errorf("store: %d arguments for %d placeholders: %s", len(args), s.params, sql))
	}
	for i, a := range args {
		if err := s.bind(i+1, a); err != nil {
			return nil, c.fail(err)
		}
	}
	return s, nil
}

func (c *conn) fail(err error) error {
	if c.failed == nil {
		c.failed = err
	}
	return err
}

// Exec implements store.Conn.
func (c *conn) Exec(sql string, args ...any) (int64, error) {
	s, err := c.start(sql, args)
	if err != nil {
		return 0, err
	}
	for more := true; more; {
		if more, err = s.Step(); err != nil {
			return 0, c.fail(err)
		}
	}
	n := c.db.Changes()
	return int64(n), s.Reset()
}

// Defer implements store.Conn: at once, there is no round trip to save.
func (c *conn) Defer(sql string, args ...any) error {
	_, err := c.Exec(sql, args...)
	return err
}

// Query implements store.Conn.
func (c *conn) Query(sql string, args []any, row func(scan func(dest ...any) error) error) error {
	s, err := c.start(sql, args)
	if err != nil {
		return err
	}
	defer func() { c.open = false; _ = s.Reset() }()
	for {
		more, err := s.Step()
		if err != nil {
			return c.fail(err)
		}
		if !more {
			return nil
		}
		c.open = true
		if err := row(s.scan); err != nil {
			return err
		}
		c.open = false
		if c.ctx != nil && c.ctx.Err() != nil {
			return c.ctx.Err()
		}
	}
}

func (s *statement) bind(i int, arg any) error {
	switch v := arg.(type) {
	case string:
		return s.text(i, v)
	case int64:
		s.BindInt64(i, v)
	case int:
		s.BindInt64(i, int64(v))
	case bool:
		s.BindBool(i, v)
	case []byte:
		if v == nil {
			s.BindNull(i)
		} else {
			s.BindBytes(i, v)
		}
	case *string:
		if v != nil {
			return s.text(i, *v)
		}
		s.BindNull(i)
	case *int64:
		if v != nil {
			s.BindInt64(i, *v)
		} else {
			s.BindNull(i)
		}
	case nil:
		s.BindNull(i)
	default:
		return engine.Unsupported("an argument", arg)
	}
	return nil
}

// text refuses what PostgreSQL refuses; SQLite would store it and hand the trouble on to a later move between the two.
func (s *statement) text(i int, v string) error {
	if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
		return errors.New("store: a text must be valid UTF-8 without null bytes")
	}
	s.BindText(i, v)
	return nil
}

// read scans the current row. SQLite would turn a NULL or a text into a zero; that is an error here, as on PostgreSQL.
func (s *statement) read(dest ...any) error {
	if n := s.ColumnCount(); n != len(dest) {
		return fmt.Errorf("store: %d scan targets for %d columns", len(dest), n)
	}
	for i, d := range dest {
		kind := s.ColumnType(i)
		var want sqlite.ColumnType
		switch p := d.(type) {
		case *string:
			want, *p = sqlite.TypeText, s.ColumnText(i)
		case *int64:
			want, *p = sqlite.TypeInteger, s.ColumnInt64(i)
		case *int:
			want, *p = sqlite.TypeInteger, s.ColumnInt(i)
		case *bool:
			want, *p = sqlite.TypeInteger, s.ColumnBool(i)
		case *[]byte:
			want, *p = sqlite.TypeBlob, nil
			if kind == sqlite.TypeNull {
				continue
			}
			*p = make([]byte, s.ColumnLen(i))
			s.ColumnBytes(i, *p)
		case **string:
			want, *p = sqlite.TypeText, nil
			if kind == sqlite.TypeNull {
				continue
			}
			v := s.ColumnText(i)
			*p = &v
		case **int64:
			want, *p = sqlite.TypeInteger, nil
			if kind == sqlite.TypeNull {
				continue
			}
			v := s.ColumnInt64(i)
			*p = &v
		default:
			return engine.Unsupported("a scan target", d)
		}
		if kind != want {
			return fmt.Errorf("store: column %d holds %v, not what the scan target %T takes", i+1, kind, d)
		}
	}
	return nil
}

// Classify implements store.Engine.
func (e *Engine) Classify(err error) error {
	switch sqlite.ErrCode(err) {
	case sqlite.ResultConstraintUnique, sqlite.ResultConstraintPrimaryKey, sqlite.ResultConstraintRowID:
		if !errors.Is(err, store.ErrUnique) {
			return fmt.Errorf("%w (%w)", store.ErrUnique, err)
		}
	}
	return err
}
