package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"time"

	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/webhook"
)

// Job is the kind of jobs that make calls.
const Job = "webhook"

// patience is how long a call to a host that is down waits for it; then it becomes a dead letter without having been made.
const patience = time.Hour

// Call is what a receiver is to be told. The secret that signs it is looked up when it is made.
type Call struct {
	AccountSID string            `json:"account_sid"`
	URL        string            `json:"url"`
	Method     string            `json:"method"` // GET or POST
	Retries    int64             `json:"retries"`
	Params     map[string]string `json:"params"` // without RetryCount
}

// Enqueue makes a call due in the caller's transaction, in the order of its lane (jobs.Enqueue).
func Enqueue(tx *store.Tx, lane string, laneSeq int64, c Call) error {
	payload, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return jobs.Enqueue(tx, jobs.Job{Kind: Job, Lane: lane, LaneSeq: laneSeq, Key: hostOf(c.URL), Payload: string(payload)})
}

// hostOf is by what calls share a limit and a pause.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// Options for New.
type Options struct {
	Store     *store.Store
	Caller    *webhook.Caller
	AuthToken func(ctx context.Context, accountSID string) (string, error) // signs an account's calls
	Keep      time.Duration                                                // how long failures and dead letters are kept; 0 means 7 days
	Log       *slog.Logger
	// Observe is told of each call: whether it was a question (a pre-event), what came of it, and how long it took.
	Observe func(question bool, outcome webhook.Outcome, took time.Duration)
	Now     func() time.Time // for pauses; nil means time.Now
}

// Deliveries makes calls. It is safe for concurrent use.
type Deliveries struct {
	o     Options
	hosts *hosts
}

// New makes deliveries.
func New(o Options) *Deliveries {
	if o.Keep == 0 {
		o.Keep = 7 * 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(bool, webhook.Outcome, time.Duration) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Deliveries{o: o, hosts: newHosts(o.Now)}
}

// Down counts the hosts to which this node spaces its calls out.
func (d *Deliveries) Down() int { return d.hosts.down() }

// Kind is how the runner treats the jobs: how often to try again is each call's own.
func (d *Deliveries) Kind() jobs.Kind { return jobs.Kind{Run: d.run, Failed: d.failed} }

// failure is an error with the status that the receiver answered, 0 for none.
type failure struct {
	error
	status int
}

func (f failure) Unwrap() error { return f.error }

// errNoPatience: the call was not made, because its receiver was down for too long.
var errNoPatience = errors.New("the receiver was down for so long that the call was not made")

// errHostDown: the call was not made, because its receiver is down.
var errHostDown = errors.New("the receiver is down")

// run makes one attempt at a call. RetryCount counts failed attempts; one that a crash cut off is made again with the same count and the
// same idempotency token.
func (d *Deliveries) run(ctx context.Context, job *jobs.Claimed) error {
	var c Call
	if err := json.Unmarshal([]byte(job.Payload), &c); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	answer, wait, err := d.attempt(ctx, c, job)
	switch {
	case wait > 0 && d.o.Store.Now()-job.CreatedAt > patience.Microseconds():
		return jobs.Dead(errNoPatience)
	case wait > 0:
		return jobs.Postpone(wait)
	case answer.Outcome == 0:
		return err // nothing was said by or of the receiver, so the call's own retries do not count
	case err == nil && job.Attempt == 1:
		return nil
	case err == nil:
		return d.recovered(ctx, job)
	case ctx.Err() != nil:
		return err
	case answer.Outcome == webhook.Final || int64(job.Failures) >= c.Retries:
		return jobs.Dead(failure{err, answer.Status})
	}
	return jobs.RetryIn(time.Second<<min(job.Failures, 6), failure{err, answer.Status})
}

// attempt makes one attempt at a job's call. Where its host is down it makes none and says how long to wait; where the call could not even be
// signed, the answer is empty.
func (d *Deliveries) attempt(ctx context.Context, c Call, job *jobs.Claimed) (answer webhook.Response, wait time.Duration, err error) {
	host := hostOf(c.URL)
	if wait := d.hosts.admit(host); wait > 0 {
		return answer, wait, errHostDown
	}
	token, err := d.o.AuthToken(ctx, c.AccountSID)
	if err != nil {
		d.hosts.forget(host)
		return answer, 0, err
	}
	answer, err = d.call(ctx, c, webhook.Request{AuthToken: token, IdempotencyToken: job.Token()}, job.Failures, false)
	return answer, 0, err
}

// call makes a call that its host admitted, with the tokens of r, and tells the host's memory what came of it.
func (d *Deliveries) call(ctx context.Context, c Call, r webhook.Request, retry int, question bool) (answer webhook.Response, err error) {
	r.URL, r.Method, r.Form = c.URL, c.Method, make(url.Values, len(c.Params)+1)
	for k, v := range c.Params {
		r.Form.Set(k, v)
	}
	r.Form.Set("RetryCount", strconv.Itoa(retry))
	host, start := hostOf(c.URL), time.Now()
	answer, err = d.o.Caller.Post(ctx, r)
	d.o.Observe(question, answer.Outcome, time.Since(start))
	if ctx.Err() != nil || answer.Status == 0 && answer.Outcome == webhook.Final {
		d.hosts.forget(host) // it was cut off, or the address may not be called
	} else {
		d.hosts.report(host, answered(answer))
	}
	return answer, err
}
