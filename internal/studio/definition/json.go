package definition

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// node is JSON with the places where it stands: numbers keep their digits, and objects the order of their keys.
type node struct {
	kind    string // "object", "array", "string", "number", "boolean" or "null"; "": there is none
	text    string // of a string, number or boolean
	members []member
	items   []node
	offset  int64 // in the text, behind the value's first token
}

type member struct {
	key   string
	value node
}

// get returns a member, the last of several as everywhere in JSON; kind is "" where there is none.
func (n node) get(key string) node {
	for i := len(n.members) - 1; i >= 0; i-- {
		if n.members[i].key == key {
			return n.members[i].value
		}
	}
	return node{offset: n.offset}
}

// parseJSON reads one value with nothing behind it.
func parseJSON(text string) (node, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	n, err := readNode(d, 0)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return n, nil
		}
		err = errors.New("something stands behind its end")
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends too early")
	}
	return node{offset: d.InputOffset()}, err
}

func readNode(d *json.Decoder, depth int) (n node, err error) {
	t, err := d.Token()
	if err != nil {
		return n, err
	}
	n.offset = d.InputOffset()
	switch t := t.(type) {
	case json.Delim:
		if depth++; depth > MaxDepth {
			return n, fmt.Errorf("it is nested deeper than %d", MaxDepth)
		}
		return readCollection(d, n, t, depth)
	case string:
		n.kind, n.text = "string", t
	case json.Number:
		n.kind, n.text = "number", t.String()
	case bool:
		n.kind, n.text = "boolean", strconv.FormatBool(t)
	default:
		n.kind = "null"
	}
	return n, nil
}

func readCollection(d *json.Decoder, n node, open json.Delim, depth int) (node, error) {
	n.kind = "array"
	if open == '{' {
		n.kind = "object"
	}
	for d.More() {
		var m member
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return n, err
			}
			m.key, _ = key.(string) // keys are
		}
		value, err := readNode(d, depth)
		if err != nil {
			return n, err
		}
		if m.value = value; open == '{' {
			n.members = append(n.members, m)
		} else {
			n.items = append(n.items, value)
		}
	}
	_, err := d.Token() // the closing bracket
	return n, err
}

// value returns a node as plain Go: nil, bool, int64, float64, string, []any, map[string]any.
func (n node) value() any {
	switch n.kind {
	case "object":
		o := make(map[string]any, len(n.members))
		for _, m := range n.members {
			o[m.key] = m.value.value()
		}
		return o
	case "array":
		a := make([]any, len(n.items))
		for i, item := range n.items {
			a[i] = item.value()
		}
		return a
	case "string":
		return n.text
	case "boolean":
		return n.text == "true"
	case "number":
		return number(n.text)
	}
	return nil
}

func number(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return text // too large to count with; its digits are kept
	}
	return f
}

// compact writes a value as JSON, with the keys of objects in order.
func compact(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // none of the values above
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}
