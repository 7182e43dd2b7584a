package taskrouter

import (
	"encoding/json"
	"maps"
	"testing"
	"unicode/utf8"
)

func FuzzObjectOfTexts(f *testing.F) {
	f.Add("task_attributes", `{"name":"Ann \"x\" \\ <b>"}`)
	f.Add("a", "\x00\x1f\n\t\u2028é😀")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, name, value string) {
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return // the store takes no other
		}
		want := map[string]string{name: value, name + "2": name}
		var got map[string]string
		text := objectOfTexts(want)
		if err := json.Unmarshal([]byte(text), &got); err != nil || !maps.Equal(got, want) {
			t.Errorf("%s reads as %q (%v), not %q", text, got, err, want)
		}
	})
}
