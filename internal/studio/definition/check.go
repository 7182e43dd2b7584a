package definition

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"parley/internal/core"
	"parley/internal/studio/template"
)

// maxFindings bounds what is said of one document, errors and warnings each.
const maxFindings = 200

// Finding is something that is wrong with a definition, in the form of the answer to Validate (taskrouter-studio B.1).
type Finding struct {
	Message string `json:"message"`       // what is wrong and what to do
	Path    string `json:"property_path"` // such as "#/states/3/transitions/0/next"; "#" for the document
	Code    string `json:"-"`             // a short stable word for programs, such as "voice"
	Line    int    `json:"-"`             // of the text, from 1
}

// Report is what [Check] found, in the order of the document.
type Report struct {
	Errors   []Finding // the flow cannot be published
	Warnings []Finding // it can, and does not do what it seems to do
}

// Valid reports whether the flow can be published.
func (r Report) Valid() bool { return len(r.Errors) == 0 }

// Err returns nil for a valid flow, else 81022 with the findings as details.errors and details.warnings.
func (r Report) Err() error {
	if r.Valid() {
		return nil
	}
	err := core.Ef(core.CodeStudioDefinition, "The flow definition is not valid: %s: %s", r.Errors[0].Path, r.Errors[0].Message)
	if more := len(r.Errors) - 1; more > 0 {
		err.Message += fmt.Sprintf(" (and %d more)", more)
	}
	err.Details = map[string]any{"errors": r.Errors, "warnings": append([]Finding{}, r.Warnings...)}
	return err
}

// Known says what a definition may name. A nil function knows nothing, and nothing is said of such names then.
type Known struct {
	Workflow    func(sid string) bool
	TaskChannel func(sidOrUniqueName string) bool
	// Subflow returns the definition of another flow at a revision as Subflow.Revision has it; nil: there is none.
	Subflow func(flowSID, revision string) *Flow
}

// Check says what is wrong with a definition; the flow is nil where its shape is.
func Check(text string, known Known) (*Flow, Report) {
	r := reader{source: text}
	flow := r.read()
	if flow == nil {
		return nil, r.finish()
	}
	c := checker{reader: &r, known: known}
	c.names()
	for _, s := range flow.states {
		c.widget(s)
	}
	c.subflows()
	c.graph() // last: of a flow that is not connected yet it says much
	return flow, r.finish()
}

type checker struct {
	*reader
	known Known
}

// names checks what refers to a state, and what states are called.
func (c *checker) names() {
	f := c.flow
	first := f.State(f.Initial)
	switch {
	case first == nil:
		c.fault("#/initial_state", "reference", "there is no state %q", f.Initial)
	case first.Type != "trigger":
		c.fault("#/initial_state", "trigger", "%q is a %s; a flow begins with its trigger", f.Initial, first.Type)
	}
	for _, s := range f.states {
		if strings.ContainsAny(s.Name, ". \t\r\n") {
			c.warn(statePath(s.Index)+"/name", "name", "templates cannot name %q: use letters, digits, _ and -", s.Name)
		}
		for j, t := range s.Transitions {
			if t.Next != "" && f.State(t.Next) == nil {
				c.fault(fmt.Sprintf("%s/transitions/%d/next", statePath(s.Index), j), "reference", "there is no state %q", t.Next)
			}
		}
	}
}

// widget checks one state by itself.
func (c *checker) widget(s *State) {
	path := statePath(s.Index)
	k := kindOf(s.Type)
	if k.support != runs {
		return // graph says it, where it matters
	}
	for _, key := range k.required {
		value, there := s.properties[key]
		switch {
		case !there || value == nil:
			c.fault(path+"/properties/"+key, "required", "%s needs %s", s.Type, key)
		case strings.TrimSpace(text(value)) == "":
			c.warn(path+"/properties/"+key, "empty", "%s is empty: the widget fails whenever it runs", key)
		}
	}
	for j, t := range s.Transitions {
		at := fmt.Sprintf("%s/transitions/%d", path, j)
		if !slices.Contains(k.events, t.Event) && !slices.Contains(k.failing, t.Event) {
			c.warn(at+"/event", "event", "a %s never gives the event %q; it gives %s", s.Type, t.Event, strings.Join(slices.Concat(k.events, k.failing), ", "))
		}
		c.conditions(at, s, t)
	}
	c.texts(path+"/properties", s.properties, "offset")
	c.values(path+"/properties", s)
}

func (c *checker) conditions(path string, s *State, t Transition) {
	if s.Type == "split-based-on" && t.Event == "match" && len(t.Conditions) == 0 {
		c.warn(path, "condition", "a match without conditions never matches")
	}
	for i, condition := range t.Conditions {
		at := fmt.Sprintf("%s/conditions/%d", path, i)
		if !conditionKnown(condition.Type) {
			c.warn(at+"/type", "condition", "the condition %q is unknown: it never matches", condition.Type)
		}
		if len(condition.Arguments) == 0 {
			c.warn(at+"/arguments", "condition", "the condition has no argument: it tests the widget's input")
		}
		c.template(at+"/value", condition.Value)
		for j, argument := range condition.Arguments {
			c.template(fmt.Sprintf("%s/arguments/%d", at, j), argument)
		}
		if condition.Type == "regex" && static(condition.Value) {
			if _, err := CompilePattern(condition.Value); err != nil {
				c.warn(at+"/value", "condition", "it never matches: %v", err)
			}
		}
	}
}

// CompilePattern compiles the value of a regex condition: the whole input must match, in any letter case (taskrouter-studio B.3).
func CompilePattern(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`(?is)\A(?:` + strings.TrimSpace(pattern) + `)\z`)
}

// texts checks every template in a value.
func (c *checker) texts(path string, v any, except string) {
	switch v := v.(type) {
	case string:
		c.template(path, v)
	case []any:
		for i, item := range v {
			c.texts(fmt.Sprintf("%s/%d", path, i), item, "")
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key != except {
				c.texts(path+"/"+key, v[key], "")
			}
		}
	}
}

func (c *checker) template(path, source string) {
	if err := template.Check(source); err != nil {
		c.warn(path, "template", "it is rendered as nothing: %v", err)
	}
}

// values checks properties whose value is known without running the flow.
func (c *checker) values(path string, s *State) {
	switch s.Type {
	case "send-and-wait-for-reply", "add-twiml-redirect":
		c.seconds(path, s, "timeout")
	case "send-to-flex", "create-task":
		c.seconds(path, s, "timeout")
		c.seconds(path, s, "priority")
		c.outside(path, s)
		c.attributes(path+"/attributes", s.Text("attributes"))
	case "make-http-request":
		if method := strings.ToUpper(s.Text("method")); method != "" && method != "GET" && method != "POST" {
			c.warn(path+"/method", "method", "%s is sent as POST; only GET and POST are known", method)
		}
	case "set-variables":
		c.variables(path+"/variables", s)
	}
}

func (c *checker) seconds(path string, s *State, key string) {
	value := strings.TrimSpace(s.Text(key))
	if value == "" || !static(value) {
		return
	}
	if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < 0 || n > 1<<31-1 {
		c.warn(path+"/"+key, "number", "%q is not a whole number from 0 on: the default is used", clip(value))
	}
}

// outside checks what a widget names outside of the flow.
func (c *checker) outside(path string, s *State) {
	if name := s.Text("workflow"); c.known.Workflow != nil && name != "" && static(name) && !c.known.Workflow(name) {
		c.warn(path+"/workflow", "workflow", "there is no workflow %q: the widget fails whenever it runs", clip(name))
	}
	if name := s.Text("channel"); c.known.TaskChannel != nil && name != "" && static(name) && !c.known.TaskChannel(name) {
		c.warn(path+"/channel", "channel", "there is no task channel %q: the widget fails whenever it runs", clip(name))
	}
}

var freeText = regexp.MustCompile(`"[^"{}]*\{\{[^}|]*(\.inbound\.Body|trigger\.(message|conversation)\.Body)\s*\}\}`)

// attributes warns of a task's attributes that are no JSON object, or stop being one by what a customer writes (taskrouter-studio B.4).
func (c *checker) attributes(path, attributes string) {
	if strings.TrimSpace(attributes) == "" {
		return
	}
	if static(attributes) {
		var o map[string]json.RawMessage
		if json.Unmarshal([]byte(attributes), &o) != nil {
			c.warn(path, "json", "the attributes are not a JSON object: the widget fails whenever it runs")
		}
		return
	}
	if freeText.MatchString(attributes) {
		c.warn(path, "quote", "a quotation mark in what the customer wrote breaks this JSON: write {{ … | to_json }} and leave out the quotation marks around it")
	}
}

func (c *checker) variables(path string, s *State) {
	seen := map[string]bool{}
	for i, p := range s.Pairs("variables") {
		at := fmt.Sprintf("%s/%d/key", path, i)
		switch {
		case p.Key == "":
			c.warn(at, "key", "a variable without a name is not set")
		case seen[p.Key]:
			c.warn(at, "key", "the variable %q is set twice: the last value counts", p.Key)
		}
		seen[p.Key] = true
	}
}

// static reports whether a text is the same whenever it is rendered.
func static(text string) bool { return !strings.Contains(text, "{{") && !strings.Contains(text, "{%") }

func clip(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return s
}
