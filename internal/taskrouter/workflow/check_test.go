package workflow

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const (
	active  = "WAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	retired = "WAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

var known = Known{
	Queue:    func(name string) bool { return name == "Q" || name == "Support" },
	Activity: func(sid string) bool { return sid == active },
}

// document is a configuration with one filter before a last one that takes everything.
func document(expression string, targets ...string) string {
	return fmt.Sprintf(`{"task_routing":{"filters":[{"expression":%q,"targets":[%s]},
		{"expression":"1==1","targets":[{"queue":"Q"}]}],"default_filter":{"queue":"Q"}}}`, expression, strings.Join(targets, ","))
}

func TestCheck(t *testing.T) {
	const filter, first = "task_routing.filters[0]", "task_routing.filters[0].targets[0]"
	for _, c := range []struct {
		name, text string
		path       string // of the only warning; empty: none
		column     int
		code       string
	}{
		{"nothing wrong", document("lang == 'es'", `{"queue":"Support","timeout":30,"expression":"task.lang IN worker.langs","skip_if":"workers.`+active+` == 0"}`, `{}`), "", 0, ""},
		{"always and never as numbers", document("lang == 'es'", `{"queue":"Q","expression":"1==0","timeout":10}`, `{"skip_if":"1==1"}`, `{}`), "", 0, ""},
		{"an always true filter that ends", document("1==1", `{"queue":"Q","timeout":10}`), "", 0, ""},
		{"no default where a filter takes everything", `{"task_routing":{"filters":[{"expression":"1==1","targets":[{"queue":"Q"}]}]}}`, "", 0, ""},
		{"a worker attribute of the task", document("worker == 'bob' AND task != 'x'", `{"queue":"Q"}`), "", 0, ""},

		{"syntax in a filter", document("skill-level == 1", `{"queue":"Q"}`), filter + ".expression", 6, "syntax"},
		{"syntax in a target", document("a == 1", `{"queue":"Q","expression":" worker.a HAS","timeout":5}`), first + ".expression", 14, "syntax"},
		{"syntax in skip_if", document("a == 1", `{"queue":"Q","skip_if":"workers.available"}`), first + ".skip_if", 18, "syntax"},
		{"a key in quotes", document("a == 1 AND 'language' == 'spanish'", `{"queue":"Q"}`), filter + ".expression", 12, "constants"},
		{"a name without prefix", document("a == 1", `{"queue":"Q","expression":"worker.langs HAS lang"}`), first + ".expression", 18, "prefix"},
		{"a whole object", document("a == 1", `{"queue":"Q","expression":"worker == 'bob'"}`), first + ".expression", 1, "prefix"},
		{"worker in a filter", document("a == 1 AND worker.sid == 'WK1'", `{"queue":"Q"}`), filter + ".expression", 12, "prefix"},
		{"task in a filter", document("task.a == 1", `{"queue":"Q"}`), filter + ".expression", 1, "prefix"},
		{"task in skip_if", document("a == 1", `{"queue":"Q","skip_if":"task.a == 1"}`), first + ".skip_if", 1, "prefix"},
		{"an unknown counter in skip_if", document("a == 1", `{"queue":"Q","skip_if":"1 > workers.busy"}`), first + ".skip_if", 5, "prefix"},
		{"an unknown activity", document("a == 1", `{"queue":"Q","skip_if":"workers.`+retired+` > 0"}`), first + ".skip_if", 1, "unknown_activity"},
		{"an unknown queue", document("a == 1", `{"queue":"Sales"}`), first + ".queue", 0, "unknown_queue"},
		{"an array operator on a literal", document("'a' HAS b", `{"queue":"Q"}`), filter + ".expression", 1, "never"},
		{"two values at once", document("a == 'x' AND a == 'y'", `{"queue":"Q"}`), filter + ".expression", 16, "never"},
		{"one equals sign", document("a = 1", `{"queue":"Q"}`), filter + ".expression", 3, "single_equals"},
		{"a list without brackets", document("a == 'x', 'y'", `{"queue":"Q"}`), filter + ".expression", 6, "bare_list"},
		{"a leading asterisk", document("*(a == 1)", `{"queue":"Q"}`), filter + ".expression", 1, "stray_star"},
		{"an empty filter expression", document("", `{"queue":"Q"}`), filter + ".expression", 0, "never"},
		{"a filter that is never true", document("1==0 AND a == 1", `{"queue":"Q"}`), filter + ".expression", 0, "never"},
		{"a trap", document("a == 1", `{"queue":"Q","expression":"1==0"}`), first + ".expression", 0, "never"},
		{"a target after an endless one", document("a == 1", `{"queue":"Q"}`, `{}`), filter + ".targets[1]", 0, "unreachable"},
		{"a target after one that is never skipped", document("a == 1", `{"queue":"Q","skip_if":"1==0"}`, `{}`), filter + ".targets[1]", 0, "unreachable"},
		{"a filter after an always true one", document("1==1", `{"queue":"Q","timeout":5}`, `{}`), "task_routing.filters[1]", 0, "unreachable"},
		{"no timeout", document("a == 1", `{"queue":"Q","timeout":"0"}`), first + ".timeout", 0, "timeout"},
		{"an order by no attribute", document("a == 1", `{"queue":"Q","order_by":"age DESC"}`), first + ".order_by", 0, "order_by"},
		{"an order by an expression", document("a == 1", `{"queue":"Q","order_by":"worker.a DOWN"}`), first + ".order_by", 0, "order_by"},
		{"a known worker who is no reference", document("a == 1", `{"queue":"Q","known_worker_sid":"WK1"}`), first + ".known_worker_sid", 0, "known_worker"},
		{"a known name of the worker", document("a == 1", `{"queue":"Q","known_worker_friendly_name":"worker.name"}`), first + ".known_worker_friendly_name", 0, "known_worker"},
		{"an unknown key", document("a == 1", `{"queue":"Q","task_timeout":5}`), first + ".task_timeout", 0, "unknown_key"},
		{"a key twice", document("a == 1", `{"queue":"Q","timeout":5,"timeout":6}`), first + ".timeout", 0, "duplicate_key"},
		{"filters beside the routing", `{"filters":[],"task_routing":{"default_filter":{"queue":"Q"}}}`, "filters", 0, "unknown_key"},
		{"no default", `{"filters":[{"expression":"a == 1","targets":[{"queue":"Q"}]}]}`, "default_filter", 0, "no_default"},
		{"a default with a timeout", `{"filters":[],"default_filter":{"queue":"Q","timeout":5}}`, "default_filter.timeout", 0, "default"},
		{"a default with skip_if", `{"filters":[],"default_filter":{"queue":"Q","skip_if":"1==1"}}`, "default_filter.skip_if", 0, "default"},
		{"a default for nobody", `{"filters":[],"default_filter":{"queue":"Q","expression":"1==0"}}`, "default_filter.expression", 0, "never"},
	} {
		got := Check(c.text, known)
		if c.code == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || got[0].Path != c.path || got[0].Column != c.column || got[0].Code != c.code || got[0].Message == "" {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestCheckKnowsNothing(t *testing.T) {
	text := document("a == 1", `{"queue":"Sales","skip_if":"workers.`+retired+` > 0"}`)
	if got := Check(text, Known{}); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestCheckSaysEveryFaultOfTheShape(t *testing.T) {
	got := Check(`{"filters":[{"expression":5,"targets":[{"queue":1,"timeout":"x"}]},7],"default_filter":{"queue":"Q"}}`, known)
	var paths []string
	for _, w := range got {
		paths = append(paths, w.Path+" "+w.Code)
	}
	if want := []string{"filters[0].expression shape", "filters[0].targets[0].queue shape", "filters[0].targets[0].timeout shape", "filters[1] shape"}; !reflect.DeepEqual(paths, want) {
		t.Errorf("%+v", got)
	}
}

func TestCheckIsBounded(t *testing.T) {
	got := Check(document(strings.Repeat("a = 1 OR ", 5000)+"a = 1", `{"queue":"Q"}`), known)
	if len(got) != maxWarnings {
		t.Errorf("%d warnings", len(got))
	}
}

// Two of these send a task that matches nothing out of the workflow, which is a fault. With the others nothing is wrong.
func TestCheckDeployedConfigurations(t *testing.T) {
	faults := map[string]string{"03-transfer-by-second-task.json": "no_default", "04-calls-between-agents.json": "no_default"}
	for name, text := range files(t) {
		p, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, f := range p.Filters {
			if f.When == nil {
				t.Errorf("%s: %s is not parsed", name, f.Text)
			}
			for _, target := range f.Targets {
				if (target.Where == nil) != (target.WhereText == "") || (target.SkipIf == nil) != (target.SkipText == "") {
					t.Errorf("%s: %+v is not parsed", name, target)
				}
			}
		}
		got := Check(text, Known{})
		if want := faults[name]; want == "" && len(got) > 0 || want != "" && (len(got) != 1 || got[0].Code != want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestCheckQueue(t *testing.T) {
	for _, c := range []struct {
		text, code string
		column     int
	}{
		{"1==1", "", 0},
		{"skills HAS 'x' AND worker.channel.chat.configured_capacity > 0", "", 0},
		{"1==0", "", 0},
		{"", "never", 0},
		{"skill-level > 3", "syntax", 6},
		{"skills HAS task.language", "prefix", 12},
		{`"language" == "es"`, "constants", 1},
	} {
		got := CheckQueue(c.text)
		if c.code == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || got[0].Code != c.code || got[0].Column != c.column || got[0].Path != "TargetWorkers" {
			t.Errorf("%s: %+v", c.text, got)
		}
	}
}
