package expr

import (
	"encoding/json"
	"os"
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
		} else {
			t.Log(err)
		}
	}
}
