package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/errgroup"
)

// target is a server that speaks the chat socket: Parley, or the floor.
type target interface {
	// rooms makes n rooms of size members each, connected and subscribed.
	rooms(n, size int) ([]*room, error)
	// message is the WebSocket frame that sends body to a room.
	message(room, id, body string) []byte
}

// messagePath is where a member sends a message; the floor takes the same frame.
const messagePath = "/Client/v1/Services/%s/Conversations/%s/Messages"

func messageFrame(path, id, body string) []byte {
	payload, _ := json.Marshal(map[string]string{"body": body, "attributes": "{}"})
	header := fmt.Sprintf(`{"id":"%s","method":"message","active_grant":"ip_messaging","payload_type":"application/json; charset=utf-8","http_request":{"host":"aim.us1.twilio.com","path":"%s","method":"POST","params":{},"headers":{"Content-Type":"application/json; charset=utf-8","X-Twilio-Mutation-Id":"00000000-0000-4000-8000-00%s"}},"payload_size":%d}`,
		id, path, id[len(id)-10:], len(payload))
	return twilsock(header, payload)
}

// parley is a Parley server.
type parley struct {
	*process
	creds  credentials
	serial int
	http   *http.Client
}

type credentials struct {
	BaseURL        string `json:"base_url"`
	AccountSID     string `json:"account_sid"`
	AuthToken      string `json:"auth_token"`
	APIKeySID      string `json:"api_key_sid"`
	APIKeySecret   string `json:"api_key_secret"`
	ChatServiceSID string `json:"chat_service_sid"`
	FlexFlowSID    string `json:"flex_flow_sid"`
	WorkflowSID    string `json:"workflow_sid"`
}

func startParley(bin, database string) (*parley, error) {
	// A bench asks as fast as it can, with one key and few identities, which is what these limits are against.
	args := []string{"serve", "--listen", "{addr}", "--data", "{dir}", "--log-level", "warn", "--key-rate", "0", "--identity-rate", "0"}
	creds := []string{"credentials", "--json"}
	if database != "" {
		args = append(args, "--database-url", database)
		creds = append(creds, "--database-url", database)
	}
	p, err := start("/readyz", bin, args...)
	if err != nil {
		return nil, err
	}
	out, err := exec.Command(bin, append(creds, "--data", p.dir+"/data")...).Output()
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("credentials: %w", err)
	}
	t := &parley{process: p, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}}}
	if err := json.Unmarshal(out, &t.creds); err != nil {
		p.stop()
		return nil, err
	}
	_, err = t.post("/chat/v2/Services/"+t.creds.ChatServiceSID, url.Values{"Limits.ChannelMembers": {"1000"}, "Limits.UserChannels": {"1000"}})
	return t, err
}

// post makes a REST call and returns the SID of what it answers.
func (t *parley) post(path string, form url.Values) (sid string, err error) {
	req, err := http.NewRequest(http.MethodPost, "http://"+t.addr+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Webhook-Enabled", "true") // as the guide's back ends do; where nothing listens it costs nothing
	req.SetBasicAuth(t.creds.AccountSID, t.creds.AuthToken)
	resp, err := t.http.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return "", fmt.Errorf("POST %s: %s %s", path, resp.Status, body)
	}
	return string(field(body, `"sid":"`)), nil
}

func (t *parley) token(identity string) (string, error) {
	now := time.Now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"jti": t.creds.APIKeySID + "-1", "iss": t.creds.APIKeySID, "sub": t.creds.AccountSID, "iat": now.Unix(), "exp": now.Add(6 * time.Hour).Unix(),
		"grants": map[string]any{"identity": identity, "chat": map[string]string{"service_sid": t.creds.ChatServiceSID}},
	})
	token.Header["cty"] = "twilio-fpa;v=1"
	return token.SignedString([]byte(t.creds.APIKeySecret))
}

func (t *parley) message(room, id, body string) []byte {
	return messageFrame(fmt.Sprintf(messagePath, t.creds.ChatServiceSID, room), id, body)
}

// login opens a socket of an identity.
func (t *parley) login(identity string) (*conn, error) {
	token, err := t.token(identity)
	if err != nil {
		return nil, err
	}
	c, err := dial(t.addr, "/tsock/v3/wsconnect")
	if err != nil {
		return nil, err
	}
	c.start()
	header := fmt.Sprintf(`{"id":"TMinit","method":"init","token":"%s","continuation_token":null,"metadata":{"ver":"0.12.2","env":"bench","type":"chat","sdk":"JS","sdkv":"6.0.0"},"registrations":null,"tweaks":null,"capabilities":["client_update"],"payload_size":0}`, token)
	_, err = c.call("TMinit", twilsock(header, nil))
	return c, err
}

// get reads a path through the socket.
func (c *conn) get(path string) (map[string]any, error) {
	id := fmt.Sprintf("TMget%d", time.Now().UnixNano())
	p, query, _ := strings.Cut(path, "?")
	params := map[string]string{}
	for _, pair := range strings.Split(query, "&") {
		if k, v, ok := strings.Cut(pair, "="); ok {
			params[k] = v
		}
	}
	q, _ := json.Marshal(params)
	body, err := c.call(id, twilsock(fmt.Sprintf(`{"id":"%s","method":"message","active_grant":"ip_messaging","payload_type":"application/json","http_request":{"host":"cds.us1.twilio.com","path":"%s","method":"GET","params":%s,"headers":{}},"payload_size":0}`, id, p, q), nil))
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal(body, &out); err != nil {
		return nil, err
	}
	if code, ok := out["code"]; ok {
		return nil, fmt.Errorf("GET %s: %v %v", path, code, out["message"])
	}
	return out, nil
}

// subscribe opens Sync objects by path and subscribes to all at once, as the SDK does.
func (c *conn) subscribe(paths ...string) error {
	type request struct {
		SID  string `json:"object_sid"`
		Kind string `json:"object_type"`
		Last any    `json:"last_event_id"`
	}
	var requests []request
	for _, path := range paths {
		d, err := c.get(path)
		if err != nil {
			return err
		}
		kind := strings.ToLower(strings.Split(path, "/")[2])
		requests = append(requests, request{fmt.Sprint(d["sid"]), strings.TrimSuffix(kind, "s"), d["last_event_id"]})
	}
	established := make(chan struct{}, len(requests))
	c.sink.Store(&sink{reply: func([]byte) {}, event: func(payload []byte) {
		for range bytes.Count(payload, []byte("subscription_established")) {
			established <- struct{}{}
		}
	}})
	body, _ := json.Marshal(map[string]any{"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "retried_requests": 0, "ttl_in_s": -1, "requests": requests})
	if _, err := c.call("TMsub", twilsock(fmt.Sprintf(`{"id":"TMsub","method":"message","active_grant":"ip_messaging","payload_type":"application/json","http_request":{"host":"cds.us1.twilio.com","path":"/v4/Subscriptions","method":"POST","params":{},"headers":{"Content-Type":"application/json"}},"payload_size":%d}`, len(body)), body)); err != nil {
		return err
	}
	for range requests {
		select {
		case <-established:
		case <-c.closed:
			return errors.New("the connection ended while subscribing")
		case <-time.After(30 * time.Second):
			return errors.New("a subscription was not established within 30 s")
		}
	}
	return nil
}

// rooms makes channels with their members and connects them as the SDK does: document, message list and roster of the channel.
func (t *parley) rooms(n, size int) ([]*room, error) {
	t.serial++
	rooms := make([]*room, n)
	var g errgroup.Group
	g.SetLimit(16)
	service := "/chat/v2/Services/" + t.creds.ChatServiceSID
	for i := range rooms {
		sid, err := t.post(service+"/Channels", url.Values{"Type": {"private"}})
		if err != nil {
			return nil, err
		}
		rooms[i] = &room{target: t, name: sid, members: make([]*conn, size)}
		for m := range size {
			g.Go(func() error {
				identity := fmt.Sprintf("bench-%d-%d-%d", t.serial, i, m)
				if _, err := t.post(service+"/Channels/"+sid+"/Members", url.Values{"Identity": {identity}}); err != nil {
					return err
				}
				c, err := t.login(identity)
				if err != nil {
					return err
				}
				rooms[i].members[m] = c
				return c.subscribe("/v3/Documents/"+sid+".channel", "/v3/Lists/"+sid+".messages", "/v3/Maps/"+sid+".roster")
			})
		}
	}
	return rooms, g.Wait()
}

// floor is the bare server of bench/floor.
type floor struct {
	*process
	serial int
}

func startFloor(bin string) (*floor, error) {
	p, err := start("/", bin, "-listen", "{addr}", "-data", "{dir}")
	return &floor{process: p}, err
}

const floorService = "IS00000000000000000000000000000000"

func (t *floor) message(room, id, body string) []byte {
	return messageFrame(fmt.Sprintf(messagePath, floorService, room), id, body)
}

func (t *floor) rooms(n, size int) ([]*room, error) {
	rooms := make([]*room, n)
	var g errgroup.Group
	g.SetLimit(16)
	for i := range rooms {
		t.serial++
		name := fmt.Sprintf("CH%032x", t.serial)
		rooms[i] = &room{target: t, name: name, members: make([]*conn, size)}
		for m := range size {
			g.Go(func() error {
				c, err := dial(t.addr, "/join/"+name)
				if err != nil {
					return err
				}
				c.start()
				rooms[i].members[m] = c
				return nil
			})
		}
	}
	return rooms, g.Wait()
}

// leave closes the connections of rooms.
func leave(rooms []*room) {
	var wg sync.WaitGroup
	for _, r := range rooms {
		for _, c := range r.members {
			wg.Go(func() {
				if c != nil {
					_ = c.Close()
					<-c.closed
				}
			})
		}
	}
	wg.Wait()
}

// build compiles a command of the project.
func build(dir, name, pkg string) (string, error) {
	out := dir + "/" + name
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", pkg, err, text)
	}
	return out, nil
}
