package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"parley/internal/chat"
	"parley/internal/flex"
	"parley/internal/identity"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/webhook"
)

// jobWebhook is the kind of jobs that call a webhook.
const jobWebhook = "webhook"

// outbox turns what products want delivered into jobs.
type outbox struct{}

// call is the payload of a job. The secret that signs it is looked up when it is made.
type call struct {
	AccountSID string            `json:"account_sid"`
	URL        string            `json:"url"`
	Method     string            `json:"method"`
	Retries    int64             `json:"retries"`
	Params     map[string]string `json:"params"`
}

// Enqueue implements chat.Outbox. Calls to one host share a limit, so that a slow receiver holds up its own calls only.
func (outbox) Enqueue(tx *store.Tx, d chat.Delivery) error {
	if d.Type == chat.HookHandler {
		return flex.EnqueueMessage(tx, d)
	}
	payload, err := json.Marshal(call{d.AccountSID, d.URL, d.Method, d.Retries, d.Params})
	if err != nil {
		return err
	}
	return jobs.Enqueue(tx, jobs.Job{Kind: jobWebhook, Lane: d.Lane, LaneSeq: d.LaneSeq, Key: hostOf(d.URL), Payload: string(payload)})
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// webhooks runs the jobs.
type webhooks struct {
	caller   *webhook.Caller
	identity *identity.Identity
}

// kind is how the runner treats them: how often to try again is each call's own.
func (w *webhooks) kind() jobs.Kind { return jobs.Kind{Run: w.run} }

// run makes one attempt at a call. RetryCount counts failed attempts; one that a crash cut off is made again with the same
// count and the same idempotency token.
func (w *webhooks) run(ctx context.Context, job *jobs.Claimed) error {
	var c call
	if err := json.Unmarshal([]byte(job.Payload), &c); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	token, err := w.identity.AuthToken(ctx, c.AccountSID)
	if err != nil {
		return err
	}
	form := make(url.Values, len(c.Params)+1)
	for k, v := range c.Params {
		form.Set(k, v)
	}
	form.Set("RetryCount", strconv.Itoa(job.Failures))
	answer, err := w.caller.Post(ctx, webhook.Request{URL: c.URL, Method: c.Method, Form: form, AuthToken: token, IdempotencyToken: job.Token()})
	switch {
	case err == nil:
		return nil
	case answer.Outcome == webhook.Final || int64(job.Failures) >= c.Retries:
		return jobs.Dead(err)
	}
	return jobs.RetryIn(time.Second<<min(job.Failures, 6), err)
}
