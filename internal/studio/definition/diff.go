package definition

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kinds of changes.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Change is one difference between two definitions. Layout (offset) is none.
type Change struct {
	State string `json:"state,omitempty"` // its name; "": the flow itself
	Kind  string `json:"kind"`            // Added, Removed or Changed
	// What changed within the state or flow: "" for all of it, "type", "properties.<key>", "transitions.<event>.next" or, of the nth
	// match from 0, "transitions.match[<n>].conditions"; "initial_state", "description" or "flags" of the flow.
	What string `json:"what,omitempty"`
	From string `json:"from,omitempty"` // text as it stands, all else as JSON; of a state its type
	To   string `json:"to,omitempty"`
}

// String writes a change as a line for people.
func (c Change) String() string {
	place := "the flow"
	if c.State != "" {
		place = c.State
	}
	if c.What != "" {
		place += " " + c.What
	}
	switch c.Kind {
	case Added:
		return fmt.Sprintf("+ %s: %s", place, excerpt(c.To, 0))
	case Removed:
		return fmt.Sprintf("- %s: %s", place, excerpt(c.From, 0))
	}
	same := 0
	for same < len(c.From) && same < len(c.To) && c.From[same] == c.To[same] {
		same++
	}
	return fmt.Sprintf("~ %s: %s → %s", place, excerpt(c.From, same), excerpt(c.To, same))
}

// excerpt shows a long text from a little before a place on.
func excerpt(s string, at int) string {
	const before, all = 16, 64
	at = min(at, len(s))
	for n := 0; at > 0 && (n < before || !utf8.RuneStart(s[at])); n++ { // also back to the start of a character
		at--
	}
	if len(s) <= all || at < before {
		at = 0
	}
	text := clip(s[at:])
	if at > 0 {
		text = "…" + text
	}
	if strings.ContainsAny(text, "\r\n") {
		return strconv.Quote(text)
	}
	return text
}

// Diff says how two definitions differ: states by name, in the order of the old one and then of the new one.
func Diff(from, to *Flow) []Change {
	var d diff
	d.value("", "initial_state", from.Initial, to.Initial)
	d.value("", "description", from.Description, to.Description)
	d.value("", "flags", fmt.Sprint(from.AllowConcurrentCalls), fmt.Sprint(to.AllowConcurrentCalls))
	for _, s := range from.states {
		if other := to.State(s.Name); other == nil {
			d = append(d, Change{State: s.Name, Kind: Removed, From: s.Type})
		} else {
			d.state(s, other)
		}
	}
	for _, s := range to.states {
		if from.State(s.Name) == nil {
			d = append(d, Change{State: s.Name, Kind: Added, To: s.Type})
		}
	}
	return d
}

type diff []Change

// value notes a difference of two values; "" is none.
func (d *diff) value(state, what, from, to string) {
	if from == to {
		return
	}
	c := Change{State: state, Kind: Changed, What: what, From: from, To: to}
	if from == "" {
		c.Kind = Added
	} else if to == "" {
		c.Kind = Removed
	}
	*d = append(*d, c)
}

func (d *diff) state(from, to *State) {
	d.value(from.Name, "type", from.Type, to.Type)
	keys := maps.Clone(from.properties)
	maps.Copy(keys, to.properties)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if key != "offset" {
			d.value(from.Name, "properties."+key, from.Text(key), to.Text(key))
		}
	}
	before, after := ways(from), ways(to)
	for _, w := range before {
		other := find(after, w.name)
		d.value(from.Name, "transitions."+w.name+".next", w.next, other.next)
		d.value(from.Name, "transitions."+w.name+".conditions", w.conditions, other.conditions)
	}
	for _, w := range after {
		if find(before, w.name).name == "" {
			d.value(from.Name, "transitions."+w.name+".next", "", w.next)
			d.value(from.Name, "transitions."+w.name+".conditions", "", w.conditions)
		}
	}
}

// way is a transition under a name that two revisions share.
type way struct{ name, next, conditions string }

// ways names transitions by their event; of several with the same event, as matches are, each with its number.
func ways(s *State) (list []way) {
	count := map[string]int{}
	for _, t := range s.Transitions {
		w := way{name: t.Event, next: t.Next}
		if n := count[t.Event]; n > 0 || t.Event == "match" {
			w.name = fmt.Sprintf("%s[%d]", t.Event, n)
		}
		count[t.Event]++
		if len(t.Conditions) > 0 {
			w.conditions = compact(t.Conditions)
		}
		list = append(list, w)
	}
	return list
}

func find(list []way, name string) way {
	for _, w := range list {
		if w.name == name {
			return w
		}
	}
	return way{}
}
