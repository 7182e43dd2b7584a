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
// object, and nothing but one CRLF may follow the payload. An acknowledgement (see isAck) is only split, not checked.
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
	if size == 0 || f.Header[0] != '{' || !gjson.ValidBytes(f.Header) {
		return Frame{}, ErrFrame
	}
	n, ok := payloadSize(f.Header)
	if !ok || n > len(f.Payload) {
		return Frame{}, ErrFrame
	}
	if rest := f.Payload[n:]; len(rest) != 0 && string(rest) != crlf {
		return Frame{}, ErrFrame
	}
	f.Payload = f.Payload[:n:n]
	return f, nil
}

func payloadSize(header []byte) (n int, ok bool) {
	v := gjson.GetBytes(header, "payload_size")
	if !v.Exists() || v.Type == gjson.Null {
		return 0, true
	}
	n = int(v.Int())
	return n, v.Type == gjson.Number && float64(n) == v.Num && n >= 0
}

// isAck reports whether a header is the client's acknowledgement of something pushed to it. Acknowledgements are the most
// frequent frames and nobody reads them, so a search must do: inside a JSON string the quotes would be escaped, and no
// other frame has this pair.
func isAck(header []byte) bool { return bytes.Contains(header, []byte(`"method":"reply"`)) }
