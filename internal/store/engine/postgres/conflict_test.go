package postgres_test

import (
	"sync"
	"testing"

	"parley/internal/store"
)

// Two units that lock the same two rows in opposite order: PostgreSQL breaks one, which runs again.
func TestDeadlockRunsAgain(t *testing.T) {
	e := opener(t)()
	defer e.Close()
	write := func(fn func(c store.Conn) error) error { return e.Write(t.Context(), fn) }
	exec := func(c store.Conn, sql string, args ...any) error { _, err := c.Exec(sql, args...); return err }
	for _, sql := range []string{
		`CREATE TABLE pair (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)`, `INSERT INTO pair (id, n) VALUES (0, 0), (1, 0)`,
	} {
		if err := write(func(c store.Conn) error { return exec(c, sql) }); err != nil {
			t.Fatal(err)
		}
	}
	const bump = `UPDATE pair SET n = n + 1 WHERE id = $1`
	var both, all sync.WaitGroup
	both.Add(2)
	runs := make([]int, 2)
	for i := range 2 {
		all.Go(func() {
			err := write(func(c store.Conn) error {
				runs[i]++
				if err := exec(c, bump, i); err != nil {
					return err
				}
				if runs[i] == 1 { // only the first time: the one that runs again meets nobody
					both.Done()
					both.Wait()
				}
				return exec(c, bump, 1-i)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if runs[0]+runs[1] != 3 {
		t.Errorf("%v runs, want three", runs)
	}
	for i := range 2 {
		err := e.Read(t.Context(), func(c store.Conn) error {
			return c.Query(`SELECT n FROM pair WHERE id = $1`, []any{i}, func(scan func(...any) error) error {
				var n int64
				if err := scan(&n); err != nil {
					return err
				}
				if n != 2 {
					t.Errorf("row %d counts %d", i, n)
				}
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A server that restarts breaks connections: a unit that was not committed runs again on a new one.
func TestBrokenConnectionRunsAgain(t *testing.T) {
	e := opener(t)()
	defer e.Close()
	runs := 0
	err := e.Write(t.Context(), func(c store.Conn) error {
		runs++
		if runs == 1 {
			// The backend ends itself.
			_, err := c.Exec(`SELECT pg_terminate_backend(pg_backend_pid())`)
			return err
		}
		_, err := c.Exec(`CREATE TABLE afterwards (id BIGINT PRIMARY KEY)`)
		return err
	})
	if err != nil || runs != 2 {
		t.Fatalf("%d runs, %v", runs, err)
	}
}
