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
