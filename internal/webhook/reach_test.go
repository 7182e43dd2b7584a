package webhook

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestNothingReachesInside: however an address of this machine is written, and whichever way leads there, a strict caller connects to nothing.
func TestNothingReachesInside(t *testing.T) {
	var reached atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			reached.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	c := newCaller(t, Options{Timeout: time.Second, AllowHosts: []string{"inside.example", "10.0.0.0/8"}})
	for _, host := range []string{
		"127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "0.0.0.0", "[::]",
		"2130706433", "0x7f000001", "0177.0.0.1", "127.1", "user:127.0.0.1@127.0.0.1", "inside.example@127.0.0.1", "127.0.0.1%00.inside.example",
		"169.254.169.254", "[fd00:ec2::254]", "[64:ff9b::7f00:1]",
	} {
		for _, method := range []string{"GET", "POST"} {
			answer, err := c.Post(t.Context(), Request{URL: "http://" + host + ":" + port + "/", Method: method})
			if err == nil || answer.Outcome == OK || answer.Status != 0 {
				t.Errorf("%s %s was answered %+v", method, host, answer)
			}
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d connections came", n)
	}
}

// TestListedRangeOpensNoMore: a range that the operator lists opens its addresses, by whatever name, and no others.
func TestListedRangeOpensNoMore(t *testing.T) {
	base := serve(t, func(http.ResponseWriter, *http.Request) {})
	for entry, open := range map[string]bool{"127.0.0.1": true, "127.0.0.0/8": true, "::ffff:127.0.0.1": true, "127.0.0.2": false, "::1": false, "10.0.0.0/8": false, "example.com": false} {
		c := newCaller(t, Options{AllowHosts: []string{entry}})
		_, err := c.Post(t.Context(), Request{URL: base})
		if (err == nil) != open {
			t.Errorf("with %s listed: %v", entry, err)
		}
		if _, blocked := errors.AsType[*BlockedError](err); blocked == open {
			t.Errorf("with %s listed, blocked %v", entry, blocked)
		}
	}
}
