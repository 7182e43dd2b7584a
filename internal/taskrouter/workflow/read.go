package workflow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"parley/internal/taskrouter/expr"
)

// MaxBytes is the bound of a document (taskrouter-studio A.2).
const MaxBytes = 1_038_576

const maxInteger = 1<<31 - 1 // of a priority, and of a timeout in seconds

// ShapeError says that a document is not shaped as a workflow is.
type ShapeError struct {
	Path    string // such as task_routing.filters[1].targets; empty: the document
	Message string
}

func (e *ShapeError) Error() string {
	if e.Path == "" {
		return "the configuration " + e.Message
	}
	return e.Path + " " + e.Message
}

// Parse reads a workflow's configuration: JSON of at most [MaxBytes]. The error is a [*ShapeError] for the first fault of the shape. It
// takes numbers also as text, the filters also without task_routing around them, and a filter's name in its three spellings
// (taskrouter-studio A.4).
func Parse(configuration string) (*Plan, error) {
	var r reader
	plan := r.read(configuration)
	if len(r.faults) > 0 {
		return nil, r.faults[0]
	}
	return plan, nil
}

// reader reads a document and collects on its way what [Check] says of it. After a fault it goes on with zero values, to find the others.
type reader struct {
	known    Known
	warnings []Warning
	faults   []*ShapeError
}

// refuse notes a fault of the shape; of one place only the first is told.
func (r *reader) refuse(path, format string, args ...any) {
	if n := len(r.faults); n < maxWarnings && (n == 0 || r.faults[n-1].Path != path) {
		r.faults = append(r.faults, &ShapeError{path, fmt.Sprintf(format, args...)})
	}
}

func (r *reader) read(configuration string) *Plan {
	if len(configuration) > MaxBytes {
		r.refuse("", "has %d bytes; at most %d are allowed", len(configuration), MaxBytes)
		return nil
	}
	document, err := parseJSON(configuration)
	if err != nil {
		r.refuse("", "%v", err)
		return nil
	}
	routing, path := document, ""
	if document.has("task_routing") || !document.has("filters") && !document.has("default_filter") {
		path = "task_routing"
		o := r.object("", document, path)
		if routing = o[path]; o != nil && routing.kind == "" {
			r.refuse(path, "is missing")
		}
	}
	o := r.object(path, routing, "filters", "default_filter")
	plan := &Plan{}
	matched := false // every task matches one of the filters
	ended := false   // and does not leave it
	for i, v := range r.array(path, o, "filters") {
		at := fmt.Sprintf("%s[%d]", join(path, "filters"), i)
		if ended {
			r.warn(at, 0, "unreachable", "no task gets here: a filter above is always true and has a target that is never left")
		}
		filter := r.filter(at, v)
		if always(filter.When, true) {
			matched = true
			ended = ended || slices.ContainsFunc(filter.Targets, endless)
		}
		plan.Filters = append(plan.Filters, filter)
	}
	if plan.Default = r.defaultFilter(path, o); plan.Default == nil && !matched {
		r.warn(join(path, "default_filter"), 0, "no_default",
			"it is missing: a task that matches no filter leaves the workflow; name a queue for these")
	}
	return plan
}

func (r *reader) filter(path string, v value) Filter {
	o := r.object(path, v, "filter_friendly_name", "friendlyName", "friendly_name", "expression", "targets")
	f := Filter{Text: r.text(path, o, "expression")}
	for _, key := range []string{"filter_friendly_name", "friendlyName", "friendly_name"} {
		if f.Name == "" {
			f.Name = r.text(path, o, key)
		}
	}
	f.When = r.expression(join(path, "expression"), f.Text, inFilter)
	at := join(path, "targets")
	targets := r.array(path, o, "targets")
	if len(targets) == 0 && o != nil {
		r.refuse(at, "must have at least one target")
	}
	ended := false
	for i, v := range targets {
		at := fmt.Sprintf("%s[%d]", at, i)
		if ended {
			r.warn(at, 0, "unreachable", "no task gets here: a target above has neither a timeout nor a skip_if that could be true")
		}
		inherited := ""
		if i > 0 {
			inherited = f.Targets[i-1].Queue
		}
		target := r.target(at, v, inherited)
		r.delay(at, target)
		ended = ended || endless(target)
		f.Targets = append(f.Targets, target)
	}
	return f
}

// target reads a target; queue is the one that it inherits.
func (r *reader) target(path string, v value, queue string) Target {
	o := r.object(path, v, "queue", "friendly_name", "priority", "timeout", "expression", "order_by", "skip_if",
		"known_worker_sid", "known_worker_friendly_name")
	t := Target{
		Queue: r.text(path, o, "queue"), Name: r.text(path, o, "friendly_name"), Priority: r.integer(path, o, "priority"),
		WhereText: r.condition(path, o, "expression"), SkipText: r.condition(path, o, "skip_if"),
	}
	if t.Queue != "" {
		r.queue(join(path, "queue"), t.Queue)
	} else if t.Queue = queue; queue == "" && o != nil {
		r.refuse(join(path, "queue"), "is missing: name a queue's SID, which later targets inherit")
	}
	if timeout := r.integer(path, o, "timeout"); timeout != nil {
		if t.Timeout = *timeout; t.Timeout == 0 {
			r.warn(join(path, "timeout"), 0, "timeout", "0 is no timeout, the task stays: use 1 or more seconds, or skip_if to go on at once")
		}
	}
	if t.WhereText != "" {
		t.Where = r.expression(join(path, "expression"), t.WhereText, inTarget)
	}
	if t.SkipText != "" {
		t.SkipIf = r.expression(join(path, "skip_if"), t.SkipText, inSkip)
	}
	t.OrderBy = r.orderBy(join(path, "order_by"), r.text(path, o, "order_by"))
	t.KnownWorker = r.knownWorker(path, o, "known_worker_sid")
	t.KnownName = r.knownWorker(path, o, "known_worker_friendly_name")
	return t
}

// defaultFilter reads the default, which a task never leaves (taskrouter-studio A.4.7).
func (r *reader) defaultFilter(path string, o map[string]value) *Target {
	at := join(path, "default_filter")
	v := o["default_filter"]
	if v.kind == "" || v.kind == "null" {
		return nil
	}
	t := r.target(at, v, "")
	if t.Timeout > 0 {
		r.warn(join(at, "timeout"), 0, "default", "the default has no timeout, a task waits in it: make it a last filter with 1==1 instead")
	}
	if t.SkipText != "" {
		r.warn(join(at, "skip_if"), 0, "default", "the default is never skipped: make it a last filter with 1==1 instead")
	}
	t.Timeout, t.SkipIf, t.SkipText = 0, nil, ""
	r.delay(at, t)
	return &t
}

// orderBy reads keys such as "worker.routing.levels.es DESC", with commas between; a key that cannot be read is left out.
func (r *reader) orderBy(path, text string) (keys []OrderKey) {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		words := strings.Fields(part)
		desc := len(words) == 2 && strings.EqualFold(words[1], "DESC")
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && !desc && !strings.EqualFold(words[1], "ASC") {
			r.warn(path, 0, "order_by", "%q is passed over: write worker.<attribute> ASC or DESC", strings.TrimSpace(part))
			continue
		}
		key, ok := expr.ParsePath(words[0])
		if !ok || len(key) < 2 || key[0] != "worker" {
			r.warn(path, 0, "order_by", "%q is passed over: it is no worker attribute; write worker.<attribute>", words[0])
			continue
		}
		keys = append(keys, OrderKey{key[1:], desc})
	}
	return keys
}

// knownWorker reads a reference such as task.preferred_agent. Anything else refers to nothing, as if it were left out.
func (r *reader) knownWorker(path string, o map[string]value, key string) []string {
	text := strings.TrimSpace(r.text(path, o, key))
	if text == "" {
		return nil
	}
	reference, ok := expr.ParsePath(text)
	if !ok || len(reference) < 2 || reference[0] != "task" {
		r.warn(join(path, key), 0, "known_worker", "%q is passed over: it must refer to an attribute of the task that holds the worker, such as task.agent", text)
		return nil
	}
	return reference[1:]
}

// object returns the members of an object; a key that is written twice has its last value, as everywhere in JSON.
func (r *reader) object(path string, v value, keys ...string) map[string]value {
	if v.kind != "object" {
		if v.kind != "" {
			r.refuse(path, "must be an object, not %s", v.kind)
		}
		return nil
	}
	o := make(map[string]value, len(v.members))
	for _, m := range v.members {
		if _, twice := o[m.key]; twice {
			r.warn(join(path, m.key), 0, "duplicate_key", "the key is written twice, and only the last counts: remove one")
		}
		if !slices.Contains(keys, m.key) {
			r.warn(join(path, m.key), 0, "unknown_key", "the key means nothing here; known are %s", strings.Join(keys, ", "))
		}
		o[m.key] = m.value
	}
	return o
}

func (r *reader) array(path string, o map[string]value, key string) []value {
	v := o[key]
	if v.kind != "array" && v.kind != "null" && v.kind != "" {
		r.refuse(join(path, key), "must be an array, not %s", v.kind)
	}
	return v.items
}

func (r *reader) text(path string, o map[string]value, key string) string {
	v := o[key]
	if v.kind != "string" && v.kind != "null" && v.kind != "" {
		r.refuse(join(path, key), "must be a string, not %s", v.kind)
		return ""
	}
	return v.text
}

// condition reads an expression that may be left out; blanks alone leave it out too.
func (r *reader) condition(path string, o map[string]value, key string) string {
	text := r.text(path, o, key)
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return text
}

// integer reads a number from 0 on that may be written as text; nil where there is none.
func (r *reader) integer(path string, o map[string]value, key string) *int64 {
	v := o[key]
	if v.kind == "" || v.kind == "null" {
		return nil
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil || n < 0 || n > maxInteger {
		r.refuse(join(path, key), "must be an integer from 0 to %d", maxInteger)
		return nil
	}
	return &n
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
