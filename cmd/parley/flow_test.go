package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const (
	shapes     = "../../internal/studio/machine/testdata/"
	subflowSID = "FW00000000000000000000000000000002"
)

func TestFlowCheck(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, voice := shapes+"01-hand-over.json", shapes+"11-voice.json"
	odd := file("odd.json", "{\"initial_state\":\"T\",\"states\":[{\"name\":\"T\",\"type\":\"trigger\",\n\"transitions\":[{\"event\":\"incomingMessage\",\"next\":\"a\"}]},\n{\"name\":\"a\",\"type\":\"set-variables\",\"transitions\":[{\"event\":\"next\",\"next\":\"a\"}]}]}")
	broken := file("broken.json", `{"states":`)
	missing := filepath.Join(dir, "missing.json")
	refused := voice + `:4: error: #/states/0/transitions/1: only calls start this flow (they lead to "hours"), and Parley carries no voice: connect incomingMessage or incomingRequest` + "\n" +
		voice + `:10: error: #/states/3/type: say-play needs a call, and Parley carries no voice: remove "say_closed" or use send-message (it is reached by Trigger → hours → is_open → say_closed)` + "\n"
	loop := odd + ":3: warning: #/states/1: a go round without waiting for anybody: unless a split leads out, the execution ends at its limit of steps\n"
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string // part of it
	}{
		{"nothing wrong", []string{good}, 0, "", ""},
		{"warnings", []string{good, odd}, 0, loop, ""},
		{"warnings that count", []string{"--strict", odd}, 1, loop, "parley: errors: 0, warnings: 1\n"},
		{"errors", []string{voice, good}, 1, refused, "parley: errors: 2, warnings: 0\n"},
		{"no JSON", []string{broken}, 1, broken + ":1: error: #: the definition is not JSON: it ends too early\n", "errors: 1"},
		{"no file", []string{missing, odd}, 1, loop, "parley: open " + missing},
		{"no argument", nil, 2, "", "<file>"},
		{"a subflow", []string{"--subflow", subflowSID + "=" + shapes + "08-outage-subflow.json", shapes + "07-with-subflow.json"}, 0, "", ""},
		{"no subflow", []string{"--subflow", subflowSID, good}, 1, "", "--subflow " + subflowSID + ": write the flow's SID, = and a file"},
		{"JSON", []string{"--json", good}, 0, "[]\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := parley(t, append([]string{"flow", "check"}, c.args...)...)
			if r.code != c.code || r.stdout != c.stdout || !strings.Contains(r.stderr, c.stderr) {
				t.Errorf("%+v", r)
			}
		})
	}
	r := parley(t, "flow", "check", "--json", odd)
	var got []map[string]any
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || len(got) != 1 {
		t.Fatalf("%v %+v", err, r)
	}
	want := map[string]any{"file": odd, "line": 3.0, "severity": "warning", "property_path": "#/states/1", "code": "loop",
		"message": "a go round without waiting for anybody: unless a split leads out, the execution ends at its limit of steps"}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("%+v", got[0])
	}
}

func TestFlowRun(t *testing.T) {
	doubles := filepath.Join(t.TempDir(), "doubles.json")
	if err := os.WriteFile(doubles, []byte(`[{"url":"https://hours.example.com/*","body":{"open":true,"queue":"plumbers"}},{"url":"*/readable-time","status":-1}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	const at = "--at=2026-11-30T20:00:00Z"
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		want        string
	}{
		{name: "with doubles and replies", args: []string{at, "06-opening-hours.json", "--http", doubles, "--reply", `a "leak"`}, want: `
customer: Hi
  Trigger —incomingMessage→ hours
> GET https://hours.example.com/now at="12:00" zone="Europe/Berlin"
< 200 {"open":true,"queue":"plumbers"}
  hours —success→ is_open
  is_open —match→ reason
Bot: What can we do for you?
customer: a "leak"
  reason —incomingMessage→ to_agents
+ task, and the chat goes to agents: workflow WW00000000000000000000000000000001, channel TC00000000000000000000000000000001, attributes {"channelSid":"CH00000000000000000000000000000000","channelType":"web","name":"customer","queue":"plumbers","reason":"a \"leak\""}, timeout 1800, priority 5
  to_agents —callComplete→ told
Bot: You are in good hands.
  told —sent→ Ended
• It has ended: the flow ends here.
`},
		{name: "in another zone, without doubles or tasks", args: []string{at, "--zone=Europe/Berlin", "--no-tasks", "06-opening-hours.json"}, want: `
customer: Hi
  Trigger —incomingMessage→ hours
> GET https://hours.example.com/now at="21:00" zone="Europe/Berlin"
< nothing: no double of --http fits
  hours —failed→ to_agents
! 81014 in hours: there is no answer: no double fits
+ task, and the chat goes to agents: workflow WW00000000000000000000000000000001, channel TC00000000000000000000000000000001, attributes {"channelSid":"CH00000000000000000000000000000000","channelType":"web","name":"customer","queue":"general","reason":null}, timeout 1800, priority 5
  to_agents —failedToEnqueue→ sorry
! 81015 in to_agents: no task: no tasks, as asked
Bot: We could not reach anybody. Please write again later.
  sorry —sent→ Ended
• It has ended: the flow ends here.
`},
		{name: "replies from a script that ends", stdin: "no\nYES\n", args: []string{at, "--message=Hello", "05-sign-up.json"}, want: `
customer: Hello
  Trigger —incomingMessage→ welcome
Bot: Sign up for the walking tour. Reply YES to go on.
customer: no
  welcome —incomingMessage→ go_on
  go_on —noMatch→ welcome
Bot: Sign up for the walking tour. Reply YES to go on.
customer: YES
  welcome —incomingMessage→ go_on
  go_on —match→ name
Bot: What is your name?
… no reply until 2026-11-30T21:00:00Z
  name —timeout→ Ended
• It has ended: the flow ends here.
`},
		{name: "stopped while it waits", stdin: "/end\n", args: []string{at, "05-sign-up.json"}, want: `
customer: Hi
  Trigger —incomingMessage→ welcome
Bot: Sign up for the walking tour. Reply YES to go on.
• The widget "welcome" waits for a reply until 2026-11-30 21:00:00 UTC, and then goes on without one.
`},
		{name: "by REST, with a receiver that is silent", args: []string{at, "--param=kind=NEW", "--param", "guest=Ann=Bo", "--http", doubles, "03-bookings.json", "--context"}, want: `
  Trigger —incomingRequest→ house
  house —next→ readable-time
> POST https://functions.example.com/readable-time iso=""
< nothing in time
  readable-time —fail→ Ended
! 81010 in readable-time: no answer came within 10s
• It has ended: the flow ends here.
{"contact":{"channel":{"address":"customer"}},"flow":{"channel":{"address":"Bot"},"data":{"guest":"Ann=Bo","kind":"NEW"},"flow_sid":"FW00000000000000000000000000000000","sid":"FN00000000000000000000000000000000","variables":{"HOUSE":"The Old Mill","TILL":"https://till.example.com/inbound"}},"trigger":{"request":{"from":"Bot","parameters":{"guest":"Ann=Bo","kind":"NEW"},"to":"customer"}},"widgets":{}}
`},
		{name: "with a subflow", args: []string{at, "--param=down=true", "--subflow", subflowSID + "=" + shapes + "08-outage-subflow.json", "07-with-subflow.json"}, want: `
customer: Hi
  Trigger —incomingMessage→ outage
    Trigger —incomingParent→ is_down
    is_down —match→ tell
Bot: Our systems are down, customer. At most 3 may wait.
    tell —sent→ set_told
    set_told —next→ Ended
  outage —completed→ was_told
  was_told —match→ bye
Bot: We are sorry. Please come back later.
  bye —sent→ Ended
• It has ended: the flow ends here.
`},
		{name: "time that runs out", args: []string{at, "--trigger=message", "02-menu.json", "--reply", "/timeout"}, want: `
customer: Hi
  Trigger —incomingConversationMessage→ welcome
Bot: Welcome to the garden centre. Is it about plants or about tools?
… no reply until 2026-11-30T21:00:00Z
  welcome —timeout→ Ended
• It has ended: the flow ends here.
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"flow", "run"}
			for _, arg := range c.args {
				if strings.HasSuffix(arg, ".json") && !strings.Contains(arg, "/") {
					arg = shapes + arg
				}
				args = append(args, arg)
			}
			r := parleyWith(t, c.stdin, args...)
			if r.code != c.code || "\n"+r.stdout != c.want || r.stderr != "" {
				t.Errorf("%d, %s\n%s", r.code, r.stderr, r.stdout)
			}
		})
	}
	for _, c := range []struct{ arg, part string }{{"--http=nowhere.json", "nowhere.json"}, {"--zone=Mars/North", "Mars"}, {"--subflow=x", "--subflow x"}, {"--http=flow_test.go", "flow_test.go: "}} {
		if r := parley(t, "flow", "run", shapes+"01-hand-over.json", c.arg); r.code != 1 || !strings.Contains(r.stderr, c.part) || r.stdout != "" {
			t.Errorf("%s: %+v", c.arg, r)
		}
	}
	loop := filepath.Join(t.TempDir(), "loop.json")
	if err := os.WriteFile(loop, []byte(`{"initial_state":"T","states":[{"name":"T","type":"trigger","transitions":[{"event":"incomingMessage","next":"a"}]},{"name":"a","type":"say-play"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := parley(t, "flow", "run", loop); r.code != 1 || r.stderr != "parley: the flow failed\n" || !strings.Contains(r.stdout, "! 81022 in a: a say-play cannot be run here\n") {
		t.Errorf("%+v", r)
	}
}

func TestFlowDiff(t *testing.T) {
	text, err := os.ReadFile(shapes + "02-menu.json")
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "new.json")
	replaced := strings.NewReplacer("One moment,", "Please wait,", `"x": 20`, `"x": 40`, `"timeout": "3600"`, `"timeout": "60"`).Replace(string(text))
	if err := os.WriteFile(changed, []byte(replaced), 0o600); err != nil {
		t.Fatal(err)
	}
	want := `~ welcome properties.timeout: 3600 → 60` + "\n" +
		`~ please_wait properties.body: One moment, somebody who knows {{flow.variables.department}} wil… → Please wait, somebody who knows {{flow.variables.department}} wi…` + "\n"
	if r := parley(t, "flow", "diff", shapes+"02-menu.json", changed); r.code != 0 || r.stdout != want {
		t.Errorf("%+v", r)
	}
	r := parley(t, "flow", "diff", "--json", changed, shapes+"02-menu.json")
	var got []map[string]any
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || len(got) != 2 || !reflect.DeepEqual(got[0], map[string]any{"state": "welcome", "kind": "changed", "what": "properties.timeout", "from": "60", "to": "3600"}) {
		t.Errorf("%v %+v", err, r)
	}
	if r := parley(t, "flow", "diff", shapes+"02-menu.json", shapes+"02-menu.json", "--json"); r.stdout != "[]\n" {
		t.Errorf("%+v", r)
	}
	if r := parley(t, "flow", "diff", shapes+"02-menu.json", shapes+"README.md"); r.code != 1 || !strings.Contains(r.stderr, "README.md: 81022") {
		t.Errorf("%+v", r)
	}
}
