package live

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/store/engine/postgres"
	"parley/internal/store/engine/sqlite"
	"parley/internal/store/storetest"
	"parley/internal/taskrouter"
)

const (
	benchWorkers = 1000
	benchLeads   = 50
	benchShown   = 200 // workers for whose tasks a Teams view asks one by one
)

// lead stands for the connection of a supervisor.
type lead struct{ told int }

func (*lead) Closed() bool { return false }

// bench is a floor of 1,000 workers and 20 queues, whose turns the benchmark makes itself.
type bench struct {
	*floor
	b       *testing.B
	workers []*taskrouter.WorkerView
}

func benchmark(b *testing.B, fn func(b *testing.B, f *bench)) {
	each := func(name string, open func(b *testing.B) (store.Engine, error)) {
		b.Run(name, func(b *testing.B) {
			engine, err := open(b)
			if err != nil {
				b.Fatal(err)
			}
			st, err := store.Open(b.Context(), engine, store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = st.Close() })
			fn(b, newBench(b, st))
		})
	}
	each("sqlite", func(b *testing.B) (store.Engine, error) {
		return sqlite.Open(filepath.Join(b.TempDir(), "parley.db"), sqlite.Options{})
	})
	each("postgres", func(b *testing.B) (store.Engine, error) {
		return postgres.Open(b.Context(), storetest.Postgres(b), postgres.Options{})
	})
}

func newBench(b *testing.B, st *store.Store) *bench {
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		b.Fatal(err)
	}
	tr := taskrouter.New(st, codec, taskrouter.Options{})
	l := New(Options{Store: st, TaskRouter: tr})
	at := Scope{core.NewSID("AC"), core.NewSID("WS")}
	f := &bench{b: b}
	err = st.Update(b.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, created_at, updated_at) VALUES ($1, 'bench', 'active', 'x', 0, 0)`, at.AccountSID)
		if err != nil {
			return err
		}
		return tr.ProvisionTx(tx, taskrouter.Provision{AccountSID: at.AccountSID, WorkspaceSID: at.WorkspaceSID, QueueSID: core.NewSID("WQ"), WorkflowSID: core.NewSID("WW"),
			WorkerSID: core.NewSID("WK"), WorkerName: "agent"})
	})
	if err != nil {
		b.Fatal(err)
	}
	for i := range 19 {
		members := fmt.Sprintf(`routing.skills HAS "skill%d"`, i)
		if _, err := tr.CreateTaskQueue(b.Context(), at.AccountSID, at.WorkspaceSID, taskrouter.NewTaskQueue{FriendlyName: fmt.Sprint("queue ", i), TargetWorkers: &members}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range benchWorkers {
		w, err := tr.CreateWorker(b.Context(), at.AccountSID, at.WorkspaceSID, taskrouter.NewWorker{FriendlyName: fmt.Sprint("worker", i),
			Attributes: fmt.Sprintf(`{"full_name":"Worker %d","contact_uri":"client:worker%d","roles":["agent"],"routing":{"skills":["skill%d","skill%d"],"levels":{}}}`, i, i, i%19, i%7)})
		if err != nil {
			b.Fatal(err)
		}
		f.workers = append(f.workers, w)
	}
	f.floor = newFloor(l, at, f.workers[0].Space.Workspace.ID)
	return f
}

// teams opens the Teams view for everybody who leads: one of five filters, and the tasks of each worker shown.
func (f *bench) teams() {
	for i := range benchLeads {
		owner := &lead{}
		filters := []string{``, `data.activity_name IN ["Available"]`, `data.activity_name NOT_IN ["Available"]`, `data.attributes.full_name CONTAINS "9"`, `data.attributes.routing.skills IN ["skill1"]`}
		f.follow(owner, Subject{Index: Workers, Query: filters[i%len(filters)]}, "QR")
		for n, w := range f.workers[:benchShown] {
			f.follow(owner, Subject{Index: Reservations, Query: `data.worker_sid == "` + w.SID + `" && (data.status not_in ["completed", "canceled", "rescinded", "rejected", "timeout"])`}, fmt.Sprint("QR", n))
		}
	}
}

func (f *bench) follow(owner *lead, about Subject, sid string) {
	s, err := f.open(f.b.Context(), about)
	if err == nil {
		err = f.watch(s, Watch{Owner: owner, SID: sid, Tell: func(changes []Change) { owner.told += len(changes) }}, s.last, func(Replay) {})
	}
	if err != nil {
		f.b.Fatal(err)
	}
}

// BenchmarkTeams opens the Teams views of 50 supervisors, 10,050 queries, of which 205 differ.
func BenchmarkTeams(b *testing.B) {
	benchmark(b, func(b *testing.B, f *bench) {
		for b.Loop() {
			clear(f.sets)
			clear(f.owners)
			for name := range contents {
				f.index[name] = newIndex()
			}
			f.teams()
		}
	})
}

// BenchmarkTurn reads what some workers have become and tells 50 supervisors, who have 10,050 queries.
func BenchmarkTurn(b *testing.B) {
	benchmark(b, func(b *testing.B, f *bench) {
		f.teams()
		for _, changed := range []int{1, 10, 100} {
			b.Run(fmt.Sprint("changed=", changed), func(b *testing.B) {
				b.ReportAllocs()
				for i := range b.N {
					n := &noted{}
					for k := range changed {
						n.Workers = append(n.Workers, f.workers[(i*changed+k)%benchWorkers].ID)
					}
					if err := f.refreshAs(n); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}

// refreshAs makes a turn in which the rows of workers count as different from before.
func (f *bench) refreshAs(n *noted) error {
	for _, s := range f.sets {
		if s.Index != Workers {
			continue
		}
		for _, id := range n.Workers {
			if e := s.entries[id]; e != nil {
				e.row = &row{id: e.id, key: e.key}
			}
		}
	}
	f.notes.add(n)
	return f.refresh(f.b.Context())
}

// BenchmarkCheck reads everything that is watched anew, as happens every few seconds.
func BenchmarkCheck(b *testing.B) {
	benchmark(b, func(b *testing.B, f *bench) {
		f.teams()
		b.ReportAllocs()
		for b.Loop() {
			f.notes.add(&noted{All: true})
			if err := f.refresh(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkNumbers counts the workspace, with all its workers and without.
func BenchmarkNumbers(b *testing.B) {
	benchmark(b, func(b *testing.B, f *bench) {
		for _, workers := range []bool{true, false} {
			b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f.numbers.at, f.numbers.workersDue = time.Time{}, workers
					if err := f.countNumbers(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}
