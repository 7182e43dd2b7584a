package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	restClients = 32
	restPage    = 1000
	restLists   = 50
)

// rest sends messages by REST from keep-alive clients, beside the same number of senders on sockets in the same run on the same server, and lists
// long channels.
func (b *bench) rest() error {
	var rates, tails, sockets, lists []float64
	for range b.repeat {
		p, err := startParley(b.parley, "")
		if err != nil {
			return err
		}
		rate, tail, socket, list, err := b.restRun(p)
		p.stop()
		if err != nil {
			return err
		}
		rates, tails, sockets, lists = append(rates, rate), append(tails, tail), append(sockets, socket), append(lists, list)
	}
	b.row(fmt.Sprintf("POST Messages, %d keep-alive clients, to rooms of 2 (right: as many senders on sockets, one outstanding each)", restClients),
		fmt.Sprintf("%.0f/s, p99 %s", median(rates), ms(median(tails))), fmt.Sprintf("%.0f/s", median(sockets)), median(rates)/median(sockets))
	b.row(fmt.Sprintf("GET Messages?PageSize=%d, one after another: p99", restPage), ms(median(lists)), "–", 0)
	return nil
}

func (b *bench) restRun(p *parley) (rate, tail, socket, list float64, err error) {
	rooms, err := p.rooms(restClients, 2)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	defer leave(rooms)
	res := closed(p.process, rooms, 1, b.length)
	if res.lost > 0 {
		return 0, 0, 0, 0, fmt.Errorf("%d messages were never completed", res.lost)
	}
	var h hist
	var n atomic.Int64
	var g errgroup.Group
	body, end := strings.Repeat("x", bodySize), time.Now().Add(b.length)
	for _, rm := range rooms {
		g.Go(func() error {
			for time.Now().Before(end) {
				begin := time.Now()
				if _, err := p.post(p.messages(rm.name), url.Values{"Body": {body}}); err != nil {
					return err
				}
				h.add(time.Since(begin))
				n.Add(1)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return 0, 0, 0, 0, err
	}
	if err := p.fill(rooms[0].name); err != nil {
		return 0, 0, 0, 0, err
	}
	var l hist
	for range restLists {
		begin := time.Now()
		if err := p.get(p.messages(rooms[0].name) + fmt.Sprintf("?PageSize=%d", restPage)); err != nil {
			return 0, 0, 0, 0, err
		}
		l.add(time.Since(begin))
	}
	return float64(n.Load()) / b.length.Seconds(), float64(h.quantile(.99)) / 1e6, res.rate, float64(l.quantile(.99)) / 1e6, nil
}

// fill makes sure that a channel has a whole page of messages.
func (t *parley) fill(channel string) error {
	var g errgroup.Group
	g.SetLimit(restClients)
	for range restPage {
		g.Go(func() error {
			_, err := t.post(t.messages(channel), url.Values{"Body": {strings.Repeat("x", bodySize)}})
			return err
		})
	}
	return g.Wait()
}

func (t *parley) messages(channel string) string {
	return "/chat/v2/Services/" + t.creds.ChatServiceSID + "/Channels/" + channel + "/Messages"
}

// get reads a REST resource whole.
func (t *parley) get(path string) error {
	req, err := http.NewRequest(http.MethodGet, "http://"+t.addr+path, nil)
	if err != nil {
		return err
	}
	req.SetBasicAuth(t.creds.AccountSID, t.creds.AuthToken)
	resp, err := t.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, resp.Status)
	}
	return nil
}
