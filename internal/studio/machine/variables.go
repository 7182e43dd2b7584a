package machine

import (
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/studio/definition"
)

// setVariables renders all values before it sets any: they refer to one another only on the next run (taskrouter-studio B.4).
func (r *run) setVariables(w *definition.State) {
	type variable struct {
		name  string
		value any
	}
	var all []variable
	for _, p := range w.Pairs("variables") {
		if p.Key != "" {
			all = append(all, variable{p.Key, r.value(p)})
		}
	}
	for _, v := range all {
		r.set(v.value, "flow", "variables", v.name)
	}
	r.leave(w, "next")
}

// value renders a variable: JSON where it says so, a number where the text is one, "" for null; a quoted number stays text.
func (r *run) value(p definition.Pair) any {
	text := r.render(p.Key, p.Value)
	if p.JSON {
		v, err := parse(text)
		if err != nil {
			r.warnf(core.CodeStudioTemplate, "%s: it is not JSON and is set as text: %v", p.Key, err)
			return text
		}
		if v == nil {
			return ""
		}
		return v
	}
	if strings.TrimSpace(text) == "null" {
		return ""
	}
	if n, ok := numeric(text); ok {
		return n
	}
	if inner := strings.TrimSpace(text); len(inner) > 2 && inner[0] == '"' && inner[len(inner)-1] == '"' {
		if _, ok := numeric(inner[1 : len(inner)-1]); ok {
			return inner[1 : len(inner)-1]
		}
	}
	return text
}

// numeric reads a text that is exactly how its number is written: 007 and 1.50 stay text, and nothing is lost by counting with the rest.
func numeric(text string) (any, bool) {
	text = strings.TrimSpace(text)
	if n, err := strconv.Atoi(text); err == nil {
		return n, strconv.Itoa(n) == text && -1<<53 < n && n < 1<<53
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && strconv.FormatFloat(f, 'f', -1, 64) == text && plain(f) != nil
}
