package delivery

import (
	"context"
	"net/http"
	"time"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/webhook"
)

// Ask makes a call whose answer somebody waits for (a pre-event) and returns the receiver's last word: its status and body, or status 0 when
// none came (rest-semantics §3.4). Silence, 429, 503 and 504 are asked again at once, as often as the call says; a host that is down is not
// asked at all. A failure is entered in the log.
func (d *Deliveries) Ask(ctx context.Context, c Call) (status int, body []byte) {
	host, sid := hostOf(c.URL), core.NewSID("WD")
	token, err := d.o.AuthToken(ctx, c.AccountSID)
	if err != nil {
		d.o.Log.Error("a pre-event could not be signed", "error", err)
		return 0, nil
	}
	for attempt := 0; ; attempt++ {
		if d.hosts.admit(host) > 0 {
			return 0, nil
		}
		answer, err := d.call(ctx, c, webhook.Request{AuthToken: token, IdempotencyToken: tokenOf(sid)}, attempt, true)
		switch {
		case err == nil, ctx.Err() != nil, answer.Status/100 == 4 && answer.Status != http.StatusTooManyRequests:
			return answer.Status, answer.Body
		case askAgain(answer) && int64(attempt) < c.Retries:
			continue
		}
		d.o.Log.Warn("a pre-event was not answered well", "status", answer.Status, "error", err)
		state := StatePassed
		if answer.Status >= 400 {
			state = StateRefused
		}
		written := d.o.Store.Update(ctx, func(tx *store.Tx) error {
			return enter(tx, &Failure{ID: tx.NextID(), SID: sid, CreatedAt: tx.Now(), State: state, Failures: int64(attempt) + 1,
				Status: int64(answer.Status), Error: text(err)}, c)
		})
		if written != nil {
			d.o.Log.Error("a failed pre-event could not be entered in the log", "error", written)
		}
		return answer.Status, answer.Body
	}
}

// Attempt makes one attempt at the call of a job of another kind, which itself knows when to give up: nothing is entered in the log. Final says
// that the receiver refused for good; otherwise the error tells the runner when to try again.
func (d *Deliveries) Attempt(ctx context.Context, c Call, job *jobs.Claimed) (final bool, err error) {
	answer, wait, err := d.attempt(ctx, c, job)
	switch {
	case wait > 0:
		return false, jobs.Postpone(wait)
	case err == nil || ctx.Err() != nil || answer.Outcome == webhook.Final:
		return answer.Outcome == webhook.Final, err
	}
	return false, jobs.RetryIn(time.Second<<min(job.Failures, 6), err)
}

// askAgain reports whether another answer is likely.
func askAgain(r webhook.Response) bool {
	switch r.Status {
	case 0:
		return r.Outcome == webhook.Retry
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
