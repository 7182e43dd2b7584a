package studio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/studio/machine"
)

// What one transaction does for an execution, because others wait for its commit. What is left goes on in a job.
const (
	maxEffects  = 20  // messages and tasks that it writes
	maxRendered = 200 // templates, after which the machine itself pauses
)

// Why executions ended that the machine did not end.
const (
	endFlowDeleted = "the flow was deleted"
	endBroken      = "the server could not go on with it"
)

// refusal is the desk's word that an effect cannot be. The transaction that met it is rolled back and made again without the effect, for
// the desk may have written something before it knew.
type refusal struct {
	effect int64
	reason string
}

func (r refusal) Error() string { return fmt.Sprintf("effect %d was refused: %s", r.effect, r.reason) }

// refused holds what the desk refused in earlier attempts at a transaction, by the number of the effect.
type refused map[int64]string

// update runs fn in a transaction, and again as long as the desk refuses more.
func (s *Studio) update(ctx context.Context, fn func(tx *store.Tx, no refused) error) error {
	no := refused{}
	for {
		err := s.store.Update(ctx, func(tx *store.Tx) error { return fn(tx, no) })
		r, ok := errors.AsType[refusal](err)
		if _, known := no[r.effect]; !ok || known {
			return err
		}
		no[r.effect] = r.reason
	}
}

// turn is what one transaction does with an execution that it holds the lock of.
type turn struct {
	s       *Studio
	tx      *store.Tx
	no      refused
	e       *Execution
	program machine.Program
	done    tally
}

// begin makes an execution of a flow at a revision and runs it to where it waits. The contact must have none.
func (s *Studio) begin(tx *store.Tx, no refused, f *Flow, e *Execution, in machine.Input) error {
	number, draft := f.revisionFor(e.Contact, e.Address)
	e.ID = tx.NextID()
	e.AccountSID, e.FlowID, e.FlowSID, e.Revision, e.Active = f.AccountSID, f.ID, f.SID, number, true
	e.State, e.CreatedAt, e.UpdatedAt = "{}", tx.Now(), tx.Now()
	if err := executions.Insert(tx, e); err != nil { // first, because its row is the lock of the contact
		return err
	}
	if in.Trigger == machine.IncomingRequest && core.IsSID("CH", e.Contact) {
		err := s.desk.ListenTx(tx, f.AccountSID, e.Contact, f.SID)
		if core.HasCode(err, core.CodeNotFound) {
			return fault("To %s is no chat channel of this account", e.Contact)
		}
		if err != nil {
			return err
		}
	}
	p, err := s.program(&tx.Reader, f.AccountSID, f.SID, f.ID, number, nil, draft)
	if err != nil {
		return err
	}
	in.ExecutionSID, in.AccountSID = s.ExecutionSID(e.ID), f.AccountSID
	t := turn{s: s, tx: tx, no: no, e: e, program: p}
	t.done.started = 1
	return t.follow(s.machine.Start(p, in, core.FromMicros(tx.Now())))
}

// resume tells an execution, whose lock the transaction holds, what happened.
func (s *Studio) resume(tx *store.Tx, no refused, e *Execution, event machine.Event) error {
	var state machine.State
	if err := json.Unmarshal([]byte(e.State), &state); err != nil {
		return fmt.Errorf("the state of execution %d is damaged: %w", e.ID, err)
	}
	t := turn{s: s, tx: tx, no: no, e: e}
	var err error
	t.program, err = s.program(&tx.Reader, e.AccountSID, e.FlowSID, e.FlowID, e.Revision, state.Subflows, false)
	if errors.Is(err, store.ErrNoRow) {
		return t.end(endFlowDeleted)
	}
	if err != nil {
		return err
	}
	return t.follow(s.machine.Resume(t.program, state, event, core.FromMicros(tx.Now())))
}

// follow writes down what the machine did and does what it asks for, until it waits for something from outside of the store.
func (t *turn) follow(res machine.Result) error {
	for effects, rendered := 0, 0; ; effects++ {
		if err := t.record(res); err != nil {
			return err
		}
		effect := res.Effect
		if res.Ignored || effect == nil {
			return t.save(res.State)
		}
		switch effect.Kind {
		case machine.EffectReply:
			if err := t.later(jobTimer, effect, effect.Deadline.UnixMicro(), ""); err != nil {
				return err
			}
			return t.save(res.State)
		case machine.EffectHTTP:
			if err := t.later(jobCall, effect, 0, hostOf(effect.HTTP.URL)); err != nil {
				return err
			}
			return t.save(res.State)
		case machine.EffectSend, machine.EffectTask, machine.EffectPause:
		default:
			return fmt.Errorf("effect %q is unknown", effect.Kind)
		}
		rendered += res.Rendered
		if effects == maxEffects || rendered >= maxRendered {
			if err := t.later(jobGoOn, effect, 0, ""); err != nil {
				return err
			}
			return t.save(res.State)
		}
		event, err := t.perform(effect)
		if err != nil {
			return err
		}
		res = t.s.machine.Resume(t.program, res.State, event, core.FromMicros(t.tx.Now()))
	}
}

// perform does an effect inside the store.
func (t *turn) perform(f *machine.Effect) (machine.Event, error) {
	if f.Kind == machine.EffectPause {
		return machine.Event{Kind: machine.EventGoOn, Effect: f.ID}, nil
	}
	good, bad := machine.EventSent, machine.EventSendFailed
	if f.Kind == machine.EffectTask {
		good, bad = machine.EventTask, machine.EventTaskFailed
	}
	if reason, refused := t.no[f.ID]; refused {
		return machine.Event{Kind: bad, Effect: f.ID, Reason: reason}, nil
	}
	var fields map[string]any
	var err error
	if f.Kind == machine.EffectTask {
		fields, err = t.s.desk.TaskTx(t.tx, t.e.AccountSID, *f.Task)
	} else {
		fields, err = t.s.desk.SayTx(t.tx, t.e.AccountSID, *f.Send)
	}
	if e, ok := errors.AsType[*core.Error](err); ok && e.Status < 500 {
		return machine.Event{}, refusal{f.ID, e.Message}
	}
	return machine.Event{Kind: good, Effect: f.ID, Fields: fields}, err
}

// later leaves a job that brings what the execution waits for.
func (t *turn) later(kind string, f *machine.Effect, at int64, key string) error {
	return jobs.Enqueue(t.tx, jobs.Job{Kind: kind, Key: key, RunAt: at, Payload: encode(wait{t.e.ID, f.ID})})
}

// record appends the steps and the warnings of a call of the machine.
func (t *turn) record(res machine.Result) error {
	for _, st := range res.Steps {
		row := Step{ExecutionID: t.e.ID, Number: int64(st.Number), SID: st.SID, ParentSID: st.ParentSID, FlowSID: st.FlowSID, Name: st.Name, Type: st.Type,
			From: st.From, To: st.To, Changes: encode(st.Changes), CreatedAt: t.tx.Now()}
		if err := steps.Append(t.tx, &row); err != nil {
			return err
		}
	}
	for _, w := range res.Warnings {
		row := Warning{ID: t.tx.NextID(), AccountSID: t.e.AccountSID, FlowSID: w.FlowSID, ExecutionID: t.e.ID, Code: int64(w.Code), Widget: w.Widget,
			Message: w.Message, CreatedAt: t.tx.Now()}
		if err := warnings.Append(t.tx, &row); err != nil {
			return err
		}
	}
	t.done.steps += uint64(len(res.Steps))
	t.done.warnings += uint64(len(res.Warnings))
	return nil
}

// save writes the execution as it is now.
func (t *turn) save(state machine.State) error {
	e := t.e
	e.State, e.Steps, e.UpdatedAt = encode(state), int64(state.Steps), t.tx.Now()
	e.Active, e.WaitingFor, e.Widget, e.Effect, e.Deadline = state.End == nil, machine.Why(&state), "", 0, 0
	if state.End != nil {
		e.WaitingFor = state.End.Reason
		t.done.ended = 1
	} else if f := state.Waiting; f != nil {
		e.Widget, e.Effect = f.Widget, f.ID
		if f.Kind == machine.EffectReply {
			e.Deadline = f.Deadline.UnixMicro()
		}
	}
	t.s.count(t.tx, t.done)
	return executions.Update(t.tx, e)
}

// end ends an execution without the machine: what it would run is not there.
func (t *turn) end(reason string) error {
	e := t.e
	e.Active, e.WaitingFor, e.Widget, e.Effect, e.Deadline, e.UpdatedAt = false, reason, "", 0, 0, t.tx.Now()
	t.done.ended = 1
	t.s.count(t.tx, t.done)
	return executions.Update(t.tx, e)
}
