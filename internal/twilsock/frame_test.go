package twilsock

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// byteExample is the frame that chat-sdk-protocol §2.2 shows byte by byte.
const byteExample = "5457494c534f434b2056332e30203135380d0a7b226d6574686f64223a227265706c79222c226964223a22544d31222c22737461747573223a7b22636f6465223a32303" +
	"02c22737461747573223a224f4b227d2c22687474705f737461747573223a7b22636f6465223a3230302c22737461747573223a224f4b227d2c227061796c6f61645f74797065223a226170" +
	"706c69636174696f6e2f6a736f6e222c227061796c6f61645f73697a65223a31307d0d0a7b2261223a22c3a9227d0d0a"

func TestByteExample(t *testing.T) {
	raw, err := hex.DecodeString(byteExample)
	if err != nil {
		t.Fatal(err)
	}
	// It is a reply, so take the header apart as if it were not.
	raw = bytes.Replace(raw, []byte(`"method":"reply"`), []byte(`"method":"other"`), 1)
	f, err := Decode(raw)
	if err != nil || len(f.Header) != 158 || string(f.Payload) != `{"a":"é"}` {
		t.Errorf("decoded to %q, %q, %v", f.Header, f.Payload, err)
	}
}

// goldenFrames are what the SDKs 3.4.0 and 6.0.0 sent in the recorded scenarios: one of each kind.
func goldenFrames(t testing.TB) (frames []Frame) {
	t.Helper()
	rest, err := os.ReadFile("testdata/client-frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	for len(rest) > 0 {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		var h, p int
		if _, err := fmt.Sscanf(string(line), "%d %d", &h, &p); err != nil {
			t.Fatal(err)
		}
		frames = append(frames, Frame{Header: after[:h], Payload: after[h+1 : h+1+p]})
		rest = after[h+1+p+1:]
	}
	return frames
}

func wire(header, payload []byte) []byte {
	return fmt.Appendf(nil, "TWILSOCK V3.0 %d\r\n%s\r\n%s", len(header), header, payload)
}

func TestGoldenFrames(t *testing.T) {
	frames := goldenFrames(t)
	if len(frames) < 50 {
		t.Fatalf("only %d frames", len(frames))
	}
	for _, want := range frames {
		got, err := Decode(wire(want.Header, want.Payload))
		if err != nil || !bytes.Equal(got.Header, want.Header) || !bytes.Equal(got.Payload, want.Payload) {
			t.Errorf("%s: %v", want.Header, err)
			continue
		}
		if isAck(got.Header) {
			continue
		}
		if !strings.HasPrefix(got.id, "TM") || got.method == "" {
			t.Errorf("%s: id %q, method %q", want.Header, got.id, got.method)
		}
		if got.method != "message" {
			continue
		}
		r, path, err := got.tunnelled(got.Payload)
		if err != nil || r.URL.EscapedPath() != escapePath(path) || r.Method == "" || r.ContentLength != int64(len(want.Payload)) {
			t.Errorf("%s: request %+v, %v", want.Header, r, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := `{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`
	for name, c := range map[string]struct {
		raw  string
		want error
	}{
		"nothing":               {"", ErrMagic},
		"another protocol":      {"GET / HTTP/1.1\r\n\r\n", ErrMagic},
		"another version":       {"TWILSOCK V2.0 2\r\n{}\r\n", ErrMagic},
		"no size":               {"TWILSOCK V3.0 \r\n{}\r\n", ErrFrame},
		"signed size":           {"TWILSOCK V3.0 +2\r\n{}\r\n", ErrFrame},
		"size with a space":     {"TWILSOCK V3.0 2 \r\n{}\r\n", ErrFrame},
		"endless size":          {"TWILSOCK V3.0 " + strings.Repeat("9", 400) + "\r\n{}\r\n", ErrFrame},
		"size too large":        {"TWILSOCK V3.0 3\r\n{}\r\n", ErrFrame},
		"size too small":        {"TWILSOCK V3.0 1\r\n{}\r\n", ErrFrame},
		"no line end":           {"TWILSOCK V3.0 2\n{}\r\n", ErrFrame},
		"nothing after header":  {"TWILSOCK V3.0 2\r\n{}", ErrFrame},
		"empty header":          {"TWILSOCK V3.0 0\r\n\r\n", ErrFrame},
		"header not an object":  {"TWILSOCK V3.0 2\r\n[]\r\n", ErrFrame},
		"header not JSON":       {"TWILSOCK V3.0 3\r\n{a}\r\n", ErrFrame},
		"payload missing":       {string(wire([]byte(`{"id":"a","method":"b","payload_size":1}`), nil)), ErrFrame},
		"payload not announced": {string(wire([]byte(`{"id":"a","method":"b"}`), []byte("abc"))), ErrFrame},
		"payload too long":      {string(wire([]byte(`{"id":"a","method":"b","payload_size":1}`), []byte("abc"))), ErrFrame},
		"payload size negative": {string(wire([]byte(`{"id":"a","method":"b","payload_size":-1}`), nil)), ErrFrame},
		"payload size broken":   {string(wire([]byte(`{"id":"a","method":"b","payload_size":0.5}`), nil)), ErrFrame},
		"payload size text":     {string(wire([]byte(`{"id":"a","method":"b","payload_size":"0"}`), nil)), ErrFrame},
	} {
		if _, err := Decode([]byte(c.raw)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for name, header := range map[string]string{
		"no id": `{"method":"init"}`, "no method": `{"id":"TM1"}`, "id is a number": `{"id":1,"method":"init"}`,
		"long id": `{"id":"` + strings.Repeat("x", 200) + `","method":"init"}`, "deep": deep,
		"long": `{"id":"TM1","method":"init","token":"` + strings.Repeat("x", maxHeaderBytes) + `"}`,
	} {
		if _, err := Decode(wire([]byte(header), nil)); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, header := range map[string]string{
		"no request": `{"id":"TM1","method":"message"}`,
		"odd verb":   `{"id":"TM1","method":"message","http_request":{"method":"TRACE","path":"/"}}`,
		"no path":    `{"id":"TM1","method":"message","http_request":{"method":"GET","path":""}}`,
		"relative":   `{"id":"TM1","method":"message","http_request":{"method":"GET","path":"v3"}}`,
		"params":     `{"id":"TM1","method":"message","http_request":{"method":"GET","path":"/","params":[1]}}`,
		"long path":  `{"id":"TM1","method":"message","http_request":{"method":"GET","path":"/` + strings.Repeat("x", maxPathBytes) + `"}}`,
	} {
		f, err := Decode(wire([]byte(header), nil))
		if err == nil {
			_, _, err = f.tunnelled(nil)
		}
		if !errors.Is(err, ErrFrame) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTrailingLineEnd(t *testing.T) {
	for _, tail := range []string{"", "\r\n"} {
		f, err := Decode(append(wire([]byte(`{"id":"a","method":"b","payload_size":2}`), []byte("ab")), tail...))
		if err != nil || string(f.Payload) != "ab" {
			t.Errorf("%q: %q, %v", tail, f.Payload, err)
		}
	}
}

func TestRequest(t *testing.T) {
	for _, c := range []struct{ path, params, wantPath, wantQuery string }{
		{"/v1/Users/alice%40example.com", `null`, "/v1/Users/alice@example.com", ""},
		{"/v1/Users/a b@ü", `{}`, "/v1/Users/a b@ü", ""},
		{"/v1/Users/100%", `{}`, "/v1/Users/100%", ""},
		{"/v1/Users/a%2Fb c", `{"From":"a%2Fb","N":3}`, "/v1/Users/a/b c", "From=a%2Fb&N=3"},
		{"/x", `{"A":["1","2"],"B":"a+b&c"}`, "/x", "A=1&A=2&B=a%2Bb%26c"},
		{"/x", `{"PageToken":"PTdfx10.37"}`, "/x", "PageToken=PTdfx10.37"},
	} {
		path, _ := json.Marshal(c.path)
		h, err := Decode(wire([]byte(`{"id":"TM1","method":"message","http_request":{"host":"h","path":`+string(path)+`,"method":"GET","params":`+c.params+`,"headers":{"if-match":"1","X-Twilio-Webhook-Enabled":"true","content-type":2}}}`), nil))
		if err != nil {
			t.Fatal(err)
		}
		r, raw, err := h.tunnelled(nil)
		if err != nil || r.URL.Path != c.wantPath || r.URL.RawQuery != c.wantQuery || raw != c.path || r.Header.Get("If-Match") != "1" || r.Header.Get("X-Twilio-Webhook-Enabled") != "" {
			t.Errorf("%s %s: got %q, %q, raw %q, %v", c.path, c.params, r.URL.Path, r.URL.RawQuery, raw, err)
		}
		if r.URL.EscapedPath() != r.URL.RawPath {
			t.Errorf("%s: %q is not a valid escaping of %q", c.path, r.URL.RawPath, r.URL.Path)
		}
	}
}

// unwrap takes the WebSocket header off a frame of ours and decodes it.
func unwrap(t testing.TB, b []byte) Frame {
	t.Helper()
	if len(b) < 2 || b[0] != opBinary {
		t.Fatalf("not a binary frame: %.20q", b)
	}
	n, rest := int(b[1]), b[2:]
	switch n {
	case 126:
		n, rest = int(rest[0])<<8|int(rest[1]), rest[2:]
	case 127:
		n = 0
		for _, c := range rest[:8] {
			n = n<<8 | int(c)
		}
		rest = rest[8:]
	}
	if n != len(rest) {
		t.Fatalf("the frame says %d bytes and has %d", n, len(rest))
	}
	line, rest, ok := bytes.Cut(rest, []byte("\r\n"))
	size := 0
	if _, err := fmt.Sscanf(string(line), "TWILSOCK V3.0 %d", &size); err != nil || !ok || !json.Valid(rest[:size]) {
		t.Fatalf("bad frame %.300q", b)
	}
	f := Frame{Header: rest[:size], Payload: rest[size+2:]}
	if err := f.parse(); err != nil || f.size != len(f.Payload) {
		t.Fatalf("%s says nothing of %d bytes: %v", f.Header, len(f.Payload), err)
	}
	return f
}

func TestEncode(t *testing.T) {
	for _, size := range []int{0, 1, 50, 125, 126, 4000, 65_400, 65_535, 70_000} {
		payload := append(append([]byte(`"`), bytes.Repeat([]byte("x"), size)...), '"')
		f := unwrap(t, Notification(append(NewPayload(10), payload...), TypeDocument))
		if !bytes.Equal(f.Payload, payload) || !strings.Contains(string(f.Header), `"message_type":"com.twilio.rtd.cds.document"`) {
			t.Errorf("%d bytes became %d", len(payload), len(f.Payload))
		}
		f = unwrap(t, tunnelReply(`TM"1`, 404, http.Header{"Retry-After": {"3"}}, payload))
		var h struct {
			Method, ID string
			HTTP       struct {
				Code   int
				Status string
			} `json:"http_status"`
			Headers map[string]string `json:"http_headers"`
		}
		if err := json.Unmarshal(f.Header, &h); err != nil || h.Method != "reply" || h.ID != `TM"1` || h.HTTP.Code != 404 || h.HTTP.Status != "Not Found" || h.Headers["Retry-After"] != "3" {
			t.Errorf("header %s: %v", f.Header, err)
		}
	}
	f := unwrap(t, closeFrame(status{Code: 406, Text: "NOT", Description: "why", ErrorCode: 5}))
	if !strings.Contains(string(f.Header), `"status":{"code":406,"status":"NOT","description":"why","errorCode":5}`) {
		t.Errorf("close is %s", f.Header)
	}
}

func TestAppendString(t *testing.T) {
	for _, s := range []string{"", "plain", `quote " and \ back`, "line\r\n\ttab\x00\x1f\x7f", "ü€😀", "\u2028", "bad \xff utf", "\xe2\x82", strings.Repeat("é\n", 100)} {
		var got string
		if err := json.Unmarshal(AppendString(nil, s), &got); err != nil || got != strings.ToValidUTF8(s, "\uFFFD") && !strings.Contains(s, "\xe2\x82") {
			t.Errorf("%q became %q, %v", s, got, err)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("a\"\xff\n")
	f.Fuzz(func(t *testing.T, s string) {
		var got, want string
		encoded, err := json.Marshal(s)
		if err != nil || json.Unmarshal(encoded, &want) != nil {
			t.Fatalf("the oracle fails on %q", s)
		}
		if err := json.Unmarshal(AppendString(nil, s), &got); err != nil || got != want {
			t.Errorf("%q became %q, %v", s, got, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, frame := range goldenFrames(f) {
		f.Add(wire(frame.Header, frame.Payload))
	}
	f.Add([]byte("TWILSOCK V3.0 2\r\n{}\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := Decode(b)
		if err != nil {
			return
		}
		if !bytes.Contains(b, frame.Header) || !bytes.Contains(b, frame.Payload) {
			t.Error("the parts are not views")
		}
		if isAck(frame.Header) {
			return
		}
		if !json.Valid(frame.Header) {
			t.Errorf("header %q is not JSON", frame.Header)
		}
		if r, _, err := frame.tunnelled(frame.Payload); err == nil && r.URL.EscapedPath() != r.URL.RawPath {
			t.Errorf("%q is not an escaping of %q", r.URL.RawPath, r.URL.Path)
		}
		reply(frame.id, status{Code: 200}, nil, nil)
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct{ name, header, payload string }{
		{"ack", `{"id":"TM11376e48-fcad-4698-817d-637c394908d4","method":"reply","payload_type":"application/json","status":{"code":200,"status":"OK"},"payload_size":0}`, ""},
		{"send", `{"id":"TM66b2a5aa-fcad-4698-817d-637c394908d4","method":"message","active_grant":"ip_messaging","payload_type":"application/json; charset=utf-8","http_request":{"host":"aim.us1.twilio.com","path":"/Client/v1/Services/ISaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Conversations/CHb77aae3ada197e65c02633443b6c9c71/Messages","method":"POST","params":{},"headers":{"Content-Type":"application/json; charset=utf-8","X-Twilio-Mutation-Id":"d7865d81-447f-4e74-90c7-34c3eea3eed2"}},"payload_size":48}`,
			`{"body":"hello there, world","attributes":"{}"}` + " "},
	} {
		raw := wire([]byte(c.header), []byte(c.payload))
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f, err := Decode(raw)
				if err != nil {
					b.Fatal(err)
				}
				if isAck(f.Header) {
					continue
				}
				if _, _, err := f.tunnelled(f.Payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
