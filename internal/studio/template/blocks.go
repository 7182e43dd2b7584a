package template

import (
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/osteele/liquid/expressions"
	"github.com/osteele/liquid/render"
)

var (
	errBreak    = errors.New("break outside of a for")
	errContinue = errors.New("continue outside of a for")
)

// blocks adds the blocks that repeat or keep text, under the names that [normalise] gives them.
func (r *rendering) blocks(c *render.Config) {
	c.AddBlock("_for").Clause("else").Compiler(r.loop)
	c.AddBlock("_capture").Compiler(r.capture)
	c.AddTag("_break", leave(errBreak))
	c.AddTag("_continue", leave(errContinue))
}

func leave(by error) render.TagCompiler {
	return func(string) (func(io.Writer, render.Context) error, error) {
		return func(_ io.Writer, ctx render.Context) error { return ctx.WrapError(by) }, nil
	}
}

// loop is {% for x in list limit:n offset:n reversed %}. Rounds beyond the limit are left out without an error, as the hosted service did.
func (r *rendering) loop(node render.BlockNode) (func(io.Writer, render.Context) error, error) {
	s, err := expressions.ParseStatement(expressions.LoopStatementSelector, node.Args)
	if err != nil {
		return nil, err
	}
	if len(node.Clauses) > 1 {
		return nil, errors.New("a for has at most one else")
	}
	cost := weight(node.Body) + 64
	return func(w io.Writer, ctx render.Context) error {
		items, err := r.items(&s.Loop, ctx)
		if err != nil {
			return err
		}
		if len(items) == 0 && len(node.Clauses) == 1 {
			return ctx.RenderBlock(w, node.Clauses[0])
		}
		oldLoop, oldItem := ctx.Get("forloop"), ctx.Get(s.Loop.Variable)
		defer func() {
			ctx.Set("forloop", oldLoop)
			ctx.Set(s.Loop.Variable, oldItem)
		}()
		cycles := map[string]int{} // of the library's {% cycle %}
		for i, item := range items {
			if err := r.spend(cost); err != nil {
				return err
			}
			n := len(items)
			ctx.Set(s.Loop.Variable, item)
			ctx.Set("forloop", map[string]any{"first": i == 0, "last": i == n-1, "index": i + 1, "index0": i, "rindex": n - i,
				"rindex0": n - i - 1, "length": n, ".cycles": cycles})
			if err := ctx.RenderChildren(w); err != nil {
				if errors.Is(err.Cause(), errBreak) {
					break
				}
				if !errors.Is(err.Cause(), errContinue) {
					return err
				}
			}
		}
		return nil
	}, nil
}

// items are what a loop goes through, at most MaxLoops.
func (r *rendering) items(loop *expressions.Loop, ctx render.Context) ([]any, error) {
	value, err := ctx.Evaluate(loop.Expr)
	if err != nil {
		return nil, err
	}
	length, at := sequence(value)
	from, to := 0, length
	if loop.Offset != nil {
		n, err := r.whole(loop.Offset, ctx)
		if err != nil {
			return nil, err
		}
		from = min(max(n, 0), length)
	}
	if loop.Limit != nil {
		n, err := r.whole(loop.Limit, ctx)
		if err != nil {
			return nil, err
		}
		to = from + min(max(n, 0), length-from)
	}
	n := min(to-from, r.settings.MaxLoops)
	items := make([]any, n)
	for i := range items {
		if loop.Reversed {
			items[i] = at(to - 1 - i)
		} else {
			items[i] = at(from + i)
		}
	}
	return items, nil
}

func (r *rendering) whole(e expressions.Expression, ctx render.Context) (int, error) {
	value, err := ctx.Evaluate(e)
	if err != nil {
		return 0, err
	}
	n, ok := integer(value)
	if !ok {
		return 0, errors.New("limit and offset of a for must be whole numbers")
	}
	return n, nil
}

// sequence gives what a value is made of: the items of a list, the pairs of an object, the numbers of a range. A range of any size costs
// nothing until it is read.
func sequence(value any) (length int, at func(int) any) {
	switch v := value.(type) {
	case []any:
		return len(v), func(i int) any { return v[i] }
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		return len(keys), func(i int) any { return []any{keys[i], v[keys[i]]} }
	case interface {
		Len() int
		Index(int) any
	}:
		return max(v.Len(), 0), v.Index
	}
	return 0, nil
}

// capture is {% capture name %}, of a bounded text.
func (r *rendering) capture(node render.BlockNode) (func(io.Writer, render.Context) error, error) {
	name := strings.TrimSpace(node.Args)
	if name == "" || strings.ContainsAny(name, " \t.[") {
		return nil, errors.New("capture needs the name of a variable")
	}
	return func(_ io.Writer, ctx render.Context) error {
		out := &limited{max: maxValue}
		if err := ctx.RenderChildren(out); err != nil {
			return err
		}
		ctx.Set(name, out.String())
		return r.spend(out.Len())
	}, nil
}

// weight is how much source a part of a template has.
func weight(nodes []render.Node) (n int) {
	for _, node := range nodes {
		switch node := node.(type) {
		case *render.TextNode:
			n += len(node.Source)
		case *render.ObjectNode:
			n += len(node.Source)
		case *render.TagNode:
			n += len(node.Source)
		case *render.BlockNode:
			n += len(node.Source) + weight(node.Body)
			for _, clause := range node.Clauses {
				n += len(clause.Source) + weight(clause.Body)
			}
		case *render.SeqNode:
			n += weight(node.Children)
		}
	}
	return n
}
