package query

import (
	"parley/internal/core"
)

// Bounds of a query.
const (
	MaxBytes  = 16 << 10
	maxDepth  = 50   // of parentheses
	maxOps    = 1000 // comparisons; beyond: 54509
	maxValues = 1000 // of a list; beyond: 54510
)

type op uint8

const (
	opAnd op = iota
	opOr
	opEqual
	opNotEqual
	opIn
	opNotIn
	opContains
	opNotContains
)

// node is a comparison, or AND or OR over kids.
type node struct {
	op     op
	kids   []node
	path   []string
	values []any // one, but for the operators on lists
}

// Query is a parsed query; it never changes.
type Query struct {
	text string
	root *node // nil: everything matches
}

// Parse reads a query; an empty text asks for everything. What cannot be read is 54507, 54509 or 54510.
func Parse(text string) (*Query, error) {
	if len(text) > MaxBytes {
		return nil, fault(MaxBytes, "more than %d bytes", MaxBytes)
	}
	p := parser{lexer: lexer{text: text}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == atEnd {
		return &Query{text: text}, nil
	}
	root, err := p.or(0)
	if err == nil && p.tok.kind != atEnd {
		err = p.unexpected("AND, OR or the end")
	}
	if err != nil {
		return nil, err
	}
	return &Query{text, &root}, nil
}

// String returns the text that it came from.
func (q *Query) String() string { return q.text }

// parser goes down the grammar with one token in hand.
type parser struct {
	lexer
	tok token
	ops int
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) isOp(o op) bool { return p.tok.kind == operator && p.tok.op == o }

func (p *parser) isMark(text string) bool { return p.tok.kind == mark && p.tok.text == text }

func (p *parser) unexpected(expected string) error {
	return fault(p.tok.at, "%q instead of %s", clip(p.tok.text), expected)
}

func (p *parser) or(depth int) (node, error) { return p.chain(opOr, depth, p.and) }

func (p *parser) and(depth int) (node, error) { return p.chain(opAnd, depth, p.comparison) }

// chain reads parts with the same operator between them; a single one stands for itself.
func (p *parser) chain(o op, depth int, part func(int) (node, error)) (node, error) {
	first, err := part(depth)
	if err != nil || !p.isOp(o) {
		return first, err
	}
	all := node{op: o, kids: []node{first}}
	for p.isOp(o) {
		if err := p.advance(); err != nil {
			return node{}, err
		}
		kid, err := part(depth)
		if err != nil {
			return node{}, err
		}
		all.kids = append(all.kids, kid)
	}
	return all, nil
}

func (p *parser) comparison(depth int) (node, error) {
	if p.isMark("(") {
		return p.group(depth)
	}
	if p.ops++; p.ops > maxOps {
		return node{}, core.Ef(core.CodeSyncQueryOperators, "Query expression contains too many operators; at most %d are allowed", maxOps)
	}
	n := node{path: p.tok.path}
	if p.tok.kind != path {
		return n, p.unexpected("a member of data")
	}
	if err := p.advance(); err != nil {
		return n, err
	}
	n.op = p.tok.op
	if p.tok.kind != operator || n.op < opEqual {
		return n, p.unexpected("a comparison")
	}
	if err := p.advance(); err != nil {
		return n, err
	}
	if n.op == opIn || n.op == opNotIn {
		return n, p.list(&n)
	}
	if p.tok.kind != constant {
		return n, p.unexpected("a text, a number, true, false or null")
	}
	n.values = []any{p.tok.value}
	return n, p.advance()
}

// group reads a part in parentheses.
func (p *parser) group(depth int) (node, error) {
	if depth == maxDepth {
		return node{}, fault(p.tok.at, "more than %d levels of parentheses", maxDepth)
	}
	if err := p.advance(); err != nil {
		return node{}, err
	}
	n, err := p.or(depth + 1)
	if err != nil {
		return node{}, err
	}
	if !p.isMark(")") {
		return node{}, p.unexpected("AND, OR or a closing )")
	}
	return n, p.advance()
}

func (p *parser) list(n *node) error {
	if !p.isMark("[") {
		return p.unexpected("a list")
	}
	for first := true; ; first = false {
		if err := p.advance(); err != nil {
			return err
		}
		if first && p.isMark("]") {
			return p.advance()
		}
		if p.tok.kind != constant {
			return p.unexpected("a text, a number, true, false or null")
		}
		if len(n.values) == maxValues {
			return core.Ef(core.CodeSyncQueryArray, "Query expression contains an array with too many items; at most %d are allowed", maxValues)
		}
		n.values = append(n.values, p.tok.value)
		if err := p.advance(); err != nil {
			return err
		}
		if p.isMark("]") {
			return p.advance()
		}
		if !p.isMark(",") {
			return p.unexpected("a comma or a closing ]")
		}
	}
}
