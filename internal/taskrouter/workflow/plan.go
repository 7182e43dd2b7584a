package workflow

import "parley/internal/taskrouter/expr"

// Plan is a workflow document made ready for walking.
type Plan struct {
	Filters []Filter
	Default *Target // nil: there is none
}

// Filter sends the tasks for which it is true to its targets, of which there is at least one.
type Filter struct {
	Name string
	Text string     // of When, as written
	When *expr.Expr // over bare task attributes; nil: it cannot be parsed and is never true
	// Targets are tried in this order.
	Targets []Target
}

// Target is one step of a task's way: a queue, and which of its workers for how long. Its expressions read task and worker.
type Target struct {
	Queue     string // SID or name as written; inherited from the target before where left out
	Name      string
	Priority  *int64 // nil: the task keeps its own
	Timeout   int64  // seconds; 0: none
	Where     *expr.Expr
	WhereText string     // with Where nil: every worker if empty, else it cannot be parsed and nobody matches
	SkipIf    *expr.Expr // over workers; nil: the target is never skipped
	SkipText  string
	OrderBy   []OrderKey

	// Paths within the task's attributes to the worker who is known already; nil: none is asked for.
	KnownWorker []string // by SID
	KnownName   []string // by friendly name
}

// OrderKey is one part of order_by.
type OrderKey struct {
	Path []string // within the worker's attributes
	Desc bool
}

// Step is a place in a plan. Filter == len(Plan.Filters) stands for the default.
type Step struct{ Filter, Target int }

// At returns the target of a step, nil where the plan has no such step.
func (p *Plan) At(s Step) *Target {
	switch {
	case s.Filter < 0 || s.Target < 0:
		return nil
	case s.Filter < len(p.Filters) && s.Target < len(p.Filters[s.Filter].Targets):
		return &p.Filters[s.Filter].Targets[s.Target]
	case p.isDefault(s):
		return p.Default
	}
	return nil
}

func (p *Plan) isDefault(s Step) bool { return s.Filter == len(p.Filters) && s.Target == 0 }

// Enter returns a task's first step: the first target of the first filter that is true for its attributes, else the default. It is false
// where nothing matches and there is no default (taskrouter-studio A.4.7).
func (p *Plan) Enter(task expr.Object) (Step, bool) {
	if s, ok := p.match(task, 0); ok {
		return s, true
	}
	return p.enterDefault()
}

// Next returns the step after one that was left; it is false where that was the task's last. Left by skip_if (skipped) and every step
// before it too (onlySkips), the default comes last; after a timeout it never does (taskrouter-studio A.4.4, 6 and 7).
// The default itself is not left: it follows itself.
func (p *Plan) Next(task expr.Object, from Step, skipped, onlySkips bool) (Step, bool) {
	below := Step{from.Filter, from.Target + 1}
	switch {
	case p.isDefault(from):
		return p.enterDefault()
	case from.Filter < len(p.Filters) && p.At(below) != nil:
		return below, true
	}
	if s, ok := p.match(task, from.Filter+1); ok {
		return s, true
	}
	if skipped && onlySkips {
		return p.enterDefault()
	}
	return Step{}, false
}

// match finds the first filter from an index on that is true.
func (p *Plan) match(task expr.Object, from int) (Step, bool) {
	for i := max(from, 0); i < len(p.Filters); i++ {
		if when := p.Filters[i].When; when != nil && when.Eval(task) {
			return Step{Filter: i}, true
		}
	}
	return Step{}, false
}

func (p *Plan) enterDefault() (Step, bool) { return Step{Filter: len(p.Filters)}, p.Default != nil }
