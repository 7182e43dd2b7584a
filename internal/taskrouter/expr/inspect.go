package expr

// Column turns an offset within the text, in bytes from 0, into a column, in characters from 1.
func (e *Expr) Column(offset int) int { return column(e.text, offset) }

// Read is one place where an expression reads a path.
type Read struct {
	Path   []string
	Offset int // in bytes from 0
}

// Reads returns the places where the expression reads, in the order of the text.
func (e *Expr) Reads() []Read {
	var reads []Read
	var visit func(o *operand)
	visit = func(o *operand) {
		if o.path != nil {
			reads = append(reads, Read{o.path, o.at})
		}
		for i := range o.items {
			visit(&o.items[i])
		}
	}
	e.each(func(n *node) {
		visit(&n.left)
		visit(&n.right)
	})
	return reads
}

// each calls fn for every comparison, in the order of the text.
func (e *Expr) each(fn func(n *node)) {
	var walk func(n *node)
	walk = func(n *node) {
		for i := range n.kids {
			walk(&n.kids[i])
		}
		if n.kids == nil {
			fn(n)
		}
	}
	if e.root != nil {
		walk(e.root)
	}
}

// Always returns the value that the expression has whatever it reads; ok is false where it depends on what it reads.
func (e *Expr) Always() (value, ok bool) {
	if e.root == nil {
		return false, true
	}
	return e.root.always()
}

func (n *node) always() (value, ok bool) {
	if n.kids == nil {
		return n.eval(Map(nil)), !n.left.reads() && !n.right.reads()
	}
	all := true
	for i := range n.kids {
		v, ok := n.kids[i].always()
		if ok && v == (n.op == opOr) {
			return v, true // one true part of OR, or one false part of AND, decides
		}
		all = all && ok
	}
	return n.op == opAnd, all
}

func (o *operand) reads() bool {
	for i := range o.items {
		if o.items[i].reads() {
			return true
		}
	}
	return o.path != nil
}
