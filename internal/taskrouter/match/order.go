package match

import (
	"cmp"
	"iter"
	"math"
)

// rank is a place in an order: smaller ones first, compared number by number.
type rank [3]int64

var (
	lowest  = rank{math.MinInt64, math.MinInt64, math.MinInt64}
	highest = rank{math.MaxInt64, math.MaxInt64, math.MaxInt64}
)

func (r rank) compare(o rank) int {
	for i := range r {
		if r[i] != o[i] {
			return cmp.Compare(r[i], o[i])
		}
	}
	return 0
}

func (r rank) before(o rank) bool { return r.compare(o) < 0 }

// taskRank is a task's place in its queue: FIFO goes by priority, then by virtual start; LIFO takes the newest first and ignores
// the priority (taskrouter-studio A.7).
func taskRank(t *Task, lifo bool) rank {
	if lifo {
		return rank{0, -t.VirtualStart, -t.ID}
	}
	return rank{-t.Priority, t.VirtualStart, t.ID}
}

// goesFirst reports whether task a of queue p goes before task b of another queue q: by priority, then by the workspace's choice between
// LIFO and FIFO queues, then by age (taskrouter-studio A.7).
func (ws Workspace) goesFirst(a *Task, p *Queue, b *Task, q *Queue) bool {
	switch {
	case a.Priority != b.Priority:
		return a.Priority > b.Priority
	case p.LIFO != q.LIFO:
		return p.LIFO == ws.LIFOFirst
	}
	return cmp.Or(cmp.Compare(a.VirtualStart, b.VirtualStart), cmp.Compare(a.ID, b.ID)) < 0
}

// ordered is a set of values, each under a rank of its own: a treap, whose weights are hashes of the ranks so that it depends on nothing else.
// Changes and searches take logarithmic time. It must not be changed while from runs.
type ordered[T any] struct {
	root *node[T]
	len  int
}

type node[T any] struct {
	at          rank
	weight      uint64
	value       T
	left, right *node[T]
}

func (o *ordered[T]) put(at rank, v T) {
	o.len++
	o.root = insert(o.root, &node[T]{at: at, weight: mix(at), value: v})
}

// cut takes out what is under a rank, if there is something.
func (o *ordered[T]) cut(at rank) {
	link := &o.root
	for *link != nil {
		n := *link
		switch c := at.compare(n.at); {
		case c < 0:
			link = &n.left
		case c > 0:
			link = &n.right
		default:
			*link = merge(n.left, n.right)
			o.len--
			return
		}
	}
}

// first returns the value of the lowest rank, the zero value if there is none.
func (o *ordered[T]) first() (v T) {
	n := o.root
	if n == nil {
		return v
	}
	for n.left != nil {
		n = n.left
	}
	return n.value
}

// from yields the values from a rank on, in order.
func (o *ordered[T]) from(at rank) iter.Seq[T] {
	return func(yield func(T) bool) { o.root.walk(at, yield) }
}

func (n *node[T]) walk(at rank, yield func(T) bool) bool {
	if n == nil {
		return true
	}
	if !n.at.before(at) && (!n.left.walk(at, yield) || !yield(n.value)) {
		return false
	}
	return n.right.walk(at, yield)
}

func insert[T any](n, add *node[T]) *node[T] {
	switch {
	case n == nil:
		return add
	case add.weight > n.weight:
		add.left, add.right = split(n, add.at)
		return add
	case add.at.before(n.at):
		n.left = insert(n.left, add)
	default:
		n.right = insert(n.right, add)
	}
	return n
}

// split parts a tree into what is below a rank and what is above.
func split[T any](n *node[T], at rank) (below, above *node[T]) {
	if n == nil {
		return nil, nil
	}
	if n.at.before(at) {
		n.right, above = split(n.right, at)
		return n, above
	}
	below, n.left = split(n.left, at)
	return below, n
}

func merge[T any](below, above *node[T]) *node[T] {
	switch {
	case below == nil:
		return above
	case above == nil:
		return below
	case below.weight > above.weight:
		below.right = merge(below.right, above)
		return below
	}
	above.left = merge(below, above.left)
	return above
}

// mix hashes a rank (the finaliser of SplitMix64, once for each number).
func mix(at rank) (h uint64) {
	for _, n := range at {
		h = (h ^ uint64(n)) + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}
