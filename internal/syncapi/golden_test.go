package syncapi

import (
	"bytes"
	"encoding/json"
	"errors"
	commandline "flag" // flag is a function here
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/realtime"
	"parley/internal/store"
)

var update = commandline.Bool("update", false, "write golden files")

// compareGolden compares text with a file of testdata, or writes the file under -update.
func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run with -update to write it, and read what it says)", err)
	}
	a, b := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Fatalf("%s, line %d: want\n%s\ngot\n%s", path, i+1, strings.Join(a[min(i, len(a)):min(i+3, len(a))], "\n"), strings.Join(b[min(i, len(b)):min(i+3, len(b))], "\n"))
		}
	}
}

// views is a Sync without a store: what turns rows into JSON needs none.
func views(t testing.TB) *Sync {
	t.Helper()
	codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Store: new(store.Store), Chat: chat.New(new(store.Store), codec, chat.Options{}), Codec: codec})
}

// split takes a frame apart: the type of the notification and its payload, with the lengths checked.
func split(t *testing.T, frame []byte) (messageType string, payload []byte) {
	t.Helper()
	at := bytes.Index(frame, []byte("TWILSOCK V3.0 "))
	var size int
	line, rest, _ := bytes.Cut(frame[max(at, 0):], []byte("\r\n"))
	if _, err := fmt.Sscanf(string(line), "TWILSOCK V3.0 %d", &size); err != nil || at < 0 || len(rest) < size+2 {
		t.Fatalf("not a frame: %.200q", frame)
	}
	var header struct {
		Method      string `json:"method"`
		MessageType string `json:"message_type"`
		PayloadSize int    `json:"payload_size"`
	}
	if err := json.Unmarshal(rest[:size], &header); err != nil {
		t.Fatal(err)
	}
	payload = rest[size+2:]
	if header.Method != "notification" || header.PayloadSize != len(payload) || !json.Valid(payload) {
		t.Fatalf("a bad notification: %.200q", frame)
	}
	return header.MessageType, payload
}

// indent makes JSON readable; the order of its keys stays.
func indent(t *testing.T, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return b.String()
}

func addr[T any](v T) *T { return &v }

// Rows for the golden files. The times are whole microseconds, to see that they are cut to milliseconds.
const (
	made    = 1_795_362_081_707_456
	changed = 1_795_362_099_000_999
)

func channelRow() *chat.Channel {
	return &chat.Channel{ID: 7, SID: "CH00000000000000000000000000000007", ServiceID: 1, FriendlyName: addr("Caf\u00e9 \"€\"\u2028"), UniqueName: addr("general"),
		Attributes: `{"a":"<&>"}`, Type: chat.TypePublic, CreatedBy: "ann@example.com", CreatedAt: made, UpdatedAt: changed}
}

func userRow() *chat.User {
	return &chat.User{ID: 3, SID: "US00000000000000000000000000000003", ServiceID: 1, Identity: "ann@example.com", FriendlyName: addr("Ann"), Attributes: `{"c":"red"}`,
		RoleSID: "RL00000000000000000000000000000001", NameEv: 2, AttributesEv: 3, ReachEv: 5, Online: true, CreatedAt: made, UpdatedAt: changed}
}

func memberRow() *chat.Member {
	return &chat.Member{ChannelSID: "CH00000000000000000000000000000007", UserSID: "US00000000000000000000000000000003", ID: 11, ChannelID: 7, UserID: 3, Identity: "ann@example.com",
		RoleSID: "RL00000000000000000000000000000002", Attributes: `{}`, CreatedEv: 4, LastEv: 4, CreatedAt: made, UpdatedAt: made}
}

func messageRow() *chat.Message {
	return &chat.Message{ChannelSID: "CH00000000000000000000000000000007", ID: 21, ChannelID: 7, Index: 37, Author: "ann@example.com", MemberID: 11, Body: "hello €\n\x01\"", Attributes: `{"k":"v"}`,
		CreatedEv: 40, LastEv: 40, CreatedAt: made, UpdatedAt: made}
}

func mediaRow(filename *string) *chat.Message {
	m := messageRow()
	m.Body, m.MediaID = "", 31
	m.Media = &chat.Media{ID: 31, Filename: filename, ContentType: "image/png", Size: 8}
	return m
}

func itemRow(status string, consumed *int64) *chat.UserItem {
	return &chat.UserItem{UserChannel: &chat.UserChannel{UserID: 3, ChannelID: 7, ChannelSID: "CH00000000000000000000000000000007", Status: status, NotificationLevel: chat.LevelDefault, CreatedEv: 9, LastEv: 9},
		Type: chat.TypePublic, ConsumedIndex: consumed}
}

// TestGoldenEvents pins every event, live and as part of a replay for both versions of the protocol.
func TestGoldenEvents(t *testing.T) {
	s := views(t)
	ch, bare := channelRow(), channelRow()
	bare.FriendlyName, bare.UniqueName, bare.Type, bare.Attributes = nil, nil, chat.TypePrivate, "{}"
	seq := &chat.Seq{NextIndex: 38, Edits: 4, Doc: 2, Roster: 5, Horizons: 1, Members: 2, LastIndex: 37, LastAt: changed + 1_000_000}
	edited := messageRow()
	edited.LastEv, edited.UpdatedAt, edited.LastUpdatedBy, edited.Body = 41, changed, addr("bob"), "edited"
	alone := messageRow()
	alone.MemberID, alone.Author = 0, "system"
	reader := memberRow()
	reader.LastEv, reader.ConsumedIndex, reader.ConsumedAt, reader.UpdatedAt = 6, addr(int64(12)), addr(int64(changed)), changed
	muted := itemRow(chat.StatusJoined, addr(int64(12)))
	muted.NotificationLevel = chat.LevelMuted
	nameless := userRow()
	nameless.FriendlyName, nameless.Online = nil, false
	infos, blanks := infoItems(userRow()), infoItems(nameless)
	topic := func(kind realtime.Kind) realtime.Topic { return realtime.Topic{Kind: kind, ID: 7} }
	var out strings.Builder
	for _, c := range []struct {
		name   string
		encode func(p *poke) []byte
	}{
		{"document updated", func(p *poke) []byte { return s.documentUpdated(p, ch, seq) }},
		{"document updated: a private, empty channel without names", func(p *poke) []byte { return s.documentUpdated(p, bare, &chat.Seq{Doc: 1, LastIndex: -1}) }},
		{"document removed", func(p *poke) []byte { return s.removed(p, topic(Document), 41, changed) }},
		{"message added", func(p *poke) []byte { return s.message(p, chat.Added, 40, messageRow()) }},
		{"message added: of nobody who is a member", func(p *poke) []byte { return s.message(p, chat.Added, 40, alone) }},
		{"message added: media", func(p *poke) []byte { return s.message(p, chat.Added, 40, mediaRow(addr("pic \"1\".png"))) }},
		{"message added: media without a name", func(p *poke) []byte { return s.message(p, chat.Added, 40, mediaRow(nil)) }},
		{"message updated", func(p *poke) []byte { return s.message(p, chat.Updated, 41, edited) }},
		{"message removed", func(p *poke) []byte { return s.message(p, chat.Removed, 42, edited) }},
		{"messages removed", func(p *poke) []byte { return s.removed(p, topic(Messages), 43, changed) }},
		{"member added", func(p *poke) []byte { return s.member(p, chat.Added, 4, memberRow()) }},
		{"member updated", func(p *poke) []byte { return s.member(p, chat.Updated, 6, reader) }},
		{"member removed", func(p *poke) []byte { return s.member(p, chat.Removed, 7, reader) }},
		{"roster removed", func(p *poke) []byte { return s.removed(p, topic(Roster), 8, changed) }},
		{"channel added: joined", func(p *poke) []byte { return s.userChannel(p, chat.Added, 9, changed, itemRow(chat.StatusJoined, nil)) }},
		{"channel added: invited", func(p *poke) []byte {
			return s.userChannel(p, chat.Added, 9, changed, itemRow(chat.StatusInvited, nil))
		}},
		{"channel updated", func(p *poke) []byte { return s.userChannel(p, chat.Updated, 10, changed, muted) }},
		{"channel removed", func(p *poke) []byte {
			return s.userChannel(p, chat.Removed, 11, changed, itemRow(chat.StatusGone, nil))
		}},
		{"user attributes", func(p *poke) []byte { return s.info(p, infos[0], userRow()) }},
		{"user name", func(p *poke) []byte { return s.info(p, infos[1], userRow()) }},
		{"user name: none", func(p *poke) []byte { return s.info(p, blanks[1], nameless) }},
		{"user reachability", func(p *poke) []byte { return s.info(p, infos[2], userRow()) }},
		{"user reachability: away", func(p *poke) []byte { return s.info(p, blanks[2], nameless) }},
		{"session context", func(p *poke) []byte {
			return s.contextUpdated(p, realtime.Topic{Kind: session, ID: 3}, changed, []byte(`{"identity":"ann"}`))
		}},
	} {
		liveType, live := split(t, c.encode(nil))
		replayType, replay := split(t, c.encode(&poke{correlation: "1795362081780", version: 3}))
		fmt.Fprintf(&out, "== %s\n-- live: %s\n%s\n-- replay: %s %s\n", c.name, liveType, indent(t, live), replayType, withoutEvent(t, replay))
		var a, b map[string]any
		if err := errors.Join(json.Unmarshal(live, &a), json.Unmarshal(replay, &b)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a["event"], b["event"]) || a["event_type"] != b["event_type"] {
			t.Errorf("%s: live %s, replayed %s", c.name, live, replay)
		}
		if _, text := split(t, c.encode(&poke{correlation: "-5", version: 4})); !bytes.Contains(text, []byte(`"event_protocol_version":4,"correlation_id":-5,`)) {
			t.Errorf("%s: version 4 is replayed as %s", c.name, text)
		}
	}
	p := &poke{correlation: "1795362081780", version: 4}
	for _, c := range []struct {
		name  string
		frame []byte
	}{
		{"a command's answer", s.answered(realtime.Topic{Kind: session, ID: 3}, changed, changed+1, "id \"1\"", []byte(`{"status":200,"statusText":"OK","messageId":37}`))},
		{"established", s.established(p, topic(Roster), "completed", 8)},
		{"established in part", s.established(p, topic(Messages), "interrupted", 500)},
		{"failed: not found", s.failed(p, "ET1", "document", core.E(core.CodeDocumentNotFound))},
		{"failed: forbidden", s.failed(p, "MP1", "map", forbidden())},
		{"failed: echoed text is quoted and short", s.failed(p, "\"\u2028"+strings.Repeat("x", 100), "stream\n", forbidden())},
		{"canceled", s.subscription(p, "canceled", "ET1", "document", "")},
	} {
		messageType, payload := split(t, c.frame)
		fmt.Fprintf(&out, "== %s\n-- %s\n%s\n", c.name, messageType, indent(t, payload))
	}
	compareGolden(t, "events.txt", out.String())
}

// withoutEvent leaves out of a replayed event what the live one showed.
func withoutEvent(t *testing.T, text []byte) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	fields["event"] = json.RawMessage(`"as above"`)
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestGoldenObjects pins the descriptors of all objects and the items that need no store.
func TestGoldenObjects(t *testing.T) {
	s := views(t)
	room := &chat.Room{Channel: channelRow(), Seq: chat.Seq{ChannelID: 7, NextIndex: 38, Edits: 4, Doc: 2, Roster: 5, Horizons: 1, Members: 2, LastIndex: 37, LastAt: changed + 1_000_000}}
	user := &chat.UserView{User: userRow(), Seq: chat.UserSeq{UserID: 3, Channels: 9, Info: 5}}
	var out strings.Builder
	for _, kind := range []realtime.Kind{Document, Messages, Roster, Channels, Info, session} {
		o := &object{topic: realtime.Topic{Kind: kind, ID: 7}, room: room}
		switch kind {
		case Channels, Info:
			o = &object{topic: realtime.Topic{Kind: kind, ID: 3}, user: user}
		case session:
			o = &object{topic: realtime.Topic{Kind: kind, ID: 3}}
		}
		switch {
		case o.room != nil:
			o.name = uniqueName(kind, room.Channel.SID)
		case o.user != nil:
			o.name = uniqueName(kind, user.User.SID)
		}
		text := s.descriptor(o, kind == Info)
		fmt.Fprintf(&out, "== %s\n%s\n", familyOf(kind).name+" "+o.name, indent(t, text))
		if bare := s.descriptor(o, kind != Info); bytes.Contains(bare, []byte(`"items":[`)) {
			t.Errorf("items stand in %s", bare)
		}
	}
	second := memberRow()
	second.ID, second.Identity, second.LastEv, second.UpdatedAt = 12, "bob", 6, changed
	roster := &object{topic: realtime.Topic{Kind: Roster, ID: 7}, room: room}
	for _, c := range []cursor{{size: 1}, {size: 1, desc: true}, {size: 50, from: "MB"}} {
		page := s.rosterPage(roster, c, []*chat.Member{memberRow(), second})
		fmt.Fprintf(&out, "== a page of the roster: %+v\n%s\n", c, indent(t, page.write(c)))
	}
	compareGolden(t, "objects.txt", out.String())
}

// FuzzPageToken: what is accepted is what was written, and bounded.
func FuzzPageToken(f *testing.F) {
	for _, c := range []cursor{{size: 50}, {size: 1, desc: true, from: "37", exclusive: true}, {size: maxItems, before: true, from: "CH00000000000000000000000000000007", exclusive: true}} {
		f.Add(c.token())
	}
	for _, text := range []string{"", ".", "PT", "PTafi", "PTafi.", "PTafi0.", "PTafi101.", "PTafi+5.1", "PTafi05.1", "PTafi-1.", "PTzzz10.1", "XTafi10.", "PTafi10.\x00", "PTafi99999999999999999999.1", "PTafi10." + strings.Repeat("9", 65)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseToken(text)
		if err != nil {
			if !core.HasCode(err, core.CodeSyncPageToken) || core.AsError(err).Status != 400 {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if c.size < 1 || c.size > maxItems || len(c.from) > maxKey {
			t.Errorf("%q is accepted as %+v", text, c)
		}
		if c.token() != text {
			t.Errorf("%q is accepted, and is written %q", text, c.token())
		}
	})
}
