package studio

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/studio/definition"
	"parley/internal/studio/machine"
)

// maxRead bounds how many bytes of definitions are kept read: a flow that was read takes some times its text.
const maxRead = 16 << 20

// readFlows remembers definitions that were read. A revision never changes, so what is remembered is true.
type readFlows struct {
	mu    sync.Mutex
	bytes int
	flows map[revisionKey]readFlow
}

type revisionKey struct{ flowID, number int64 }

type readFlow struct {
	flow  *definition.Flow
	bytes int
}

// get returns the flow of a revision, reading text for it when it is not known.
func (k *readFlows) get(r *store.Reader, flowID, number int64) (*definition.Flow, error) {
	key := revisionKey{flowID, number}
	k.mu.Lock()
	known, ok := k.flows[key]
	k.mu.Unlock()
	if ok {
		return known.flow, nil
	}
	var text string
	if err := r.One(`SELECT definition FROM studio_revision WHERE flow_id = $1 AND revision = $2`, []any{flowID, number}, &text); err != nil {
		return nil, err
	}
	flow, err := definition.Read(text)
	if err != nil {
		return nil, fmt.Errorf("revision %d of flow %d cannot be read: %w", number, flowID, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.flows == nil || k.bytes > maxRead {
		k.flows, k.bytes = map[revisionKey]readFlow{}, 0
	}
	k.flows[key] = readFlow{flow, len(text)}
	k.bytes += len(text)
	return flow, nil
}

// program loads a flow at a revision with the flows that it runs: those of pins at the revision there, the others as the flow names them.
// A subflow that is not there is left out; the machine knows what that means. With draft, the newest revision of a subflow counts in
// place of the newest published one (taskrouter-studio B.5). store.ErrNoRow: the flow itself is gone.
func (s *Studio) program(r *store.Reader, accountSID, flowSID string, flowID, number int64, pins map[string]int, draft bool) (machine.Program, error) {
	flow, err := s.read.get(r, flowID, number)
	if err != nil {
		return machine.Program{}, err
	}
	p := machine.Program{FlowSID: flowSID, Flow: machine.Definition{Revision: int(number), Flow: flow}, Subflows: map[string]machine.Definition{}}
	for _, sub := range flow.Subflows() {
		revision := sub.Revision
		if pin, ok := pins[sub.FlowSID]; ok {
			revision = strconv.Itoa(pin)
		} else if draft && revision == LatestPublished {
			revision = LatestRevision
		}
		d, err := s.subflow(r, accountSID, sub.FlowSID, revision)
		if err != nil {
			return p, err
		}
		if d.Flow != nil {
			p.Subflows[sub.FlowSID] = d
		}
	}
	return p, nil
}

// subflow loads a flow at a revision that is named as a widget does; a zero Definition where there is none.
func (s *Studio) subflow(r *store.Reader, accountSID, flowSID, revision string) (d machine.Definition, err error) {
	f, err := flowIn(r, accountSID, flowSID)
	if err == nil {
		var at *Revision
		if at, err = f.named(r, revision); err == nil {
			d.Revision = int(at.Number)
			d.Flow, err = s.read.get(r, f.ID, at.Number)
		}
	}
	if e := (*core.Error)(nil); errors.As(err, &e) || errors.Is(err, store.ErrNoRow) {
		return machine.Definition{}, nil
	}
	return d, err
}

// check says what is wrong with a definition in an account, and whether it can be read at all.
func (s *Studio) check(ctx context.Context, accountSID, text string) (report definition.Report, readable bool, err error) {
	err = s.store.View(ctx, func(r *store.Reader) error {
		known := func(ask func(r *store.Reader, accountSID, ref string) (bool, error)) func(string) bool {
			return func(ref string) bool {
				ok, err := ask(r, accountSID, ref)
				return ok || err != nil // what could not be asked is no finding
			}
		}
		var flow *definition.Flow
		flow, report = definition.Check(text, definition.Known{
			Workflow: known(s.desk.HasWorkflow), TaskChannel: known(s.desk.HasTaskChannel),
			Subflow: func(flowSID, revision string) *definition.Flow {
				d, err := s.subflow(r, accountSID, flowSID, revision)
				if err != nil {
					return nil
				}
				return d.Flow
			},
		})
		readable = flow != nil
		return nil
	})
	return report, readable, err
}
