package definition

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/internal/core"
)

const sub = "FW00000000000000000000000000000002"

// flowOf writes a definition of states, whose first is a trigger that messages lead to "a".
func flowOf(states ...string) string {
	all := append([]string{`{"name":"T","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"a"}]}`}, states...)
	return `{"initial_state":"T","states":[` + strings.Join(all, ",") + `]}`
}

// state writes a state; ways are "event>next".
func state(name, kind, properties string, ways ...string) string {
	transitions := make([]string, len(ways))
	for i, way := range ways {
		event, next, _ := strings.Cut(way, ">")
		transitions[i] = fmt.Sprintf(`{"event":%q,"next":%q}`, event, next)
	}
	return fmt.Sprintf(`{"name":%q,"type":%q,"properties":%s,"transitions":[%s]}`, name, kind, properties, strings.Join(transitions, ","))
}

func TestShape(t *testing.T) {
	for name, c := range map[string]struct{ text, path, part string }{
		"no JSON":               {`{"states":`, "#", "ends too early"},
		"JSON and more":         {`{} {}`, "#", "behind its end"},
		"a list":                {`[]`, "#", "must be an object"},
		"nothing":               {``, "#", "not JSON"},
		"too deep":              {strings.Repeat(`{"a":`, 99) + "1" + strings.Repeat("}", 99), "#", "deeper than 64"},
		"too large":             {`"` + strings.Repeat("x", MaxBytes) + `"`, "#", "at most 1048576"},
		"no initial state":      {`{"states":[{"name":"a","type":"trigger"}]}`, "#/initial_state", "required"},
		"no states":             {`{"initial_state":"a"}`, "#/states", "1 to 1000"},
		"empty states":          {`{"initial_state":"a","states":[]}`, "#/states", "1 to 1000"},
		"states by name":        {`{"initial_state":"a","states":{"a":{}}}`, "#/states", "must be a list, not object"},
		"too many states":       {`{"initial_state":"a","states":[` + strings.Repeat(`{},`, 1000) + `{}]}`, "#/states", "there are 1001"},
		"a state is text":       {flowOf(`"a"`), "#/states/1", "must be an object, not string"},
		"no name":               {flowOf(`{"type":"x"}`), "#/states/1/name", "required"},
		"a number for a name":   {flowOf(`{"type":"x","name":7}`), "#/states/1/name", "must be text, not number"},
		"no type":               {flowOf(`{"name":"a"}`), "#/states/1/type", "required"},
		"two of a name":         {flowOf(state("a", "x", "{}"), state("a", "x", "{}")), "#/states/2/name", "taken by state 1"},
		"properties are a list": {flowOf(state("a", "x", "[]")), "#/states/1/properties", "not array"},
		"no event":              {flowOf(`{"name":"a","type":"x","transitions":[{"next":"T"}]}`), "#/states/1/transitions/0/event", "required"},
		"next is an object":     {flowOf(`{"name":"a","type":"x","transitions":[{"event":"e","next":{}}]}`), "#/states/1/transitions/0/next", "not object"},
		"a condition is text":   {flowOf(`{"name":"a","type":"x","transitions":[{"event":"e","conditions":["x"]}]}`), "#/states/1/transitions/0/conditions/0", "not string"},
		"no type of condition":  {flowOf(`{"name":"a","type":"x","transitions":[{"event":"e","conditions":[{}]}]}`), "#/states/1/transitions/0/conditions/0/type", "required"},
		"flags without theirs":  {`{"initial_state":"T","flags":{},"states":[{"name":"T","type":"trigger"}]}`, "#/flags/allow_concurrent_calls", "true or false"},
		"flags are text":        {`{"initial_state":"T","flags":"x","states":[{"name":"T","type":"trigger"}]}`, "#/flags", "not string"},
	} {
		flow, err := Read(c.text)
		fault, ok := errors.AsType[*core.Error](err)
		if flow != nil || !ok || fault.Code != core.CodeStudioDefinition || !strings.Contains(fault.Message, c.path+": ") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if flow, report := Check(c.text, Known{}); flow != nil || !strings.Contains(report.Errors[0].Message, c.part) || report.Errors[0].Path != c.path {
			t.Errorf("%s: %+v", name, report)
		}
	}
}

func TestReadLeniently(t *testing.T) {
	f, err := Read(`{"initial_state":"start","description":null,"flags":null,"version":3,"states":[
		{"name":"start","type":"trigger","transitions":null},
		{"name":"ask-size","type":"new-widget","properties":null,"transitions":[{"event":"e","next":null},{"event":"e","next":"start"}]},
		{"name":"s","type":"split-based-on","properties":{"n":5,"b":true,"o":{"b":1,"a":[1.50,"<"]},"x":null,"variables":[{"key":"k","value":1},{"key":"j","value":"{}","type":"json_object"},{"key":"p","parse_as_json":true},7]},
		 "transitions":[{"event":"match","next":"start","conditions":[{"friendly_name":null,"type":"equal_to","value":3,"arguments":"{{x}}"}]}]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	widget := f.State("ask-size")
	if next, ok := widget.Next("e"); next != "start" || !ok || widget.Type != "new-widget" || f.AllowConcurrentCalls || len(f.States()) != 3 {
		t.Errorf("%+v", widget)
	}
	if _, ok := widget.Next("other"); ok {
		t.Error("an event that is not there")
	}
	s := f.State("s")
	if got := []string{s.Text("n"), s.Text("b"), s.Text("o"), s.Text("x"), s.Text("y")}; !reflect.DeepEqual(got, []string{"5", "true", `{"a":[1.5,"<"],"b":1}`, "", ""}) {
		t.Errorf("%q", got)
	}
	if got := s.Pairs("variables"); !reflect.DeepEqual(got, []Pair{{"k", "1", false}, {"j", "{}", true}, {"p", "", true}}) {
		t.Errorf("%+v", got)
	}
	if got := s.Transitions[0].Conditions; !reflect.DeepEqual(got, []Condition{{"", "equal_to", "3", []string{"{{x}}"}}}) {
		t.Errorf("%+v", got)
	}
}

func TestCheck(t *testing.T) {
	ok := state("a", "send-message", `{"from":"Bot","body":"hi"}`, "sent>")
	for name, c := range map[string]struct {
		text     string
		errors   string // "path code", one a line
		warnings string
	}{
		"nothing wrong":  {text: flowOf(ok)},
		"nothing starts": {text: `{"initial_state":"T","states":[{"name":"T","type":"trigger"}]}`, warnings: "#/states/0 trigger"},
		"references": {text: strings.Replace(flowOf(state("a", "send-message", `{"from":"x"}`, "sent>gone")), `"initial_state":"T"`, `"initial_state":"U"`, 1),
			errors: "#/initial_state reference\n#/states/1/transitions/0/next reference"},
		"no trigger first":  {text: strings.Replace(flowOf(ok), `"initial_state":"T"`, `"initial_state":"a"`, 1), errors: "#/initial_state trigger"},
		"a name for nobody": {text: strings.ReplaceAll(flowOf(ok), `"a"`, `"a b.c"`), warnings: "#/states/1/name name"},
		"what is needed": {text: flowOf(state("a", "send-to-flex", `{"attributes":"[]","timeout":"soon","priority":"{{p}}"}`, "callComplete>b"),
			state("b", "run-function", `{"url":" "}`, "done>")),
			errors:   "#/states/1/properties/workflow required",
			warnings: "#/states/1/properties/attributes json\n#/states/1/properties/timeout number\n#/states/2/properties/url empty\n#/states/2/transitions/0/event event"},
		"names that are unknown": {text: flowOf(state("a", "send-to-flex", `{"workflow":"WWgone","channel":"fax"}`), state("b", "send-to-flex", `{"workflow":"{{w}}","channel":""}`)),
			warnings: "#/states/1/properties/workflow workflow\n#/states/1/properties/channel channel\n#/states/2 unreachable"},
		"a customer's quotation mark": {text: flowOf(state("a", "send-to-flex", `{"workflow":"WW","channel":"chat","attributes":"{\"q\": \"{{ widgets.ask.inbound.Body }}\"}"}`)),
			warnings: "#/states/1/properties/attributes quote"},
		"no customer's quotation mark": {text: flowOf(state("a", "send-to-flex", `{"workflow":"WW","channel":"chat","attributes":"{\"q\": {{ widgets.ask.inbound.Body | to_json }}}"}`))},
		"voice by a chat": {text: flowOf(state("a", "set-variables", `{}`, "next>b"), state("b", "say-play", `{}`, "audioComplete>")),
			errors: "#/states/2/type voice"},
		"voice by a call": {text: strings.Replace(flowOf(ok, state("b", "gather-input-on-call", `{}`)), `"next":"a"}`, `"next":"a"},{"event":"incomingCall","next":"b"}`, 1),
			warnings: "#/states/2 voice"},
		"voice alone": {text: strings.ReplaceAll(flowOf(state("a", "enqueue-call", `{}`)), "incomingMessage", "incomingCall"),
			errors: "#/states/0/transitions/0 voice\n#/states/1/type voice"},
		"widgets of others": {text: flowOf(state("a", "understand", `{}`, "x>b"), state("b", "brand-new", `{}`)),
			warnings: "#/states/1/type unsupported\n#/states/2/type unknown"},
		"a loop": {text: flowOf(state("a", "make-http-request", `{"url":"http://x"}`, "success>b", "failed>a"), state("b", "split-based-on", `{"input":"x"}`, "noMatch>c"),
			state("c", "set-variables", `{}`, "next>a")), warnings: "#/states/1 loop"},
		"a loop that waits": {text: flowOf(state("a", "send-and-wait-for-reply", `{"from":"x"}`, "incomingMessage>b", "deliveryFailure>a"), state("b", "split-based-on", `{"input":"x"}`, "noMatch>a"))},
		"a loop of one": {text: flowOf(state("a", "set-variables", `{"variables":[{"key":""},{"key":"x"},{"key":"x"}]}`, "next>a")),
			warnings: "#/states/1 loop\n#/states/1/properties/variables/0/key key\n#/states/1/properties/variables/2/key key"},
		"templates": {text: flowOf(state("a", "make-http-request", `{"url":"{{ x","method":"PUT","body":"{{ a b }}","parameters":[{"key":"k","value":"{% if %}"}],"offset":{"x":"{{"}}`)),
			warnings: "#/states/1/properties/url template\n#/states/1/properties/method method\n#/states/1/properties/body template\n#/states/1/properties/parameters/0/value template"},
		"conditions": {text: flowOf(`{"name":"a","type":"split-based-on","properties":{"input":"{{x}}"},"transitions":[{"event":"match"},
			{"event":"match","conditions":[{"type":"like","value":"{{","arguments":["{{"]},{"type":"regex","value":"(","arguments":[]}]}]}`),
			warnings: "#/states/1/transitions/0 condition\n#/states/1/transitions/1/conditions/0/type condition\n#/states/1/transitions/1/conditions/0/value template\n" +
				"#/states/1/transitions/1/conditions/0/arguments/0 template\n#/states/1/transitions/1/conditions/1/value condition\n#/states/1/transitions/1/conditions/1/arguments condition"},
		"subflows": {text: flowOf(state("a", "run-subflow", `{"flow_sid":"{{ x }}"}`, "completed>b"), state("b", "run-subflow", `{"flow_sid":"`+sub+`","flow_revision":"newest"}`, "completed>c"),
			state("c", "run-subflow", `{"flow_sid":"`+sub+`","flow_revision":"3"}`, "completed>d"), state("d", "run-subflow", `{"flow_sid":"`+sub+`"}`, "completed>e"),
			state("e", "run-subflow", `{"flow_sid":"FW00000000000000000000000000000009"}`, "failed>")),
			errors: "#/states/1/properties/flow_sid subflow\n#/states/2/properties/flow_revision subflow\n#/states/3/properties/flow_sid subflow\n" +
				"#/states/4/properties/flow_revision subflow\n#/states/5/properties/flow_sid subflow",
			warnings: "#/states/3/properties/flow_sid subflow"},
	} {
		nested, err := Read(flowOf(state("a", "run-subflow", `{"flow_sid":"`+sub+`"}`)))
		if err != nil {
			t.Fatal(err)
		}
		flow, report := Check(c.text, Known{
			Workflow: func(sid string) bool { return sid == "WW" }, TaskChannel: func(name string) bool { return name == "chat" },
			Subflow: func(sid, revision string) *Flow {
				if sid == sub {
					return nested
				}
				return nil
			},
		})
		if flow == nil || brief(report.Errors) != c.errors || brief(report.Warnings) != c.warnings {
			t.Errorf("%s:\n%s\n--\n%s\n%+v", name, brief(report.Errors), brief(report.Warnings), report)
		}
		if err := report.Err(); (err == nil) != (c.errors == "") || report.Valid() != (err == nil) {
			t.Errorf("%s: Err is %v", name, err)
		}
	}
}

func brief(list []Finding) string {
	lines := make([]string, len(list))
	for i, f := range list {
		lines[i] = f.Path + " " + f.Code
	}
	return strings.Join(lines, "\n")
}

func TestFindingsNameTheirPlace(t *testing.T) {
	_, report := Check("{\n\"initial_state\": \"T\",\n\"states\": [\n {\"name\": \"T\", \"type\": \"trigger\",\n  \"transitions\": [{\"event\": \"incomingMessage\",\n   \"next\": \"gone\"}]}]}", Known{})
	want := Finding{Message: `there is no state "gone"`, Path: "#/states/0/transitions/0/next", Code: "reference", Line: 6}
	if len(report.Errors) != 1 || report.Errors[0] != want {
		t.Errorf("%+v", report.Errors)
	}
	_, report = Check(flowOf(state("a", "connect-call-to", `{}`)), Known{})
	if message := report.Errors[0].Message; !strings.Contains(message, `connect-call-to needs a call, and Parley carries no voice: remove "a"`) || !strings.Contains(message, "T → a") {
		t.Errorf("%s", message)
	}
	_, report = Check(flowOf(state("a", "send-message", `{"from":"x","body":"1\n2 {{ x y }}"}`)), Known{})
	if message := report.Warnings[0].Message; !strings.Contains(message, "line 2: syntax error") {
		t.Errorf("%s", message)
	}
}

func TestCountsOfSubflows(t *testing.T) {
	var widgets, flows, many []string
	for i := range 151 {
		widgets = append(widgets, state(fmt.Sprint("w", i), "run-subflow", `{"flow_sid":"`+sub+`"}`))
	}
	for i := range 51 {
		flows = append(flows, state(fmt.Sprint("w", i), "run-subflow", fmt.Sprintf(`{"flow_sid":"FW%032x"}`, i)))
	}
	for i := range 998 {
		many = append(many, state(fmt.Sprint("w", i), "set-variables", "{}"))
	}
	large, err := Read(flowOf(many...))
	if err != nil {
		t.Fatal(err)
	}
	runs := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, state(fmt.Sprint("s", i), "run-subflow", fmt.Sprintf(`{"flow_sid":"FW%032x"}`, i)))
		}
		return flowOf(append(list, many[:998-n]...)...)
	}
	for _, c := range []struct{ text, part string }{
		{flowOf(widgets...), "151 widgets run subflows; at most 150 may"},
		{flowOf(flows...), "51 flows are run as subflows; at most 50 may be"},
		{runs(2), "the flow has 2997 widgets with those of its subflows; at most 2000"},
		{runs(1), "the flow has 1998 widgets with those of its subflows; more than 2000 are refused"},
	} {
		_, report := Check(c.text, Known{Subflow: func(string, string) *Flow { return large }})
		found := false
		for _, f := range append(report.Errors, report.Warnings...) {
			found = found || f.Path == "#/states" && strings.Contains(f.Message, c.part)
		}
		if !found {
			t.Errorf("%q is not among %d errors, %d warnings: %+v", c.part, len(report.Errors), len(report.Warnings), report.Errors)
		}
		if len(report.Warnings) > maxFindings {
			t.Errorf("%d warnings", len(report.Warnings))
		}
	}
	f, err := Read(flowOf(flows...))
	if err != nil {
		t.Fatal(err)
	}
	if list := f.Subflows(); len(list) != 51 || list[0] != (Subflow{"FW00000000000000000000000000000000", "LatestPublished", "w0"}) {
		t.Errorf("%+v", list)
	}
}

// Documents that are as bad as their size allows are read in a time that their size allows.
func TestMuchThatIsWrong(t *testing.T) {
	many := func(n int, format string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = fmt.Sprintf(format, i)
		}
		return strings.Join(parts, ",")
	}
	for name, text := range map[string]string{
		"templates":   flowOf(state("a", "send-message", "{"+many(5_000, `"k%d":"{{"`)+"}")),
		"transitions": flowOf(`{"name":"a","type":"split-based-on","properties":{"input":"x"},"transitions":[` + many(1000, `{"event":"e%d","next":"gone"}`) + `]}`),
		"conditions":  flowOf(`{"name":"a","type":"split-based-on","properties":{"input":"x"},"transitions":[{"event":"match","conditions":[` + many(5_000, `{"type":"like%d"}`) + `]}]}`),
		"states":      flowOf(many(999, `{"name":"s%d","type":"x"}`)),
		"names":       flowOf(many(999, `{"name":"s","type":"x%d"}`)),
		"parameters":  flowOf(state("a", "set-variables", `{"variables":[`+many(5_000, `{"key":"","value":"%d"}`)+`]}`)),
		"one circle":  flowOf(strings.ReplaceAll(many(998, `{"name":"s%[1]d","type":"set-variables","transitions":[{"event":"next","next":"s+%[1]d"}]}`), "s+", "s")),
	} {
		start := time.Now()
		flow, report := Check(text, Known{})
		if len(report.Errors)+len(report.Warnings) == 0 || len(report.Errors) > maxFindings || len(report.Warnings) > maxFindings {
			t.Errorf("%s: %d errors, %d warnings", name, len(report.Errors), len(report.Warnings))
		}
		if took := time.Since(start); took > 20*time.Second { // some hundred milliseconds on an idle machine
			t.Errorf("%s took %s", name, took)
		}
		if flow != nil && len(Diff(flow, flow)) > 0 {
			t.Errorf("%s differs from itself", name)
		}
	}
}

// The flows of the machine's tests: all but the one for calls can be published, and nothing is said of them.
func TestDeployedShapes(t *testing.T) {
	files, err := filepath.Glob("../machine/testdata/*.json")
	if err != nil || len(files) < 11 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		flow, report := Check(string(text), Known{})
		if voice := strings.Contains(file, "voice"); flow == nil || report.Valid() == voice || len(report.Warnings) > 0 {
			t.Errorf("%s: %+v", file, report)
		}
		if changes := Diff(flow, flow); len(changes) > 0 {
			t.Errorf("%s: %v", file, changes)
		}
	}
}

func FuzzCheck(f *testing.F) {
	files, err := filepath.Glob("../machine/testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(flowOf(state("a", "run-subflow", `{"flow_sid":"`+sub+`"}`, "completed>a")))
	f.Fuzz(func(t *testing.T, text string) {
		flow, report := Check(text, Known{})
		again, err := Read(text)
		if (flow == nil) != (again == nil) || flow == nil && report.Valid() || (again == nil) != (err != nil) {
			t.Fatalf("Check: %+v; Read: %v", report, err)
		}
		if len(report.Errors) > maxFindings || len(report.Warnings) > maxFindings {
			t.Errorf("%d errors, %d warnings", len(report.Errors), len(report.Warnings))
		}
		for _, finding := range append(report.Errors, report.Warnings...) {
			if finding.Line < 1 || !strings.HasPrefix(finding.Path, "#") || finding.Message == "" || finding.Code == "" {
				t.Errorf("%+v", finding)
			}
		}
		if flow != nil && len(Diff(flow, again)) > 0 {
			t.Errorf("differs from itself: %v", Diff(flow, again))
		}
	})
}
