package workflow

import "parley/internal/taskrouter/expr"

// scope is where an expression stands, which decides what it can read (taskrouter-studio A.5).
type scope int

const (
	inQueue scope = iota
	inFilter
	inTarget
	inSkip
)

// always reports whether an expression has a value whatever it reads.
func always(e *expr.Expr, value bool) bool {
	if e == nil {
		return !value
	}
	constant, ok := e.Always()
	return ok && constant == value
}

// endless reports whether a task never leaves a target but by a reservation.
func endless(t Target) bool {
	return t.Timeout == 0 && always(t.SkipIf, false)
}

// delay warns of a target that holds its tasks for nobody.
func (r *reader) delay(path string, t Target) {
	if t.WhereText != "" && always(t.Where, false) && endless(t) {
		r.warn(join(path, "expression"), 0, "never", "it is never true and the target is never left: a task waits here until it expires")
	}
}
