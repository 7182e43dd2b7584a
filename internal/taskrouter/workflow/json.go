package workflow

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// value is JSON as it was written: numbers keep their digits, and objects the keys that they repeat.
type value struct {
	kind    string // "object", "array", "string", "number", "boolean" or "null"
	text    string // of a string or a number
	members []member
	items   []value
}

type member struct {
	key   string
	value value
}

func (v value) has(key string) bool {
	return slices.ContainsFunc(v.members, func(m member) bool { return m.key == key })
}

// parseJSON reads one value with nothing behind it.
func parseJSON(text string) (value, error) {
	var whole json.RawMessage // which bounds the depth before anything recurs
	if err := json.Unmarshal([]byte(text), &whole); err != nil {
		if fault, ok := errors.AsType[*json.SyntaxError](err); ok {
			return value{}, fmt.Errorf("is not JSON: byte %d: %w", fault.Offset, err)
		}
		return value{}, fmt.Errorf("is not JSON: %w", err)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return readValue(d)
}

func readValue(d *json.Decoder) (v value, err error) {
	t, err := d.Token()
	if err != nil {
		return v, err
	}
	switch t := t.(type) {
	case json.Delim:
		return readCollection(d, t)
	case string:
		return value{kind: "string", text: t}, nil
	case json.Number:
		return value{kind: "number", text: t.String()}, nil
	case bool:
		return value{kind: "boolean"}, nil
	}
	return value{kind: "null"}, nil
}

func readCollection(d *json.Decoder, open json.Delim) (v value, err error) {
	v.kind = "array"
	if open == '{' {
		v.kind = "object"
	}
	for d.More() {
		var m member
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return v, err
			}
			m.key, _ = key.(string) // keys are
		}
		if m.value, err = readValue(d); err != nil {
			return v, err
		}
		if open == '{' {
			v.members = append(v.members, m)
		} else {
			v.items = append(v.items, m.value)
		}
	}
	_, err = d.Token() // the closing bracket
	return v, err
}
