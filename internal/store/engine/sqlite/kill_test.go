package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"parley/internal/store"
	"parley/internal/store/engine/sqlite"
)

// killEnv names the file that the test binary, started as the writer, writes to.
const killEnv = "PARLEY_TEST_KILLED_WRITER"

// TestMain is the writer where the environment says so, and the tests otherwise.
func TestMain(m *testing.M) {
	if path := os.Getenv(killEnv); path != "" {
		acknowledge(path)
		return
	}
	os.Exit(m.Run())
}

// acknowledge writes rows from many goroutines and prints the number of each row whose Write returned, until it is killed.
func acknowledge(path string) {
	e, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		panic(err)
	}
	first, err := strconv.Atoi(os.Args[len(os.Args)-1])
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	next := first
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for {
				mu.Lock()
				id := next
				next++
				mu.Unlock()
				err := e.Write(context.Background(), func(c store.Conn) error {
					_, err := c.Exec(`INSERT INTO node (id, name, seen_at) VALUES ($1, $2, 0)`, id, "n")
					return err
				})
				if err != nil {
					panic(err)
				}
				fmt.Println(id) // one system call, so that it is whole or not there
			}
		})
	}
	all.Wait()
}

// What was acknowledged before a kill -9 is there afterwards.
func TestKilledWriterLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	e := open(t, path)
	acked := map[int]bool{}
	for round := range 3 {
		writer := exec.Command(os.Args[0], strconv.Itoa(1_000_000*(round+1)))
		writer.Env = append(os.Environ(), killEnv+"="+path)
		out, err := writer.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			id, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatal(err)
			}
			acked[id] = true
			if n == 300+100*round {
				if err := writer.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := writer.Wait(); err == nil {
			t.Fatal("the writer ended by itself")
		}
	}
	found := map[int]bool{}
	err := e.Read(t.Context(), func(c store.Conn) error {
		return c.Query(`SELECT id FROM node`, nil, func(scan func(...any) error) error {
			var id int
			err := scan(&id)
			found[id] = true
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range acked {
		if !found[id] {
			t.Errorf("row %d was acknowledged and is lost", id)
		}
	}
	if len(acked) < 900 {
		t.Errorf("only %d rows were acknowledged", len(acked))
	}
}
