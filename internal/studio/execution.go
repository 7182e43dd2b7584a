package studio

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/studio/machine"
)

// Bounds of a request for an execution.
const (
	maxContact    = 300 // bytes of To and From together (taskrouter-studio B.1)
	maxParameters = 64 << 10
)

// NewExecution is the input of CreateExecution. To is whom the flow talks to: the SID of a chat channel, or an address, whose messages go to
// the Flex Channel that is open for it; From is the flow's own address. Parameters is a JSON object, "" for none.
type NewExecution struct{ To, From, Parameters string }

// CreateExecution begins a flow for a contact by request and runs it to where it waits. A contact that has an active execution is 20409,
// with its SID in the details. Where To is a chat channel, the flow hears from then on what is written there.
func (s *Studio) CreateExecution(ctx context.Context, accountSID, flowSID string, n NewExecution) (*Execution, error) {
	e, _, err := s.createExecution(ctx, accountSID, flowSID, n, false)
	return e, err
}

// EnsureExecution is CreateExecution, but returns the active execution where there is one, as version 1 of the API does.
func (s *Studio) EnsureExecution(ctx context.Context, accountSID, flowSID string, n NewExecution) (*Execution, error) {
	e, _, err := s.createExecution(ctx, accountSID, flowSID, n, true)
	return e, err
}

func (s *Studio) createExecution(ctx context.Context, accountSID, flowSID string, n NewExecution, reuse bool) (made *Execution, found bool, err error) {
	parameters, err := n.check()
	if err != nil {
		return nil, false, err
	}
	create := func(tx *store.Tx, no refused) error {
		f, err := flowIn(&tx.Reader, accountSID, flowSID)
		if err != nil {
			return err
		}
		contact := n.To
		if !core.IsSID("CH", contact) {
			at, err := s.desk.ChannelTx(&tx.Reader, accountSID, n.From, n.To)
			if err != nil {
				return err
			}
			contact = cmp.Or(at, contact)
		}
		if made, err = lockActive(tx, f.ID, contact); err != nil || made != nil {
			if found = made != nil; found && !reuse {
				return s.conflict(made)
			}
			return err
		}
		made = &Execution{Contact: contact, Address: n.To}
		if number, _ := f.revisionFor(contact, n.To); number == 0 {
			return fault("The flow %s was never published; publish it, or name To as one of its test users", f.SID)
		}
		return s.begin(tx, no, f, made, machine.Input{Trigger: machine.IncomingRequest, Parameters: parameters, ContactAddress: n.To, FlowAddress: n.From})
	}
	err = s.update(ctx, create)
	if errors.Is(err, store.ErrUnique) { // another request was faster
		err = s.update(ctx, create)
	}
	if err != nil {
		return nil, false, err
	}
	return made, found, nil
}

func (n NewExecution) check() (parameters map[string]any, err error) {
	if n.To == "" || n.From == "" {
		return nil, fault("To and From are required")
	}
	if len(n.To)+len(n.From) > maxContact {
		return nil, core.Ef(core.CodeStudioContact, "To and From have %d bytes together; at most %d are allowed", len(n.To)+len(n.From), maxContact)
	}
	if n.Parameters == "" {
		return map[string]any{}, nil
	}
	if len(n.Parameters) > maxParameters {
		return nil, fault("Parameters have %d bytes; at most %d are allowed", len(n.Parameters), maxParameters)
	}
	if json.Unmarshal([]byte(n.Parameters), &parameters) != nil || parameters == nil {
		return nil, fault(`Parameters must be a JSON object such as {"name":"Anna"}`)
	}
	return parameters, nil
}

// conflict is the documented answer to a second execution for a contact (taskrouter-studio B.1).
func (s *Studio) conflict(e *Execution) error {
	sid := s.ExecutionSID(e.ID)
	err := core.Ef(core.CodeConflict, "Execution %s is already active for this contact. End the active Execution before creating a new one", sid)
	err.Details = map[string]any{"conflicting_execution_sid": sid}
	return err
}

// EndExecution ends an active execution; one that has ended stays as it is.
func (s *Studio) EndExecution(ctx context.Context, accountSID, flowSID, sid string) (e *Execution, err error) {
	err = s.update(ctx, func(tx *store.Tx, no refused) error {
		if e, err = s.lockExecutionIn(tx, accountSID, flowSID, sid); err != nil || !e.Active {
			return err
		}
		return s.resume(tx, no, e, machine.Event{Kind: machine.EventStop, Reason: "it was ended by a request"})
	})
	return e, err
}

// DeleteExecution removes an execution with its steps, also an active one, which ends thereby.
func (s *Studio) DeleteExecution(ctx context.Context, accountSID, flowSID, sid string) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		e, err := s.lockExecutionIn(tx, accountSID, flowSID, sid)
		if err != nil {
			return err
		}
		if e.Active {
			s.count(tx, tally{ended: 1})
		}
		return forget(tx, []int64{e.ID})
	})
}

// forget removes executions with what is kept of them.
func forget(tx *store.Tx, ids []int64) error {
	list, args := store.In(nil, ids)
	for _, of := range []string{"studio_step WHERE execution_id", "studio_warning WHERE execution_id", "studio_execution WHERE id"} {
		if err := tx.Defer(`DELETE FROM `+of+` IN `+list, args...); err != nil {
			return err
		}
	}
	return nil
}

// FetchExecution returns an execution of a flow, or 20404.
func (s *Studio) FetchExecution(ctx context.Context, accountSID, flowSID, sid string) (e *Execution, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		e, err = s.executionIn(r, accountSID, flowSID, sid)
		return err
	})
	return e, err
}

// ExecutionFilter says which executions a list has; the zero value has all.
type ExecutionFilter struct {
	Active   *bool
	From, To *int64 // when they began, microseconds, both included
}

// ListExecutions returns up to limit executions of a flow after the SID after ("" for the first), newest first.
func (s *Studio) ListExecutions(ctx context.Context, accountSID, flowSID string, by ExecutionFilter, after string, limit int) (list []*Execution, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		f, err := flowIn(r, accountSID, flowSID)
		if err != nil {
			return err
		}
		tail, args := `WHERE flow_id = $1`, []any{f.ID}
		add := func(cond string, v any) {
			args = append(args, v)
			tail += cond + mark(len(args))
		}
		if by.Active != nil {
			add(` AND active = `, *by.Active)
		}
		if by.From != nil {
			add(` AND created_at >= `, *by.From)
		}
		if by.To != nil {
			add(` AND created_at <= `, *by.To)
		}
		if after != "" {
			from, err := s.executionIn(r, accountSID, flowSID, after)
			if err != nil {
				return badToken()
			}
			tail, args = olderThan(from, tail, args)
		}
		list, err = executions.All(r, tail+` ORDER BY created_at DESC, id DESC LIMIT `+mark(len(args)+1), append(args, int64(limit))...)
		return err
	})
	return list, err
}

// olderThan adds the condition of rows that follow another in a list with the newest first.
func olderThan(e *Execution, tail string, args []any) (string, []any) {
	at, id := mark(len(args)+1), mark(len(args)+2)
	return tail + ` AND (created_at < ` + at + ` OR (created_at = ` + at + ` AND id < ` + id + `))`, append(args, e.CreatedAt, e.ID)
}

// ListActive returns up to limit active executions of all flows of an account after the SID after ("" for the first), newest first.
func (s *Studio) ListActive(ctx context.Context, accountSID, after string, limit int) (list []*Execution, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		tail, args := `WHERE account_sid = $1 AND active`, []any{accountSID}
		if after != "" {
			id, ok := s.codec.Decode("FN", core.SIDExecution, after)
			if !ok {
				return badToken()
			}
			from, err := executions.One(r, `WHERE id = $1 AND account_sid = $2`, id, accountSID)
			if err != nil {
				return badToken()
			}
			tail, args = olderThan(from, tail, args)
		}
		list, err = executions.All(r, tail+` ORDER BY created_at DESC, id DESC LIMIT `+mark(len(args)+1), append(args, int64(limit))...)
		return err
	})
	return list, err
}

// Context is what an execution knows, as templates see it.
func (e *Execution) Context() (json.RawMessage, error) {
	var state machine.State
	if err := json.Unmarshal([]byte(e.State), &state); err != nil {
		return nil, err
	}
	return machine.Context(&state), nil
}

func (s *Studio) executionIn(r *store.Reader, accountSID, flowSID, sid string) (*Execution, error) {
	f, err := flowIn(r, accountSID, flowSID)
	if err != nil {
		return nil, err
	}
	if id, ok := s.codec.Decode("FN", core.SIDExecution, sid); ok {
		e, err := executions.One(r, `WHERE id = $1 AND flow_id = $2`, id, f.ID)
		if !errors.Is(err, store.ErrNoRow) {
			return e, err
		}
	}
	return nil, notFound("execution", sid)
}

// lockExecution locks an execution for the rest of the transaction, or returns store.ErrNoRow.
func lockExecution(tx *store.Tx, id int64) (*Execution, error) {
	if _, err := tx.Exec(`UPDATE studio_execution SET effect = effect WHERE id = $1`, id); err != nil {
		return nil, err
	}
	return executions.One(&tx.Reader, `WHERE id = $1`, id)
}

func (s *Studio) lockExecutionIn(tx *store.Tx, accountSID, flowSID, sid string) (*Execution, error) {
	e, err := s.executionIn(&tx.Reader, accountSID, flowSID, sid)
	if err != nil {
		return nil, err
	}
	e, err = lockExecution(tx, e.ID)
	if errors.Is(err, store.ErrNoRow) {
		return nil, notFound("execution", sid)
	}
	return e, err
}

// lockActive locks the active execution of a flow for a contact; nil for none.
func lockActive(tx *store.Tx, flowID int64, contact string) (*Execution, error) {
	var id int64
	err := tx.One(`UPDATE studio_execution SET effect = effect WHERE flow_id = $1 AND contact = $2 AND active RETURNING id`, []any{flowID, contact}, &id)
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return executions.One(&tx.Reader, `WHERE id = $1`, id)
}

// FindExecution returns an execution of any flow of an account, or 20404.
func (s *Studio) FindExecution(ctx context.Context, accountSID, sid string) (e *Execution, err error) {
	id, ok := s.codec.Decode("FN", core.SIDExecution, sid)
	if !ok {
		return nil, notFound("execution", sid)
	}
	err = s.store.View(ctx, func(r *store.Reader) error {
		e, err = executions.One(r, `WHERE id = $1 AND account_sid = $2`, id, accountSID)
		if errors.Is(err, store.ErrNoRow) {
			err = notFound("execution", sid)
		}
		return err
	})
	return e, err
}
