package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"parley/internal/store"
)

// Benchmark measures units per second of the hot path: a counter's UPDATE … RETURNING and one appended row of a message's
// shape, over 50 channels.
func Benchmark(b *testing.B, open func() store.Engine) {
	u := &suite{open: open}
	u.s = u.openStore(b)
	defer u.s.Close()
	const channels = 50
	u.must(b, `CREATE TABLE bench_seq (id BIGINT PRIMARY KEY, next BIGINT NOT NULL, doc BIGINT NOT NULL)`)
	u.must(b, `CREATE TABLE bench_message (id INTEGER PRIMARY KEY, channel_id BIGINT NOT NULL, idx BIGINT NOT NULL, author TEXT NOT NULL,
		body TEXT NOT NULL, attributes TEXT NOT NULL, created_ev BIGINT NOT NULL, removed BOOLEAN NOT NULL, created_at BIGINT NOT NULL)`)
	u.must(b, `CREATE UNIQUE INDEX bench_message_idx ON bench_message (channel_id, idx)`)
	for c := range channels {
		u.must(b, `INSERT INTO bench_seq (id, next, doc) VALUES ($1, 0, 0)`, c)
	}
	body := strings.Repeat("x", 200)
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("write/callers=%d", callers), func(b *testing.B) {
			work(b, callers, func(n int) error {
				return u.s.Update(context.Background(), func(tx *store.Tx) error {
					var idx int64
					if err := tx.One(`UPDATE bench_seq SET next = next + 1 WHERE id = $1 RETURNING next - 1`, []any{n % channels}, &idx); err != nil {
						return err
					}
					return tx.Defer(`INSERT INTO bench_message (id, channel_id, idx, author, body, attributes, created_ev, removed, created_at)
						VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, tx.NextID(), n%channels, idx, "somebody", body, "{}", idx, false, tx.Now())
				})
			})
		})
		b.Run(fmt.Sprintf("read/callers=%d", callers), func(b *testing.B) {
			work(b, callers, func(n int) error {
				return u.s.View(context.Background(), func(r *store.Reader) error {
					var text string
					return r.Query(`SELECT body FROM bench_message WHERE channel_id = $1 ORDER BY idx DESC LIMIT 10`, []any{n % channels},
						func(scan func(...any) error) error { return scan(&text) })
				})
			})
		})
	}
}

// work spreads b.N calls over callers.
func work(b *testing.B, callers int, fn func(n int) error) {
	b.ReportAllocs()
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for n := c; n < b.N; n += callers {
				if err := fn(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "units/s")
}
