package chat

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"parley/internal/store"
	"parley/internal/store/engine/postgres"
	"parley/internal/store/engine/sqlite"
	"parley/internal/store/storetest"
)

// benchmark runs fn on both engines, in a service with rooms of two members each.
func benchmark(b *testing.B, fn func(b *testing.B, c *Chat, actors []Actor, rooms []*Channel)) {
	each := func(name string, open func(b *testing.B) (store.Engine, error)) {
		b.Run(name, func(b *testing.B) {
			engine, err := open(b)
			if err != nil {
				b.Fatal(err)
			}
			st := must(store.Open(b.Context(), engine, store.Options{}))(b)
			b.Cleanup(func() { _ = st.Close() })
			benchmarkOn(b, st, fn)
		})
	}
	each("sqlite", func(b *testing.B) (store.Engine, error) {
		return sqlite.Open(filepath.Join(b.TempDir(), "parley.db"), sqlite.Options{})
	})
	each("postgres", func(b *testing.B) (store.Engine, error) {
		return postgres.Open(b.Context(), storetest.Postgres(b), postgres.Options{})
	})
}

func benchmarkOn(b *testing.B, st *store.Store, fn func(b *testing.B, c *Chat, actors []Actor, rooms []*Channel)) {
	c := New(st, testCodec(b), Options{})
	addAccount(b, st, testAccount)
	svc := must(c.CreateService(b.Context(), NewService{AccountSID: testAccount, FriendlyName: "bench"}))(b)
	api := Actor{Service: svc, Source: SourceAPI}
	var actors []Actor
	var rooms []*Channel
	for i := range 64 {
		name := fmt.Sprintf("user%d", i)
		room := must(c.CreateChannel(b.Context(), api, NewChannel{Type: TypePrivate}))(b)
		for _, identity := range []string{name, "agent"} {
			must(c.AddMember(b.Context(), api, room.Channel.SID, NewMember{Identity: identity}))(b)
		}
		actors, rooms = append(actors, Actor{Service: svc, Identity: name, Source: SourceSDK}), append(rooms, room.Channel)
	}
	fn(b, c, actors, rooms)
}

func BenchmarkSendMessage(b *testing.B) {
	benchmark(b, func(b *testing.B, c *Chat, actors []Actor, rooms []*Channel) {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
				b.ReportAllocs()
				body := "a message of usual length, as people write them to each other in chats"
				work := make(chan struct{}, b.N)
				for range b.N {
					work <- struct{}{}
				}
				close(work)
				done := make(chan error, callers)
				b.ResetTimer()
				for i := range callers {
					go func() {
						var err error
						for range work {
							if _, err = c.SendMessage(context.Background(), actors[i], rooms[i].SID, NewMessage{Body: &body}); err != nil {
								break
							}
						}
						done <- err
					}()
				}
				for range callers {
					if err := <-done; err != nil {
						b.Error(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
			})
		}
	})
}
