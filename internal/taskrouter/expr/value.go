package expr

import (
	"math"
	"strconv"
	"strings"
)

// Object is a value whose members are looked up by name. An environment is one; so may be any value in it. What it does not have
// is nil.
type Object interface{ Get(name string) any }

// Map is an [Object] over decoded JSON.
type Map map[string]any

// Get returns a member, nil where there is none.
func (m Map) Get(name string) any { return m[name] }

// Lookup returns what a path reads: nil where the member, one of its parents or the index is missing. An index into a list, counted from 0,
// is written "[2]". An empty path reads the environment itself.
func Lookup(env Object, path []string) any {
	var v any = env
	for _, key := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case Object:
			v = at.Get(key)
		case []any:
			i, ok := index(key)
			if !ok || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

// index reads a path's element such as [2].
func index(key string) (int, bool) {
	if len(key) < 3 || key[0] != '[' {
		return 0, false
	}
	n := 0
	for _, c := range []byte(key[1 : len(key)-1]) {
		if c < '0' || c > '9' || n > math.MaxInt32 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// Integer returns the integer that a value is, as order_by compares them (taskrouter-studio A.7); texts of digits are none.
func Integer(v any) (int64, bool) {
	switch v := v.(type) {
	case float64:
		if v != math.Trunc(v) || v < math.MinInt64 || v >= math.MaxInt64 { // the latter is 2^63 as a float
			return 0, false
		}
		return int64(v), true
	case int:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}

// isCollection reports whether a value is a list or an object: operators for scalars are false on them.
func isCollection(v any) bool {
	switch v.(type) {
	case nil, bool, float64, string, int, int64:
		return false
	}
	return true
}

// equal compares two values that are no collections. NULL equals NULL only; texts and numbers are compared as numbers, texts and
// booleans as booleans, two texts by every letter.
func equal(a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	if s, ok := a.(string); ok {
		if t, ok := b.(string); ok {
			return s == t
		}
	}
	if x, ok := truth(a); ok {
		if y, ok := truth(b); ok {
			return x == y
		}
	}
	x, okX := number(a)
	y, okY := number(b)
	return okX && okY && x == y
}

// order compares two values; ok is false where they have no order. Two texts that are not both numbers are ordered by their bytes.
func order(a, b any) (cmp int, ok bool) {
	x, okX := number(a)
	y, okY := number(b)
	switch {
	case okX && okY && x < y:
		return -1, true
	case okX && okY && x > y:
		return 1, true
	case okX && okY:
		return 0, x == y // NaN has no order
	}
	s, okS := a.(string)
	t, okT := b.(string)
	return strings.Compare(s, t), okS && okT
}

// truth reads a boolean, also one that is written as text.
func truth(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		return v == "true", v == "true" || v == "false"
	}
	return false, false
}

// number reads a number, also one that is written as text.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case string:
		// Only decimal notation: neither "inf" nor "0x10" is a number to anybody who writes attributes.
		if v == "" || strings.Trim(v, "0123456789+-.eE") != "" {
			return 0, false
		}
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil
	}
	return 0, false
}

// text writes a scalar as CONTAINS searches it.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	}
	if f, ok := number(v); ok {
		return strconv.FormatFloat(f, 'f', -1, 64), true
	}
	return "", false
}
