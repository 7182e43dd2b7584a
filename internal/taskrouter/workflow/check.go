package workflow

import "fmt"

// maxWarnings bounds what is said of one document.
const maxWarnings = 1000

// Warning is a place of a document that does not do what it seems to do.
type Warning struct {
	Path    string `json:"path"`             // such as task_routing.filters[1].targets[0].expression; empty: the document
	Column  int    `json:"column,omitempty"` // within the expression at Path, in characters from 1; 0: none
	Code    string `json:"code"`             // a short stable word for programs
	Message string `json:"message"`          // what is wrong and what to do
}

// Known says what a document may name. A nil function knows nothing, and nothing is said of such names then.
type Known struct {
	Queue    func(sidOrName string) bool
	Activity func(sid string) bool
}

// Check says what is wrong with a configuration, in the order of the document: every fault of its shape (code "shape"), with which
// [Parse] refuses it; where there is none, whatever would silently never match. It stops at 1000.
func Check(configuration string, known Known) []Warning {
	r := reader{known: known}
	r.read(configuration)
	if len(r.faults) == 0 {
		return r.warnings
	}
	var warnings []Warning
	for _, f := range r.faults {
		message := f.Message
		if f.Path == "" {
			message = f.Error()
		}
		warnings = append(warnings, Warning{Path: f.Path, Code: "shape", Message: message})
	}
	return warnings
}

// CheckQueue says what is wrong with a queue's TargetWorkers, whose paths are those of the worker.
func CheckQueue(expression string) []Warning {
	var r reader
	r.expression("TargetWorkers", expression, inQueue)
	return r.warnings
}

func (r *reader) warn(path string, column int, code, format string, args ...any) {
	if len(r.warnings) < maxWarnings {
		r.warnings = append(r.warnings, Warning{path, column, code, fmt.Sprintf(format, args...)})
	}
}

func (r *reader) queue(path, name string) {
	if r.known.Queue != nil && !r.known.Queue(name) {
		r.warn(path, 0, "unknown_queue", "there is no queue %q", name)
	}
}
