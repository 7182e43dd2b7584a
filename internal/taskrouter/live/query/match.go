package query

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// Match reports whether an object matches; data is its JSON, which must be valid.
func (q *Query) Match(data []byte) bool {
	return q.root == nil || q.root.match(gjson.ParseBytes(data))
}

func (n *node) match(data gjson.Result) bool {
	switch n.op {
	case opAnd:
		for i := range n.kids {
			if !n.kids[i].match(data) {
				return false
			}
		}
		return true
	case opOr:
		for i := range n.kids {
			if n.kids[i].match(data) {
				return true
			}
		}
		return false
	}
	of := lookup(data, n.path)
	switch n.op {
	case opNotEqual, opNotIn:
		return !n.any(of, equal)
	case opContains:
		return n.any(of, contains)
	case opNotContains:
		return !n.any(of, contains)
	}
	return n.any(of, equal)
}

// any reports whether one of the values, and of the elements where the member is a list, stand in a relation.
func (n *node) any(of gjson.Result, related func(gjson.Result, any) bool) bool {
	found := slices.ContainsFunc(n.values, func(v any) bool { return related(of, v) })
	if !found && of.IsArray() {
		of.ForEach(func(_, element gjson.Result) bool {
			found = slices.ContainsFunc(n.values, func(v any) bool { return related(element, v) })
			return !found
		})
	}
	return found
}

// lookup follows a path. Keys are compared as they are: gjson's own paths give a meaning to some characters.
func lookup(of gjson.Result, path []string) gjson.Result {
	for _, key := range path {
		var next gjson.Result
		if of.IsObject() {
			of.ForEach(func(k, v gjson.Result) bool {
				if k.Str == key {
					next = v
					return false
				}
				return true
			})
		}
		of = next
	}
	return of
}

// equal compares without conversion; what is not there is null.
func equal(of gjson.Result, with any) bool {
	switch v := with.(type) {
	case string:
		return of.Type == gjson.String && of.Str == v
	case float64:
		return of.Type == gjson.Number && of.Num == v
	case bool:
		return of.IsBool() && of.Bool() == v
	}
	return of.Type == gjson.Null
}

// contains looks for a part of a text without regard to case, as people search for names.
func contains(of gjson.Result, part any) bool {
	if text, ok := part.(string); ok && of.Type == gjson.String {
		return strings.Contains(strings.ToLower(of.Str), strings.ToLower(text))
	}
	return equal(of, part)
}

// Pin says that a top member of an object is a certain text.
type Pin struct{ Field, Value string }

// Pins returns what narrows the query down: every object that matches has at least one of the pins. ok is false where the query may
// match objects without any. Only members in fields are looked at.
func (q *Query) Pins(fields ...string) (pins []Pin, ok bool) {
	if q.root == nil {
		return nil, false
	}
	return q.root.pins(fields)
}

func (n *node) pins(fields []string) (pins []Pin, ok bool) {
	switch n.op {
	case opAnd: // each kid alone narrows; the best is the one with the fewest
		for i := range n.kids {
			if of, known := n.kids[i].pins(fields); known && (!ok || len(of) < len(pins)) {
				pins, ok = of, true
			}
		}
		return pins, ok
	case opOr:
		for i := range n.kids {
			of, known := n.kids[i].pins(fields)
			if !known {
				return nil, false
			}
			pins = append(pins, of...)
		}
		return pins, true
	case opEqual, opIn:
		if len(n.path) != 1 || !slices.Contains(fields, n.path[0]) {
			return nil, false
		}
		for _, v := range n.values {
			text, is := v.(string)
			if !is {
				return nil, false
			}
			pins = append(pins, Pin{n.path[0], text})
		}
		return pins, true
	}
	return nil, false
}
