package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/studio/definition"
	"parley/internal/studio/machine"
	"parley/internal/studio/simulator"
	"parley/internal/studio/template"
)

type flowRunCmd struct {
	File     string            `arg:"" name:"file" help:"A file with a flow definition in JSON."`
	Trigger  string            `name:"trigger" enum:"auto,message,request" default:"auto" help:"What begins it: a message of the customer, or a request of the REST API (${enum})."`
	Message  string            `name:"message" default:"Hi" help:"The customer's first message."`
	Replies  []string          `name:"reply" sep:"none" help:"The customer's next message; /timeout lets the time run out. Without any, you are asked."`
	Params   map[string]string `name:"param" placeholder:"KEY=VALUE" mapsep:"none" help:"A parameter of the request, or of the chat's pre-engagement data."`
	HTTP     string            `name:"http" placeholder:"FILE" help:"What receivers answer: JSON with a list of {method, url, status, content_type, body, times}; * in a url stands for any text."`
	Subflows []string          `name:"subflow" placeholder:"FW…=FILE" sep:"none" help:"The definition of a flow that this one runs."`
	NoTasks  bool              `name:"no-tasks" help:"Let the creation of tasks fail."`
	Start    time.Time         `name:"at" format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME" help:"When it begins, as 2026-01-31T09:00:00Z; default now."`
	Zone     string            `name:"zone" default:"America/Los_Angeles" help:"The time zone of dates in templates."`
	Context  bool              `name:"context" help:"Print the variables at the end, as JSON."`
}

// Run plays the flow. A flow that ends by a failure is one of the command too.
func (c *flowRunCmd) Run(w world) error {
	flow, err := readFlow(c.File)
	if err != nil {
		return err
	}
	subflows, err := readSubflows(c.Subflows)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return err
	}
	doubles, err := readDoubles(c.HTTP)
	if err != nil {
		return err
	}
	now := c.Start
	if now.IsZero() {
		now = time.Now()
	}
	p := machine.Program{FlowSID: "FW00000000000000000000000000000000", Flow: machine.Definition{Revision: 1, Flow: flow}, Subflows: subflows.program()}
	t := newTerminal(w, c, doubles)
	in := c.input(flow)
	if in.Trigger == machine.IncomingMessage {
		t.line("", "%s: %s", simulator.Contact, c.Message)
	}
	state, err := simulator.Play(machine.New(machine.Settings{Template: template.Settings{Zone: zone}}), p, in, t, now)
	if err != nil && !errors.Is(err, simulator.ErrStop) {
		return err
	}
	t.line("", "• %s", machine.Why(&state))
	if c.Context {
		t.line("", "%s", machine.Context(&state))
	}
	if t.err == nil && state.End != nil && state.End.Code != 0 {
		return errors.New("the flow failed")
	}
	return t.err
}

// input is what begins the execution: a message where the flow's trigger leads somewhere on one.
func (c *flowRunCmd) input(flow *definition.Flow) machine.Input {
	parameters := map[string]any{}
	for key, value := range c.Params {
		parameters[key] = value
	}
	request := c.Trigger == "request"
	if first := flow.State(flow.Initial); c.Trigger == "auto" && first != nil {
		message, _ := first.Next(machine.IncomingMessage)
		conversation, _ := first.Next(machine.IncomingConversationMessage)
		byRequest, _ := first.Next(machine.IncomingRequest)
		request = message == "" && conversation == "" && byRequest != ""
	}
	if request {
		return simulator.FromRequest(parameters)
	}
	return simulator.FromMessage(c.Message, parameters)
}

// subflowFiles are flows by SID.
type subflowFiles map[string]*definition.Flow

func readSubflows(list []string) (subflowFiles, error) {
	flows := subflowFiles{}
	for _, one := range list {
		sid, file, ok := strings.Cut(one, "=")
		if !ok || !core.IsSID("FW", sid) {
			return nil, fmt.Errorf("--subflow %s: write the flow's SID, = and a file", one)
		}
		flow, err := readFlow(file)
		if err != nil {
			return nil, err
		}
		flows[sid] = flow
	}
	return flows, nil
}

// known lets a check look into subflows, where some are given.
func (f subflowFiles) known() definition.Known {
	if len(f) == 0 {
		return definition.Known{}
	}
	return definition.Known{Subflow: func(sid, _ string) *definition.Flow { return f[sid] }}
}

func (f subflowFiles) program() map[string]machine.Definition {
	all := map[string]machine.Definition{}
	for sid, flow := range f {
		all[sid] = machine.Definition{Revision: 1, Flow: flow}
	}
	return all
}

func readDoubles(file string) (*simulator.Doubles, error) {
	if file == "" {
		return simulator.NewDoubles(nil), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var list []simulator.Double
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return simulator.NewDoubles(list), nil
}

// terminal is the world of a play: what the flow does is printed, and what it asks for is taken from the flags or asked for.
type terminal struct {
	out     io.Writer
	in      *bufio.Scanner
	ask     bool // somebody sits there, or a script writes to standard input
	prompt  bool // somebody sits there
	colour  bool
	replies []string
	doubles *simulator.Doubles
	noTasks bool
	err     error // of the output
}

func newTerminal(w world, c *flowRunCmd, doubles *simulator.Doubles) *terminal {
	in := bufio.NewScanner(w.stdin)
	in.Buffer(make([]byte, 4<<10), 64<<10)
	_, noColour := os.LookupEnv("NO_COLOR")
	return &terminal{out: w.stdout, in: in, ask: len(c.Replies) == 0, prompt: isTerminal(w.stdin), colour: isTerminal(w.stdout) && !noColour,
		replies: c.Replies, doubles: doubles, noTasks: c.NoTasks}
}

// isTerminal reports whether a stream is a terminal's.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

const (
	grey   = "2"
	bold   = "1"
	yellow = "33"
)

func (t *terminal) line(style, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if t.colour && style != "" {
		text = "\x1b[" + style + "m" + text + "\x1b[0m"
	}
	if _, err := fmt.Fprintln(t.out, text); err != nil && t.err == nil {
		t.err = err
	}
}

// Told prints steps and warnings.
func (t *terminal) Told(steps []machine.Step, warnings []machine.Warning) {
	for _, s := range steps {
		indent := ""
		if s.ParentSID != "" {
			indent = "  "
		}
		t.line(grey, "  %s%s —%s→ %s", indent, s.From, s.Name, s.To)
	}
	for _, w := range warnings {
		t.line(yellow, "! %d in %s: %s", w.Code, w.Widget, w.Message)
	}
}

// Sent prints a message of the flow.
func (t *terminal) Sent(s machine.Send) error {
	text := s.Body
	if s.MediaURL != "" {
		text = strings.TrimSpace(text + " [" + s.MediaURL + "]")
	}
	t.line(bold, "%s: %s", s.From, indented(text))
	return nil
}

// indented sets the lines of a message below the first.
func indented(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	for i := 1; i < len(lines); i++ {
		if lines[i] = strings.TrimRight(lines[i], "\r"); lines[i] != "" {
			lines[i] = "    " + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

// Task prints a task.
func (t *terminal) Task(task machine.Task) error {
	what := "task"
	if task.Handover {
		what = "task, and the chat goes to agents"
	}
	t.line(bold, "+ %s: workflow %s, channel %s, attributes %s%s%s", what, task.Workflow, task.Channel, task.Attributes,
		number(", timeout ", task.Timeout), number(", priority ", task.Priority))
	if t.noTasks {
		return errors.New("no tasks, as asked")
	}
	return nil
}

func number(label string, n *int64) string {
	if n == nil {
		return ""
	}
	return label + strconv.FormatInt(*n, 10)
}

// Reply takes the next reply of the flags, else asks for one. A script that has no more lets the time run out.
func (t *terminal) Reply(e machine.Effect) (string, bool, error) {
	text, ok := "", false
	switch {
	case len(t.replies) > 0:
		text, t.replies, ok = t.replies[0], t.replies[1:], true
	case t.ask:
		text, ok = t.question("customer> ")
		if !ok && t.prompt {
			return "", false, simulator.ErrStop
		}
	}
	switch {
	case text == "/end":
		return "", false, simulator.ErrStop
	case !ok || text == "/timeout":
		t.line("", "… no reply until %s", e.Deadline.UTC().Format(time.RFC3339))
		return "", true, nil
	}
	if !t.prompt || !t.ask {
		t.line("", "%s: %s", simulator.Contact, text)
	}
	return text, false, nil
}

// question asks the person at the terminal; a script's lines are read without asking.
func (t *terminal) question(prompt string) (string, bool) {
	if t.prompt {
		if _, err := io.WriteString(t.out, prompt); err != nil && t.err == nil {
			t.err = err
		}
	}
	if !t.in.Scan() {
		return "", false
	}
	return strings.TrimRight(t.in.Text(), "\r"), true
}

// Answer takes the double that fits, else asks for a status and a body.
func (t *terminal) Answer(h machine.HTTP) (machine.Answer, error) {
	t.line("", "> %s %s%s", h.Method, h.URL, parametersOf(h))
	a, ok := t.doubles.Answer(h)
	if !ok && t.prompt {
		a, ok = t.askAnswer()
	}
	if !ok {
		t.line("", "< nothing: no double of --http fits")
		return a, errors.New("no double fits")
	}
	if a.TimedOut {
		t.line("", "< nothing in time")
	} else {
		t.line("", "< %d %s", a.Status, strings.TrimSpace(a.Body))
	}
	return a, nil
}

func (t *terminal) askAnswer() (machine.Answer, bool) {
	text, ok := t.question("its answer, as 200 {\"open\": true} (empty: none comes)> ")
	status, body, _ := strings.Cut(strings.TrimSpace(text), " ")
	n, err := strconv.Atoi(status)
	if !ok || err != nil || n < 100 || n > 599 {
		return machine.Answer{}, false
	}
	a := machine.Answer{Status: n, Body: body, ContentType: "text/plain"}
	if json.Valid([]byte(body)) {
		a.ContentType = "application/json"
	}
	return a, true
}

// parametersOf writes what is sent.
func parametersOf(h machine.HTTP) string {
	if h.Body != "" {
		return " " + strings.Join(strings.Fields(h.Body), " ")
	}
	text := ""
	for _, key := range slices.Sorted(maps.Keys(h.Form)) {
		text += fmt.Sprintf(" %s=%q", key, strings.Join(h.Form[key], ","))
	}
	return text
}
