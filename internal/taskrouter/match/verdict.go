package match

import (
	"cmp"

	"parley/internal/taskrouter/expr"
)

// verdict is what a class thinks of a worker.
type verdict struct {
	edition int // the worker's, of which it was thought
	suits   bool
	odd     bool        // it has a value under order_by that is no integer
	order   []sortValue // what it has under the keys of order_by
}

// sortValue is what a worker has under a key of order_by; smaller ones come first. Who lacks an attribute comes last in either direction
// (taskrouter-studio A.7).
type sortValue struct {
	missing int // 1: nothing
	n       int64
}

func (v sortValue) compare(o sortValue) int {
	return cmp.Or(cmp.Compare(v.missing, o.missing), cmp.Compare(v.n, o.n))
}

// judge reaches verdicts for a class.
type judge struct {
	*aim
	env   candidateEnv
	known map[*worker]*verdict // nil: none is kept
	last  verdict              // the one that was not kept
}

// judge begins to look at workers. Of many tasks that are alike, each asks the same of the same workers, so verdicts are kept as long as
// the queue is busy; but not where they depend on what the workers have to do, which changes with every offer.
func (c *class) judge() *judge {
	j := &judge{aim: c.aim, env: candidateEnv{task: c.tasks.first().attributes}}
	if c.tasks.len == 1 || c.aim.fleeting {
		return j
	}
	if j.known = c.home.verdicts[c]; j.known == nil {
		j.known = map[*worker]*verdict{}
		c.home.verdicts[c] = j.known
	}
	return j
}

// of returns the verdict on a worker, which holds until the next call.
func (j *judge) of(w *worker) *verdict {
	v := &j.last
	if j.known != nil {
		if v = j.known[w]; v == nil {
			v = &verdict{edition: -1}
			j.known[w] = v
		}
		if v.edition == w.edition {
			return v
		}
	}
	v.edition, v.odd, v.order = w.edition, false, v.order[:0]
	j.env.worker = w
	if v.suits = j.Where == nil || j.Where.Eval(&j.env); !v.suits {
		return v
	}
	for _, key := range j.OrderBy {
		value := expr.Lookup(w, key.Path)
		n, ok := expr.Integer(value)
		switch {
		case value == nil:
			v.order = append(v.order, sortValue{missing: 1})
			continue
		case !ok:
			v.odd = true
			return v
		case key.Desc:
			n = ^n // turns the order round, and does not overflow
		}
		v.order = append(v.order, sortValue{n: n})
	}
	return v
}
