package template

import (
	"slices"
	"strings"
)

// items reads a value as a list of bounded length: what is none is a list of itself.
func items(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	case string, bool, int, int64, float64, map[string]any:
		return []any{v}
	}
	n, at := sequence(v) // a range
	list := make([]any, min(n, maxItems))
	for i := range list {
		list[i] = at(i)
	}
	return list
}

func onList(f func(list []any, args []any) (any, error)) filter {
	return func(v any, args []any) (any, error) { return f(items(v), args) }
}

func addLists(add adder) {
	add("first", 0, func(v any, _ []any) (any, error) { return end(v, func(n int) int { return 0 }), nil })
	add("last", 0, func(v any, _ []any) (any, error) { return end(v, func(n int) int { return n - 1 }), nil })
	add("join", 0, onList(join))
	add("reverse", 0, onList(func(list, _ []any) (any, error) {
		list = slices.Clone(list)
		slices.Reverse(list)
		return list, nil
	}))
	add("concat", 1, onList(func(list, args []any) (any, error) {
		if more := items(args[0]); len(list)+len(more) <= maxItems {
			return slices.Concat(list, more), nil
		}
		return nil, errFull
	}))
	add("compact", 0, onList(func(list, _ []any) (any, error) {
		return slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v == nil }), nil
	}))
	add("map", 1, onList(func(list, args []any) (any, error) {
		out := make([]any, len(list))
		for i, item := range list {
			out[i] = member(item, args[0])
		}
		return out, nil
	}))
	add("where", 1, onList(func(list, args []any) (any, error) {
		return slices.DeleteFunc(slices.Clone(list), func(item any) bool {
			v := member(item, args[0])
			if len(args) > 1 {
				return compare(v, args[1]) != 0
			}
			return v == nil || v == false
		}), nil
	}))
	add("sum", 0, onList(func(list, args []any) (any, error) {
		sum := 0.0
		for _, item := range list {
			if len(args) > 0 {
				item = member(item, args[0])
			}
			sum += float(item)
		}
		return whole(sum), nil
	}))
	add("sort", 0, onList(sorted(func(v any) any { return v })))
	add("sort_natural", 0, onList(sorted(func(v any) any {
		if s, ok := v.(string); ok {
			return strings.ToLower(s)
		}
		return v
	})))
	add("uniq", 0, onList(func(list, _ []any) (any, error) {
		seen := map[string]bool{}
		out := []any{}
		for _, item := range list {
			key, err := toJSON(item)
			if err != nil {
				return nil, err
			}
			if !seen[key] {
				seen[key] = true
				out = append(out, item)
			}
		}
		return out, nil
	}))
}

// end is the first or last of a list; of a text, a character.
func end(v any, at func(n int) int) any {
	if s, ok := v.(string); ok {
		if runes := []rune(s); len(runes) > 0 {
			return string(runes[at(len(runes))])
		}
		return nil
	}
	if n, get := sequence(v); n > 0 {
		return get(at(n))
	}
	return nil
}

func join(list, args []any) (any, error) {
	by := " "
	if len(args) > 0 {
		var err error
		if by, err = text(args[0]); err != nil {
			return nil, err
		}
	}
	out := &limited{max: maxValue}
	for i, item := range list {
		s, err := text(item)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			s = by + s
		}
		if _, err := out.WriteString(s); err != nil {
			return nil, err
		}
	}
	return out.String(), nil
}

func member(v, key any) any {
	o, _ := v.(map[string]any)
	name, _ := key.(string)
	return o[name]
}

// sorted sorts by the values themselves or by a member of each.
func sorted(by func(any) any) func(list, args []any) (any, error) {
	return func(list, args []any) (any, error) {
		list = slices.Clone(list)
		slices.SortStableFunc(list, func(a, b any) int {
			if len(args) > 0 {
				a, b = member(a, args[0]), member(b, args[0])
			}
			return compare(by(a), by(b))
		})
		return list, nil
	}
}

// compare orders values: numbers before texts before all else, what is missing last.
func compare(a, b any) int {
	rank := func(v any) int {
		switch v.(type) {
		case int, int64, float64:
			return 0
		case string:
			return 1
		case nil:
			return 3
		}
		return 2
	}
	x, y := rank(a), rank(b)
	switch {
	case x != y:
		return x - y
	case x == 0:
		if d := float(a) - float(b); d < 0 {
			return -1
		} else if d > 0 {
			return 1
		}
		return 0
	case x == 1:
		s, _ := a.(string)
		t, _ := b.(string)
		return strings.Compare(s, t)
	case x == 2 && a == true && b == true, x == 2 && a == false && b == false:
		return 0
	case x == 3:
		return 0
	}
	s, _ := toJSON(a)
	t, _ := toJSON(b)
	return strings.Compare(s, t)
}
