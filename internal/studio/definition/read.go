package definition

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Read reads a definition whose shape is right; else the error is 81022 with every fault as details.errors. A flow that it returns may
// still have errors of [Check]: an execution that reaches such a place ends there.
func Read(text string) (*Flow, error) {
	r := reader{source: text}
	flow := r.read()
	return flow, r.finish().Err()
}

// reader reads a document and collects on its way what is wrong with its shape. After a fault it goes on, to find the others.
type reader struct {
	source   string
	document node
	flow     *Flow
	errors   []found
	warnings []found
}

// found is a finding with its place in the text, by which findings are put into order.
type found struct {
	Finding
	offset int64
}

// note finds the place only of what is kept: that takes a walk through the document.
func (r *reader) note(list *[]found, path, code, format string, args ...any) {
	if len(*list) < maxFindings {
		*list = append(*list, found{Finding{Message: fmt.Sprintf(format, args...), Path: path, Code: code}, r.offset(path)})
	}
}

// fault notes an error, warn a warning, of the value at a path such as "#/states/3".
func (r *reader) fault(path, code, format string, args ...any) {
	r.note(&r.errors, path, code, format, args...)
}

func (r *reader) warn(path, code, format string, args ...any) {
	r.note(&r.warnings, path, code, format, args...)
}

// finish gives what was found, in the order of the document.
func (r *reader) finish() Report {
	list := func(all []found) (out []Finding) {
		slices.SortStableFunc(all, func(a, b found) int { return cmp.Compare(a.offset, b.offset) })
		for _, f := range all {
			f.Line = 1 + strings.Count(r.source[:min(int(f.offset), len(r.source))], "\n")
			out = append(out, f.Finding)
		}
		return out
	}
	return Report{list(r.errors), list(r.warnings)}
}

// offset finds the place of a path, or of as much of it as there is.
func (r *reader) offset(path string) int64 {
	n := r.document
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "#"), "/") {
		next := node{}
		switch n.kind {
		case "object":
			next = n.get(part)
		case "array":
			var i int
			if _, err := fmt.Sscanf(part, "%d", &i); err == nil && i >= 0 && i < len(n.items) {
				next = n.items[i]
			}
		}
		if part != "" {
			if next.kind == "" {
				break
			}
			n = next
		}
	}
	return n.offset
}

func (r *reader) read() *Flow {
	if len(r.source) > MaxBytes {
		r.fault("#", "too_large", "the definition has %d bytes; at most %d are allowed", len(r.source), MaxBytes)
		return nil
	}
	document, err := parseJSON(r.source)
	r.document = document
	if err != nil {
		r.fault("#", "json", "the definition is not JSON: %v", err)
		return nil
	}
	if document.kind != "object" {
		r.fault("#", "shape", "the definition must be an object, not %s", document.kind)
		return nil
	}
	f := &Flow{byName: map[string]*State{}}
	f.Description = r.text("#", document, "description", false)
	f.Initial = r.text("#", document, "initial_state", true)
	r.flags(f)
	states := r.list("#", document, "states")
	switch {
	case len(states) == 0:
		r.fault("#/states", "shape", "states must be a list of 1 to %d widgets", MaxStates)
	case len(states) > MaxStates:
		r.fault("#/states", "too_many", "there are %d states; at most %d are allowed", len(states), MaxStates)
		states = nil
	}
	for i, n := range states {
		s := r.state(i, n)
		f.states = append(f.states, s)
		if s.Name == "" {
			continue
		}
		if other := f.byName[s.Name]; other != nil {
			r.fault(statePath(i)+"/name", "duplicate", "the name %q is taken by state %d already; names must be unique", s.Name, other.Index)
			continue
		}
		f.byName[s.Name] = s
	}
	if len(r.errors) > 0 {
		return nil
	}
	r.flow = f
	return f
}

// flags may be missing, as in old exports; inside them allow_concurrent_calls may not (taskrouter-studio B.2).
func (r *reader) flags(f *Flow) {
	flags := r.document.get("flags")
	switch flags.kind {
	case "", "null":
	case "object":
		allow := flags.get("allow_concurrent_calls")
		if allow.kind != "boolean" {
			r.fault("#/flags/allow_concurrent_calls", "shape", "allow_concurrent_calls must be true or false")
		}
		f.AllowConcurrentCalls = allow.text == "true"
	default:
		r.fault("#/flags", "shape", "flags must be an object, not %s", flags.kind)
	}
}

func (r *reader) state(i int, n node) *State {
	path := statePath(i)
	s := &State{Index: i}
	if n.kind != "object" {
		r.fault(path, "shape", "a state must be an object, not %s", n.kind)
		return s
	}
	s.Name = r.text(path, n, "name", true)
	s.Type = r.text(path, n, "type", true)
	switch properties := n.get("properties"); properties.kind {
	case "", "null":
		s.properties = map[string]any{}
	case "object":
		s.properties, _ = properties.value().(map[string]any)
	default:
		r.fault(path+"/properties", "shape", "properties must be an object, not %s", properties.kind)
	}
	transitions := r.list(path, n, "transitions")
	if len(transitions) > MaxTransitions {
		r.fault(path+"/transitions", "too_many", "there are %d transitions; at most %d are allowed", len(transitions), MaxTransitions)
		return s
	}
	for j, t := range transitions {
		s.Transitions = append(s.Transitions, r.transition(fmt.Sprintf("%s/transitions/%d", path, j), t))
	}
	return s
}

func (r *reader) transition(path string, n node) (t Transition) {
	if n.kind != "object" {
		r.fault(path, "shape", "a transition must be an object, not %s", n.kind)
		return t
	}
	t.Event = r.text(path, n, "event", true)
	t.Next = r.text(path, n, "next", false)
	for i, c := range r.list(path, n, "conditions") {
		at := fmt.Sprintf("%s/conditions/%d", path, i)
		if c.kind != "object" {
			r.fault(at, "shape", "a condition must be an object, not %s", c.kind)
			continue
		}
		condition := Condition{FriendlyName: text(c.get("friendly_name").value()), Type: r.text(at, c, "type", true), Value: text(c.get("value").value())}
		if arguments := c.get("arguments"); arguments.kind == "string" {
			condition.Arguments = []string{arguments.text}
		} else {
			for _, argument := range r.list(at, c, "arguments") {
				condition.Arguments = append(condition.Arguments, text(argument.value()))
			}
		}
		t.Conditions = append(t.Conditions, condition)
	}
	return t
}

// text reads a string; what is missing or null is "".
func (r *reader) text(path string, n node, key string, required bool) string {
	v := n.get(key)
	switch {
	case v.kind == "string" && (v.text != "" || !required):
		return v.text
	case v.kind == "" || v.kind == "null" || v.kind == "string":
		if required {
			r.fault(path+"/"+key, "required", "%s is required", key)
		}
	default:
		r.fault(path+"/"+key, "shape", "%s must be text, not %s", key, v.kind)
	}
	return ""
}

// list reads a list; what is missing or null is empty.
func (r *reader) list(path string, n node, key string) []node {
	v := n.get(key)
	if v.kind != "" && v.kind != "null" && v.kind != "array" {
		r.fault(path+"/"+key, "shape", "%s must be a list, not %s", key, v.kind)
	}
	return v.items
}

func statePath(i int) string { return fmt.Sprintf("#/states/%d", i) }
