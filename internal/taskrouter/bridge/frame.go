package bridge

import (
	"bytes"
	"encoding/binary"
	"encoding/json"

	"github.com/tidwall/gjson"
)

// Frames are whole WebSocket frames (RFC 6455 §5.2): they are made once for all sockets that get them.

const (
	opText  = 0x81
	opClose = 0x88
	opPing  = 0x89
	opPong  = 0x8a
)

// event is what a client gets as JSON. Clients know the first two fields; the number is for us, see unseen.
type event struct {
	Type    string `json:"event_type"`
	Payload any    `json:"payload"`
	Seq     int64  `json:"seq,omitempty"`
}

// textFrame encodes an event.
func textFrame(e event) []byte {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		panic(err) // payloads are structs of this package that cannot fail
	}
	return frame(opText, bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

// closeFrame ends a connection in the client's eyes, with a status of RFC 6455 §7.4.1.
func closeFrame(status uint16, reason string) []byte {
	return frame(opClose, append(binary.BigEndian.AppendUint16(nil, status), reason...))
}

func frame(op byte, payload []byte) []byte {
	b := make([]byte, 0, 10+len(payload))
	b = append(b, op)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}

// split returns the first of the frames in b, whole and as payload, and the others.
func split(b []byte) (whole, payload, rest []byte) {
	head, n := 2, uint64(b[1])
	switch n {
	case 126:
		head, n = 4, uint64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		head, n = 10, binary.BigEndian.Uint64(b[2:])
	}
	end := head + int(n)
	return b[:end], b[head:end], b[end:]
}

// unseen leaves out of frames the events of reservations up to number since: a list of reservations that was read at that number shows
// them. Told again, an end of what is not in the list makes the SDK throw. Other events only repeat a state.
func unseen(frames []byte, since int64) []byte {
	var left []byte
	for len(frames) > 0 {
		whole, payload, rest := split(frames)
		frames = rest
		if whole[0] == opText && gjson.GetBytes(payload, "seq").Int() <= since && bytes.HasPrefix(payload, []byte(`{"event_type":"reservation.`)) {
			continue
		}
		left = append(left, whole...)
	}
	return left
}
