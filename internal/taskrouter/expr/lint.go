package expr

import (
	"fmt"
	"strings"
)

// Finding is a part of an expression that the language takes and that hardly anybody means.
type Finding struct {
	Offset  int    // in bytes from 0
	Code    string // a short stable word
	Message string // what is wrong and what to do
}

// Lint returns the findings in an expression, comparison by comparison, without knowing what it will be evaluated on:
//
//   - never: it is false whatever it reads, without being a plain 1==0
//   - constants: it compares a text in quotes, perhaps meant as a key, with nothing that is read
//   - bare_list, single_equals, stray_star, minus: it is read otherwise than it is written
func (e *Expr) Lint() []Finding {
	var l linter
	if e.star {
		l.add(strings.IndexByte(e.text, '*'), "stray_star", "the leading * means nothing: remove it")
	}
	if e.root != nil {
		l.node(e.text, e.root)
	}
	return l.findings
}

type linter struct{ findings []Finding }

func (l *linter) add(offset int, code, format string, args ...any) {
	l.findings = append(l.findings, Finding{offset, code, fmt.Sprintf(format, args...)})
}

func (l *linter) node(text string, n *node) {
	for i := range n.kids {
		l.node(text, &n.kids[i])
	}
	switch {
	case n.op == opAnd:
		l.contradictions(n.kids)
	case n.kids == nil:
		l.writing(text, n)
		if !l.constants(n) {
			l.impossible(n)
		}
	}
}

// writing finds what is read otherwise than it is written.
func (l *linter) writing(text string, n *node) {
	if n.written == "=" {
		l.add(n.at, "single_equals", "= is read as ==: write ==")
	}
	if n.right.bare {
		advice := "ask for each with OR"
		switch n.op {
		case opEqual, opIn:
			advice = "write IN [...]"
		case opNotEqual, opNotIn:
			advice = "write NOT IN [...]"
		}
		l.add(n.right.at, "bare_list", "the list has no brackets: %s", advice)
	}
	if after := n.at + len(n.written); (n.written == ">-" || n.written == "<-") && isDigit(text[min(after, len(text)-1)]) {
		l.add(n.at, "minus", "%s is read as %s, not as a comparison with a negative number: write a blank before the -", n.written, n.op)
	}
}

// constants finds texts that are compared with constants. Comparisons of numbers, such as 1==1, are the idiom for always and never.
func (l *linter) constants(n *node) bool {
	if n.left.reads() || n.right.reads() {
		return false
	}
	for _, o := range [...]*operand{&n.left, &n.right} {
		if s, ok := o.value.(string); ok {
			advice := "compare a key"
			if wordLength(s, false) == len(s) && s != "" {
				advice = fmt.Sprintf("if %s is a key, write it without quotes", s)
			}
			l.add(o.at, "constants", "two constants are compared, it is always %v: %s", n.eval(Map(nil)), advice)
			return true
		}
	}
	return false
}

// impossible finds operators with an operand that makes them false whatever the other is.
func (l *linter) impossible(n *node) {
	never := func(o *operand, format string, args ...any) {
		l.add(o.at, "never", "it is never true: "+format, args...)
	}
	left, right := &n.left, &n.right
	switch n.op {
	case opIn, opNotIn:
		switch {
		case left.isList:
			never(left, "%s takes one value on its left", n.op)
		case right.isConstant() && (n.op == opIn || right.value != nil):
			never(right, "%s takes a list on its right: write brackets around it, or use == for one value", n.op)
		case n.op == opIn && right.isList && len(right.items) == 0:
			never(right, "the list is empty")
		}
	case opHas:
		switch {
		case left.isConstant():
			never(left, "HAS takes a list on its left: turn the sides round, or use IN")
		case right.isList && !right.bare:
			never(right, "HAS takes one value on its right: ask for each with OR or AND")
		}
	default:
		for _, o := range [...]*operand{left, right} {
			switch {
			case o.isList && !o.bare:
				never(o, "%s does not take lists: use IN or HAS", n.op)
			case o.isConstant() && n.op.isOrder() && o.hasNoOrder():
				never(o, "null, true and false have no order")
			case o.isConstant() && n.op == opContains && o.value == nil:
				never(o, "CONTAINS searches texts")
			}
		}
	}
}

// contradictions finds a path that must equal two different constants at once.
func (l *linter) contradictions(kids []node) {
	required := map[string]any{}
	for i := range kids {
		n := &kids[i]
		key, value := &n.left, &n.right
		if key.path == nil {
			key, value = value, key
		}
		if n.kids != nil || n.op != opEqual || key.path == nil || !value.isConstant() {
			continue
		}
		name := strings.Join(key.path, ".")
		before, twice := required[name]
		if cmp, ordered := order(before, value.value); twice && !equal(before, value.value) && (!ordered || cmp != 0) {
			l.add(n.at, "never", "it is never true: %s must equal two different values at once; use OR or IN", name)
		}
		required[name] = value.value
	}
}

func (o *operand) isConstant() bool { return o.path == nil && !o.isList }

func (o *operand) hasNoOrder() bool {
	_, isBool := o.value.(bool)
	return isBool || o.value == nil
}

func (o op) isOrder() bool { return opGreater <= o && o <= opLessEqual }

func (o op) String() string {
	return [...]string{"OR", "AND", "==", "!=", ">", ">=", "<", "<=", "CONTAINS", "HAS", "IN", "NOT IN"}[o]
}
