package twilsock

import (
	"bytes"
	"errors"

	"github.com/tidwall/gjson"
)

// Frame is one message of the protocol (chat-sdk-protocol §2.2). Both parts are views of the bytes it was decoded from.
type Frame struct {
	Header  []byte // one JSON object
	Payload []byte
	header
}

// Why bytes are not a frame.
var (
	// ErrMagic: the bytes do not speak this protocol at all.
	ErrMagic = errors.New("twilsock: the frame does not begin with TWILSOCK V3.0")
	// ErrFrame: they do, but sizes or JSON are wrong.
	ErrFrame = errors.New("twilsock: the frame is malformed")
)

const (
	magic = "TWILSOCK V3.0 "
	crlf  = "\r\n"
	// maxSizeDigits bounds the header size field; seven digits are more than any frame that is let in.
	maxSizeDigits = 7
)

// Decode splits a WebSocket message into header and payload. It is strict: sizes must be exact, the header must be a JSON
// object with an id and a method, and nothing but one CRLF may follow the payload. An acknowledgement (see isAck) is only
// split, not checked.
func Decode(b []byte) (Frame, error) {
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return Frame{}, ErrMagic
	}
	b = b[len(magic):]
	size, digits := 0, 0
	for digits < len(b) && '0' <= b[digits] && b[digits] <= '9' {
		if digits == maxSizeDigits {
			return Frame{}, ErrFrame
		}
		size = size*10 + int(b[digits]-'0')
		digits++
	}
	b = b[digits:]
	if digits == 0 || len(b) < len(crlf)+size+len(crlf) || string(b[:2]) != crlf || string(b[2+size:4+size]) != crlf {
		return Frame{}, ErrFrame
	}
	f := Frame{Header: b[2 : 2+size], Payload: b[4+size:]}
	if isAck(f.Header) {
		f.Payload = nil
		return f, nil
	}
	if err := f.parse(); err != nil {
		return Frame{}, err
	}
	n := f.size
	if n > len(f.Payload) {
		return Frame{}, ErrFrame
	}
	if rest := f.Payload[n:]; len(rest) != 0 && string(rest) != crlf {
		return Frame{}, ErrFrame
	}
	f.Payload = f.Payload[:n:n]
	return f, nil
}

// header holds the fields of a frame header that this side reads. Its strings are copies, so they outlive the frame.
type header struct {
	id, method  string
	size        int // of the payload
	payloadType string
	request     gjson.Result // http_request
	verb        string       // of http_request
	all         gjson.Result // the whole, for the rare fields
}

// Bounds of what a header may hold. A frame is bounded as a whole by the read limit of the socket.
const (
	maxHeaderBytes = 64 << 10
	maxNesting     = 512 // brackets in a header, so that its parsing needs little stack
	maxIDBytes     = 128
)

// parse reads the header in one pass.
func (f *Frame) parse() error {
	raw := f.Header
	if len(raw) == 0 || raw[0] != '{' || len(raw) > maxHeaderBytes ||
		bytes.Count(raw, []byte("{"))+bytes.Count(raw, []byte("[")) > maxNesting || !gjson.ValidBytes(raw) {
		return ErrFrame
	}
	h := &f.header
	h.all = gjson.ParseBytes(raw)
	ok := true
	h.all.ForEach(func(k, v gjson.Result) bool {
		switch k.Str {
		case "id":
			h.id = v.Str
			ok = ok && v.Type == gjson.String && len(v.Str) <= maxIDBytes
		case "method":
			h.method = v.Str
			ok = ok && v.Type == gjson.String
		case "payload_size":
			h.size = int(v.Int())
			ok = ok && (v.Type == gjson.Null || v.Type == gjson.Number && float64(h.size) == v.Num && h.size >= 0)
		case "payload_type":
			h.payloadType = v.Str
		case "http_request":
			h.request = v
		}
		return ok
	})
	if !ok || h.method == "" || h.id == "" {
		return ErrFrame
	}
	h.verb = h.request.Get("method").Str
	return nil
}

// isAck reports whether a header is the client's acknowledgement of something pushed to it. Acknowledgements are the most
// frequent frames and nobody reads them, so a search must do: inside a JSON string the quotes would be escaped, and no
// other frame has this pair.
func isAck(header []byte) bool {
	const most = 256 // real ones have some 150 bytes
	return len(header) <= most && bytes.Contains(header, []byte(`"method":"reply"`))
}
