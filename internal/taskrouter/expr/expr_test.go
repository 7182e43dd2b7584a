package expr

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
)

// cases is the truth table of taskrouter-studio A.5.
type cases struct {
	Cases []struct {
		ID, Expression string
		Env            map[string]any
		Expected       bool
	}
	SyntaxErrors []struct{ Expression string } `json:"syntax_errors"`
}

func readCases(tb testing.TB) (c cases) {
	tb.Helper()
	b, err := os.ReadFile("testdata/cases.json")
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil || len(c.Cases) != 79 || len(c.SyntaxErrors) != 4 {
		tb.Fatalf("%d cases, %d syntax errors, %v", len(c.Cases), len(c.SyntaxErrors), err)
	}
	return c
}

func parse(tb testing.TB, text string) *Expr {
	tb.Helper()
	e, err := Parse(text)
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	return e
}

func TestTruthTable(t *testing.T) {
	all := readCases(t)
	for _, c := range all.Cases {
		e, err := Parse(c.Expression)
		if err != nil {
			t.Errorf("%s: %v", c.ID, err)
			continue
		}
		if got := e.Eval(Map(c.Env)); got != c.Expected {
			t.Errorf("%s: %s is %v", c.ID, c.Expression, got)
		}
	}
	for _, c := range all.SyntaxErrors {
		if e, err := Parse(c.Expression); err == nil {
			t.Errorf("%s is not refused: %v", c.Expression, e)
		}
	}
}

// capacity is an Object that is no map, as the matcher's workers are.
type capacity struct{ held int }

func (c capacity) Get(name string) any {
	switch name {
	case "held":
		return c.held
	case "total":
		return int64(3)
	}
	return nil
}

func TestEval(t *testing.T) {
	env := Map{
		"n": 5.0, "text": "5", "word": "sales", "yes": true, "no": false, "null": nil, "zwölf": 12.0, "$x_1": 1.0,
		"list": []any{"a", 1.0, nil, []any{"deep"}}, "object": map[string]any{"list": []any{map[string]any{"k": "v"}}, "in": 1.0, "2nd": 2.0},
		"channel": capacity{held: 2}, "mail": "a\\b 'c'", "big": 1e21, "OR": 1.0,
	}
	for _, c := range []struct {
		text string
		want bool
	}{
		{"", false},
		{" \t\r\n", false},
		// NULL
		{"missing == null", true}, {"missing != 1", true}, {"missing == missing.too", true}, {"null == 1", false}, {"missing < 1", false},
		{"missing >= null", false}, {"missing CONTAINS ''", false}, {"word CONTAINS missing", false}, {"missing IN list", true},
		{"missing HAS 1", false}, {"n IN missing", false}, {"n NOT IN missing", true}, {"n NOT IN word", false}, {"missing NOT IN ['a']", true},
		// Numbers, texts and booleans
		{"n == text", true}, {"text == '5.0'", false}, {"n == '5.0'", true}, {"'10' > '9'", true}, {"'b' > 'a'", true}, {"word > 1", false},
		{"n == '0x5'", false}, {"n < 'inf'", false}, {"n == ' 5'", false}, {"n > -1", true}, {"n == 5.00", true},
		{"yes == 'true'", true}, {"yes == 'TRUE'", false}, {"yes == 1", false}, {"no != true", true}, {"yes > no", false}, {"yes == TRUE", true},
		{"n CONTAINS 5", true}, {"text CONTAINS n", true}, {"big CONTAINS '1000000000000000000000'", true}, {"yes CONTAINS 'r'", false}, {"'true' CONTAINS yes", true},
		{"zwölf == 12", true}, {"$x_1 == 1", true}, {`mail == 'a\\b \'c\''`, true}, {`mail CONTAINS "'c'"`, true},
		// Lists and objects
		{"list == list", false}, {"list != 1", false}, {"object == null", false}, {"list HAS 'a'", true}, {"list HAS '1'", true}, {"list HAS null", true},
		{"list HAS list", false}, {"'deep' IN list", false}, {"list[3] HAS 'deep'", true}, {"list[1] == 1", true}, {"list[7] == null", true},
		{"word HAS 's'", false}, {"object.list[0].k == 'v'", true}, {"object.in == 1", true}, {"object.2nd == 2", true}, {"word[0] == null", true},
		{"n IN [1, 5]", true}, {"n IN [1 5]", true}, {"n IN [1, 5,]", true}, {"n in [list, text]", true}, {"n NOT in [1]", true}, {"n NOT IN []", true},
		{"list IN [1]", false}, {"list NOT IN [1]", false}, {"['a', word] HAS 'sales'", true}, {"[1] == 1", false}, {"n IN[5]", true},
		// Objects of the caller
		{"channel.held == 2", true}, {"channel.held < channel.total", true}, {"channel.other == null", true}, {"channel == null", false},
		// What is accepted although it is no good style
		{"n = 5", true}, {"list >- 'a'", true}, {"'a' <- list", true}, {"word == 'x', 'sales'", true}, {"word == 'x', 'y'", false},
		{"word != 'x', 'y'", true}, {"word != 'x', 'sales'", false}, {"word IN 'x', 'sales'", true}, {"word NOT IN 'x', 'sales'", false},
		{"list HAS 'z', 'a'", true}, {"(word == 'x', 'sales') AND n == 5", true}, {" *(n == 5)", true}, {"**n == 5", true},
		// Words
		{"n == 5 or n == 6 And n == 7", true}, {"(n == 5 OR n == 6) AND n == 7", false},
	} {
		e, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if got := e.Eval(env); got != c.want {
			t.Errorf("%s is %v", c.text, got)
		}
	}
	if parse(t, "a == null").Eval(nil) != true {
		t.Error("an absent environment has a member")
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		text    string
		column  int
		message string // part of it
	}{
		{"skill-level > 3", 6, "extraneous input 'evel' expecting OPERATOR"},
		{"a == 1 AND skill-l", 17, "extraneous input '-l' expecting OPERATOR"},
		{"skill-9 == 1", 6, "extraneous input '-9' expecting OPERATOR"},
		{"languages HAS", 14, "ends"},
		{"(a == 1", 8, "closing )"},
		{"a == 1)", 7, "unexpected )"},
		{"a ==== 1", 5, "unexpected =="},
		{"a", 2, "an operator"},
		{"a b", 3, "unexpected b"},
		{"zwölf == 'x' zwölf", 14, "unexpected zwölf"},
		{"a == 'x", 6, "no closing '"},
		{`a == "x\"`, 6, `no closing "`},
		{"NOT a == 1", 1, "NOT IN"},
		{"a NOT == 1", 7, "IN after NOT"},
		{"a && b", 3, "use AND"},
		{"a == 1 || b == 1", 8, "use OR"},
		{"a == “x”", 6, "straight quotes"},
		{"a == [1", 8, "closing ]"},
		{"a == ]", 6, "unexpected ]"},
		{"a.b. == 1", 4, "after the dot"},
		{"a[x] == 1", 2, "index"},
		{"a[1 == 1", 2, "index"},
		{"2nd == 1", 1, "neither a number nor a key"},
		{"a == +5", 6, "unexpected '+'"},
		{"a == 5AND b == 1", 6, "neither a number nor a key"},
		{"a == #", 6, "unexpected '#'"},
		{"a == \xff", 6, "unexpected"},
		{"*", 2, "ends"},
		{"a == " + strings.Repeat("9", 400), 6, "too large"},
		{strings.Repeat("(", 101), 101, "100 levels"},
		{"a IN " + strings.Repeat("[", 101), 106, "100 levels"},
		{"a IN [" + strings.Repeat("1 ", 10_001), 20_007, "10000 items"},
		{"a IN 1" + strings.Repeat(",1", 10_000), 20_006, "10000 items"},
		{strings.Repeat(" ", MaxBytes+1), 1, "65537 bytes"},
	} {
		_, err := Parse(c.text)
		fault, ok := errors.AsType[*SyntaxError](err)
		if !ok || fault.Column != c.column || !strings.Contains(fault.Message, c.message) {
			t.Errorf("%.40s: %v", c.text, err)
		}
	}
	if _, err := Parse("ä-b == 1"); err == nil || err.Error() != "column 2: extraneous input '-b' expecting OPERATOR: a key cannot have a hyphen" {
		t.Error(err)
	}
	var fault *SyntaxError
	if _, err := Parse("ä-b == 1"); !errors.As(err, &fault) || fault.Offset != 2 {
		t.Error(fault)
	}
}

func TestDepthWithinBounds(t *testing.T) {
	if e := parse(t, strings.Repeat("(", 100)+"a == 1"+strings.Repeat(")", 100)); !e.Eval(Map{"a": 1}) {
		t.Error("100 parentheses are not seen through")
	}
	if e := parse(t, "a == 0"+strings.Repeat(" OR a == 0", 6000)+" OR a == 1"); !e.Eval(Map{"a": 1}) {
		t.Error("the last of many parts is not seen")
	}
}

func TestPaths(t *testing.T) {
	e := parse(t, "task.language IN worker.spoken AND (worker.levels[2].es > 1 OR [a, [b.c]] HAS task.language)")
	want := [][]string{{"task", "language"}, {"worker", "spoken"}, {"worker", "levels", "[2]", "es"}, {"a"}, {"b", "c"}}
	if got := e.Paths(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
	reads := e.Reads()
	if last := reads[len(reads)-1]; len(reads) != 6 || e.Column(last.Offset) != 79 || last.Path[1] != "language" {
		t.Errorf("%+v", reads)
	}
	env := Map{"worker": map[string]any{"levels": []any{0, 1, map[string]any{"es": 7.0}}}}
	if v := Lookup(env, want[2]); v != 7.0 {
		t.Errorf("read %v", v)
	}
	for _, path := range [][]string{{"worker", "levels", "[3]"}, {"worker", "levels", "2"}, {"worker", "levels", "[x]"}, {"worker", "levels", "[99999999999999999999]"}, {"worker", "x", "y"}} {
		if v := Lookup(env, path); v != nil {
			t.Errorf("%q reads %v", path, v)
		}
	}
	if got := parse(t, "1 == 1").Paths(); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestParsePath(t *testing.T) {
	for text, want := range map[string][]string{
		"task.agents[0].sid": {"task", "agents", "[0]", "sid"}, "worker": {"worker"},
		"": nil, "'x'": nil, "IN": nil, "a b": nil, "a.": nil, " a": nil, "a-b": nil, "5": nil,
	} {
		if got, ok := ParsePath(text); ok != (want != nil) || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestAlways(t *testing.T) {
	for _, c := range []struct {
		text      string
		value, ok bool
	}{
		{"", false, true}, {"1==1", true, true}, {"1==0", false, true}, {"a == 1", false, false}, {"a == a", false, false},
		{"a == 1 OR 1 == 1", true, true}, {"a == 1 AND 1 == 0", false, true}, {"a == 1 AND 1 == 1", false, false},
		{"1 == 0 OR 0 == 1", false, true}, {"1 IN [1]", true, true}, {"1 IN [a]", false, false},
	} {
		value, ok := parse(t, c.text).Always()
		if ok != c.ok || ok && value != c.value {
			t.Errorf("%s: %v %v", c.text, value, ok)
		}
	}
}

func TestInteger(t *testing.T) {
	for _, c := range []struct {
		v    any
		want int64
		ok   bool
	}{
		{5.0, 5, true}, {-2.0, -2, true}, {7, 7, true}, {int64(8), 8, true}, {5.5, 0, false}, {"5", 0, false}, {nil, 0, false}, {true, 0, false},
		{math.Inf(1), 0, false}, {math.NaN(), 0, false}, {1e300, 0, false}, {float64(math.MaxInt64), 0, false}, {float64(math.MinInt64), math.MinInt64, true},
	} {
		if n, ok := Integer(c.v); n != c.want || ok != c.ok {
			t.Errorf("%v: %d %v", c.v, n, ok)
		}
	}
}

func TestEvalDoesNotAllocate(t *testing.T) {
	env := Map{"worker": map[string]any{"skills": []any{"es", "en"}, "level": 3.0, "sid": "WK1"}, "task": map[string]any{"language": "en"}}
	e := parse(t, "worker.skills HAS task.language AND worker.level >= 2 AND worker.sid NOT IN ['WK2', 'WK3'] AND worker.sid != 5 AND worker.x == null")
	if n := testing.AllocsPerRun(100, func() {
		if !e.Eval(env) {
			t.Error("false")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	all := readCases(f)
	for _, c := range all.Cases {
		env, err := json.Marshal(c.Env)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(c.Expression, string(env))
	}
	for _, text := range []string{"skill-level > 3", "*(a == 'x', 'y')", "a>-1", "a[0].b IN [1 [2], c]", "“", "a == 'x\\", "a.", "[", "\xff", "a <- <-"} {
		f.Add(text, `{"a":[1,{"b":"\\"}]}`)
	}
	f.Fuzz(func(t *testing.T, text, env string) {
		e, err := Parse(text)
		if err != nil {
			fault, ok := errors.AsType[*SyntaxError](err)
			if !ok || fault.Offset < 0 || fault.Offset > len(text) || fault.Column < 1 || fault.Message == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		again, err := Parse(e.String())
		if err != nil || e.String() != text || !reflect.DeepEqual(e, again) {
			t.Fatalf("%q is %q again: %v", text, e.String(), err)
		}
		var m Map
		if json.Unmarshal([]byte(env), &m) != nil {
			m = nil
		}
		got := e.Eval(m)
		if e.Eval(m) != got {
			t.Fatal("two evaluations differ")
		}
		if value, ok := e.Always(); ok && value != got {
			t.Fatalf("always %v, but here %v", value, got)
		}
		for _, p := range e.Paths() {
			if back, ok := ParsePath(strings.ReplaceAll(strings.Join(p, "."), ".[", "[")); !ok || !reflect.DeepEqual(back, p) {
				t.Fatalf("%q is no path: %q", p, back)
			}
			Lookup(m, p)
		}
		for _, finding := range e.Lint() {
			if finding.Offset < 0 || finding.Offset > len(text) || e.Column(finding.Offset) < 1 {
				t.Fatalf("%+v", finding)
			}
			if finding.Code == "never" && !strings.Contains(text, "OR") && got && len(e.root.kids) == 0 {
				t.Fatalf("never true, but true: %+v", finding)
			}
		}
	})
}

func BenchmarkEval(b *testing.B) {
	env := Map{"worker": map[string]any{"routing": map[string]any{"skills": []any{"sales", "support", "es"}, "levels": map[string]any{"es": 3.0}}},
		"task": map[string]any{"language": "es"}}
	e := parse(b, "worker.routing.skills HAS task.language AND worker.routing.levels.es >= 2")
	b.ReportAllocs()
	for b.Loop() {
		if !e.Eval(env) {
			b.Fatal("false")
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parse(b, "worker.routing.skills HAS task.language AND (worker.routing.levels.es >= 2 OR worker.sid NOT IN ['WK1', 'WK2'])")
	}
}
