package template

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // the zone of dates must not depend on the machine
	"unicode/utf8"

	"github.com/osteele/liquid/parser"
	"github.com/osteele/liquid/render"
	"github.com/osteele/liquid/tags"
)

const (
	// MaxSource bounds a template, in bytes.
	MaxSource = 64 << 10
	// DefaultZone is where the hosted service's dates were (taskrouter-studio B.4).
	DefaultZone = "America/Los_Angeles"

	defaultMaxBytes = 16 << 10
	defaultMaxLoops = 15
	maxValue        = 64 << 10 // bytes of what a filter or a capture gives
	maxWork         = 1 << 20  // of a rendering: bytes that filters read and write, and source that loops repeat
	maxErrorText    = 200
)

// Settings are the limits of templates; zero values mean the defaults.
type Settings struct {
	Zone     *time.Location // of the filter date; default America/Los_Angeles (taskrouter-studio B.4)
	MaxBytes int            // of a result; default 16384
	MaxLoops int            // rounds of one for; default 15
}

// Error says why a template gave no text, or was cut.
type Error struct {
	Line    int // of the template, from 1; 0: unknown
	Message string
	Cut     bool // the text is there, up to the limit
}

func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	}
	return e.Message
}

// Renderer renders templates. It is safe for use by several goroutines.
type Renderer struct {
	settings Settings
	idle     sync.Pool // of *rendering: making one costs more than most templates do
}

// New returns a renderer.
func New(s Settings) *Renderer {
	if s.Zone == nil {
		s.Zone = pacific()
	}
	if s.MaxBytes <= 0 {
		s.MaxBytes = defaultMaxBytes
	}
	if s.MaxLoops <= 0 {
		s.MaxLoops = defaultMaxLoops
	}
	r := &Renderer{settings: s}
	r.idle.New = func() any { return newRendering(s) }
	return r
}

// rendering takes an idle rendering. One that panicked is not given back.
func (r *Renderer) rendering(now time.Time) *rendering {
	run, _ := r.idle.Get().(*rendering) // it holds nothing else
	run.now, run.work = now, maxWork
	return run
}

var pacific = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation(DefaultZone)
	if err != nil { // it is compiled in
		return time.UTC
	}
	return zone
})

// Render renders a template. Values of vars are what JSON has: nil, bool, int, float64, string, []any and map[string]any; now is what
// the text "now" means to the filter date. The error is an [*Error]; a text that is too long comes cut, together with one.
func (r *Renderer) Render(source string, vars map[string]any, now time.Time) (text string, err error) {
	if !hasTags(source) {
		return cut(source, r.settings.MaxBytes)
	}
	defer func() {
		if p := recover(); p != nil { // the library panics on what it did not expect
			text, err = "", &Error{Message: clean(fmt.Sprint(p))}
		}
	}()
	run := r.rendering(now)
	out := &limited{max: r.settings.MaxBytes}
	fault := run.render(out, source, vars)
	r.idle.Put(run)
	if fault != nil && !out.full {
		return "", fault
	}
	if out.full {
		return out.String(), &Error{Message: fmt.Sprintf("the text is cut at %d bytes", r.settings.MaxBytes), Cut: true}
	}
	return out.String(), nil
}

// Check says whether a template can be parsed; the error is an [*Error].
func Check(source string) (err error) {
	if !hasTags(source) {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = &Error{Message: clean(fmt.Sprint(p))}
		}
	}()
	r := checking()
	run := r.rendering(time.Time{})
	_, fault := run.compile(source)
	r.idle.Put(run)
	if fault != nil {
		return fault
	}
	return nil
}

var checking = sync.OnceValue(func() *Renderer { return New(Settings{}) })

func hasTags(source string) bool {
	return strings.Contains(source, "{{") || strings.Contains(source, "{%")
}

// bindings are the variables with the two names that Liquid knows for nothing.
func bindings(vars map[string]any) map[string]any {
	all := map[string]any{"empty": "", "blank": ""}
	for name, value := range vars {
		all[name] = value
	}
	return all
}

// rendering is one use of a template at a time: loops and filters hold its budget.
type rendering struct {
	settings Settings
	config   render.Config
	now      time.Time
	work     int // that is left
}

func newRendering(s Settings) *rendering {
	r := &rendering{settings: s, config: render.NewConfig()}
	tags.AddStandardTags(&r.config)
	r.config.UnregisterTag("include") // they read files
	r.config.UnregisterTag("render")
	r.config.TemplateStore = nothing{}
	r.blocks(&r.config)
	r.filters(&r.config)
	return r
}

var errWork = errors.New("it does too much work")

// spend takes work from the budget.
func (r *rendering) spend(n int) error {
	if r.work -= n; r.work < 0 {
		return errWork
	}
	return nil
}

func (r *rendering) render(out *limited, source string, vars map[string]any) *Error {
	node, fault := r.compile(source)
	if fault != nil {
		return fault
	}
	if err := render.Render(node, out, bindings(vars), r.config); err != nil {
		return located(err)
	}
	return nil
}

func (r *rendering) compile(source string) (render.Node, *Error) {
	if len(source) > MaxSource {
		return nil, &Error{Message: fmt.Sprintf("the template has %d bytes; at most %d are allowed", len(source), MaxSource)}
	}
	source, fault := normalise(source)
	if fault != nil {
		return nil, fault
	}
	node, err := r.config.Compile(source, parser.SourceLoc{LineNo: 1})
	if err != nil {
		return nil, located(err)
	}
	return node, nil
}

// nothing is a store without templates.
type nothing struct{}

func (nothing) ReadTemplate(string) ([]byte, error) {
	return nil, errors.New("there are no other templates")
}

// located turns an error of the library into ours.
func located(err interface {
	error
	LineNumber() int
	Cause() error
}) *Error {
	message := err.Error()
	if cause := err.Cause(); cause != nil {
		message = cause.Error()
	} else if _, after, ok := strings.Cut(message, "): "); ok { // behind "Liquid error (line 3): "
		message, _, _ = strings.Cut(after, " in {")
	}
	return &Error{Line: err.LineNumber(), Message: clean(message)}
}

// clean takes what [normalise] wrote into a template out of a message.
func clean(message string) string {
	message = strings.NewReplacer(" | "+show, "", "end_for", "endfor", "_for", "for", "end_capture", "endcapture", "_capture", "capture",
		"_break", "break", "_tablerow", "tablerow", "_continue", "continue").Replace(message)
	if len(message) > maxErrorText {
		message, _ = cut(message, maxErrorText)
		message += "…"
	}
	return message
}

// cut bounds a text between two characters.
func cut(text string, n int) (string, error) {
	if len(text) <= n {
		return text, nil
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n], &Error{Message: fmt.Sprintf("the text is cut at %d bytes", n), Cut: true}
}

// limited is a text that refuses to grow beyond a limit.
type limited struct {
	strings.Builder
	max  int
	full bool
}

var errFull = errors.New("the text is too long")

// Write takes as much as there is room for.
func (l *limited) Write(p []byte) (int, error) {
	if room := l.max - l.Len(); len(p) > room {
		l.full = true
		for room > 0 && !utf8.RuneStart(p[room]) {
			room--
		}
		_, _ = l.Builder.Write(p[:room])
		return room, errFull
	}
	return l.Builder.Write(p)
}

// WriteString is Write for a string.
func (l *limited) WriteString(s string) (int, error) {
	if len(s) > l.max-l.Len() {
		return l.Write([]byte(s))
	}
	return l.Builder.WriteString(s)
}

var _ io.StringWriter = (*limited)(nil)
