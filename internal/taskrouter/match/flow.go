package match

import (
	"slices"

	"parley/internal/taskrouter/workflow"
)

// flow is a workflow with what its steps need to be matched.
type flow struct {
	Workflow
	aims map[workflow.Step]*aim // made when a task first needs them
}

// aim is a target, and what of a task decides which workers it suits.
type aim struct {
	*workflow.Target
	reads    [][]string // paths in the task's attributes
	byLoad   bool       // it also depends on what workers have to do
	fleeting bool       // so does that, or the order of the workers whom it suits
}

// anybody is the aim of tasks that have no step: nothing but queue and routing target decides.
var anybody = &aim{Target: &workflow.Target{}}

func newFlow(w Workflow) *flow { return &flow{w, map[workflow.Step]*aim{}} }

// at returns the aim of a step.
func (f *flow) at(s workflow.Step) *aim {
	if a := f.aims[s]; a != nil {
		return a
	}
	target := f.Plan.At(s)
	if target == nil {
		return anybody
	}
	a := &aim{Target: target}
	if target.Where != nil {
		for _, path := range target.Where.Paths() {
			if path[0] == "task" {
				a.reads = append(a.reads, path[1:])
			}
		}
		a.byLoad = ReadsLoad(target.Where)
	}
	a.fleeting = a.byLoad || slices.ContainsFunc(target.OrderBy, func(k workflow.OrderKey) bool { return k.Path[0] == "channel" })
	f.aims[s] = a
	return a
}

// never reports whether the aim has a condition that cannot be parsed, and so suits nobody (taskrouter-studio A.4).
func (a *aim) never() bool { return a.Where == nil && a.WhereText != "" }
