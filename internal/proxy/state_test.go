package proxy

import "testing"

// States only advance, and an end that was reported stays, but for one that is better.
func TestRank(t *testing.T) {
	order := [][]string{{"", "nonsense", "received"}, {StateQueued}, {StateSending}, {StateSent}, {StateFailed, StateUndelivered}, {StateDelivered}}
	for i, words := range order {
		for _, word := range words {
			if rank(word) != i {
				t.Errorf("%q has rank %d, want %d", word, rank(word), i)
			}
		}
	}
}

func TestData(t *testing.T) {
	for _, tt := range []struct {
		body  string
		media []Media
		want  string
	}{
		{`say "<hi>"`, nil, `{"body":"say \"<hi>\""}`},
		{"", []Media{{URL: "https://x.test/a"}, {SID: "ME1"}}, `{"body":"","media":["https://x.test/a","ME1"]}`},
	} {
		if got := data(tt.body, tt.media); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
