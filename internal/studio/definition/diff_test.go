package definition

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
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
		"~ the flow flags: false → true",
		"~ a properties.body: hi → hello",
		"+ a properties.to: x",
		"~ a transitions.sent.next: s → new",
		`~ s transitions.match[0].conditions: …al_to","value":"1","arguments":["x"]}] → …al_to","value":"2","arguments":["x"]}]`,
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

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("ä", 40) + "\n" + strings.Repeat("b", 80)
	for at := range len(long) + 2 {
		got := excerpt(long, at)
		if !utf8.ValidString(got) || strings.Contains(got, "\n") || len([]rune(got)) > 70 {
			t.Errorf("at %d: %q", at, got)
		}
	}
	if got := excerpt("short", 5); got != "short" {
		t.Errorf("%q", got)
	}
}
