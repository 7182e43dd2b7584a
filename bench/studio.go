package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// botFlow greets, asks, branches by the reply and hands over.
const botFlow = `{"initial_state":"Trigger","states":[
	{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingRequest","next":"greet"}]},
	{"name":"greet","type":"send-message","properties":{"from":"Bot","body":"Hello {{flow.data.name}}"},"transitions":[{"event":"sent","next":"ask"},{"event":"failed"}]},
	{"name":"ask","type":"send-and-wait-for-reply","properties":{"from":"Bot","body":"What is it about?","timeout":"3600"},"transitions":[{"event":"incomingMessage","next":"split"},{"event":"timeout"},{"event":"deliveryFailure"}]},
	{"name":"split","type":"split-based-on","properties":{"input":"{{widgets.ask.inbound.Body}}"},"transitions":[{"event":"noMatch"},
		{"event":"match","next":"flex","conditions":[{"friendly_name":"bill","type":"contains","value":"bill","arguments":["{{widgets.ask.inbound.Body}}"]}]}]},
	{"name":"flex","type":"send-to-flex","properties":{"workflow":"%s","channel":"chat","attributes":"{\"topic\":{{widgets.ask.inbound.Body | to_json}}}"},
		"transitions":[{"event":"callComplete"},{"event":"failedToEnqueue"},{"event":"callFailure"}]}]}`

// studio has clients begin executions, answer their question and be handed over, each conversation in a channel of its own.
func (b *bench) studio() error {
	var rates, tails []float64
	for range b.repeat {
		p, err := startParley(b.parley, "")
		if err != nil {
			return err
		}
		rate, tail, err := b.studioRun(p)
		p.stop()
		if err != nil {
			return err
		}
		rates, tails = append(rates, rate), append(tails, tail)
	}
	b.row(fmt.Sprintf("executions of a flow, %d clients: greet, ask, reply, branch, hand over; the request that begins one, p99", restClients),
		fmt.Sprintf("%.0f/s; %s", median(rates), ms(median(tails))), "–", 0)
	return nil
}

func (b *bench) studioRun(p *parley) (rate, tail float64, err error) {
	flow, err := p.post("/studio/v2/Flows", url.Values{"FriendlyName": {"bench"}, "Status": {"published"}, "Definition": {fmt.Sprintf(botFlow, p.creds.WorkflowSID)}})
	if err != nil {
		return 0, 0, err
	}
	var h hist
	var n atomic.Int64
	var g errgroup.Group
	begin := time.Now()
	for range restClients {
		g.Go(func() error {
			for time.Since(begin) < b.length {
				channel, err := p.post("/chat/v2/Services/"+p.creds.ChatServiceSID+"/Channels", nil)
				if err != nil {
					return err
				}
				from := time.Now()
				if _, err := p.post("/studio/v2/Flows/"+flow+"/Executions", url.Values{"To": {channel}, "From": {"shop"}, "Parameters": {`{"name":"Anna"}`}}); err != nil {
					return err
				}
				h.add(time.Since(from))
				if _, err := p.post(p.messages(channel), url.Values{"From": {"anna"}, "Body": {"my bill"}}); err != nil {
					return err
				}
				n.Add(1)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return 0, 0, err
	}
	for ended := int64(0); ended < n.Load(); time.Sleep(5 * time.Millisecond) {
		if ended, err = p.ended(); err != nil {
			return 0, 0, err
		}
		if time.Since(begin) > b.length+30*time.Second {
			return 0, 0, fmt.Errorf("%d of %d executions ended", ended, n.Load())
		}
	}
	return float64(n.Load()) / time.Since(begin).Seconds(), millis(h.quantile(.99)), nil
}

// ended is how many executions have ended.
func (t *parley) ended() (int64, error) {
	resp, err := t.http.Get("http://" + t.addr + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("/metrics: %s, %w", resp.Status, err)
	}
	found := regexp.MustCompile(`(?m)^parley_studio_executions_ended_total (\S+)$`).FindSubmatch(text)
	if found == nil {
		return 0, fmt.Errorf("/metrics has no figures of executions")
	}
	f, err := strconv.ParseFloat(string(found[1]), 64)
	return int64(f), err
}
