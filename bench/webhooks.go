package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"parley/internal/delivery"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/store/engine/sqlite"
	"parley/internal/webhook"
)

const (
	callRate  = 1000 // per second
	callLanes = 50
)

// webhooks sends 1,000 calls a second to a receiver that answers at once: alone, and beside as many to one that never answers.
func (b *bench) webhooks() error {
	var alone, beside, grown []float64
	for range b.repeat {
		for _, dead := range []bool{false, true} {
			p99, heap, err := b.deliver(dead)
			if err != nil {
				return err
			}
			if dead {
				beside, grown = append(beside, p99), append(grown, heap)
			} else {
				alone = append(alone, p99)
			}
		}
	}
	b.row("1,000 webhooks/s: from the commit to the receiver, p99", ms(median(alone)), "–", 0)
	b.row("the same, beside 1,000/s to a receiver that never answers, p99; growth of the heap", fmt.Sprintf("%s; %.1f MiB", ms(median(beside)), median(grown)), "–", 0)
	return nil
}

// deliver runs one load and returns the 99th percentile in milliseconds and by how many MiB the heap has grown.
func (b *bench) deliver(withDead bool) (p99, heap float64, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	dir, err := os.MkdirTemp("", "parley-bench-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	engine, err := sqlite.Open(filepath.Join(dir, "parley.db"), sqlite.Options{})
	if err != nil {
		return 0, 0, err
	}
	st, err := store.Open(ctx, engine, store.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer st.Close()
	var late hist
	var took atomic.Int64
	fast, stopFast, err := receive(func(_ http.ResponseWriter, r *http.Request) {
		sent, _ := strconv.ParseInt(r.FormValue("Sent"), 10, 64)
		late.add(time.Since(time.UnixMicro(sent)))
		took.Add(1)
	})
	if err != nil {
		return 0, 0, err
	}
	defer stopFast()
	silent, stopSilent, err := receive(func(_ http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		<-r.Context().Done()
	})
	if err != nil {
		return 0, 0, err
	}
	defer stopSilent()
	caller, err := webhook.NewCaller(webhook.Options{AllowPrivate: true})
	if err != nil {
		return 0, 0, err
	}
	defer caller.Close()
	d := delivery.New(delivery.Options{Store: st, Caller: caller, AuthToken: func(context.Context, string) (string, error) { return "token", nil }})
	runner := jobs.NewRunner(st, map[string]jobs.Kind{delivery.Job: d.Kind()}, jobs.Options{Sole: true})
	if err := runner.Start(ctx); err != nil {
		return 0, 0, err
	}
	defer func() {
		stop, end := context.WithTimeout(context.Background(), time.Second)
		defer end()
		_ = runner.Stop(stop)
	}()
	n := callRate * int(b.length/time.Second)
	before := heapMiB()
	err = atRate(n, callRate, func(i int) error {
		return st.Update(ctx, func(tx *store.Tx) error {
			if withDead {
				if err := enqueueCall(tx, silent, "dead", i); err != nil {
					return err
				}
			}
			return enqueueCall(tx, fast, "fast", i)
		})
	})
	for end := time.Now().Add(30 * time.Second); err == nil && took.Load() < int64(n); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			err = fmt.Errorf("%d of %d webhooks came", took.Load(), n)
		}
	}
	return millis(late.quantile(.99)), heapMiB() - before, err
}

func enqueueCall(tx *store.Tx, address, lane string, i int) error {
	return delivery.Enqueue(tx, lane+strconv.Itoa(i%callLanes), int64(i), delivery.Call{AccountSID: "AC", URL: address, Method: "POST",
		Params: map[string]string{"EventType": "onMessageSent", "Sent": strconv.FormatInt(time.Now().UnixMicro(), 10)}})
}

// receive serves a receiver and returns its address and its end.
func receive(h http.HandlerFunc) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h}
	go func() { _ = s.Serve(l) }()
	return "http://" + l.Addr().String() + "/", func() { _ = s.Close() }, nil
}

// heapMiB is what is reachable.
func heapMiB() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
