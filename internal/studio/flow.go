package studio

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/studio/definition"
)

// Bounds of a flow's parameters. The definition's is that of a request (httpapi).
const (
	maxFlowName      = 128 // characters
	maxCommitMessage = 1024
	maxTestUsers     = 100
)

// FlowPatch is what a request sets of a flow; nil leaves a value. Status is always required (taskrouter-studio B.1).
type FlowPatch struct {
	FriendlyName, Definition, CommitMessage *string
	Status                                  string
}

func (p FlowPatch) check() error {
	if p.Status != StatusDraft && p.Status != StatusPublished {
		return fault("Status must be draft or published")
	}
	if p.FriendlyName != nil && (*p.FriendlyName == "" || utf8.RuneCountInString(*p.FriendlyName) > maxFlowName) {
		return fault("FriendlyName must have 1 to %d characters", maxFlowName)
	}
	if p.CommitMessage != nil && utf8.RuneCountInString(*p.CommitMessage) > maxCommitMessage {
		return fault("CommitMessage must have at most %d characters", maxCommitMessage)
	}
	return nil
}

// CreateFlow makes a flow with its first revision. A definition that cannot be read, and one with errors that is to be published, is 81022
// with what is wrong in the details; a draft may have errors.
func (s *Studio) CreateFlow(ctx context.Context, accountSID string, p FlowPatch) (v Shown, err error) {
	return s.CreateFlowAs(ctx, accountSID, core.NewSID("FW"), p)
}

// CreateFlowAs is CreateFlow under a given SID, for flows that are moved here. One that is taken is 20409.
func (s *Studio) CreateFlowAs(ctx context.Context, accountSID, sid string, p FlowPatch) (v Shown, err error) {
	if !core.IsSID("FW", sid) {
		return v, fault("%q is not the SID of a flow", clip(sid))
	}
	if p.FriendlyName == nil || p.Definition == nil {
		return v, fault("FriendlyName and Definition are required")
	}
	next, err := s.revise(ctx, accountSID, &Revision{}, p)
	if err != nil {
		return v, err
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		f := &Flow{ID: tx.NextID(), SID: sid, AccountSID: accountSID, TestUsers: "[]", CreatedAt: tx.Now()}
		v = f.append(tx, next)
		if err := flows.Insert(tx, f); err != nil {
			return err
		}
		return revisions.Insert(tx, v.At)
	})
	if errors.Is(err, store.ErrUnique) {
		err = core.Ef(core.CodeConflict, "There is a flow %s already", sid)
	}
	return v, err
}

// UpdateFlow makes a flow's next revision. What the patch does not say is as in the newest one. Published, it is what new executions run.
func (s *Studio) UpdateFlow(ctx context.Context, accountSID, sid string, p FlowPatch) (v Shown, err error) {
	for stale := true; stale; {
		before, err := s.FetchFlow(ctx, accountSID, sid)
		if err != nil {
			return v, err
		}
		next, err := s.revise(ctx, accountSID, before.At, p)
		if err != nil {
			return v, err
		}
		err = s.store.Update(ctx, func(tx *store.Tx) error {
			f, err := lockFlow(tx, accountSID, sid)
			if err != nil {
				return err
			}
			if stale = f.Revision != before.At.Number; stale {
				return nil // somebody else was faster; the patch is of what there is now
			}
			v = f.append(tx, next)
			if err := revisions.Insert(tx, v.At); err != nil {
				return err
			}
			return flows.Update(tx, f)
		})
		if err != nil {
			return v, err
		}
	}
	return v, nil
}

// revise makes the revision that follows before, outside of a transaction: reading a large definition takes its time.
func (s *Studio) revise(ctx context.Context, accountSID string, before *Revision, p FlowPatch) (*Revision, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	next := &Revision{FriendlyName: before.FriendlyName, Status: p.Status, Definition: before.Definition, CommitMessage: p.CommitMessage}
	if p.FriendlyName != nil {
		next.FriendlyName = *p.FriendlyName
	}
	if p.Definition != nil {
		next.Definition = *p.Definition
	}
	report, readable, err := s.check(ctx, accountSID, next.Definition)
	if err != nil {
		return nil, err
	}
	if !report.Valid() && (p.Status == StatusPublished || !readable) {
		return nil, report.Err()
	}
	next.Valid, next.Errors, next.Warnings = report.Valid(), findings(report.Errors), findings(report.Warnings)
	return next, nil
}

// findings are those of a report as the tables keep them and the resources show them.
func findings(list []definition.Finding) string {
	if list == nil {
		list = []definition.Finding{}
	}
	return encode(list)
}

// append makes a revision the flow's newest.
func (f *Flow) append(tx *store.Tx, next *Revision) Shown {
	at := *next
	at.FlowID, at.Number, at.CreatedAt = f.ID, f.Revision+1, tx.Now()
	f.Revision, f.UpdatedAt = at.Number, tx.Now()
	if at.Status == StatusPublished {
		f.Published = at.Number
	}
	return Shown{f, &at}
}

// Validate says what is wrong with a flow that is not made, as CreateFlow would (81022). A draft is judged as one to be published.
func (s *Studio) Validate(ctx context.Context, accountSID string, p FlowPatch) error {
	if p.FriendlyName == nil || p.Definition == nil {
		return fault("FriendlyName and Definition are required")
	}
	if err := p.check(); err != nil {
		return err
	}
	report, _, err := s.check(ctx, accountSID, *p.Definition)
	if err != nil {
		return err
	}
	return report.Err()
}

// DeleteFlow removes a flow with its revisions. Its active executions end at once, without a word to their contacts; what is kept of them
// goes too.
func (s *Studio) DeleteFlow(ctx context.Context, accountSID, sid string) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		f, err := lockFlow(tx, accountSID, sid)
		if err != nil {
			return err
		}
		if err := tx.Defer(`UPDATE studio_execution SET active = FALSE, waiting_for = $2, widget = '', effect = 0, deadline = 0, updated_at = $3
			WHERE flow_id = $1 AND active`, f.ID, endFlowDeleted, tx.Now()); err != nil {
			return err
		}
		if err := tx.Defer(`DELETE FROM studio_revision WHERE flow_id = $1`, f.ID); err != nil {
			return err
		}
		if err := jobs.Enqueue(tx, jobs.Job{Kind: jobForget, Payload: strconv.FormatInt(f.ID, 10)}); err != nil {
			return err
		}
		return flows.Delete(tx, f)
	})
}

// FetchFlow returns a flow as its newest revision, or 20404.
func (s *Studio) FetchFlow(ctx context.Context, accountSID, sid string) (v Shown, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		f, err := flowIn(r, accountSID, sid)
		if err != nil {
			return err
		}
		at, err := f.at(r, f.Revision)
		v = Shown{f, at}
		return err
	})
	return v, err
}

// HasFlow reports whether an account has a flow.
func (s *Studio) HasFlow(r *store.Reader, accountSID, sid string) (bool, error) {
	_, err := flowIn(r, accountSID, sid)
	if core.HasCode(err, core.CodeNotFound) {
		return false, nil
	}
	return err == nil, err
}

// ListFlows returns up to limit flows after the SID after ("" for the first), oldest first, as their newest revisions.
func (s *Studio) ListFlows(ctx context.Context, accountSID, after string, limit int) (list []Shown, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		from := int64(0)
		if after != "" {
			f, err := flowIn(r, accountSID, after)
			if err != nil {
				return badToken()
			}
			from = f.ID
		}
		rows, err := flows.All(r, `WHERE account_sid = $1 AND id > $2 ORDER BY id LIMIT $3`, accountSID, from, int64(limit))
		if err != nil {
			return err
		}
		for _, f := range rows {
			at, err := f.at(r, f.Revision)
			if err != nil {
				return err
			}
			list = append(list, Shown{f, at})
		}
		return nil
	})
	return list, err
}

// TestUserList returns the contacts who get a flow's newest revision, be it a draft.
func (f *Flow) TestUserList() (list []string) {
	_ = json.Unmarshal([]byte(f.TestUsers), &list) // it was written by SetTestUsers
	return list
}

// SetTestUsers replaces the contacts who get a flow's newest revision.
func (s *Studio) SetTestUsers(ctx context.Context, accountSID, sid string, users []string) (f *Flow, err error) {
	if len(users) > maxTestUsers {
		return nil, fault("TestUsers has %d names; at most %d are allowed", len(users), maxTestUsers)
	}
	list := []string{}
	for _, u := range users {
		if len(u) > maxContact || !core.CleanText(u) {
			return nil, fault("A test user must be a text of at most %d bytes", maxContact)
		}
		if u != "" && !slices.Contains(list, u) {
			list = append(list, u)
		}
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if f, err = lockFlow(tx, accountSID, sid); err != nil {
			return err
		}
		f.TestUsers, f.UpdatedAt = encode(list), tx.Now()
		return flows.Update(tx, f)
	})
	return f, err
}

func flowIn(r *store.Reader, accountSID, sid string) (*Flow, error) {
	if core.IsSID("FW", sid) { // other text may be such as the store refuses
		f, err := flows.One(r, `WHERE sid = $1 AND account_sid = $2`, sid, accountSID)
		if !errors.Is(err, store.ErrNoRow) {
			return f, err
		}
	}
	return nil, notFound("flow", sid)
}

// lockFlow is flowIn under a lock, so that revisions come one after the other.
func lockFlow(tx *store.Tx, accountSID, sid string) (*Flow, error) {
	if core.IsSID("FW", sid) {
		if _, err := tx.Exec(`UPDATE studio_flow SET revision = revision WHERE sid = $1 AND account_sid = $2`, sid, accountSID); err != nil {
			return nil, err
		}
	}
	return flowIn(&tx.Reader, accountSID, sid)
}

// encode writes what the tables keep as JSON.
func encode(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "null" // texts and numbers can be written
	}
	return string(text)
}

func badToken() error {
	return core.Ef(core.CodeInvalidParameter, "PageToken is not one that this list gave")
}
