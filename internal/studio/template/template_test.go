package template

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

var (
	noon = time.Date(2026, 11, 30, 20, 4, 5, 0, time.UTC) // in Pacific time
	vars = map[string]any{
		"flow": map[string]any{
			"variables": map[string]any{"n": 3, "half": 0.5, "one": "1", "name": "Ann", "list": []any{"a", "b", "a"}, "yes": true,
				"o": map[string]any{"z": `<x>"q"`, "k": 1}, "people": []any{map[string]any{"name": "Bo", "age": 5}, map[string]any{"name": "Al", "age": 7}}},
			"data": map[string]any{"kind": "NEW", "seats": 2},
		},
		"widgets": map[string]any{"get-date": map[string]any{"parsed": map[string]any{"a-b": "hyphens"}}},
		"trigger": map[string]any{"message": map[string]any{"Body": `say "hi"`, "ChannelAttributes": map[string]any{"memory": "kept"}}},
	}
)

func TestRender(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{"no tags at all { % }", "no tags at all { % }"},
		{"Hi {{flow.variables.name}}!", "Hi Ann!"},
		// what authors write
		{"{{flow.variables. name}} {{ flow . variables.n }} {{\n flow.variables\n.name\n}}", "Ann 3 Ann"},
		{"{{trigger.message.ChannelAttributes .memory}}", "kept"},
		{"{{widgets.get-date.parsed.a-b}}", "hyphens"},
		{`{{ flow.variables["name"] }}{{ flow.variables['name'] }}`, "AnnAnn"},
		{`{{ "a . b" }}{{ 'c .d' }}`, "a . bc .d"},
		{"{{}}{{ }}{{ nothing.at.all }}{{ flow.variables.name.x.y }}", ""},
		{`{{ "a" | append: "-" -}}  b`, "a-b"},
		{"a  {{- flow.variables.n -}}  b", "a3b"},
		{"{% raw %}{{ x . y }}{% endraw %}{% comment %}{% if %}{{{% endcomment %}!", "{{ x . y }}!"},
		// printing
		{"{{flow.data}}", `{"kind":"NEW","seats":2}`},
		{"{{ flow.variables.list }}", "aba"},
		{"{{ flow.variables.half }} {{ flow.variables.yes }} {{ nil }}", "0.5 true "},
		{"{{ (1..5) }}", "1..5"},
		// the vendor's own
		{"{{ flow.variables.o.z | to_json }}", `"<x>\"q\""`},
		{`{"text": {{ trigger.message.Body | to_json }}}`, `{"text": "say \"hi\""}`},
		{"{{ flow.variables.people | to_json }}", `[{"age":5,"name":"Bo"},{"age":7,"name":"Al"}]`},
		{"{{ missing | to_json }}", "null"},
		{`{{ "now" | date }}`, "2026-11-30 12:04:05 -0800"},
		{`{{ "now" | date: "%Y-%m-%d %I:%M %p, %A %-d %B, %j %Z %%" }}`, "2026-11-30 12:04 PM, Monday 30 November, 334 PST %"},
		{`{{ "today" | date: "%-H|%k|%l|%s|%u|%w|%C|%V|%^a|%_m|%q" }}`, "12|12|12|1796069045|1|1|20|49|MON|11|%q"},
		{`{{ 0 | date: "%F %T" }} {{ "86400" | date: "%F" }} {{ "2024-02-29T10:00:00Z" | date: "%e %b" }} {{ "soon" | date: "%F" }}`,
			"1969-12-31 16:00:00 1970-01-01 29 Feb soon"},
		{`{{ "9:05" | date: "%-M" }}{{ "x" | date: "%" }}`, "5x"},
		// numbers and texts
		{`{{ "1" | plus: 1 }} {{ flow.variables.one | minus: "3" }} {{ "1.5" | times: 2 }} {{ "x" | plus: 1 }} {{ "12 pm" | plus: 1 }}`, "2 -2 3 1 13"},
		{"{{ 7 | divided_by: 2 }} {{ 7.0 | divided_by: 2 }} {{ -7 | modulo: 3 }} {{ 9007199254740992 | plus: 1 }}", "3 3.5 2 9007199254740992"},
		{"{{ 1.26 | round: 1 }} {{ 1.5 | ceil }} {{ 1.5 | floor }} {{ -2 | abs }} {{ 5 | at_most: 3 }} {{ 5 | at_least: 8 }}", "1.3 2 1 2 3 8"},
		// tags
		{"{% if flow.variables.n > 2 and flow.variables.yes %}big{% elsif x %}x{% else %}small{% endif %}", "big"},
		{"{% unless nope %}no{% endunless %}{% if nope == nil %}nil{% endif %}{% if '' == empty %}empty{% endif %}", "nonilempty"},
		{`{% case flow.variables.name %}{% when 'Bob', "Ann" %}A{% else %}B{% endcase %}`, "A"},
		{"{% assign a = 'x,y' | split: ',' %}{{a[1]}}{{ a.first }}{{ a | size }}", "yx2"},
		{"{% capture z %}<{{ flow.variables.n }}>{% endcapture %}{{ z }}{{ z | size }}", "<3>3"},
		{"{% for x in flow.variables.list %}{{ forloop.index }}{{ x }}{% unless forloop.last %},{% endunless %}{% endfor %}", "1a,2b,3a"},
		{"{% for x in flow.variables.list reversed %}{{ x }}{% endfor %}{% for x in nope %}{% else %}none{% endfor %}", "abanone"},
		{"{% for x in flow.variables.list limit:1 offset:1 %}{{ x }}{% endfor %}{% for p in flow.data %}{{ p[0] }}={{ p[1] }} {% endfor %}", "bkind=NEW seats=2 "},
		{"{% for i in (1..9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}{{ i }}", "13"},
		{"{% for a in (1..2) %}{% for b in (1..2) %}{{ forloop.index }}{% endfor %}{{ forloop.index }} {% endfor %}", "121 122 "},
		{"{% for a in (1..3) %}{% cycle 'x', 'y' %}{% endfor %}", "xyx"},
		{"{% for i in (1..1000000000) %}{{i}} {% endfor %}", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 "},
		// filters
		{`{{ "a-b" | replace: "-", "+" | upcase }} {{ "aXbX" | remove: "X" }} {{ "aXbX" | remove_first: "X" }} {{ "aa" | replace_first: "a", "b" }}`, "A+B ab abX ba"},
		{`{{ nope | default: "d" }}{{ "" | default: "e" }}{{ false | default: "f" }}{{ 0 | default: "g" }}`, "def0"},
		{`{{ "  a b " | strip }}|{{ "  a" | lstrip }}|{{ "a " | rstrip }}|{{ "ärger" | capitalize }}|{{ "A" | downcase }}`, "a b|a|a|Ärger|a"},
		{`{{ "one two three" | truncate: 7 }}|{{ "one two three" | truncatewords: 2 }}|{{ "abcdef" | slice: -3, 2 }}|{{ "abc" | slice: 1 }}`, "one ...|one two...|de|b"},
		{`{{ "a b&c" | url_encode }} {{ "a+b" | url_decode }} {{ "<b>'" | escape }} {{ "&lt;<" | escape_once }} {{ "<p>x</p>" | strip_html }}`,
			"a+b%26c a b &lt;b&gt;&#39; &lt;&lt; x"},
		{"{{ \"a\nb\" | newline_to_br }} {{ 'a\n\"b' | strip_newlines }} {{ \"a\nb\" | strip_newlines }}", "a<br />\nb a\"b ab"},
		{`{{ flow.variables.list | join: "+" }} {{ flow.variables.list | uniq | join }} {{ flow.variables.list | first }}{{ flow.variables.list | last }}`, "a+b+a a b aa"},
		{`{{ flow.variables.list | reverse | join: "" }} {{ flow.variables.list | sort | join: "" }} {{ "b,A,c" | split: "," | sort_natural | join: "" }}`, "aba aab Abc"},
		{`{{ flow.variables.people | map: "name" | join: "," }} {{ flow.variables.people | sort: "name" | map: "age" | join: "," }}`, "Bo,Al 7,5"},
		{`{{ flow.variables.people | where: "name", "Al" | size }} {{ flow.variables.people | sum: "age" }} {{ flow.variables.list | concat: flow.variables.list | size }}`, "1 12 6"},
		{`{{ (1..3) | join: "," }} {{ (1..3) | last }} {{ "abc" | first }} {{ flow.data | size }} {{ "äö" | size }}`, "1,2,3 3 a 2 2"},
		{`{{ "a,,b,," | split: "," | size }} {{ "a  b" | split: " " | size }} {{ "ab" | split: "" | size }}`, "3 2 2"},
	} {
		got, err := New(Settings{}).Render(c.source, vars, noon)
		if err != nil || got != c.want {
			t.Errorf("%s\n got %q, %v\nwant %q", c.source, got, err, c.want)
		}
		if err := Check(c.source); err != nil {
			t.Errorf("%s: Check: %v", c.source, err)
		}
	}
}

func TestRenderFails(t *testing.T) {
	for _, c := range []struct {
		source string
		line   int
		part   string
		parses bool
	}{
		{"{{ x ", 1, "{{ has no }}", false},
		{"a\nb {% if x ", 2, "{% has no %}", false},
		{"\n{% if x %}", 2, `unterminated "if" block`, false},
		{"{{\n x }}\n{% if %}{% endif %}", 3, "syntax error", false},
		{"{% for x %}{% endfor %}", 1, "syntax error", false},
		{"{% for x in y %}", 1, `unterminated "for" block`, false},
		{"{{ x y }}", 1, "syntax error", false},
		{"{% nope %}", 1, `undefined tag "nope"`, false},
		{"{% include '/etc/passwd' %}", 1, `undefined tag "include"`, false},
		{"{% render '/etc/passwd' %}", 1, `undefined tag "render"`, false},
		{"{% tablerow x in (1..9) %}{% endtablerow %}", 1, `tablerow`, false},
		{"{% raw %}", 1, "{% raw %} has no {% endraw %}", false},
		{"{% capture %}{% endcapture %}", 1, "capture needs the name", false},
		{"{{ x | nope }}", 1, `undefined filter "nope"`, true},
		{"\n\n{{ 1 | divided_by: 0 }}", 3, "divided by 0", true},
		{"{{ 1 | plus }}", 1, "plus needs a value", true},
		{"{% break %}", 1, "break outside of a for", true},
		{"{% for i in (1..3) limit: 'x' %}{% endfor %}", 1, "whole numbers", true},
		{"{% for i in (1..'x') %}{% endfor %}", 1, "convert", true},
	} {
		got, err := New(Settings{}).Render(c.source, vars, noon)
		fault, ok := errors.AsType[*Error](err)
		if !ok || got != "" || fault.Line != c.line || !strings.Contains(fault.Message, c.part) || strings.Contains(fault.Message, show) {
			t.Errorf("%q: %q, %v", c.source, got, err)
		}
		if err := Check(c.source); (err == nil) != c.parses {
			t.Errorf("%q: Check: %v", c.source, err)
		}
	}
}

func TestBounds(t *testing.T) {
	long := map[string]any{"s": strings.Repeat("x", 60_000), "list": func() (l []any) {
		for range 1000 {
			l = append(l, strings.Repeat("y", 60_000))
		}
		return l
	}()}
	double := "{% assign a = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' %}" + strings.Repeat("{% assign a = a | append: a %}", 60)
	nested := strings.Repeat("{% for i in (1..15) %}", 12) + strings.Repeat("{% endfor %}", 12)
	for name, source := range map[string]string{
		"doubling":            double,
		"lists doubling":      "{% assign a = 'a,b,c' | split: ',' %}" + strings.Repeat("{% assign a = a | concat: a %}", 60),
		"nested loops":        nested,
		"captures in loops":   strings.Repeat("{% for i in (1..15) %}", 6) + "{% capture a %}{{ s }}{{ a }}{% endcapture %}" + strings.Repeat("{% endfor %}", 6),
		"replacing":           "{{ s | replace: 'x', s }}",
		"replacing nothing":   "{{ s | replace: '', s }}",
		"joining":             "{{ list | join: s }}",
		"as JSON":             "{{ list | to_json }}",
		"a list":              "{{ list }}",
		"escaping again":      "{% assign a = '&' %}" + strings.Repeat("{% assign a = a | escape | append: a %}", 60),
		"filters in loops":    "{% for a in (1..15) %}{% for b in (1..15) %}{% for c in (1..15) %}{% assign d = s | upcase | downcase %}{% endfor %}{% endfor %}{% endfor %}",
		"dates":               "{{ 'now' | date: s | append: s }}",
		"ranges":              "{{ (1..1000000000) | concat: list | sort | uniq | to_json }}",
		"a long source":       strings.Repeat("{{ s }}", MaxSource),
		"many blocks":         strings.Repeat("{% if a %}", 6000) + strings.Repeat("{% endif %}", 6000),
		"deep parentheses":    "{{ " + strings.Repeat("(", 20_000) + "1" + strings.Repeat(")", 20_000) + " }}",
		"unequal parentheses": "{{ " + strings.Repeat("(", 60_000) + " }}",
		"a range from below":  "{{ (-9223372036854775807..9223372036854775807) | size }}",
		"many open tags":      strings.Repeat("{{", 30_000),
		"a number":            "{{ " + strings.Repeat("9", 60_000) + " }}",
	} {
		start := time.Now()
		got, err := New(Settings{}).Render(source, long, noon)
		if fault, ok := errors.AsType[*Error](err); err != nil && (!ok || !fault.Cut && got != "") || len(got) > 16<<10 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if took := time.Since(start); took > 20*time.Second { // some milliseconds on an idle machine
			t.Errorf("%s took %s", name, took)
		}
	}
	for name, source := range map[string]string{"text": strings.Repeat("ä", 9000), "a template": strings.Repeat("ä", 9000) + "{{ x }}"} {
		got, err := New(Settings{MaxBytes: 1001}).Render(source, nil, noon)
		if fault, ok := errors.AsType[*Error](err); !ok || !fault.Cut || len(got) != 1000 || !utf8.ValidString(got) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	got, err := New(Settings{MaxLoops: 3}).Render("{% for i in (1..9) %}{{ i }}{% endfor %}", nil, noon)
	if got != "123" || err != nil {
		t.Errorf("with a limit of 3: %q, %v", got, err)
	}
	got, err = New(Settings{Zone: time.FixedZone("X", 3600)}).Render(`{{ "now" | date: "%H %z" }}`, nil, noon)
	if got != "21 +0100" || err != nil {
		t.Errorf("in another zone: %q, %v", got, err)
	}
}

// What a template sets is gone after it, and the values that it was given are as they were.
func TestRenderChangesNothing(t *testing.T) {
	before := fmt.Sprint(vars)
	r := New(Settings{})
	for range 2 {
		got, err := r.Render("{{ x }}{% assign x = 'set' %}{% capture flow %}{% endcapture %}{% assign trigger = x %}", vars, noon)
		if got != "" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	if after := fmt.Sprint(vars); after != before {
		t.Errorf("changed: %s", after)
	}
}

// Renderings that run at once know nothing of each other: one that uses up its budget leaves the others theirs.
func TestRenderAtOnce(t *testing.T) {
	r := New(Settings{})
	greedy := strings.Repeat("{% for i in (1..15) %}", 8) + strings.Repeat("{% endfor %}", 8)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 5 {
				if i == 0 {
					if _, err := r.Render(greedy, vars, noon); err == nil {
						t.Error("there is no budget")
					}
					continue
				}
				at := noon.Add(time.Duration(i*100+n) * time.Hour)
				got, err := r.Render(`{% assign x = "now" | date: "%s" %}{% for i in (1..3) %}{{ x }}{% endfor %}`, vars, at)
				if want := strings.Repeat(fmt.Sprint(at.Unix()), 3); got != want || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
	all.Wait()
}

func FuzzRender(f *testing.F) {
	for _, s := range []string{"{{ flow.variables.name | date: '%-d' }}", "{% for x in (1..3) reversed limit:2 %}{{ x }}{% else %}{% endfor %}",
		"{% case a %}{% when 1, 'b' %}{% endcase %}{{ a[0] .b | slice: -1, 2 | to_json }}", "{%- capture x -%}{{-\n'a' -}}{%endcapture%}{{x|size}}",
		"{% if a contains 'b' or (c and d) == 1.5 %}{% cycle 'a' %}{% raw %}{{{% endraw %}{% comment %}{% endif %}{% endcomment %}",
		"{{ (1..9) | join: ',' | split: '' | sort | uniq | map: 'x' | where: 'a', 1 | sum }}", "{{ 'x' | truncate: -1, 'y' | round: 99 | times: 1e9 }}"} {
		f.Add(s)
	}
	r := New(Settings{})
	f.Fuzz(func(t *testing.T, source string) {
		got, err := r.Render(source, vars, noon)
		again, err2 := r.Render(source, vars, noon)
		if got != again || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Errorf("%q, %v; again %q, %v", got, err, again, err2)
		}
		fault, ok := errors.AsType[*Error](err)
		if err != nil && (!ok || got != "" && !fault.Cut) || len(got) > 16<<10 {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		if check := Check(source); check != nil && err == nil {
			t.Errorf("Check refuses what can be rendered: %v", check)
		}
	})
}
