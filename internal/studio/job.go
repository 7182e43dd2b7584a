package studio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/studio/machine"
)

// The kinds of jobs that transactions leave for Studio.
const (
	jobMessage = "studio.message" // somebody wrote where a flow listens
	jobTimer   = "studio.timer"   // the time for a reply is over
	jobCall    = "studio.call"    // a request is to be made
	jobGoOn    = "studio.go_on"   // more is to be done than one transaction does
	jobForget  = "studio.forget"  // what is kept of a deleted flow's executions
)

// Jobs says how a runner does the jobs that are left for Studio.
func (s *Studio) Jobs() map[string]jobs.Kind {
	return map[string]jobs.Kind{
		jobMessage: {Run: s.runMessage}, jobForget: {Run: s.runForget},
		jobTimer: {Run: s.runTimer, Failed: s.giveUp}, jobGoOn: {Run: s.runGoOn, Failed: s.giveUp}, jobCall: {Run: s.runCall, Failed: s.giveUp},
	}
}

// wait is the payload of a job: an execution, and the number of the effect that it waits for.
type wait struct {
	Execution int64 `json:"execution"`
	Effect    int64 `json:"effect"`
}

func readWait(job *jobs.Claimed) (w wait, err error) {
	if err := json.Unmarshal([]byte(job.Payload), &w); err != nil {
		return w, jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	return w, nil
}

// lockWaiting locks an execution that still waits for an effect; nil for one that went on, ended or is gone.
func lockWaiting(tx *store.Tx, w wait) (*Execution, error) {
	e, err := lockExecution(tx, w.Execution)
	if errors.Is(err, store.ErrNoRow) || err == nil && (!e.Active || e.Effect != w.Effect) {
		return nil, nil
	}
	return e, err
}

// answer tells an execution what came of the effect that it waits for, and ends the job with it.
func (s *Studio) answer(ctx context.Context, job *jobs.Claimed, w wait, event machine.Event) error {
	return s.update(ctx, func(tx *store.Tx, no refused) error {
		e, err := lockWaiting(tx, w)
		if err == nil && e != nil {
			err = s.resume(tx, no, e, event)
		}
		if err != nil {
			return err
		}
		return job.Complete(tx)
	})
}

func (s *Studio) runTimer(ctx context.Context, job *jobs.Claimed) error {
	w, err := readWait(job)
	if err != nil {
		return err
	}
	return s.answer(ctx, job, w, machine.Event{Kind: machine.EventTimeout, Effect: w.Effect})
}

// runGoOn does an effect that was left by a transaction which had done enough.
func (s *Studio) runGoOn(ctx context.Context, job *jobs.Claimed) error {
	w, err := readWait(job)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx *store.Tx, no refused) error {
		e, err := lockWaiting(tx, w)
		if err == nil && e != nil {
			err = s.goOn(tx, no, e)
		}
		if err != nil {
			return err
		}
		return job.Complete(tx)
	})
}

func (s *Studio) goOn(tx *store.Tx, no refused, e *Execution) error {
	var state machine.State
	if err := json.Unmarshal([]byte(e.State), &state); err != nil {
		return err
	}
	t := turn{s: s, tx: tx, no: no, e: e}
	event, err := t.perform(state.Waiting)
	if err != nil {
		return err
	}
	return s.resume(tx, no, e, event)
}

// giveUp ends an execution whose job became a dead letter: nothing would move it any more, and its contact could not begin anew.
func (s *Studio) giveUp(tx *store.Tx, job *jobs.Claimed, dead bool, _ error) error {
	w, err := readWait(job)
	if err != nil || !dead {
		return nil
	}
	e, err := lockWaiting(tx, w)
	if err != nil || e == nil {
		return err
	}
	return (&turn{s: s, tx: tx, e: e}).end(endBroken)
}

// hostOf is by what calls share a limit.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
