package definition

import (
	"fmt"
	"slices"
	"strings"
)

// graph checks what can be reached, and from where.
func (c *checker) graph() {
	first := c.flow.State(c.flow.Initial)
	if first == nil || first.Type != "trigger" {
		return
	}
	chats := c.reach(first, func(event string) bool { return event != "incomingCall" })
	calls := c.reach(first, func(event string) bool { return event == "incomingCall" })
	onlyCalls := len(chats) == 1 && len(calls) > 1
	if onlyCalls {
		next, _ := first.Next("incomingCall")
		c.fault(c.eventPath(first, "incomingCall"), "voice",
			"only calls start this flow (they lead to %q), and Parley carries no voice: connect incomingMessage or incomingRequest", next)
	} else if len(chats) == 1 {
		c.warn(statePath(first.Index), "trigger", "nothing starts this flow: connect incomingMessage, incomingRequest or incomingParent")
	}
	for _, s := range c.flow.states {
		_, byChat := chats[s.Name]
		_, byCall := calls[s.Name]
		path := statePath(s.Index)
		switch support := kindOf(s.Type).support; {
		case !byChat && !byCall:
			c.warn(path, "unreachable", "nothing leads to %q", s.Name)
		case support == voice && (byChat || onlyCalls):
			from := chats
			if !byChat {
				from = calls
			}
			c.fault(path+"/type", "voice", "%s needs a call, and Parley carries no voice: remove %q or use send-message (it is reached by %s)",
				s.Type, s.Name, trail(from, s.Name))
		case !byChat && !onlyCalls:
			c.warn(path, "voice", "only calls lead to %q, and Parley carries no voice: it never runs", s.Name)
		case support == foreign:
			c.warn(path+"/type", "unsupported", "%s is not supported: an execution that reaches %q ends there", s.Type, s.Name)
		case support == unknown:
			c.warn(path+"/type", "unknown", "the type %q is unknown: an execution that reaches %q ends there", clip(s.Type), s.Name)
		}
	}
	c.loops()
}

// reach returns the states that the trigger leads to by some of its events, each with the one before it; the trigger has "".
func (c *checker) reach(first *State, event func(string) bool) map[string]string {
	before := map[string]string{first.Name: ""}
	queue := []*State{first}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for _, t := range s.Transitions {
			next := c.flow.State(t.Next)
			if next == nil || s == first && !event(t.Event) {
				continue
			}
			if _, seen := before[next.Name]; !seen {
				before[next.Name] = s.Name
				queue = append(queue, next)
			}
		}
	}
	return before
}

// trail writes how a state is reached.
func trail(before map[string]string, name string) string {
	var names []string
	for ; name != ""; name = before[name] {
		names = append(names, name)
	}
	slices.Reverse(names)
	if n := len(names); n > 6 {
		names = append(append(names[:3:3], "…"), names[n-3:]...)
	}
	return strings.Join(names, " → ")
}

func (c *checker) eventPath(s *State, event string) string {
	for j, t := range s.Transitions {
		if t.Event == event && t.Next != "" {
			return fmt.Sprintf("%s/transitions/%d", statePath(s.Index), j)
		}
	}
	return statePath(s.Index)
}

// loops warns of circles in which nobody is waited for. What happens when something goes wrong is left out: trying again a few times
// is what people want, and the machine bounds it.
func (c *checker) loops() {
	for _, circle := range circles(c.flow, func(s *State, t Transition) bool {
		k := kindOf(s.Type)
		return !k.waits && !slices.Contains(k.failing, t.Event)
	}) {
		names := make([]string, 0, len(circle))
		for _, s := range circle {
			names = append(names, s.Name)
		}
		if len(names) > 6 {
			names = append(names[:6:6], "…")
		}
		c.warn(statePath(circle[0].Index), "loop", "%s go round without waiting for anybody: unless a split leads out, the execution ends at its limit of steps",
			strings.Join(names, ", "))
	}
}

// circles returns the strongly connected parts of a flow that have a circle (Tarjan's algorithm, without recursion), each in the order
// of the document.
func circles(f *Flow, follow func(*State, Transition) bool) (found [][]*State) {
	type visit struct {
		s    *State
		next int // the transition to look at
	}
	index, low := make([]int, len(f.states)), make([]int, len(f.states)) // from 1; 0: not seen
	on := make([]bool, len(f.states))
	itself := make([]bool, len(f.states))
	var stack []*State
	count := 0
	for _, root := range f.states {
		if index[root.Index] != 0 {
			continue
		}
		work := []visit{{s: root}}
		for len(work) > 0 {
			v := &work[len(work)-1]
			i := v.s.Index
			if v.next == 0 {
				count++
				index[i], low[i], on[i] = count, count, true
				stack = append(stack, v.s)
			}
			if v.next < len(v.s.Transitions) {
				t := v.s.Transitions[v.next]
				v.next++
				to := f.State(t.Next)
				if to == nil || !follow(v.s, t) {
					continue
				}
				switch j := to.Index; {
				case j == i:
					itself[i] = true
				case index[j] == 0:
					work = append(work, visit{s: to})
				case on[j]:
					low[i] = min(low[i], index[j])
				}
				continue
			}
			work = work[:len(work)-1]
			if len(work) > 0 {
				up := work[len(work)-1].s.Index
				low[up] = min(low[up], low[i])
			}
			if low[i] != index[i] {
				continue
			}
			var part []*State
			for done := false; !done; {
				s := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				on[s.Index] = false
				part = append(part, s)
				done = s.Index == i
			}
			if len(part) > 1 || itself[i] {
				slices.SortFunc(part, func(a, b *State) int { return a.Index - b.Index })
				found = append(found, part)
			}
		}
	}
	return found
}
