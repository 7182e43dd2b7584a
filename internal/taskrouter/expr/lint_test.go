package expr

import "testing"

func TestLint(t *testing.T) {
	for _, c := range []struct {
		text   string
		code   string // of the only finding; empty: none
		offset int
	}{
		{"1==1", "", 0},
		{"1 == 0", "", 0},
		{"", "", 0},
		{"a == 'x' AND b HAS 'y' AND 'z' IN c AND d NOT IN ['e', 1]", "", 0},
		{"a == 'x' AND a == 'x'", "", 0},
		{"a == 5 AND a == '5.0'", "", 0},
		{"a == 'x' OR a == 'y'", "", 0},
		{"a NOT IN []", "", 0},
		{"a > -1", "", 0},
		{"a >- b", "", 0},
		{"a != null", "", 0},
		{`"language" == "spanish"`, "constants", 0},
		{`1 == 1 AND 'language' IN ['es']`, "constants", 11},
		{`3 == "a b"`, "constants", 5},
		{"*(a == 1)", "stray_star", 0},
		{"a == 'x', 'y'", "bare_list", 5},
		{"a NOT IN 'x', 'y'", "bare_list", 9},
		{"a = 1", "single_equals", 2},
		{"a>-1", "minus", 1},
		{"a == ['x']", "never", 5},
		{"a != ['x']", "never", 5},
		{"a IN 'x'", "never", 5},
		{"a NOT IN 'x'", "never", 9},
		{"[a] IN b", "never", 0},
		{"a IN []", "never", 5},
		{"a IN null", "never", 5},
		{"'x' HAS a", "never", 0},
		{"a HAS ['x']", "never", 6},
		{"a > null", "never", 4},
		{"true < a", "never", 0},
		{"a CONTAINS null", "never", 11},
		{"a == 'x' AND b == 1 AND 'y' == a", "never", 28},
		{"a == null AND a == 'x'", "never", 16},
	} {
		e, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got := e.Lint()
		if c.code == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || got[0].Code != c.code || got[0].Offset != c.offset || got[0].Message == "" {
			t.Errorf("%s: %+v", c.text, got)
		}
	}
}
