package studio

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"

	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/studio/machine"
	"parley/internal/webhook"
)

// runCall makes the request that an execution waits for, outside of any transaction, and tells it the answer. There is one attempt
// (taskrouter-studio B.5); only after a crash it is made again, with the same idempotency token.
func (s *Studio) runCall(ctx context.Context, job *jobs.Claimed) error {
	w, err := readWait(job)
	if err != nil {
		return err
	}
	accountSID, request, err := s.request(ctx, w)
	if err != nil {
		return err
	}
	event := machine.Event{Kind: machine.EventHTTP, Effect: w.Effect}
	if request != nil {
		if event.Answer, err = s.call(ctx, accountSID, request, job.Token()); err != nil {
			return err
		}
	}
	return s.answer(ctx, job, w, event)
}

// request reads what an execution wants to be asked; nil when it does not wait for it any more.
func (s *Studio) request(ctx context.Context, w wait) (accountSID string, request *machine.HTTP, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		e, err := executions.One(r, `WHERE id = $1`, w.Execution)
		if errors.Is(err, store.ErrNoRow) || err == nil && (!e.Active || e.Effect != w.Effect) {
			return nil
		}
		if err != nil {
			return err
		}
		var state machine.State
		if err := json.Unmarshal([]byte(e.State), &state); err != nil {
			return err
		}
		if state.Waiting != nil {
			accountSID, request = e.AccountSID, state.Waiting.HTTP
		}
		return nil
	})
	return accountSID, request, err
}

// call makes a request. The error is one of this server, or that of ctx; what the other server did wrong is the answer's.
func (s *Studio) call(ctx context.Context, accountSID string, h *machine.HTTP, token string) (a machine.Answer, err error) {
	if s.o.Caller == nil {
		return machine.Answer{Reason: "this server makes no calls"}, nil
	}
	r := webhook.Request{URL: h.URL, Method: h.Method, Form: h.Form, IdempotencyToken: token, Timeout: h.Timeout}
	if h.Body != "" {
		r.Body, r.ContentType = []byte(h.Body), h.ContentType
	}
	if h.Sign || h.Auth {
		secret, err := s.o.AuthToken(ctx, accountSID)
		if err != nil {
			return a, err
		}
		if h.Sign {
			r.AuthToken = secret
		}
		if u, err := url.Parse(h.URL); err == nil && h.Auth {
			u.User = url.UserPassword(accountSID, secret)
			r.URL = u.String()
		}
	}
	got, err := s.o.Caller.Post(ctx, r)
	if ctx.Err() != nil {
		return a, ctx.Err()
	}
	a = machine.Answer{Status: got.Status, Body: string(got.Body), TooLarge: got.Truncated || len(got.Body) > h.MaxBytes}
	if got.Header != nil {
		a.ContentType = got.Header.Get("Content-Type")
	}
	if a.TooLarge {
		a.Body = ""
	}
	if err != nil {
		a.Reason, a.TimedOut = err.Error(), errors.Is(err, context.DeadlineExceeded)
	}
	s.called(got)
	return a, nil
}
