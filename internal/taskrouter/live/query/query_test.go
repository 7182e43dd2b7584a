package query

import (
	"strings"
	"testing"

	"parley/internal/core"
)

const ann = `{"worker_sid":"WK1","friendly_name":"ann","activity_name":"Available","n":3,"on":true,"nothing":null,
	"attributes":{"full_name":"Ann Smith","roles":["agent","wfo.x"],"a-b":"x","routing":{"skills":["billing"],"levels":{"billing":2}}}}`

func TestMatch(t *testing.T) {
	for text, want := range map[string]bool{
		``:                                  true,
		`  `:                                true,
		`data.activity_name == "Available"`: true,
		`data.activity_name=="available"`:   false,
		`data.activity_name != "Offline"`:   true,
		`data.activity_name IN ["Offline", "Available"]`:                               true,
		`data.activity_name in ["Offline"]`:                                            false,
		`data.activity_name NOT_IN ["Offline", "Break"]`:                               true,
		`data.activity_name not_in ["Available"]`:                                      false,
		`data.activity_name in []`:                                                     false,
		`data.activity_name not_in []`:                                                 true,
		`data.attributes.full_name CONTAINS "smith"`:                                   true,
		`data.attributes.full_name contains 'jones'`:                                   false,
		`data.attributes.full_name not_contains "jones"`:                               true,
		`data.attributes.roles IN ["agent"]`:                                           true,
		`data.attributes.roles == "supervisor"`:                                        false,
		`data.attributes.roles contains "AGE"`:                                         true,
		`data.attributes.routing.levels.billing == 2`:                                  true,
		`data.attributes.routing.levels.billing == "2"`:                                false,
		`data.attributes.a-b == "x"`:                                                   true,
		`data.on == TRUE`:                                                              true,
		`data.nothing == null AND data.absent == null`:                                 true,
		`data.absent.deeper == "x"`:                                                    false,
		`data.absent != "x"`:                                                           true,
		`data.n == 3 && data.n != 4`:                                                   true,
		`data.n == 4 || data.n == 3`:                                                   true,
		`data.n == 3 OR data.n == 4 AND data.n == 5`:                                   true,
		`(data.n == 3 OR data.n == 4) AND data.n == 5`:                                 false,
		`data.worker_sid == "WK1" && (data.activity_name not_in ["Offline", "Break"])`: true,
		`data.friendly_name == "\u0061nn"`:                                             true,
		`data.friendly_name == "a\"nn"`:                                                false,
	} {
		q, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := q.Match([]byte(ann)); got != want {
			t.Errorf("%s is %v", text, got)
		}
	}
}

func TestFaults(t *testing.T) {
	for text, code := range map[string]int{
		`data.n`:                  core.CodeSyncQuery,
		`data.n ==`:               core.CodeSyncQuery,
		`data.n == data.m`:        core.CodeSyncQuery,
		`data.n == 3 AND`:         core.CodeSyncQuery,
		`data.n == 3 data.m == 4`: core.CodeSyncQuery,
		`(data.n == 3`:            core.CodeSyncQuery,
		`data.n == "open`:         core.CodeSyncQuery,
		`data.n in "x"`:           core.CodeSyncQuery,
		`data.n in ["x"`:          core.CodeSyncQuery,
		`data.n in ["x",]`:        core.CodeSyncQuery,
		`data.n in ["x" "y"]`:     core.CodeSyncQuery,
		`data. == 3`:              core.CodeSyncQuery,
		`data == 3`:               core.CodeSyncQuery,
		`name == 3`:               core.CodeSyncQuery,
		`data.n == 1e999`:         core.CodeSyncQuery,
		`data.n == 01`:            core.CodeSyncQuery,
		`data.n ~ 1`:              core.CodeSyncQuery,
		`"x" == data.n`:           core.CodeSyncQuery,
		strings.Repeat("(", 51) + `data.n==1` + strings.Repeat(")", 51): core.CodeSyncQuery,
		strings.Repeat(" ", MaxBytes+1):                                 core.CodeSyncQuery,
		strings.Repeat(`data.n==1||`, 1000) + `data.n==1`:               core.CodeSyncQueryOperators,
		`data.n in [` + strings.Repeat(`1,`, 1000) + `1]`:               core.CodeSyncQueryArray,
	} {
		if _, err := Parse(text); !core.HasCode(err, code) {
			t.Errorf("%.60s: %v instead of %d", text, err, code)
		}
	}
}

func TestPins(t *testing.T) {
	for text, want := range map[string]string{
		``:                                  "any",
		`data.activity_name == "x"`:         "any",
		`data.worker_sid == "WK1"`:          "worker_sid=WK1",
		`data.worker_sid != "WK1"`:          "any",
		`data.worker_sid == 1`:              "any",
		`data.worker_sid in ["WK1", "WK2"]`: "worker_sid=WK1 worker_sid=WK2",
		`data.worker_sid == "WK1" && (data.status not_in ["completed"])`:                                "worker_sid=WK1",
		`data.worker_sid == "WK1" && (data.status not_in ["completed"] OR data.reservation_sid=="WR1")`: "worker_sid=WK1",
		`data.worker_sid == "WK1" && data.status == "x" OR data.reservation_sid=="WR1"`:                 "worker_sid=WK1 reservation_sid=WR1",
		`data.worker_sid == "WK1" OR data.status == "x"`:                                                "any",
		`data.worker_sid in [] AND data.status == "x"`:                                                  "",
		`data.attributes.worker_sid == "WK1"`:                                                           "any",
	} {
		q, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got := "any"
		if pins, ok := q.Pins("worker_sid", "reservation_sid"); ok {
			var words []string
			for _, p := range pins {
				words = append(words, p.Field+"="+p.Value)
			}
			got = strings.Join(words, " ")
		}
		if got != want {
			t.Errorf("%s: %q instead of %q", text, got, want)
		}
	}
}

// FuzzQuery checks that nothing panics, and that what matches has a pin where there must be one.
func FuzzQuery(f *testing.F) {
	for _, text := range []string{
		`data.worker_sid == "WK1" && (data.status not_in ["completed"] OR data.n != 3)`, `data.a.b CONTAINS "x" || data.worker_sid in ["WK1",'WK2']`,
		`((data.worker_sid=="WK1")) AND data.on == true`, `data.x == "\ud800" OR data.x in [1,-2.5e3,null]`,
	} {
		f.Add(text, ann)
	}
	f.Fuzz(func(t *testing.T, text, data string) {
		q, err := Parse(text)
		if err != nil {
			return
		}
		q.Match([]byte(data)) // whatever it is
		pins, ok := q.Pins("worker_sid", "reservation_sid")
		for _, worker := range []string{"WK1", "WK2"} {
			if !q.Match([]byte(`{"worker_sid":"`+worker+`","reservation_sid":"WR1","n":3,"on":true}`)) || !ok {
				continue
			}
			found := false
			for _, p := range pins {
				found = found || p == Pin{"worker_sid", worker} || p == Pin{"reservation_sid", "WR1"}
			}
			if !found {
				t.Errorf("%q matches %s, which has none of %v", text, worker, pins)
			}
		}
	})
}
