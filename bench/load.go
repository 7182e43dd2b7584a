package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// room is a channel with its connections; the first one sends.
type room struct {
	target  target
	name    string // what the target calls the channel
	members []*conn
}

// marker begins every body; receivers search for it, so that nobody pays for parsing JSON (peers §3.4).
const marker = "LGm"

const bodySize = 128

// trial is one measurement: messages are complete when they are acknowledged and delivered to every member but the sender.
type trial struct {
	rooms    []*room
	warm     time.Time // what was sent before does not count
	end      time.Time
	sent     sync.Map // sequence → *message
	seq      atomic.Int64
	done     atomic.Int64 // messages
	arrived  atomic.Int64 // deliveries
	lat      hist         // send → other member
	acks     hist         // send → reply
	complete func(*message)
}

type message struct {
	room  *room
	at    time.Time
	left  atomic.Int32
	count bool
}

func newTrial(rooms []*room, d time.Duration) *trial {
	r := &trial{rooms: rooms, warm: time.Now().Add(d / 5), end: time.Now().Add(d)}
	for _, rm := range rooms {
		for i, c := range rm.members {
			sender := i == 0
			c.sink.Store(&sink{event: func(payload []byte) { r.event(payload, sender) }, reply: r.reply})
		}
	}
	return r
}

// send sends the next message of a room.
func (r *trial) send(rm *room) error {
	n := r.seq.Add(1)
	m := &message{room: rm, at: time.Now()}
	m.count = m.at.After(r.warm) && m.at.Before(r.end)
	m.left.Store(int32(len(rm.members))) // the others, and the reply
	r.sent.Store(n, m)
	id := fmt.Sprintf("%016x", n)
	body := marker + id + "z"
	body += strings.Repeat("x", bodySize-len(body))
	return rm.members[0].send(rm.target.message(rm.name, "TM"+id, body))
}

func (r *trial) event(payload []byte, sender bool) {
	if sender {
		return
	}
	for {
		_, rest, ok := bytes.Cut(payload, []byte(marker))
		if !ok || len(rest) < 16 {
			return
		}
		if m := r.find(rest[:16]); m != nil {
			if m.count {
				r.lat.add(time.Since(m.at))
				r.arrived.Add(1)
			}
			r.tick(rest[:16], m)
		}
		payload = rest[16:]
	}
}

func (r *trial) reply(id []byte) {
	if len(id) != 18 {
		return
	}
	if m := r.find(id[2:]); m != nil {
		if m.count {
			r.acks.add(time.Since(m.at))
		}
		r.tick(id[2:], m)
	}
}

func (r *trial) find(hex []byte) *message {
	n, err := strconv.ParseInt(string(hex), 16, 64)
	if err != nil {
		return nil
	}
	m, ok := r.sent.Load(n)
	if !ok {
		return nil
	}
	return m.(*message)
}

func (r *trial) tick(hex []byte, m *message) {
	if m.left.Add(-1) != 0 {
		return
	}
	n, _ := strconv.ParseInt(string(hex), 16, 64)
	r.sent.Delete(n)
	if m.count {
		r.done.Add(1)
	}
	if r.complete != nil {
		r.complete(m)
	}
}

// lost waits a little for what is under way and says how many messages never completed.
func (r *trial) lost() int {
	n := 0
	for range 100 {
		n = 0
		r.sent.Range(func(any, any) bool { n++; return true })
		if n == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return n
}

// result is what one measurement gave.
type result struct {
	rate, deliveries        float64 // per second
	p50, p99, ack50, ack99  time.Duration
	cpuMessage, cpuDelivery time.Duration
	lost                    int
}

// measure runs the load and takes the server's processor time over the counted part.
func (r *trial) measure(p *process, load func()) result {
	go load()
	time.Sleep(time.Until(r.warm))
	cpu, from := p.cpu(), time.Now()
	time.Sleep(time.Until(r.end))
	cpu, took := p.cpu()-cpu, time.Since(from)
	res := result{lost: r.lost(), p50: r.lat.quantile(.5), p99: r.lat.quantile(.99), ack50: r.acks.quantile(.5), ack99: r.acks.quantile(.99)}
	done, arrived := r.done.Load(), r.arrived.Load()
	res.rate, res.deliveries = float64(done)/took.Seconds(), float64(arrived)/took.Seconds()
	if done > 0 {
		res.cpuMessage = cpu / time.Duration(done)
		res.cpuDelivery = cpu / time.Duration(max(arrived, 1))
	}
	return res
}

// paced sends at a rate over all rooms in turn, whatever comes back.
func paced(p *process, rooms []*room, rate float64, d time.Duration) result {
	r := newTrial(rooms, d)
	return r.measure(p, func() {
		begin := time.Now()
		for i := 0; ; i++ {
			at := begin.Add(time.Duration(float64(i) / rate * 1e9))
			if at.After(r.end) {
				return
			}
			time.Sleep(time.Until(at))
			if r.send(rooms[i%len(rooms)]) != nil {
				return
			}
		}
	})
}

// closed keeps window messages outstanding in every room.
func closed(p *process, rooms []*room, window int, d time.Duration) result {
	r := newTrial(rooms, d)
	r.complete = func(m *message) {
		if time.Now().Before(r.end) {
			_ = r.send(m.room) // a broken connection shows as lost messages
		}
	}
	return r.measure(p, func() {
		for _, rm := range rooms {
			for range window {
				if r.send(rm) != nil {
					return
				}
			}
		}
	})
}
