package definition

import (
	"fmt"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	read := func(text string) *Flow {
		f, err := Read(text)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	split := func(ways string) string {
		return `{"name":"s","type":"split-based-on","properties":{"input":"x"},"transitions":[` + ways + `]}`
	}
	match := func(value, next string) string {
		return fmt.Sprintf(`{"event":"match","next":%q,"conditions":[{"type":"equal_to","value":%q,"arguments":["x"]}]}`, next, value)
	}
	from := read(flowOf(state("a", "send-message", `{"from":"Bot","body":"hi","offset":{"x":1}}`, "sent>s", "failed>"), split(match("1", "a")), state("old", "set-variables", "{}")))
	to := read(strings.Replace(flowOf(state("a", "send-message", `{"from":"Bot","body":"hello","to":"x","offset":{"x":9}}`, "sent>new"), split(match("2", "a")+","+match("1", "new")),
		state("new", "set-variables", `{"variables":[{"key":"k"}]}`)), `{"initial_state":"T"`, `{"description":"D","flags":{"allow_concurrent_calls":true},"initial_state":"T"`, 1))
	want := []string{
		"+ the flow description: D",
		`~ the flow flags: "false" → "true"`,
		`~ a properties.body: "hi" → "hello"`,
		"+ a properties.to: x",
		`~ a transitions.sent.next: "s" → "new"`,
		`~ s transitions.match[0].conditions: "[{\"friendly_name\":\"\",\"type\":\"equal_to\",\"value\":\"1\",\"arguments\":[…" → "[{\"friendly_name\":\"\",\"type\":\"equal_to\",\"value\":\"2\",\"arguments\":[…"`,
		"+ s transitions.match[1].next: new",
		`+ s transitions.match[1].conditions: [{"friendly_name":"","type":"equal_to","value":"1","arguments":[…`,
		"- old: set-variables",
		"+ new: set-variables",
	}
	var got []string
	for _, c := range Diff(from, to) {
		got = append(got, c.String())
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}
