package expr

import (
	"strings"
	"unicode/utf8"
)

// Bounds of an expression.
const (
	MaxBytes = 64 << 10
	maxDepth = 100    // of parentheses and lists
	maxItems = 10_000 // of a list
)

type op uint8

const (
	opOr op = iota
	opAnd
	opEqual
	opNotEqual
	opGreater
	opGreaterEqual
	opLess
	opLessEqual
	opContains
	opHas
	opIn
	opNotIn
)

// node is a comparison, or AND or OR over kids. AND and OR are as wide as they are written, so that only parentheses nest.
type node struct {
	op          op
	kids        []node
	left, right operand
	at          int    // offset of the operator
	written     string // the operator as written
}

// operand is one side of a comparison: a list, a path, or else a constant.
type operand struct {
	at     int // offset
	value  any // of a constant
	path   []string
	items  []operand
	isList bool
	bare   bool // a list without brackets, as in a == 'x', 'y'
}

// Expr is a parsed expression; it never changes.
type Expr struct {
	text string
	root *node // nil: always false
	star bool  // it began with a stray *
}

// Parse reads an expression. The error is a [*SyntaxError]. An empty text is the expression that is always false: a queue that asks
// for nothing at all gets nobody (taskrouter-studio A.2).
func Parse(text string) (*Expr, error) {
	p := parser{lexer: lexer{text: text}}
	if len(text) > MaxBytes {
		return nil, p.fault(0, "the expression has %d bytes; at most %d are allowed", len(text), MaxBytes)
	}
	e := &Expr{text: text}
	p.pos = len(text) - len(strings.TrimLeft(text, " \t\r\n\v\f"))
	for p.pos < len(text) && text[p.pos] == '*' {
		e.star = true
		p.pos++
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == atEnd && !e.star {
		return e, nil
	}
	root, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != atEnd {
		return nil, p.unexpected("AND, OR or the end")
	}
	e.root = &root
	return e, nil
}

// String returns the text that it came from.
func (e *Expr) String() string { return e.text }

// parser goes down the grammar of taskrouter-studio A.5 with one token in hand.
type parser struct {
	lexer
	tok token
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) isMark(text string) bool { return p.tok.kind == mark && p.tok.text == text }
func (p *parser) isWord(text string) bool { return p.tok.kind == word && p.tok.text == text }

func (p *parser) unexpected(expected string) error {
	if p.tok.kind == atEnd {
		return p.fault(p.tok.at, "the expression ends where it should have %s", expected)
	}
	return p.fault(p.tok.at, "unexpected %s where it should have %s", p.tok.text, expected)
}

func (p *parser) or(depth int) (node, error) { return p.chain("OR", opOr, depth, p.and) }

func (p *parser) and(depth int) (node, error) { return p.chain("AND", opAnd, depth, p.comparison) }

// chain reads parts with the same word between them; a single one stands for itself.
func (p *parser) chain(word string, op op, depth int, part func(int) (node, error)) (node, error) {
	first, err := part(depth)
	if err != nil || !p.isWord(word) {
		return first, err
	}
	all := node{op: op, kids: []node{first}}
	for p.isWord(word) {
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

func (p *parser) comparison(depth int) (n node, err error) {
	if p.isMark("(") {
		return p.group(depth)
	}
	if n.left, err = p.operand(depth); err != nil {
		return node{}, err
	}
	if err := p.operator(&n); err != nil {
		return node{}, err
	}
	if n.right, err = p.operand(depth); err != nil {
		return node{}, err
	}
	for list := (operand{at: n.right.at, items: []operand{n.right}, isList: true, bare: true}); p.isMark(","); n.right = list {
		if err := p.advance(); err != nil {
			return node{}, err
		}
		if err := p.item(&list, depth); err != nil {
			return node{}, err
		}
	}
	return n, nil
}

// group reads a part in parentheses.
func (p *parser) group(depth int) (node, error) {
	opened := p.tok.at
	if depth == maxDepth {
		return node{}, p.fault(opened, "more than %d levels of parentheses and lists", maxDepth)
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

func (p *parser) operator(n *node) error {
	n.at, n.op, n.written = p.tok.at, p.tok.op, p.tok.text
	switch {
	case p.tok.kind == operator:
		return p.advance()
	case p.isWord("NOT"):
		if err := p.advance(); err != nil {
			return err
		}
		if p.tok.kind != operator || p.tok.op != opIn {
			return p.unexpected("IN after NOT")
		}
		n.op, n.written = opNotIn, "NOT IN"
		return p.advance()
	}
	return p.unexpected("an operator")
}

func (p *parser) operand(depth int) (operand, error) {
	o := operand{at: p.tok.at, value: p.tok.value, path: p.tok.path}
	switch {
	case p.isMark("["):
		return p.list(depth)
	case p.isWord("NOT"):
		return o, p.fault(o.at, "NOT stands in NOT IN only")
	case p.tok.kind != constant && p.tok.kind != path:
		return o, p.unexpected("a key, a text, a number or a list")
	}
	if p.tok.kind == path && strings.HasPrefix(p.text[p.pos:], "-") {
		return o, p.hyphen()
	}
	return o, p.advance()
}

// hyphen refuses a key with a hyphen in the words that the hosted service had for it, whose lexer lost the hyphen and one letter
// (taskrouter-studio A.5).
func (p *parser) hyphen() error {
	rest := p.text[p.pos+1:]
	_, lost := utf8.DecodeRuneInString(rest)
	input := rest[lost : lost+wordLength(rest[lost:], true)]
	if input == "" {
		input = "-" + rest[:lost]
	}
	return p.fault(p.pos, "extraneous input '%s' expecting OPERATOR: a key cannot have a hyphen", input)
}

// list reads a list in brackets; commas between items may be missing.
func (p *parser) list(depth int) (operand, error) {
	list := operand{at: p.tok.at, isList: true}
	if depth == maxDepth {
		return list, p.fault(list.at, "more than %d levels of parentheses and lists", maxDepth)
	}
	if err := p.advance(); err != nil {
		return list, err
	}
	for !p.isMark("]") {
		if p.tok.kind == atEnd {
			return list, p.unexpected("a closing ]")
		}
		if err := p.item(&list, depth+1); err != nil {
			return list, err
		}
		if p.isMark(",") {
			if err := p.advance(); err != nil {
				return list, err
			}
		}
	}
	return list, p.advance()
}

func (p *parser) item(list *operand, depth int) error {
	if len(list.items) == maxItems {
		return p.fault(p.tok.at, "a list has at most %d items", maxItems)
	}
	o, err := p.operand(depth)
	list.items = append(list.items, o)
	return err
}

// ParsePath reads a path alone, such as task.agents[0], as [Lookup] takes it.
func ParsePath(text string) ([]string, bool) {
	l := lexer{text: text}
	t, err := l.next()
	if err != nil || t.kind != path || t.text != text {
		return nil, false
	}
	return t.path, true
}
