package machine

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of what comes into an execution from outside. maxStored is beyond what contexts can become of that: whatever
// was stored is read as it was.
const (
	maxDepth  = 64
	maxStored = 4 * maxDepth
)

// plain brings a value into the one form that contexts hold: nil, bool, int, float64 that is no whole number, valid text, []any and
// map[string]any. A value that was stored as JSON and read again is the same. What is nested too deep is nil.
func plain(v any) any { return plainTo(v, maxDepth) }

func plainTo(v any, depth int) any {
	switch v := v.(type) {
	case nil, bool, int:
		return v
	case string:
		return strings.ToValidUTF8(v, "\uFFFD")
	case int64:
		return int(v)
	case float64:
		return whole(v)
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return whole(f)
	}
	if depth--; depth < 0 {
		return nil
	}
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = plainTo(item, depth)
		}
		return list
	case []string:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = plainTo(item, depth)
		}
		return list
	case map[string]any:
		o := make(map[string]any, len(v))
		for key, item := range v {
			o[strings.ToValidUTF8(key, "\uFFFD")] = plainTo(item, depth)
		}
		return o
	}
	return nil
}

func whole(f float64) any {
	switch {
	case f == math.Trunc(f) && math.Abs(f) < 1<<53:
		return int(f)
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil
	}
	return f
}

// parse reads JSON from outside into plain values.
func parse(text string) (any, error) { return parseTo(text, maxDepth) }

func parseTo(text string, depth int) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind its end")
	}
	return plainTo(v, depth), nil
}

// parseObject reads a JSON object; nil where the text is anything else.
func parseObject(text string) map[string]any {
	v, err := parse(text)
	if err != nil {
		return nil
	}
	o, _ := v.(map[string]any)
	return o
}

// restore reads an object that was stored.
func restore(text json.RawMessage) map[string]any {
	v, err := parseTo(string(text), maxStored)
	if err != nil {
		return nil
	}
	o, _ := v.(map[string]any)
	return o
}

// textOf is a plain value as the text of a parameter.
func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	}
	return string(encode(v))
}

// encode writes a plain value as JSON.
func encode(v any) json.RawMessage {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // no plain value fails
		return json.RawMessage("null")
	}
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n"))
}

// size is roughly how many bytes of JSON a value has.
func size(v any) int {
	n := 8
	switch v := v.(type) {
	case string:
		n += len(v)
	case []any:
		for _, item := range v {
			n += size(item)
		}
	case map[string]any:
		for key, item := range v {
			n += len(key) + size(item)
		}
	}
	return n
}

// merged is a copy of an object with the members of others, which win.
func merged(o any, more ...map[string]any) map[string]any {
	old, _ := o.(map[string]any)
	all := make(map[string]any, len(old)+4)
	maps.Copy(all, old)
	for _, m := range more {
		maps.Copy(all, m)
	}
	return all
}

// at returns the value at a path; nil where there is none.
func at(v any, path ...string) any {
	for _, key := range path {
		o, _ := v.(map[string]any)
		v = o[key]
	}
	return v
}

// put returns a copy of an object in which a path has a value; everything off the path is shared.
func put(o map[string]any, path []string, value any) map[string]any {
	o = merged(o)
	if len(path) == 1 {
		o[path[0]] = value
		return o
	}
	below, _ := o[path[0]].(map[string]any)
	o[path[0]] = put(below, path[1:], value)
	return o
}

func keysOf(o map[string]any) []string { return slices.Sorted(maps.Keys(o)) }
