package expr

import "strings"

// aList stands for a list as an operand of an operator that takes scalars, to which its items do not matter.
var aList any = []any{}

// Eval reports whether the expression is true in an environment.
func (e *Expr) Eval(env Object) bool { return e.root != nil && e.root.eval(env) }

// Paths returns every path that the expression reads, each once, in the order of the text. An index is written as [Lookup] takes it.
// The paths belong to the expression and must not be changed.
func (e *Expr) Paths() [][]string {
	var paths [][]string
	seen := map[string]bool{}
	for _, r := range e.Reads() {
		if key := strings.Join(r.Path, "."); !seen[key] {
			seen[key] = true
			paths = append(paths, r.Path)
		}
	}
	return paths
}

func (n *node) eval(env Object) bool {
	switch n.op {
	case opOr:
		for i := range n.kids {
			if n.kids[i].eval(env) {
				return true
			}
		}
		return false
	case opAnd:
		for i := range n.kids {
			if !n.kids[i].eval(env) {
				return false
			}
		}
		return true
	case opIn:
		return holds(env, &n.right, n.left.read(env))
	case opNotIn:
		return n.notIn(env)
	}
	if !n.right.bare {
		return n.compare(env, &n.right)
	}
	// A list without brackets: one of its items for the operators that find, none of them for the one that excludes.
	for i := range n.right.items {
		if found := n.compare(env, &n.right.items[i]); found != (n.op == opNotEqual) {
			return found
		}
	}
	return n.op == opNotEqual
}

// notIn takes an absent list of exclusions as one that excludes nobody (taskrouter-studio A.5).
func (n *node) notIn(env Object) bool {
	left, list := n.left.read(env), n.right.read(env)
	if list == nil {
		return true
	}
	_, isList := list.([]any)
	return isList && !isCollection(left) && !holds(env, &n.right, left)
}

func (n *node) compare(env Object, right *operand) bool {
	b := right.read(env)
	if n.op == opHas {
		return holds(env, &n.left, b)
	}
	a := n.left.read(env)
	if isCollection(a) || isCollection(b) {
		return false
	}
	switch n.op {
	case opEqual:
		return equal(a, b)
	case opNotEqual:
		return !equal(a, b)
	case opContains:
		return contains(a, b)
	}
	cmp, ok := order(a, b)
	if !ok {
		return false
	}
	switch n.op {
	case opGreater:
		return cmp > 0
	case opGreaterEqual:
		return cmp >= 0
	case opLess:
		return cmp < 0
	default:
		return cmp <= 0
	}
}

func contains(a, b any) bool {
	if _, isBool := a.(bool); isBool {
		return false
	}
	s, okS := text(a)
	part, okPart := text(b)
	return okS && okPart && strings.Contains(s, part)
}

// holds reports whether an operand is a list with an item that equals v.
func holds(env Object, list *operand, v any) bool {
	if isCollection(v) {
		return false
	}
	for i := range list.items {
		if item := list.items[i].read(env); !isCollection(item) && equal(item, v) {
			return true
		}
	}
	items, _ := list.read(env).([]any)
	for _, item := range items {
		if !isCollection(item) && equal(item, v) {
			return true
		}
	}
	return false
}

// read returns the operand's value in an environment; of a list in brackets only that it is one.
func (o *operand) read(env Object) any {
	switch {
	case o.isList:
		return aList
	case o.path != nil:
		return Lookup(env, o.path)
	}
	return o.value
}
