package client_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/twilsock/socktest"
)

var update = flag.Bool("update", false, "write golden files")

// TestGoldenAnswers pins every field of what both generations read and change, at a fixed time. SIDs are numbered in the order
// in which they come up.
func TestGoldenAnswers(t *testing.T) {
	storetest.EachEngine(t, func(t *testing.T, open func() store.Engine) {
		st, err := store.Open(t.Context(), open(), store.Options{Now: func() time.Time { return time.UnixMicro(1_795_362_081_707_456) }})
		ok(t, err)
		t.Cleanup(func() { _ = st.Close() })
		w := socktest.New(t, st, nil)
		ann := w.Dial("ann")
		w.Dial("bob")
		var out strings.Builder
		do := func(verb, path string, body any) object {
			t.Helper()
			got := ann.Do(verb, path, body)
			text, err := json.MarshalIndent(got.Body, "", "  ")
			ok(t, err)
			fmt.Fprintf(&out, "== %s %s\n%d %s\n", verb, path, got.Status, text)
			return got.Body
		}
		a, b := "/v1/Services/"+w.Service.SID, "/Client/v1/Services/"+w.Service.SID
		do("GET", "/Client/v1/Configuration", nil)
		ch := text(do("POST", b+"/Conversations", object{"type": "public", "unique_name": "general", "friendly_name": "Café", "attributes": `{"a":1}`}), "sid")
		self := b + "/Conversations/" + ch
		me := text(do("POST", self+"/Participants", object{"identity": "ann"}), "sid")
		do("POST", self+"/Participants/"+me, object{"attributes": `{"b":2}`})
		do("POST", self+"/Invites", object{"identity": "bob"})
		do("POST", self+"/Messages", object{"body": "one", "attributes": "{}"})
		sent := text(do("POST", self+"/Messages", object{"body": "two €", "attributes": `{"c":3}`}), "sid")
		do("POST", self+"/Messages/"+sent, object{"body": "edited"})
		do("POST", b+"/MyConversations/"+ch, object{"last_consumed_message_index": 0})
		do("POST", b+"/MyConversations/"+ch, object{"notification_level": "muted"})
		do("POST", self, object{"friendly_name": "Renamed"})
		do("POST", b+"/Users/ann", object{"friendly_name": "Ann", "attributes": `{"d":4}`})
		for _, path := range []string{b + "/MyConversations", b + "/MyConversations/" + ch, b + "/Conversations", self, b + "/Users?ConversationSid=" + ch, b + "/Users/ann",
			a + "/SyncList", a + "/MyChannels?ChannelSid=" + ch, a + "/PublicChannels", a + "/PublicChannels/general", a + "/Users?ChannelSid=" + ch, a + "/Users/bob", a + "/Users/nobody"} {
			do("GET", path, nil)
		}
		session := do("POST", "/v3/Lists", object{"purpose": "com.twilio.rtd.ipmsg"})
		do("GET", text(session, "links", "context"), nil)
		do("GET", "/v3/Lists/"+ch+".messages/Items", nil)
		do("DELETE", self+"/Messages/"+sent, "null")
		do("DELETE", self+"/Participants/ann", "null")
		checkGolden(t, "answers.txt", tidy(strings.ReplaceAll(out.String(), strings.TrimPrefix(w.URL, "http://"), "HOST")))
	})
}

// tidy numbers SIDs by kind, so that two runs and two engines compare.
func tidy(s string) string {
	numbers, counts := map[string]string{}, map[string]int{}
	return regexp.MustCompile(`[A-Z]{2}[0-9a-f]{32}`).ReplaceAllStringFunc(s, func(sid string) string {
		if numbers[sid] == "" {
			counts[sid[:2]]++
			numbers[sid] = fmt.Sprint(sid[:2], "…", counts[sid[:2]])
		}
		return numbers[sid]
	})
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		ok(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	ok(t, err)
	a, b := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("%s, line %d (run with -update if that is right): want\n%s\ngot\n%s", path, i+1, strings.Join(a[min(i, len(a)):min(i+3, len(a))], "\n"), strings.Join(b[min(i, len(b)):min(i+3, len(b))], "\n"))
		}
	}
}
