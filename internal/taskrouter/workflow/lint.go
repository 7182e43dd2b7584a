package workflow

import (
	"errors"
	"regexp"
	"strings"

	"parley/internal/taskrouter/expr"
)

// scope is where an expression stands, which decides what it can read (taskrouter-studio A.5).
type scope int

const (
	inQueue scope = iota
	inFilter
	inTarget
	inSkip
)

// expression parses an expression, nil where it cannot be, and says what is wrong with it.
func (r *reader) expression(path, text string, in scope) *expr.Expr {
	e, err := expr.Parse(text)
	if fault, ok := errors.AsType[*expr.SyntaxError](err); ok {
		r.warn(path, fault.Column, "syntax", "it is never true: %s", fault.Message)
		return nil
	}
	before := len(r.warnings)
	for _, f := range e.Lint() {
		r.warnAt(path, e, f.Offset, f.Code, "%s", f.Message)
	}
	for _, read := range e.Reads() {
		r.scope(path, e, read, in)
	}
	switch {
	case strings.TrimSpace(text) == "":
		r.warn(path, 0, "never", "an empty expression is never true: write 1==1 if it shall always be")
	case in == inFilter && len(r.warnings) == before && always(e, false):
		r.warn(path, 0, "never", "the filter is never true: remove it")
	}
	return e
}

func (r *reader) warnAt(path string, e *expr.Expr, offset int, code, format string, args ...any) {
	if len(r.warnings) < maxWarnings { // a column costs a walk over the text
		r.warn(path, e.Column(offset), code, format, args...)
	}
}

// scope warns of a path that is always NULL where it stands.
func (r *reader) scope(path string, e *expr.Expr, read expr.Read, in scope) {
	root, name := read.Path[0], strings.Join(read.Path, ".")
	nested := len(read.Path) > 1
	switch {
	case in == inSkip:
		r.skipScope(path, e, read)
	case in == inTarget && root != "task" && root != "worker":
		r.warnAt(path, e, read.Offset, "prefix", "%s is always null here: write task.%[1]s, worker.%[1]s, or '%[1]s' if it is a text", name)
	case in == inTarget && !nested:
		r.warnAt(path, e, read.Offset, "prefix", "%s alone is no value: name an attribute of it", name)
	case in == inFilter && nested && root == "task", in == inQueue && nested && root == "task":
		what := "a filter reads the task's attributes without a prefix: remove task."
		if in == inQueue {
			what = "a queue knows no task: compare with it in the expression of a workflow's target"
		}
		r.warnAt(path, e, read.Offset, "prefix", "%s is always null here: %s", name, what)
	case in == inFilter && nested && root == "worker":
		r.warnAt(path, e, read.Offset, "prefix", "%s is always null here: a filter knows no worker, compare with it in the expression of a target", name)
	}
}

var activitySID = regexp.MustCompile(`^WA[0-9a-fA-F]{32}$`)

func (r *reader) skipScope(path string, e *expr.Expr, read expr.Read) {
	counted := ""
	if len(read.Path) == 2 && read.Path[0] == "workers" {
		counted = read.Path[1]
	}
	switch {
	case counted == "available" || counted == "unavailable":
	case !activitySID.MatchString(counted):
		r.warnAt(path, e, read.Offset, "prefix", "%s is always null here: skip_if reads workers.available, workers.unavailable and workers.<activity SID>",
			strings.Join(read.Path, "."))
	case r.known.Activity != nil && !r.known.Activity(counted):
		r.warnAt(path, e, read.Offset, "unknown_activity", "there is no activity %s", counted)
	}
}

// always reports whether an expression has a value whatever it reads; one that cannot be parsed is always false.
func always(e *expr.Expr, value bool) bool {
	if e == nil {
		return !value
	}
	constant, ok := e.Always()
	return ok && constant == value
}

// endless reports whether a task leaves a target by a reservation only.
func endless(t Target) bool { return t.Timeout == 0 && always(t.SkipIf, false) }

// delay warns of a target that holds its tasks for nobody.
func (r *reader) delay(path string, t Target) {
	if t.WhereText != "" && always(t.Where, false) && endless(t) {
		r.warn(join(path, "expression"), 0, "never", "it is never true and the target is never left: a task waits here until it expires; give a timeout")
	}
}
