package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// text is how a value stands in a text: nothing for null, JSON for objects, the items of a list one behind the other.
func text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case map[string]any:
		return toJSON(v)
	case []any:
		out := &limited{max: maxValue}
		for _, item := range v {
			s, err := text(item)
			if err != nil {
				return "", err
			}
			if _, err := out.WriteString(s); err != nil {
				return "", err
			}
		}
		return out.String(), nil
	}
	if s, ok := scalar(v); ok {
		return s, nil
	}
	if n, at := sequence(v); n > 0 {
		return fmt.Sprintf("%v..%v", at(0), at(n-1)), nil
	}
	return "", nil
}

// scalar writes a number or a truth value.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// toJSON writes a value as JSON of a bounded length, with the keys of objects in order.
func toJSON(v any) (string, error) {
	out := &limited{max: maxValue}
	if err := writeJSON(out, v); err != nil {
		return "", err
	}
	return out.String(), nil
}

func writeJSON(out *limited, v any) error {
	var err error
	put := func(s string) {
		if err == nil {
			_, err = out.WriteString(s)
		}
	}
	switch v := v.(type) {
	case nil:
		put("null")
	case string:
		if len(v) > out.max-out.Len() {
			return errFull
		}
		put(quote(v))
	case map[string]any:
		put("{")
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				put(",")
			}
			put(quote(key) + ":")
			if err == nil {
				err = writeJSON(out, v[key])
			}
		}
		put("}")
	case []any:
		put("[")
		for i, item := range v {
			if i > 0 {
				put(",")
			}
			if err == nil {
				err = writeJSON(out, item)
			}
			if err != nil {
				return err
			}
		}
		put("]")
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			put("null")
		} else {
			put(strconv.FormatFloat(v, 'f', -1, 64))
		}
	default:
		s, ok := scalar(v)
		if !ok {
			s = "null"
		}
		put(s)
	}
	return err
}

func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil { // a string never fails
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// number reads a value as a number: text that starts with one is one, anything else is 0 (taskrouter-studio B.4).
func number(v any) any {
	switch v := v.(type) {
	case int, float64:
		return v
	case int64:
		return int(v)
	case string:
		return numberOf(v)
	}
	return 0
}

func numberOf(s string) any {
	s = strings.TrimSpace(s)
	end, dot := 0, false
	for end < len(s) {
		c := s[end]
		if c == '.' && !dot && end > 0 {
			dot = true
		} else if (c < '0' || c > '9') && (end > 0 || c != '-' && c != '+') {
			break
		}
		end++
	}
	s = strings.TrimSuffix(s[:end], ".")
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f
	}
	return 0
}

func float(v any) float64 {
	switch v := number(v).(type) {
	case int:
		return float64(v)
	case float64:
		return v
	}
	return 0
}

// integer reads a whole number.
func integer(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int(v), true
		}
	case string:
		n, err := strconv.Atoi(strings.TrimSpace(v))
		return n, err == nil
	}
	return 0, false
}

// whole makes an int of a float that fits.
func whole(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return int(f)
	}
	return f
}
