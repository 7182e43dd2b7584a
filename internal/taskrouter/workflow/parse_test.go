package workflow

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"parley/internal/taskrouter/expr"
)

func TestParse(t *testing.T) {
	p, err := Parse(support)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range p.Filters {
		names = append(names, f.Name)
	}
	if !reflect.DeepEqual(names, []string{"A", "B", "C"}) || p.Filters[1].When != nil || p.Filters[1].Text != "lang IN" {
		t.Errorf("filters: %+v", p.Filters)
	}
	first, second := p.At(Step{0, 0}), p.At(Step{0, 1})
	if first.Queue != "WQ1" || first.Timeout != 30 || *first.Priority != 10 || !reflect.DeepEqual(first.KnownWorker, []string{"agent", "sid"}) ||
		first.Where != nil || first.WhereText != "" || first.SkipIf != nil || first.KnownName != nil {
		t.Errorf("first target: %+v", first)
	}
	order := []OrderKey{{[]string{"routing", "levels", "es"}, true}, {[]string{"age"}, false}}
	if second.Queue != "WQ1" || second.Timeout != 0 || second.Priority != nil || second.Where == nil || second.SkipIf == nil || !reflect.DeepEqual(second.OrderBy, order) {
		t.Errorf("second target: %+v", second)
	}
	if inherited := p.At(Step{2, 1}); inherited.Queue != "WQ3" {
		t.Errorf("an empty target has the queue %q", inherited.Queue)
	}
	if p.Default.Queue != "WQ9" || p.Default.Timeout != 0 || p.At(Step{3, 0}) != p.Default {
		t.Errorf("default: %+v", p.Default)
	}
	for _, s := range []Step{{3, 1}, {4, 0}, {0, 2}, {-1, 0}, {0, -1}} {
		if target := p.At(s); target != nil {
			t.Errorf("%v is %+v", s, target)
		}
	}
}

func TestParseLeniently(t *testing.T) {
	for name, text := range map[string]string{
		"without task_routing": `{"filters":[{"expression":"1==1","targets":[{"queue":"Support"}]}]}`,
		"nulls":                `{"task_routing":{"filters":[{"filter_friendly_name":null,"expression":"1==1","targets":[{"queue":"Support","timeout":null,"expression":null,"priority":null}]}],"default_filter":null}}`,
		"unknown keys":         `{"v":1,"task_routing":{"filters":[{"expression":"1==1","x":[{}],"targets":[{"queue":"Support"}]}]}}`,
		"the last of two keys": `{"task_routing":{"filters":[],"filters":[{"expression":"1==1","targets":[{"queue":"x","queue":"Support"}]}]}}`,
	} {
		p, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s, ok := p.Enter(expr.Map{}); !ok || p.At(s).Queue != "Support" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	for _, text := range []string{`{"task_routing":{}}`, `{"task_routing":{"filters":[]}}`, `{"task_routing":{"filters":null}}`} {
		p, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if s, ok := p.Enter(expr.Map{}); ok {
			t.Errorf("%s: a task enters %v", text, s)
		}
	}
}

// Expressions that cannot be parsed stay what nobody matches; they never become what everybody does.
func TestParseKeepsFaultyExpressions(t *testing.T) {
	p, err := Parse(`{"task_routing":{"filters":[{"expression":"a-b == 1","targets":[
		{"queue":"Q","expression":"worker.a IN","skip_if":"workers.available ==","order_by":"age, worker.a UP, worker.b","known_worker_sid":"WK1","known_worker_friendly_name":"worker.name"},
		{"expression":" ","skip_if":" ","order_by":" ","known_worker_sid":" "}]}]}}`)
	if err != nil {
		t.Fatal(err)
	}
	got := p.Filters[0].Targets
	if p.Filters[0].When != nil || !reflect.DeepEqual(got[0], Target{Queue: "Q", WhereText: "worker.a IN", SkipText: "workers.available ==", OrderBy: []OrderKey{{[]string{"b"}, false}}}) {
		t.Errorf("%+v", p.Filters[0])
	}
	if !reflect.DeepEqual(got[1], Target{Queue: "Q"}) {
		t.Errorf("%+v", got[1])
	}
}

func TestParseRefuses(t *testing.T) {
	target := func(target string) string {
		return `{"task_routing":{"filters":[{"expression":"1==1","targets":[{"queue":"Q"},` + target + `]}]}}`
	}
	for _, c := range []struct{ name, text, path, message string }{
		{"nothing", ``, "", "not JSON"},
		{"half of it", `{"task_routing":`, "", "not JSON: byte 16"},
		{"more than one value", `{"task_routing":{}} {}`, "", "not JSON"},
		{"no object", `[]`, "", "must be an object, not array"},
		{"null", `null`, "", "must be an object, not null"},
		{"something else", `{"filter":[]}`, "task_routing", "is missing"},
		{"routing", `{"task_routing":[]}`, "task_routing", "must be an object"},
		{"filters", `{"task_routing":{"filters":{}}}`, "task_routing.filters", "must be an array, not object"},
		{"filter", `{"task_routing":{"filters":["x"]}}`, "task_routing.filters[0]", "must be an object, not string"},
		{"name", `{"filters":[{"filter_friendly_name":5,"targets":[{"queue":"Q"}]}]}`, "filters[0].filter_friendly_name", "must be a string, not number"},
		{"expression", `{"filters":[{"expression":true,"targets":[{"queue":"Q"}]}]}`, "filters[0].expression", "must be a string, not boolean"},
		{"no targets", `{"filters":[{"expression":"1==1"}]}`, "filters[0].targets", "at least one"},
		{"empty targets", `{"filters":[{"expression":"1==1","targets":[]}]}`, "filters[0].targets", "at least one"},
		{"targets", `{"filters":[{"expression":"1==1","targets":"Q"}]}`, "filters[0].targets", "must be an array"},
		{"target", target(`[]`), "task_routing.filters[0].targets[1]", "must be an object"},
		{"no queue", `{"filters":[{"expression":"1==1","targets":[{}]}]}`, "filters[0].targets[0].queue", "is missing"},
		{"queue", target(`{"queue":7}`), "task_routing.filters[0].targets[1].queue", "must be a string"},
		{"timeout", target(`{"timeout":"soon"}`), "task_routing.filters[0].targets[1].timeout", "must be an integer from 0"},
		{"negative timeout", target(`{"timeout":-1}`), "task_routing.filters[0].targets[1].timeout", "must be an integer from 0"},
		{"half a second", target(`{"timeout":0.5}`), "task_routing.filters[0].targets[1].timeout", "must be an integer from 0"},
		{"high priority", target(`{"priority":2147483648}`), "task_routing.filters[0].targets[1].priority", "must be an integer from 0"},
		{"order", target(`{"order_by":["worker.a"]}`), "task_routing.filters[0].targets[1].order_by", "must be a string"},
		{"default", `{"task_routing":{"default_filter":"Q"}}`, "task_routing.default_filter", "must be an object"},
		{"default without a queue", `{"task_routing":{"default_filter":{}}}`, "task_routing.default_filter.queue", "is missing"},
		{"too long", `{"task_routing":{}}` + strings.Repeat(" ", MaxBytes), "", "1038576 are allowed"},
		{"deep", strings.Repeat("[", 100_000), "", "depth"},
	} {
		plan, err := Parse(c.text)
		fault, ok := errors.AsType[*ShapeError](err)
		if !ok || plan != nil || fault.Path != c.path || !strings.Contains(fault.Message, c.message) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if w := Check(c.text, Known{}); len(w) != 1 || w[0].Code != "shape" || w[0].Path != c.path {
			t.Errorf("%s: checked as %+v", c.name, w)
		}
	}
	if _, err := Parse(`{"task_routing":{"filters":3}}`); err == nil || err.Error() != "task_routing.filters must be an array, not number" {
		t.Error(err)
	}
	if _, err := Parse(`{`); err == nil || !strings.HasPrefix(err.Error(), "the configuration is not JSON") {
		t.Error(err)
	}
}

func files(tb testing.TB) map[string]string {
	tb.Helper()
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) != 7 {
		tb.Fatalf("%q %v", names, err)
	}
	texts := map[string]string{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		texts[filepath.Base(name)] = string(b)
	}
	return texts
}

func FuzzParse(f *testing.F) {
	for _, text := range files(f) {
		f.Add(text, `{"placeCallRetry":2,"taskType":"callback"}`)
	}
	f.Add(support, `{"lang":"es"}`)
	f.Fuzz(func(t *testing.T, text, attributes string) {
		p, err := Parse(text)
		warnings := Check(text, Known{})
		refused := false
		for _, w := range warnings {
			refused = refused || w.Code == "shape"
			if w.Code == "" || w.Message == "" {
				t.Fatalf("%+v", w)
			}
		}
		if refused != (err != nil) {
			t.Fatalf("parsed with %v, checked as %+v", err, warnings)
		}
		if err != nil {
			return
		}
		var env expr.Map
		if json.Unmarshal([]byte(attributes), &env) != nil {
			env = nil
		}
		for _, skipped := range []bool{true, false} {
			s, ok := p.Enter(env)
			for ok && s.Filter < len(p.Filters) {
				next, more := p.Next(env, s, skipped, skipped)
				if p.At(s) == nil || more && (next.Filter < s.Filter || next.Filter == s.Filter && next.Target <= s.Target) {
					t.Fatalf("from %v to %v", s, next)
				}
				s, ok = next, more
			}
			if ok && p.At(s) != p.Default {
				t.Fatalf("ended at %v", s)
			}
		}
	})
}
