package machine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"parley/internal/studio/definition"
	"parley/internal/studio/machine"
	"parley/internal/studio/simulator"
)

const subflowSID = "FW00000000000000000000000000000002"

var start = time.Date(2026, 11, 30, 20, 0, 0, 0, time.UTC)

// script is a world that follows a list of replies and doubles and writes down what it sees.
type script struct {
	replies []string // "/timeout" lets the time run out, as does the end of the list
	doubles *simulator.Doubles
	noSends bool
	noTasks bool
	lines   []string
	steps   []machine.Step
}

func (s *script) Told(steps []machine.Step, warnings []machine.Warning) {
	s.steps = append(s.steps, steps...)
	for _, step := range steps {
		s.lines = append(s.lines, fmt.Sprintf("%s %s %s", step.From, step.Name, step.To))
	}
	for _, w := range warnings {
		s.lines = append(s.lines, fmt.Sprintf("! %d %s", w.Code, w.Widget))
	}
}

func (s *script) Sent(m machine.Send) error {
	s.lines = append(s.lines, "< "+m.Body)
	if s.noSends {
		return errors.New("not now")
	}
	return nil
}

func (s *script) Reply(machine.Effect) (string, bool, error) {
	if len(s.replies) == 0 {
		return "", true, nil
	}
	text := s.replies[0]
	s.replies = s.replies[1:]
	return text, text == "/timeout", nil
}

func (s *script) Answer(h machine.HTTP) (machine.Answer, error) {
	line := "> " + h.Method + " " + h.URL
	if h.Body != "" {
		line += " " + h.Body
	} else if len(h.Form) > 0 {
		line += " " + h.Form.Encode()
	}
	s.lines = append(s.lines, line)
	a, ok := s.doubles.Answer(h)
	if !ok {
		return a, errors.New("no double")
	}
	return a, nil
}

func (s *script) Task(t machine.Task) error {
	s.lines = append(s.lines, "+ "+t.Attributes)
	if s.noTasks {
		return errors.New("not now")
	}
	return nil
}

// stored is a machine whose states are written and read again before each event, as on another node.
type stored struct {
	t *testing.T
	m *machine.Machine
}

func (s stored) Start(p machine.Program, in machine.Input, now time.Time) machine.Result {
	return s.m.Start(p, in, now)
}

func (s stored) Resume(p machine.Program, state machine.State, e machine.Event, now time.Time) machine.Result {
	var again machine.State
	if err := json.Unmarshal(encode(s.t, state), &again); err != nil {
		s.t.Fatal(err)
	}
	return s.m.Resume(p, again, e, now)
}

type fataler interface{ Fatal(...any) }

func encode(t fataler, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func load(t *testing.T, file string) *definition.Flow {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	flow, err := definition.Read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return flow
}

func program(t *testing.T, file string) machine.Program {
	return machine.Program{FlowSID: "FW00000000000000000000000000000001", Flow: machine.Definition{Revision: 7, Flow: load(t, file)},
		Subflows: map[string]machine.Definition{subflowSID: {Revision: 3, Flow: load(t, "08-outage-subflow.json")}}}
}

const task = `"channelSid":"CH00000000000000000000000000000000","channelType":"web",`

// The flows of testdata, each way through them that is different in kind.
func TestFlows(t *testing.T) {
	text := func(body string) map[string]any { return map[string]any{"text": body, "session": "s1"} }
	booking := map[string]any{"kind": "REMIND", "seats": 2, "booking": `B "1"`, "guest": "Ann", "time": "2026-12-01T19:00:00Z"}
	functions := []simulator.Double{{URL: "https://functions.example.com/readable-time", Body: map[string]any{"text": "Tue at 7"}}, {URL: "https://functions.example.com/keep"},
		{URL: "https://till.example.com/*", Method: "POST", Body: "kept"}}
	kept := "> POST https://functions.example.com/keep booking=%7B%22booking%22%3A%22B+%5C%221%5C%22%22%2C%22guest%22%3A%22Ann%22%2C%22kind%22%3A%22REMIND%22%2C%22seats%22%3A2%2C%22time%22%3A%222026-12-01T19%3A00%3A00Z%22%7D"
	for _, c := range []struct {
		name, file string
		in         machine.Input
		script     script
		want       string
	}{
		{name: "hand-over at once", file: "01-hand-over.json", in: simulator.FromMessage("Hi", map[string]any{"topic": `my "order"`}), want: `
			Trigger incomingMessage to_agents
			+ {` + task + `"name":"customer","topic":"my \"order\""}
			to_agents callComplete Ended`},
		{name: "hand-over without agents", file: "01-hand-over.json", in: simulator.FromMessage("Hi", nil), script: script{noTasks: true}, want: `
			Trigger incomingMessage to_agents
			+ {` + task + `"name":"customer","topic":"none"}
			to_agents failedToEnqueue Ended
			! 81015 to_agents`},
		{name: "a menu", file: "02-menu.json", in: simulator.FromMessage("Hi", nil), script: script{replies: []string{"hm", " SPADE "}}, want: `
			Trigger incomingConversationMessage welcome
			< Welcome to the garden centre. Is it about plants or about tools?
			welcome incomingMessage department
			department noMatch welcome
			< Welcome to the garden centre. Is it about plants or about tools?
			welcome incomingMessage department
			department match set_tools
			set_tools next please_wait
			< One moment, somebody who knows tools will be with you.
			please_wait sent to_agents
			+ {` + task + `"department":"tools","name":"customer"}
			to_agents callComplete Ended`},
		{name: "a menu of which nothing arrives", file: "02-menu.json", in: simulator.FromMessage("Hi", nil), script: script{noSends: true}, want: `
			Trigger incomingConversationMessage welcome` + strings.Repeat(`
			< Welcome to the garden centre. Is it about plants or about tools?
			welcome deliveryFailure welcome
			! 81011 welcome`, 10) + `
			! 81001 welcome`},
		{name: "a menu that nobody answers", file: "02-menu.json", in: simulator.FromMessage("Hi", nil), want: `
			Trigger incomingConversationMessage welcome
			< Welcome to the garden centre. Is it about plants or about tools?
			welcome timeout Ended`},
		{name: "a reminder by REST", file: "03-bookings.json", in: simulator.FromRequest(booking), script: script{replies: []string{"Cancel"}, doubles: simulator.NewDoubles(functions)}, want: `
			Trigger incomingRequest house
			house next readable-time
			> POST https://functions.example.com/readable-time iso=2026-12-01T19%3A00%3A00Z
			readable-time success kind
			kind match keep-reminder
			` + kept + `
			keep-reminder success remind
			< Dear Ann, we see you Tue at 7. Reply COMING or CANCEL.
			remind incomingMessage answer
			answer match till_cancel
			> POST https://till.example.com/inbound {"flow_sid": "FW00000000000000000000000000000001", "kind": "REMIND", "seats": 2, "booking": "B \"1\""}
			till_cancel success tell_cancelled
			< Dear Ann, your table is cancelled.
			tell_cancelled sent Ended`},
		{name: "a function that is down", file: "03-bookings.json", in: simulator.FromRequest(booking),
			script: script{doubles: simulator.NewDoubles([]simulator.Double{{URL: "*readable-time", Status: 500, Body: "oh"}})}, want: `
			Trigger incomingRequest house
			house next readable-time
			> POST https://functions.example.com/readable-time iso=2026-12-01T19%3A00%3A00Z
			readable-time fail Ended
			! 81017 readable-time`},
		{name: "a function that does not answer", file: "03-bookings.json", in: simulator.FromRequest(booking),
			script: script{doubles: simulator.NewDoubles([]simulator.Double{{URL: "*readable-time", Status: -1}})}, want: `
			Trigger incomingRequest house
			house next readable-time
			> POST https://functions.example.com/readable-time iso=2026-12-01T19%3A00%3A00Z
			readable-time fail Ended
			! 81010 readable-time`},
		{name: "a kind that is unknown", file: "03-bookings.json", in: simulator.FromRequest(map[string]any{"kind": "PARTY"}), script: script{doubles: simulator.NewDoubles(functions)}, want: `
			Trigger incomingRequest house
			house next readable-time
			> POST https://functions.example.com/readable-time iso=
			readable-time success kind
			kind noMatch Ended
			! 81005 kind`},
		{name: "a bot around a function", file: "04-questions.json", in: simulator.FromMessage("Why?", nil), script: script{replies: []string{"eh", "bye"}, doubles: simulator.NewDoubles([]simulator.Double{
			{URL: "*", Times: 1, Body: text("Because.")}, {URL: "*", Times: 1, Body: text("")}, {URL: "*", Body: text("Goodbye.")}})}, want: `
			Trigger incomingMessage keep_first
			keep_first next answer
			> POST https://functions.example.com/answer question=Why%3F&session=
			answer success keep_session
			keep_session next what_now
			what_now noMatch tell
			< Because.\nIs there anything else?
			tell incomingMessage keep_next
			keep_next next answer
			> POST https://functions.example.com/answer question=eh&session=s1
			answer success keep_session
			keep_session next what_now
			what_now match rephrase
			< I did not understand that. Can you say it in other words?
			rephrase incomingMessage keep_again
			keep_again next answer
			> POST https://functions.example.com/answer question=bye&session=s1
			answer success keep_session
			keep_session next what_now
			what_now match goodbye
			< Thank you for asking.
			goodbye sent Ended`},
		{name: "a long row of questions", file: "05-sign-up.json", in: simulator.FromMessage("Hi", nil),
			script: script{replies: []string{"no", "YES", "Ann", "30", "High Street", "York", "no", "38", "nuts", "2", "nowhere", "ann@example.com"}}, want: `
			Trigger incomingMessage welcome
			< Sign up for the walking tour. Reply YES to go on.
			welcome incomingMessage go_on
			go_on noMatch welcome
			< Sign up for the walking tour. Reply YES to go on.
			welcome incomingMessage go_on
			go_on match name
			< What is your name?
			name incomingMessage age
			< Thank you, Ann. How old are you?
			age incomingMessage street
			< Which street do you live in?
			street incomingMessage town
			< Which town?
			town incomingMessage member
			< Are you a member? Reply YES or NO.
			member incomingMessage boots
			< Which size of boots do you need?
			boots incomingMessage food
			< Is there something that you do not eat?
			food incomingMessage notify
			< How may we tell you? Reply 1 for text, 2 for mail.
			notify incomingMessage how
			how match mail
			< What is your address?
			mail incomingMessage check_mail
			check_mail noMatch mail
			< What is your address?
			mail incomingMessage check_mail
			check_mail match thanks
			< Thank you, Ann, you are on the list.
			thanks sent Ended`},
		{name: "open", file: "06-opening-hours.json", in: simulator.FromMessage("Hi", nil), script: script{replies: []string{`a "leak"`}, doubles: simulator.NewDoubles([]simulator.Double{
			{URL: "https://hours.example.com/now", Method: "GET", ContentType: "application/json;charset=utf-8", Body: map[string]any{"open": true, "queue": "plumbers"}}})}, want: `
			Trigger incomingMessage hours
			> GET https://hours.example.com/now at=12%3A00&zone=Europe%2FBerlin
			hours success is_open
			is_open match reason
			< What can we do for you?
			reason incomingMessage to_agents
			+ {` + task + `"name":"customer","queue":"plumbers","reason":"a \"leak\""}
			to_agents callComplete told
			< You are in good hands.
			told sent Ended`},
		{name: "closed", file: "06-opening-hours.json", in: simulator.FromMessage("Hi", nil), script: script{doubles: simulator.NewDoubles([]simulator.Double{
			{URL: "*", Body: map[string]any{"open": false, "why": "holiday", "opens": 9}}})}, want: `
			Trigger incomingMessage hours
			> GET https://hours.example.com/now at=12%3A00&zone=Europe%2FBerlin
			hours success is_open
			is_open noMatch closed
			< Today is a holiday. We open at 9.
			closed sent Ended`},
		{name: "nobody knows whether it is open, and nobody is there", file: "06-opening-hours.json", in: simulator.FromMessage("Hi", nil),
			script: script{noTasks: true, doubles: simulator.NewDoubles([]simulator.Double{{URL: "*", Status: 404}})}, want: `
			Trigger incomingMessage hours
			> GET https://hours.example.com/now at=12%3A00&zone=Europe%2FBerlin
			hours failed to_agents
			! 81016 hours
			+ {` + task + `"name":"customer","queue":"general","reason":null}
			to_agents failedToEnqueue sorry
			! 81015 to_agents
			< We could not reach anybody. Please write again later.
			sorry sent Ended`},
		{name: "a subflow that speaks", file: "07-with-subflow.json", in: simulator.FromMessage("Hi", map[string]any{"down": "true"}), want: `
			Trigger incomingMessage outage
			Trigger incomingParent is_down
			is_down match tell
			< Our systems are down, customer. At most 3 may wait.
			tell sent set_told
			set_told next Ended
			outage completed was_told
			was_told match bye
			< We are sorry. Please come back later.
			bye sent Ended`},
		{name: "a subflow that is silent", file: "07-with-subflow.json", in: simulator.FromMessage("Hi", nil), want: `
			Trigger incomingMessage outage
			Trigger incomingParent is_down
			is_down noMatch nothing
			nothing next Ended
			outage completed was_told
			was_told noMatch to_agents
			+ {` + task + `"name":"customer","outage":"0"}
			to_agents callComplete Ended`},
		{name: "TwiML", file: "09-twiml.json", in: simulator.FromMessage("Hi", nil), script: script{doubles: simulator.NewDoubles([]simulator.Double{
			{URL: "https://app.example.com/twiml", ContentType: "text/xml", Body: `<?xml version="1.0"?><Response><Message>One &amp; two</Message><Message><Body>Three</Body><Media>https://x/y.png</Media></Message><Redirect>/more</Redirect><Message>never</Message></Response>`},
			{URL: "https://app.example.com/more", ContentType: "text/xml", Body: `<Response><Redirect method="POST">https://webhooks.example.com/v1/Accounts/AC1/Flows/FW1?FlowEvent=return&amp;topic=shoes</Redirect></Response>`}})}, want: `
			Trigger incomingMessage app
			> POST https://app.example.com/twiml ` + twimlForm + `
			< One & two
			< Three
			> POST https://app.example.com/more ` + twimlForm + `
			app return to_agents
			+ {` + task + `"name":"customer","topic":"shoes"}
			to_agents callComplete Ended`},
		{name: "TwiML that goes round", file: "09-twiml.json", in: simulator.FromMessage("Hi", nil), script: script{doubles: simulator.NewDoubles([]simulator.Double{
			{URL: "*", ContentType: "text/xml", Body: `<Response><Redirect></Redirect><Redirect>https://app.example.com/twiml</Redirect></Response>`}})}, want: `
			Trigger incomingMessage app` + strings.Repeat(`
			> POST https://app.example.com/twiml `+twimlForm, 5) + `
			app fail sorry
			! 81016 app
			< That did not work.
			sorry sent Ended`},
		{name: "TwiML that is none", file: "09-twiml.json", in: simulator.FromMessage("Hi", nil), script: script{doubles: simulator.NewDoubles([]simulator.Double{
			{URL: "*", ContentType: "text/html", Body: `<html>`}})}, want: `
			Trigger incomingMessage app
			> POST https://app.example.com/twiml ` + twimlForm + `
			app fail sorry
			! 81016 app
			< That did not work.
			sorry sent Ended`},
		{name: "an old export", file: "10-old-export.json", in: simulator.FromMessage("Hi", nil), script: script{replies: []string{"6", "5"}}, want: `
			start incomingMessage ask-size
			< Size? We have all.
			ask-size incomingMessage split-size
			split-size noMatch ask-size
			< Size? We have all.
			ask-size incomingMessage split-size
			split-size match say-size
			< Size 5 it is, customer.
			say-size sent Ended`},
		{name: "a call's flow, by a chat", file: "11-voice.json", in: simulator.FromMessage("Hi", nil), want: `
			Trigger incomingMessage Ended
			! 81020 Trigger`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, m := range []simulator.Machine{machine.New(machine.Settings{}), stored{t, machine.New(machine.Settings{})}} {
				world := c.script
				world.doubles = again(world.doubles)
				state, err := simulator.Play(m, program(t, c.file), c.in, &world, start)
				if err != nil || state.End == nil {
					t.Fatalf("%v: %s", err, machine.Why(&state))
				}
				want := strings.ReplaceAll(strings.TrimSpace(strings.ReplaceAll(c.want, "\n\t\t\t", "\n")), `\n`, "\n")
				if got := strings.Join(world.lines, "\n"); got != want {
					t.Errorf("%T: got\n%s\nwant\n%s", m, got, want)
				}
				if last := machine.ContextAfter(world.steps); string(last) != string(machine.Context(&state)) {
					t.Errorf("after the last step\n%s\nat the end\n%s", last, machine.Context(&state))
				}
			}
		})
	}
}

// again is a fresh copy of doubles: they count.
func again(d *simulator.Doubles) *simulator.Doubles {
	if d == nil {
		return simulator.NewDoubles(nil)
	}
	return d.Fresh()
}

const twimlForm = "AccountSid=AC00000000000000000000000000000000&Attributes=%7B%7D&Body=Hi&ChannelAttributes=%7B%22channel_type%22%3A%22web%22%2C%22from%22%3A%22customer%22%2C%22pre_engagement_data%22%3A%7B%7D%2C%22status%22%3A%22ACTIVE%22%7D" +
	"&ChannelSid=CH00000000000000000000000000000000&ClientIdentity=customer&EventType=onMessageSent&ExecutionSid=FN00000000000000000000000000000000&FlowSid=FW00000000000000000000000000000001" +
	"&From=customer&Index=0&InstanceSid=IS00000000000000000000000000000000&MessageSid=IM00000000000000000000000000000001&Source=SDK&To=CH00000000000000000000000000000000"

// What steps say of themselves, also those of a subflow.
func TestSteps(t *testing.T) {
	var world script
	p := program(t, "07-with-subflow.json")
	state, err := simulator.Play(machine.New(machine.Settings{}), p, simulator.FromMessage("Hi", nil), &world, start)
	if err != nil {
		t.Fatal(err)
	}
	outage := world.steps[4]
	type row struct {
		number                   int
		flow, kind, from, parent string
	}
	var got []row
	seen := map[string]bool{}
	for _, s := range world.steps {
		got = append(got, row{s.Number, s.FlowSID[33:], s.Type, s.From, s.ParentSID})
		if seen[s.SID] || len(s.SID) != 34 || s.SID[:2] != "FT" || !s.At.Equal(start) {
			t.Errorf("%+v", s)
		}
		seen[s.SID] = true
	}
	want := []row{{1, "1", "trigger", "Trigger", ""}, {2, "2", "trigger", "Trigger", outage.SID}, {3, "2", "split-based-on", "is_down", outage.SID},
		{4, "2", "set-variables", "nothing", outage.SID}, {5, "1", "run-subflow", "outage", ""}, {6, "1", "split-based-on", "was_told", ""}, {7, "1", "send-to-flex", "to_agents", ""}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if !reflect.DeepEqual(state.Subflows, map[string]int{subflowSID: 3}) || state.Frames[0].Revision != 7 {
		t.Errorf("%+v", state)
	}
	var inside struct {
		Trigger struct {
			Message struct{ Body string }
			Parent  map[string]any
		}
		Flow struct {
			SID     string         `json:"sid"`
			FlowSID string         `json:"flow_sid"`
			Vars    map[string]any `json:"variables"`
		}
		Widgets map[string]any
	}
	if err := json.Unmarshal(machine.ContextAfter(world.steps[:4]), &inside); err != nil {
		t.Fatal(err)
	}
	parent := map[string]any{"parameters": map[string]any{"system_down": "false", "limits": map[string]any{"waiting": 3.0}}, "step_sid": outage.SID,
		"execution_sid": state.ExecutionSID, "flow_sid": p.FlowSID, "trigger_type": "incomingMessage"}
	if !reflect.DeepEqual(inside.Trigger.Parent, parent) || inside.Trigger.Message.Body != "Hi" || inside.Flow.SID != state.ExecutionSID ||
		inside.Flow.FlowSID != subflowSID || !reflect.DeepEqual(inside.Flow.Vars, map[string]any{"told": 0.0}) || len(inside.Widgets) != 0 {
		t.Errorf("%+v", inside)
	}
}
