package studio

import (
	"context"
	"encoding/json"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/studio/machine"
)

// ListSteps returns up to limit steps of an execution after the SID after ("" for the first), in the order in which they were made.
func (s *Studio) ListSteps(ctx context.Context, accountSID, flowSID, executionSID, after string, limit int) (list []*Step, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		e, err := s.executionIn(r, accountSID, flowSID, executionSID)
		if err != nil {
			return err
		}
		from := int64(0)
		if after != "" {
			st, err := stepIn(r, e, after)
			if err != nil {
				return badToken()
			}
			from = st.Number
		}
		list, err = steps.All(r, `WHERE execution_id = $1 AND number > $2 ORDER BY number LIMIT $3`, e.ID, from, int64(limit))
		return err
	})
	return list, err
}

// FetchStep returns a step of an execution, or 20404.
func (s *Studio) FetchStep(ctx context.Context, accountSID, flowSID, executionSID, sid string) (st *Step, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		e, err := s.executionIn(r, accountSID, flowSID, executionSID)
		if err == nil {
			st, err = stepIn(r, e, sid)
		}
		return err
	})
	return st, err
}

// StepContext is what an execution knew after a step.
func (s *Studio) StepContext(ctx context.Context, accountSID, flowSID, executionSID, sid string) (context json.RawMessage, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		e, err := s.executionIn(r, accountSID, flowSID, executionSID)
		if err != nil {
			return err
		}
		st, err := stepIn(r, e, sid)
		if err != nil {
			return err
		}
		rows, err := steps.All(r, `WHERE execution_id = $1 AND number <= $2 ORDER BY number`, e.ID, st.Number)
		if err != nil {
			return err
		}
		made := make([]machine.Step, len(rows))
		for i, row := range rows {
			made[i] = machine.Step{SID: row.SID, Number: int(row.Number), ParentSID: row.ParentSID, FlowSID: row.FlowSID, Name: row.Name, Type: row.Type,
				From: row.From, To: row.To, At: core.FromMicros(row.CreatedAt)}
			if err := json.Unmarshal([]byte(row.Changes), &made[i].Changes); err != nil {
				return err
			}
		}
		context = machine.ContextAfter(made)
		return nil
	})
	return context, err
}

// ListWarnings returns up to limit warnings of an execution after the number after, in the order in which they came.
func (s *Studio) ListWarnings(ctx context.Context, accountSID, flowSID, executionSID string, after int64, limit int) (list []*Warning, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		e, err := s.executionIn(r, accountSID, flowSID, executionSID)
		if err == nil {
			list, err = warnings.All(r, `WHERE execution_id = $1 AND id > $2 ORDER BY id LIMIT $3`, e.ID, after, int64(limit))
		}
		return err
	})
	return list, err
}

func stepIn(r *store.Reader, e *Execution, sid string) (*Step, error) {
	if core.IsSID("FT", sid) {
		st, err := steps.One(r, `WHERE execution_id = $1 AND sid = $2`, e.ID, sid)
		if !errors.Is(err, store.ErrNoRow) {
			return st, err
		}
	}
	return nil, notFound("step", sid)
}
