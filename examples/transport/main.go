// Command transport attaches an SMS provider to Parley: a model to copy. It takes what Parley sends and hands it to the provider's JSON interface,
// and it turns what the provider reports (texts that came in, states of those that went out) into the calls that Parley understands. Where your
// provider differs, change toProvider, fromProvider and state; nothing is kept in memory, so it can be stopped at any time.
package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// gateway stands between the two.
type gateway struct {
	parley    string // base address, as http://localhost:8080
	account   string // AC…
	authToken string
	self      string // the address that Parley's transport-… setting names: what it signs
	provider  string // the provider's interface for sending
	secret    string // that the provider puts into its calls
	client    http.Client
}

func main() {
	g := &gateway{parley: os.Getenv("PARLEY_URL"), account: os.Getenv("PARLEY_ACCOUNT_SID"), authToken: os.Getenv("PARLEY_AUTH_TOKEN"), self: os.Getenv("TRANSPORT_URL"),
		provider: os.Getenv("PROVIDER_URL"), secret: os.Getenv("PROVIDER_SECRET"), client: http.Client{Timeout: 4 * time.Second}}
	if g.parley == "" || g.account == "" || g.authToken == "" || g.self == "" || g.provider == "" || g.secret == "" {
		log.Fatal("set PARLEY_URL, PARLEY_ACCOUNT_SID, PARLEY_AUTH_TOKEN, TRANSPORT_URL, PROVIDER_URL and PROVIDER_SECRET; see README.md")
	}
	server := &http.Server{Addr: cmp.Or(os.Getenv("LISTEN"), "localhost:8090"), Handler: g, ReadTimeout: 10 * time.Second}
	log.Printf("listening on %s", server.Addr)
	log.Fatal(server.ListenAndServe())
}

// ServeHTTP answers Parley (/out) and the provider (/in, /state). A failure is answered with 502, upon which both sides try again.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	var err error
	switch r.URL.Path {
	case "/out":
		if r.ParseForm() != nil || !hmac.Equal([]byte(r.Header.Get("X-Twilio-Signature")), []byte(sign(g.authToken, g.self, r.PostForm))) {
			http.Error(w, "not signed by Parley", http.StatusForbidden)
			return
		}
		err = g.toProvider(r.Context(), r.PostForm, r.Header.Get("I-Twilio-Idempotency-Token"))
	case "/in", "/state":
		var report map[string]string
		if r.Header.Get("X-Secret") != g.secret || json.NewDecoder(r.Body).Decode(&report) != nil {
			http.Error(w, "not from the provider", http.StatusForbidden)
			return
		}
		err = g.fromProvider(r.Context(), r.URL.Path, report)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		log.Print(err)
		http.Error(w, "try again", http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// toProvider hands a message over. The same message may come again; it then has the same token, by which the provider knows it. Where the state
// is to be reported travels with it as its reference.
func (g *gateway) toProvider(ctx context.Context, m url.Values, token string) error {
	var media []string
	for n := 0; m.Has(fmt.Sprint("MediaUrl", n)); n++ {
		media = append(media, m.Get(fmt.Sprint("MediaUrl", n)))
	}
	body, err := json.Marshal(map[string]any{"from": m.Get("From"), "to": m.Get("To"), "text": m.Get("Body"), "media": media, "reference": m.Get("StatusCallback")})
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, g.provider, bytes.NewReader(body))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Idempotency-Key", token)
	return g.do(q)
}

// fromProvider tells Parley of a text that came in, or of the state of one that went out.
func (g *gateway) fromProvider(ctx context.Context, path string, report map[string]string) error {
	to := g.parley + "/proxy/v1/Transports/" + g.account + "/Messages"
	form := url.Values{"MessageSid": {report["id"]}, "From": {report["from"]}, "To": {report["to"]}, "Body": {report["text"]}, "NumMedia": {"0"}}
	if path == "/state" {
		if to = report["reference"]; !strings.HasPrefix(to, g.parley+"/proxy/") {
			return fmt.Errorf("a report about %q is not about a message of Parley", to)
		}
		form = url.Values{"MessageStatus": {state(report["state"])}}
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("X-Twilio-Signature", sign(g.authToken, to, form))
	return g.do(q)
}

// state translates the provider's words into queued, sent, delivered, read, failed or undelivered.
func state(word string) string {
	switch word {
	case "accepted":
		return "sent"
	case "arrived":
		return "delivered"
	}
	return "undelivered"
}

// do makes a call. What is refused for good (4xx) is reported as done: trying again would not help.
func (g *gateway) do(q *http.Request) error {
	answer, err := g.client.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	if answer.StatusCode >= 300 {
		err = fmt.Errorf("%s answered %d: %s", q.URL.Host, answer.StatusCode, text)
	}
	if answer.StatusCode >= 400 && answer.StatusCode < 500 && answer.StatusCode != http.StatusTooManyRequests {
		log.Print(err)
		return nil
	}
	return err
}

// sign is the X-Twilio-Signature of a form: Base64 of the HMAC-SHA1 of the address and of each name and value, in the order of names.
func sign(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(address))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		mac.Write([]byte(name + form.Get(name)))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
