package machine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/internal/studio/definition"
)

var now = time.Date(2026, 11, 30, 20, 0, 0, 123456789, time.UTC)

// flow makes a program of states, the first of which "a" a message leads to. A state is "name type event>next event>next", a blank and JSON of its properties.
func flow(t testing.TB, states ...string) Program {
	t.Helper()
	all := []string{`{"name":"T","type":"trigger","transitions":[{"event":"incomingMessage","next":"a"},{"event":"incomingRequest","next":"a"},{"event":"incomingParent","next":"a"}]}`}
	for _, s := range states {
		head, properties, _ := strings.Cut(s, " {")
		words := strings.Fields(head)
		var ways []string
		for _, way := range words[2:] {
			event, next, _ := strings.Cut(way, ">")
			ways = append(ways, fmt.Sprintf(`{"event":%q,"next":%q}`, event, next))
		}
		all = append(all, fmt.Sprintf(`{"name":%q,"type":%q,"properties":{%s,"transitions":[%s]}`, words[0], words[1], strings.TrimPrefix("{"+properties, "{"), strings.Join(ways, ",")))
	}
	f, err := definition.Read(`{"initial_state":"T","states":[` + strings.Join(all, ",") + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	return Program{FlowSID: "FW1", Flow: Definition{1, f}}
}

func input(fields map[string]any) Input {
	return Input{ExecutionSID: "FN1", AccountSID: "AC1", Trigger: IncomingMessage, Message: fields, ContactAddress: "ann", FlowAddress: "Bot"}
}

var hello = input(map[string]any{"Body": "hello", "From": "ann", "ChannelSid": "CH1", "InstanceSid": "IS1", "ChannelAttributes": `{"from":"Ann","channel_type":"web","n":1.0}`})

func codes(list []Warning) (out []int) {
	for _, w := range list {
		out = append(out, w.Code)
	}
	return out
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func TestSendAndWait(t *testing.T) {
	p := flow(t, `a send-and-wait-for-reply incomingMessage>b timeout>c deliveryFailure>c {"body":"Hi {{trigger.message.Body}}","from":"{{flow.channel.address}}","timeout":"{{ 60 | times: 2 }}","attributes":"{\"a\":1}","save_response_as":"answer","media_url":" http://x/y "}`,
		`b set-variables next>c {"variables":[{"key":"x","value":"{{widgets.a.inbound.Body}} {{flow.variables.answer}} {{widgets.a.outbound.Sid}} {{widgets.a.outbound.Body}}"}]}`,
		`c send-message sent> {"body":"{{flow.variables.x}}","from":"B","to":"bob","channel":"CH9","service":"IS9","attributes":"no JSON"}`)
	m := New(Settings{})
	r := m.Start(p, hello, now)
	same(t, "effect", r.Effect, &Effect{ID: 1, Kind: EffectSend, Widget: "a", FlowSID: "FW1",
		Send: &Send{From: "Bot", To: "ann", Service: "IS1", Channel: "CH1", Body: "Hi hello", MediaURL: "http://x/y", Attributes: `{"a":1}`}})
	r = m.Resume(p, r.State, Event{Kind: EventSent, Effect: 1, Fields: map[string]any{"Sid": "IM1"}}, now)
	same(t, "effect", r.Effect, &Effect{ID: 2, Kind: EffectReply, Widget: "a", FlowSID: "FW1", Deadline: now.Truncate(time.Microsecond).Add(2 * time.Minute)})
	waiting := r.State
	if why := Why(&waiting); why != `The widget "a" waits for a reply until 2026-11-30 20:02:00 UTC, and then goes on without one.` {
		t.Error(why)
	}
	r = m.Resume(p, waiting, Event{Kind: EventMessage, Fields: map[string]any{"Body": "fine"}}, now)
	same(t, "the next message", r.Effect.Send, &Send{From: "B", To: "bob", Service: "IS9", Channel: "CH9", Body: "fine fine IM1 Hi hello"})
	same(t, "warnings", codes(r.Warnings), []int{81018})
	r = m.Resume(p, r.State, Event{Kind: EventSendFailed, Effect: 3, Reason: "full"}, now)
	same(t, "end", r.State.End, &End{Reason: "the flow ends here"})
	same(t, "warnings", codes(r.Warnings), []int{81011})
	if why := Why(&r.State); why != "It has ended: the flow ends here." {
		t.Error(why)
	}

	r = m.Resume(p, waiting, Event{Kind: EventTimeout, Effect: 2}, now)
	same(t, "without an answer there is nothing to say", codes(r.Warnings), []int{81018, 81011})
	r = m.Start(flow(t, `a send-and-wait-for-reply deliveryFailure>b {"from":"x","timeout":"9999999999"}`, `b send-and-wait-for-reply {"from":"x","body":"x","timeout":"99999999"}`), hello, now)
	same(t, "an empty message", codes(r.Warnings), []int{81011})
	gone := m.Resume(flow(t, `x set-variables {}`), r.State, Event{Kind: EventSent, Effect: 1}, now)
	same(t, "a program without the widget", gone.State.End.Code, 81022)
}

func TestDeadlineIsNotAfterTheEnd(t *testing.T) {
	p := flow(t, `a send-and-wait-for-reply {"from":"x","body":"x","timeout":"99999999"}`)
	m := New(Settings{Lifetime: time.Hour})
	r := m.Start(p, hello, now)
	r = m.Resume(p, r.State, Event{Kind: EventSent, Effect: 1}, now.Add(time.Minute))
	same(t, "deadline", r.Effect.Deadline, m.Expires(&r.State))
	r = m.Resume(p, r.State, Event{Kind: EventExpired}, now.Add(time.Hour))
	same(t, "end", r.State.End, &End{Reason: "it reached its age of 1h0m0s"})
}

func TestEventsThatMoveNothing(t *testing.T) {
	p := flow(t, `a make-http-request success>b failed>b {"url":"https://user:secret@x.example.com/p?q=secret"}`, `b send-and-wait-for-reply incomingMessage> {"from":"x","body":"x"}`)
	m := New(Settings{})
	r := m.Start(p, hello, now)
	before := encode(r.State)
	if why := Why(&r.State); why != `The widget "a" waits for the answer of https://x.example.com/p, for 10s at most.` {
		t.Error(why)
	}
	for _, c := range []struct {
		event Event
		codes []int
	}{
		{Event{Kind: EventMessage, Fields: map[string]any{"Body": "x"}}, []int{81002}},
		{Event{Kind: EventHTTP, Effect: 2}, nil}, {Event{Kind: EventSent, Effect: 1}, nil}, {Event{Kind: EventTimeout, Effect: 1}, nil},
		{Event{Kind: EventTask, Effect: 1}, nil}, {Event{Kind: "x", Effect: 1}, nil}, {Event{}, nil},
	} {
		got := m.Resume(p, r.State, c.event, now)
		if !got.Ignored || string(encode(got.State)) != string(before) || !reflect.DeepEqual(codes(got.Warnings), c.codes) || len(got.Steps) > 0 || got.Effect != r.Effect {
			t.Errorf("%+v: %+v", c.event, got)
		}
	}
	answered := m.Resume(p, r.State, Event{Kind: EventHTTP, Effect: 1, Answer: Answer{Status: 200}}, now)
	same(t, "the same answer again", m.Resume(p, answered.State, Event{Kind: EventHTTP, Effect: 1, Answer: Answer{Status: 200}}, now).Ignored, true)
	stopped := m.Resume(p, r.State, Event{Kind: EventStop, Reason: "ended by bob"}, now)
	same(t, "end", stopped.State.End, &End{Reason: "ended by bob"})
	same(t, "effect", stopped.Effect, (*Effect)(nil))
	for _, kind := range []EventKind{EventStop, EventMessage, EventHTTP, EventExpired} {
		same(t, "after the end", m.Resume(p, stopped.State, Event{Kind: kind, Effect: 1}, now).Ignored, true)
	}
	if string(encode(r.State)) != string(before) {
		t.Error("a state that was given out has changed")
	}
}

func TestHTTP(t *testing.T) {
	m := New(Settings{HTTPTimeout: time.Second, HTTPBytes: 100})
	request := func(properties string) *HTTP {
		t.Helper()
		r := m.Start(flow(t, `a make-http-request success> failed> {`+properties+`}`), hello, now)
		if r.Effect == nil {
			t.Fatalf("%s: %+v", properties, r.Warnings)
		}
		return r.Effect.HTTP
	}
	same(t, "GET", request(`"url":" http://x/{{trigger.message.Body}} ","method":"get","body":"unused","parameters":[{"key":"a","value":"{{1|plus:1}}"},{"key":"","value":"x"}]`),
		&HTTP{Method: "GET", URL: "http://x/hello", Form: map[string][]string{"a": {"2"}}, Timeout: time.Second, MaxBytes: 100})
	same(t, "a form", request(`"url":"https://x","method":"POST","content_type":"application/x-www-form-urlencoded;charset=utf-8","body":"unused","add_twilio_auth":true,"parameters":[{"key":"a","value":"b"}]`),
		&HTTP{Method: "POST", URL: "https://x", Form: map[string][]string{"a": {"b"}}, Auth: true, Timeout: time.Second, MaxBytes: 100})
	same(t, "JSON", request(`"url":"https://x","content_type":"application/json;charset=utf-8","body":"{\"a\":{{ trigger.message.Body | to_json }}}","parameters":[{"key":"a","value":"b"}]`),
		&HTTP{Method: "POST", URL: "https://x", Body: `{"a":"hello"}`, ContentType: "application/json;charset=utf-8", Timeout: time.Second, MaxBytes: 100})
	same(t, "a body without a type", request(`"url":"https://x","body":"a=b"`).ContentType, "application/x-www-form-urlencoded;charset=utf-8")

	for _, c := range []struct {
		kind   string
		answer Answer
		event  string
		codes  []int
		widget string
	}{
		{"make-http-request", Answer{Status: 204}, "success", nil, `{"body":"","content_type":"","status_code":204}`},
		{"make-http-request", Answer{Status: 200, ContentType: "application/json; charset=utf-8", Body: `{"a":{"n":1.0,"f":1.5}}`}, "success", nil,
			`{"body":"{\"a\":{\"n\":1.0,\"f\":1.5}}","content_type":"application/json; charset=utf-8","parsed":{"a":{"f":1.5,"n":1}},"status_code":200}`},
		{"make-http-request", Answer{Status: 200, ContentType: "application/json", Body: `[1]`}, "success", nil, `{"body":"[1]","content_type":"application/json","status_code":200}`},
		{"make-http-request", Answer{Status: 200, ContentType: "text/html", Body: "{\xff}"}, "success", nil, `{"body":"{�}","content_type":"text/html","status_code":200}`},
		{"make-http-request", Answer{Status: 302}, "failed", []int{81016}, `{"body":"","content_type":"","status_code":302}`},
		{"make-http-request", Answer{Status: 200, TooLarge: true}, "failed", []int{81014}, `null`},
		{"make-http-request", Answer{Status: 200, Body: strings.Repeat("x", 101)}, "failed", []int{81014}, `null`},
		{"make-http-request", Answer{TimedOut: true}, "failed", []int{81014}, `null`},
		{"make-http-request", Answer{Reason: "no such host"}, "failed", []int{81014}, `null`},
		{"run-function", Answer{Status: 200}, "success", nil, `{"body":"","content_type":"","status_code":200}`},
		{"run-function", Answer{Status: 400, ContentType: "application/json", Body: `{"e":1}`}, "fail", []int{81017}, `{"body":"{\"e\":1}","content_type":"application/json","parsed":{"e":1},"status_code":400}`},
		{"run-function", Answer{TimedOut: true}, "fail", []int{81010}, `null`},
	} {
		p := flow(t, `a `+c.kind+` success> failed> fail> {"url":"http://x"}`)
		r := m.Start(p, hello, now)
		same(t, "signed", r.Effect.HTTP.Sign, c.kind == "run-function")
		r = m.Resume(p, r.State, Event{Kind: EventHTTP, Effect: 1, Answer: c.answer}, now)
		got := string(encode(at(r.State.Frames[0].Context, "widgets", "a")))
		if len(r.Steps) != 1 || r.Steps[0].Name != c.event || !reflect.DeepEqual(codes(r.Warnings), c.codes) || got != c.widget {
			t.Errorf("%s %+v: %+v %+v %s", c.kind, c.answer, r.Steps, r.Warnings, got)
		}
	}
	for _, url := range []string{"", "ftp://x", "x.example.com", "http://", "http://[", "{{ nothing }}", "javascript:alert(1)"} {
		r := m.Start(flow(t, `a make-http-request failed> {"url":"`+url+`"}`, `b run-function fail> {}`), hello, now)
		same(t, url, codes(r.Warnings), []int{81014})
	}
}

// Running a request again keeps what was parsed before, under what is new.
func TestParsedIsMerged(t *testing.T) {
	p := flow(t, `a make-http-request success>b {"url":"http://x"}`, `b make-http-request success>a {"url":"http://x"}`)
	m := New(Settings{})
	r := m.Start(p, hello, now)
	for i, body := range []string{`{"a":1,"b":1}`, `{}`, `{"b":2,"c":2}`} {
		r = m.Resume(p, r.State, Event{Kind: EventHTTP, Effect: int64(i + 1), Answer: Answer{Status: 200, ContentType: "application/json", Body: body}}, now)
	}
	same(t, "parsed", at(r.State.Frames[0].Context, "widgets", "a", "parsed"), map[string]any{"a": 1, "b": 2, "c": 2})
}

func TestTasks(t *testing.T) {
	five, zero := int64(5), int64(0)
	m := New(Settings{TaskAttributes: 200})
	for _, c := range []struct {
		properties string
		want       *Task
	}{
		{`"workflow":" WW1 ","channel":"{{'chat'}}","timeout":"5","priority":"0","attributes":"{\"b\":1.0,\"name\":\"x\"}"`,
			&Task{Workflow: "WW1", Channel: "chat", Timeout: &five, Priority: &zero, Attributes: `{"b":1.0,"channelSid":"CH1","channelType":"web","name":"x"}`, Handover: true, ChannelSID: "CH1"}},
		{`"workflow":"WW1","timeout":"soon","priority":"-1"`, &Task{Workflow: "WW1", Attributes: `{"channelSid":"CH1","channelType":"web","name":"Ann"}`, Handover: true, ChannelSID: "CH1"}},
		{`"attributes":"{}"`, nil}, {`"workflow":"{{ nothing }}"`, nil}, {`"workflow":"WW1","attributes":"[]"`, nil}, {`"workflow":"WW1","attributes":"null"`, nil},
		{`"workflow":"WW1","attributes":"{\"a\":\"` + strings.Repeat("x", 200) + `\"}"`, nil},
	} {
		p := flow(t, `a send-to-flex callComplete> failedToEnqueue>b {`+c.properties+`}`, `b send-message sent> {"from":"x","body":"sorry"}`)
		r := m.Start(p, hello, now)
		if c.want == nil {
			if r.Effect == nil || r.Effect.Kind != EffectSend || !reflect.DeepEqual(codes(r.Warnings), []int{81015}) {
				t.Errorf("%s: %+v", c.properties, r)
			}
			continue
		}
		same(t, c.properties, r.Effect.Task, c.want)
	}
	p := flow(t, `a send-to-flex callComplete>b {"workflow":"WW1"}`, `b send-and-wait-for-reply {"from":"x","body":"{{widgets.a.sid}} {{widgets.a.TaskSid}} {{widgets.a.AssignmentStatus}} {{widgets.a.age}}"}`)
	r := m.Start(p, hello, now)
	r = m.Resume(p, r.State, Event{Kind: EventTask, Effect: 1, Fields: map[string]any{"sid": "WT1", "assignment_status": "pending", "age": 0}}, now)
	same(t, "body", r.Effect.Send.Body, "WT1 WT1 pending 0")
	r = m.Resume(p, r.State, Event{Kind: EventSent, Effect: 2}, now)
	if why := Why(&r.State); !strings.HasSuffix(why, "No reply can come: the chat was handed over to agents.") {
		t.Error(why)
	}
	p = flow(t, `a create-task created> failedToCreate> {"workflow":"WW1","attributes":"{\"a\":1}"}`)
	r = m.Start(p, hello, now)
	same(t, "create-task", r.Effect.Task, &Task{Workflow: "WW1", Attributes: `{"a":1}`})
	r = m.Resume(p, r.State, Event{Kind: EventTaskFailed, Effect: 1, Reason: "no such workflow"}, now)
	same(t, "failed", r.Steps[0].Name, "failedToCreate")
}

func TestVariables(t *testing.T) {
	p := flow(t, `a set-variables next>b {"variables":[{"key":"n","value":"5"},{"key":"m","value":"{{ flow.variables.n }}"},{"key":"f","value":"-1.5"},{"key":"zip","value":"01234"},
		{"key":"cents","value":"1.50"},{"key":"phone","value":"+15551234"},{"key":"big","value":"99999999999999999999"},{"key":"quoted","value":"\"5\""},{"key":"text","value":"\"a\""},{"key":"null","value":"null"},
		{"key":"none"},{"key":"json","type":"json_object","value":"{\"a\":[1.0,{{ trigger.message.Body | to_json }}]}"},{"key":"bad","parse_as_json":true,"value":"{"},{"key":"nulls","parse_as_json":"true","value":"null"},
		{"key":"exp","value":"1e3"},{"key":"nan","value":"NaN"},{"key":"","value":"x"},{"key":"fails","value":"{{ 1 | nope }}"}]}`,
		`b set-variables next> {"variables":[{"key":"m","value":"{{ flow.variables.n | plus: 1 }}"}]}`)
	r := New(Settings{}).Start(p, hello, now)
	want := `{"bad":"{","big":"99999999999999999999","cents":"1.50","exp":"1e3","f":-1.5,"fails":"","json":{"a":[1,"hello"]},"m":6,"n":5,"nan":"NaN","none":"","null":"","nulls":"","phone":"+15551234","quoted":"5","text":"\"a\"","zip":"01234"}`
	same(t, "variables", string(encode(at(r.State.Frames[0].Context, "flow", "variables"))), want)
	same(t, "warnings", codes(r.Warnings), []int{81018, 81018})
	same(t, "m after a", at(r.Steps[1].Changes[1].Value), "")
}

func TestTriggers(t *testing.T) {
	context := func(in Input) string {
		r := New(Settings{}).Start(flow(t, `a make-http-request {"url":"http://x"}`), in, now)
		return string(Context(&r.State))
	}
	same(t, "a message", context(hello), `{"contact":{"channel":{"address":"ann"}},"flow":{"channel":{"address":"Bot"},"flow_sid":"FW1","sid":"FN1","variables":{}},"trigger":{`+
		`"conversation":{"Author":"ann","Body":"hello","ChannelAttributes":{"channel_type":"web","from":"Ann","n":1},"ChannelSid":"CH1","ChatServiceSid":"IS1","ConversationSid":"CH1","From":"ann","InstanceSid":"IS1"},`+
		`"message":{"Body":"hello","ChannelAttributes":{"channel_type":"web","from":"Ann","n":1},"ChannelSid":"CH1","From":"ann","InstanceSid":"IS1"}},"widgets":{}}`)
	same(t, "a request", context(Input{ExecutionSID: "FN1", Trigger: IncomingRequest, ContactAddress: "ann", FlowAddress: "Bot", Parameters: map[string]any{"a": 1.0, "b": []any{"x"}}}),
		`{"contact":{"channel":{"address":"ann"}},"flow":{"channel":{"address":"Bot"},"data":{"a":1,"b":["x"]},"flow_sid":"FW1","sid":"FN1","variables":{}},`+
			`"trigger":{"request":{"from":"Bot","parameters":{"a":1,"b":["x"]},"to":"ann"}},"widgets":{}}`)
	for _, in := range []Input{{Trigger: IncomingCall}, {Trigger: "x"}} {
		r := New(Settings{}).Start(flow(t, `a set-variables {}`), in, now)
		same(t, in.Trigger, codes(r.Warnings), []int{81020})
		same(t, in.Trigger, r.State.End != nil, true)
	}
	r := New(Settings{}).Start(Program{FlowSID: "FW1"}, hello, now)
	same(t, "no definition", r.State.End.Code, 81022)
}

func TestLimits(t *testing.T) {
	loop := flow(t, `a set-variables next>b {"variables":[{"key":"x","value":"{{flow.variables.x | append: 'yyyyyyyyyyyyyyyyyyyyyyyyyyyy'}}"}]}`, `b set-variables next>a {}`)
	self := flow(t, `a set-variables next>a {}`)
	m := New(Settings{})
	r := m.Start(loop, hello, now)
	for pauses := 0; r.Effect != nil; pauses++ {
		if r.Effect.Kind != EffectPause || r.Rendered != 200 || pauses > 10 {
			t.Fatalf("after %d templates in pause %d: %+v", r.Rendered, pauses, r.Effect)
		}
		r = m.Resume(loop, r.State, Event{Kind: EventGoOn, Effect: r.Effect.ID}, now)
	}
	same(t, "steps", []int{r.State.Steps, r.State.End.Code}, []int{1000, 81000})
	same(t, "the last warning", r.Warnings[len(r.Warnings)-1].Code, 81000)
	r = New(Settings{MaxSteps: 20}).Start(loop, hello, now)
	same(t, "steps", []int{len(r.Steps), r.State.End.Code}, []int{20, 81000})
	r = New(Settings{MaxContext: 2000}).Start(loop, hello, now)
	same(t, "memory", r.State.End.Code, 81000)
	if !strings.Contains(r.State.End.Reason, "remembers more") || len(r.Steps) > 200 {
		t.Errorf("%d steps: %+v", len(r.Steps), r.State.End)
	}
	r = New(Settings{}).Start(self, hello, now)
	same(t, "in a row", []int{len(r.Steps), r.State.End.Code}, []int{11, 81001})
	r = New(Settings{MaxRepeats: 3}).Start(self, hello, now)
	same(t, "in a row", []int{len(r.Steps), r.State.End.Code}, []int{4, 81001})
	if why := Why(&r.State); why != `It has ended: the widget "a" ran 3 times in a row (81001).` {
		t.Error(why)
	}
	r = New(Settings{MaxWidgets: 2}).Start(loop, hello, now)
	same(t, "widgets", r.State.End.Code, 81026)
	r = New(Settings{WarnWidgets: 2}).Start(self, hello, now)
	same(t, "few widgets", codes(r.Warnings), []int{81001})
	r = New(Settings{WarnWidgets: 1}).Start(self, hello, now)
	same(t, "many widgets", codes(r.Warnings), []int{81025, 81001})
	for _, kind := range []string{"say-play", "understand", "no-such-widget"} {
		r = New(Settings{}).Start(flow(t, "a "+kind+" {}"), hello, now)
		same(t, kind, []int{r.State.End.Code, r.Warnings[0].Code}, []int{81022, 81022})
	}
}

func TestSubflows(t *testing.T) {
	sub := "FW00000000000000000000000000000002"
	parent := flow(t, `a run-subflow completed>b failed>c {"flow_sid":"`+sub+`"}`, `b send-message sent> {"from":"x","body":"done {{widgets.a.v}}"}`, `c send-message sent> {"from":"x","body":"failed {{widgets.a.v}}"}`)
	with := func(states ...string) Program {
		p := parent
		p.Subflows = map[string]Definition{sub: {2, flow(t, states...).Flow.Flow}}
		return p
	}
	m := New(Settings{})
	body := func(p Program) (string, []int) {
		r := m.Start(p, hello, now)
		if r.Effect == nil {
			t.Fatalf("%+v", r)
		}
		return r.Effect.Send.Body, codes(r.Warnings)
	}
	for _, c := range []struct {
		name  string
		p     Program
		body  string
		codes []int
	}{
		{"it is not there", parent, "failed ", []int{81024}},
		{"variables come out", with(`a set-variables next> {"variables":[{"key":"v","value":"7"}]}`), "done 7", nil},
		{"its own cannot be run", with(`a set-variables next>b {"variables":[{"key":"v","value":"7"}]}`, `b say-play {}`), "failed 7", []int{81022, 81024}},
		{"one level", with(`a run-subflow completed> failed> {"flow_sid":"` + sub + `"}`), "done ", []int{81024}},
		{"no match", with(`a split-based-on {"input":"x"}`), "done ", []int{81005}},
	} {
		got, warned := body(c.p)
		if got != c.body || !reflect.DeepEqual(warned, c.codes) {
			t.Errorf("%s: %q %v", c.name, got, warned)
		}
	}
	r := m.Start(with(`a make-http-request success> failed> {"url":"http://x"}`), hello, now)
	if why := Why(&r.State); !strings.Contains(why, `"a" of the subflow `+sub) {
		t.Error(why)
	}
	r = m.Resume(parent, r.State, Event{Kind: EventHTTP, Effect: 1, Answer: Answer{Status: 200}}, now)
	same(t, "its definition is gone", r.State.End.Code, 81022)
	r = New(Settings{MaxSubflows: 1, MaxSteps: 5}).Start(with(`a set-variables next>b {}`, `b set-variables next>a {}`), hello, now)
	same(t, "its steps count", []int{r.State.End.Code, r.State.Steps}, []int{81000, 5})
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		kind, input, value string
		want               bool
	}{
		{"equal_to", " YES ", "yes", true}, {"equal_to", "yes", "no", false}, {"not_equal_to", "a", "A ", false}, {"not_equal_to", "a", "b", true},
		{"matches_any_of", "YES", "yes,yeah,yup", true}, {"matches_any_of", "yup", "yes , yup", true}, {"matches_any_of", "y", "yes,yup", false}, {"does_not_match_any_of", "y", "yes", true},
		{"contains", "I want Sales", "sales", true}, {"contains", "x", "", true}, {"does_not_contain", "abc", "B", false}, {"starts_with", "Hello", "he", true}, {"does_not_start_with", "Hello", "lo", true},
		{"is_blank", "  ", "", true}, {"is_blank", "Twilio", "Is Blank", false}, {"is_not_blank", "x", "", true}, {"is_not_blank", "\n", "", false},
		{"regex", "6", "[1-5]", false}, {"regex", " 5 ", "[1-5]", true}, {"regex", "15", "[1-5]", false}, {"regex", "ABC", "a.c", true}, {"regex", "a\nb", "a.b", true}, {"regex", "ab", "a|b", false}, {"regex", "b", "a|b", true},
		{"less_than", "9", "10", true}, {"less_than", "a", "10", false}, {"greater_than", "900", "1000", false}, {"greater_than", "10.5", "10", true}, {"greater_than", "", "-1", false},
		{"is_before_time", "17:00", "16:35", false}, {"is_before_time", "9:00", "16:35", true}, {"is_after_time", "17:00", "16:35", true}, {"is_after_time", "25:00", "16:35", false},
		{"is_after_date", "2019-08-12", "2017-09-04", true}, {"is_before_date", "2019-08-12", "2017-09-04", false}, {"is_before_date", "12.8.2019", "2020-01-01", false},
	} {
		if got, err := compare(c.kind, c.input, c.value); got != c.want || err != nil {
			t.Errorf("%q %s %q: %v, %v", c.input, c.kind, c.value, got, err)
		}
	}
	for _, c := range [][2]string{{"regex", "("}, {"regex", "(?=x)x"}, {"like", "x"}} {
		if got, err := compare(c[0], "x", c[1]); got || err == nil {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
}

func TestSplit(t *testing.T) {
	split := func(conditions string) Program {
		f, err := definition.Read(`{"initial_state":"T","states":[{"name":"T","type":"trigger","transitions":[{"event":"incomingMessage","next":"a"}]},
			{"name":"a","type":"split-based-on","properties":{"input":"{{trigger.message.Body}}"},"transitions":[{"event":"noMatch"},{"event":"match","next":"T"},` + conditions + `]},
			{"name":"m1","type":"say-play"},{"name":"m2","type":"say-play"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		return Program{FlowSID: "FW1", Flow: Definition{1, f}}
	}
	for conditions, want := range map[string]string{
		`{"event":"match","next":"m1","conditions":[{"type":"equal_to","value":"hello"}]}`:                                                                                                  "m1",
		`{"event":"match","next":"m1","conditions":[{"type":"equal_to","value":"{{'HELLO'}}","arguments":["{{trigger.message.Body}}"]},{"type":"equal_to","value":"x"}]}`:                   "Ended",
		`{"event":"match","next":"m1","conditions":[{"type":"equal_to","value":"x"}]},{"event":"match","next":"m2","conditions":[{"type":"contains","value":"ell","arguments":["hello"]}]}`: "m2",
		`{"event":"match","next":"m1","conditions":[{"type":"regex","value":"("}]}`:                                                                                                         "Ended",
		`{"event":"match","next":"","conditions":[{"type":"equal_to","value":"hello"}]},{"event":"noMatch","next":"m2"}`:                                                                    "Ended",
		`{"event":"match","next":"m1","conditions":[{"type":"equal_to","value":"x"}]},{"event":"noMatch","next":"m2"}`:                                                                      "m2",
	} {
		r := New(Settings{}).Start(split(conditions), hello, now)
		if len(r.Steps) < 2 || r.Steps[1].To != want {
			t.Errorf("%s: %+v", conditions, r.Steps)
		}
	}
}

func TestPlainValues(t *testing.T) {
	deep := any("x")
	for range 100 {
		deep = []any{deep}
	}
	for _, v := range []any{nil, true, "x\xff", 5, int64(5), 5.0, 1.5, 1e300, []any{1.0, nil}, []string{"a"}, map[string]any{"a\xff": deep}, json.Number("12"), json.Number("1e400"), struct{}{}, deep} {
		once := plain(v)
		again, err := parse(string(encode(once)))
		if err != nil || !reflect.DeepEqual(once, again) || !reflect.DeepEqual(once, plain(once)) {
			t.Errorf("%v becomes %v, and %v when it is read again: %v", v, once, again, err)
		}
	}
}
