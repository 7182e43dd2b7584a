package studio

import (
	"context"
	"errors"
	"strconv"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/studio/definition"
)

// The names of revisions beside their numbers (taskrouter-studio B.1).
const (
	LatestPublished = "LatestPublished"
	LatestRevision  = "LatestRevision"
)

// at reads one of a flow's revisions by its number.
func (f *Flow) at(r *store.Reader, number int64) (*Revision, error) {
	v, err := revisions.One(r, `WHERE flow_id = $1 AND revision = $2`, f.ID, number)
	if errors.Is(err, store.ErrNoRow) {
		return nil, core.Ef(core.CodeNotFound, "The flow %s has no revision %d", f.SID, number)
	}
	return v, err
}

// named reads a revision by its number or name; text that is neither is 81021.
func (f *Flow) named(r *store.Reader, name string) (*Revision, error) {
	switch name {
	case LatestRevision:
		return f.at(r, f.Revision)
	case LatestPublished:
		if f.Published == 0 {
			return nil, core.Ef(core.CodeNotFound, "The flow %s was never published", f.SID)
		}
		return f.at(r, f.Published)
	}
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil || n < 1 {
		return nil, core.Ef(core.CodeStudioRevision, "%q is no revision: name one by its number, or as %s or %s", clip(name), LatestPublished, LatestRevision)
	}
	return f.at(r, n)
}

// FetchRevision returns a flow as one of its revisions: by number, LatestPublished or LatestRevision.
func (s *Studio) FetchRevision(ctx context.Context, accountSID, sid, name string) (v Shown, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		f, err := flowIn(r, accountSID, sid)
		if err != nil {
			return err
		}
		at, err := f.named(r, name)
		v = Shown{f, at}
		return err
	})
	return v, err
}

// ListRevisions returns up to limit revisions of a flow below the number before (0 for the newest), newest first.
func (s *Studio) ListRevisions(ctx context.Context, accountSID, sid string, before int64, limit int) (list []Shown, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		f, err := flowIn(r, accountSID, sid)
		if err != nil {
			return err
		}
		if before == 0 {
			before = f.Revision + 1
		}
		rows, err := revisions.All(r, `WHERE flow_id = $1 AND revision < $2 ORDER BY revision DESC LIMIT $3`, f.ID, before, int64(limit))
		for _, at := range rows {
			list = append(list, Shown{f, at})
		}
		return err
	})
	return list, err
}

// Diff is how two revisions of a flow differ.
type Diff struct {
	From, To int64
	Changes  []definition.Change
}

// Diff compares two revisions of a flow, each by number or name. A draft that cannot be read is 81022.
func (s *Studio) Diff(ctx context.Context, accountSID, sid, from, to string) (d Diff, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		f, err := flowIn(r, accountSID, sid)
		if err != nil {
			return err
		}
		var read [2]*definition.Flow
		for i, name := range []string{from, to} {
			at, err := f.named(r, name)
			if err != nil {
				return err
			}
			if read[i], err = s.read.get(r, f.ID, at.Number); err != nil {
				return err
			}
			d.From, d.To = d.To, at.Number
		}
		if d.Changes = definition.Diff(read[0], read[1]); d.Changes == nil {
			d.Changes = []definition.Change{}
		}
		return nil
	})
	return d, err
}
