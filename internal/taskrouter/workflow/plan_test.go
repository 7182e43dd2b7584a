package workflow

import (
	"testing"

	"parley/internal/taskrouter/expr"
)

const support = `{"task_routing":{"filters":[
	{"filter_friendly_name":"A","expression":"lang == 'es'","targets":[
		{"queue":"WQ1","timeout":"30","priority":10,"known_worker_sid":"task.agent.sid"},
		{"expression":"task.lang IN worker.languages","order_by":"worker.routing.levels.es DESC, worker.age","skip_if":"1==1"}]},
	{"friendlyName":"B","expression":"lang IN","targets":[{"queue":"WQ2"}]},
	{"friendly_name":"C","expression":"vip == true","targets":[{"queue":"WQ3"},{}]}],
	"default_filter":{"queue":"WQ9","timeout":5}}}`

func TestWalk(t *testing.T) {
	p, err := Parse(support)
	if err != nil {
		t.Fatal(err)
	}
	es, vip, both, other := expr.Map{"lang": "es"}, expr.Map{"vip": true}, expr.Map{"lang": "es", "vip": true}, expr.Map{}
	for _, c := range []struct {
		name               string
		task               expr.Map
		from               Step
		skipped, onlySkips bool
		want               Step
		ok                 bool
	}{
		{"the next target", es, Step{0, 0}, false, false, Step{0, 1}, true},
		{"the next matching filter", both, Step{0, 1}, false, false, Step{2, 0}, true},
		{"the next matching filter after a skip", both, Step{0, 1}, true, true, Step{2, 0}, true},
		{"out after a timeout", es, Step{0, 1}, false, false, Step{}, false},
		{"out after a timeout although all before were skipped", es, Step{0, 1}, false, true, Step{}, false},
		{"the default after skips only", es, Step{0, 1}, true, true, Step{3, 0}, true},
		{"out after a skip with a timeout before", es, Step{0, 1}, true, false, Step{}, false},
		{"the last target of the last filter", vip, Step{2, 1}, false, false, Step{}, false},
		{"the default follows itself", other, Step{3, 0}, false, false, Step{3, 0}, true},
		{"a step that the plan does not have", vip, Step{9, 4}, false, false, Step{}, false},
	} {
		if got, ok := p.Next(c.task, c.from, c.skipped, c.onlySkips); got != c.want || ok != c.ok {
			t.Errorf("%s: %v %v", c.name, got, ok)
		}
	}
	for _, c := range []struct {
		task expr.Map
		want Step
	}{{es, Step{0, 0}}, {both, Step{0, 0}}, {vip, Step{2, 0}}, {other, Step{3, 0}}} {
		if got, ok := p.Enter(c.task); got != c.want || !ok {
			t.Errorf("%v enters %v %v", c.task, got, ok)
		}
	}
	p.Default = nil
	if s, ok := p.Enter(other); ok {
		t.Errorf("entered %v with no default", s)
	}
	if s, ok := p.Next(es, Step{0, 1}, true, true); ok {
		t.Errorf("went to %v with no default", s)
	}
}
