package twilsock

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strconv"
	"unicode/utf8"
)

// Outgoing frames carry their WebSocket header: they are handed to realtime as they go over the wire, and one slice serves
// all connections.

const (
	opBinary = 0x82 // final frame, binary
	opClose  = 0x88
	opPing   = 0x89
	opPong   = 0x8a

	// headroom is the space before a payload for what is written once its length is known: WebSocket header (10), first line
	// (at most 23), notification header (at most 200) and line end.
	headroom = 256
)

// The types of notifications (chat-sdk-protocol §2.7).
const (
	TypeSyncEvent = "twilio.sync.event"
	TypeDocument  = "com.twilio.rtd.cds.document"
	TypeList      = "com.twilio.rtd.cds.list"
	TypeMap       = "com.twilio.rtd.cds.map"
	TypeTyping    = "twilio.ipmsg.typing_indicator"
)

// NewPayload returns an empty buffer to append a JSON payload of about size bytes to, with room for headers in front of it.
// Finish it with Notification.
func NewPayload(size int) []byte { return make([]byte, headroom, headroom+size) }

// Notification makes the finished frame of a buffer from NewPayload. The frame shares its memory; do not append any more.
func Notification(b []byte, messageType string) []byte {
	var h [headroom]byte
	header := append(h[:0], `{"method":"notification","id":"`...)
	header = appendID(header)
	header = append(header, `","message_type":"`...)
	header = append(header, messageType...)
	header = append(header, `","notification_ctx_id":"","payload_type":"application/json","payload_size":`...)
	header = strconv.AppendInt(header, int64(len(b)-headroom), 10)
	header = append(header, '}')
	return prepend(b, header)
}

// prepend writes everything that goes before the payload b[headroom:], to end right there.
func prepend(b, header []byte) []byte {
	var line [40]byte
	first := append(line[:0], magic...)
	first = strconv.AppendInt(first, int64(len(header)), 10)
	first = append(first, crlf...)
	total := len(first) + len(header) + len(crlf) + len(b) - headroom
	at := headroom - len(crlf) - len(header) - len(first)
	copy(b[at:], first)
	copy(b[at+len(first):], header)
	copy(b[headroom-len(crlf):], crlf)
	var ws [10]byte
	prefix := appendWebSocketHeader(ws[:0], opBinary, total)
	at -= len(prefix)
	copy(b[at:], prefix)
	return b[at:]
}

// AppendFrame appends the WebSocket frame of a message with the given header (a JSON object that states payload_size).
func AppendFrame(dst, header, payload []byte) []byte {
	var line [40]byte
	first := append(line[:0], magic...)
	first = strconv.AppendInt(first, int64(len(header)), 10)
	first = append(first, crlf...)
	dst = appendWebSocketHeader(dst, opBinary, len(first)+len(header)+len(crlf)+len(payload))
	dst = append(dst, first...)
	dst = append(dst, header...)
	dst = append(dst, crlf...)
	return append(dst, payload...)
}

// appendWebSocketHeader writes the header of an unmasked frame (RFC 6455 §5.2).
func appendWebSocketHeader(dst []byte, op byte, n int) []byte {
	dst = append(dst, op)
	switch {
	case n < 126:
		return append(dst, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
	}
}

// status is a status object of the protocol. Text is what applications see as the error's message.
type status struct {
	Code        int
	Text        string
	Description string
	ErrorCode   int
}

func httpStatus(code int) status { return status{Code: code, Text: http.StatusText(code)} }

func (s status) append(b []byte) []byte {
	b = append(b, `{"code":`...)
	b = strconv.AppendInt(b, int64(s.Code), 10)
	b = append(b, `,"status":`...)
	b = AppendString(b, s.Text)
	if s.Description != "" {
		b = append(b, `,"description":`...)
		b = AppendString(b, s.Description)
	}
	if s.ErrorCode != 0 {
		b = append(b, `,"errorCode":`...)
		b = strconv.AppendInt(b, int64(s.ErrorCode), 10)
	}
	return append(b, '}')
}

// reply makes the frame that answers request id. extra is appended to the header as it is (nil or `,"name":value…`).
func reply(id string, s status, extra, payload []byte) []byte {
	var scratch [768]byte
	header := append(scratch[:0], `{"method":"reply","id":`...)
	header = AppendString(header, id)
	header = append(header, `,"status":`...)
	header = s.append(header)
	header = append(header, extra...)
	header = append(header, `,"payload_size":`...)
	header = strconv.AppendInt(header, int64(len(payload)), 10)
	header = append(header, '}')
	return AppendFrame(make([]byte, 0, 40+len(header)+len(payload)), header, payload)
}

// tunnelReply makes the frame that answers a tunnelled request: the transport went well, the request as code says (§2.6).
func tunnelReply(id string, code int, h http.Header, body []byte) []byte {
	var scratch [256]byte
	extra := append(scratch[:0], `,"http_status":`...)
	extra = httpStatus(code).append(extra)
	extra = append(extra, `,"http_headers":{"Content-Type":"application/json"`...)
	if wait := h.Get("Retry-After"); wait != "" {
		extra = append(extra, `,"Retry-After":`...)
		extra = AppendString(extra, wait)
	}
	extra = append(extra, `},"payload_type":"application/json"`...)
	return reply(id, status{Code: 200, Text: "OK"}, extra, body)
}

// control makes a frame that the server starts with: close or client_update.
func control(method, extra string) []byte {
	header := append(make([]byte, 0, 256), `{"method":"`...)
	header = append(header, method...)
	header = append(header, `","id":"`...)
	header = appendID(header)
	header = append(header, '"')
	header = append(header, extra...)
	header = append(header, `,"payload_size":0}`...)
	return AppendFrame(make([]byte, 0, 48+len(header)), header, nil)
}

func closeFrame(s status) []byte {
	return control("close", string(append(s.append([]byte(`,"status":`)), `,"payload_type":"application/json"`...)))
}

// webSocketClose makes a WebSocket close frame; reason is cut to what fits (RFC 6455 §5.5).
func webSocketClose(code uint16, reason string) []byte {
	reason = reason[:min(len(reason), 123)]
	b := appendWebSocketHeader(make([]byte, 0, 4+len(reason)), opClose, 2+len(reason))
	return append(binary.BigEndian.AppendUint16(b, code), reason...)
}

// appendID appends a message id, "TM" and a UUID. Ids only have to differ within a connection.
func appendID(b []byte) []byte { return appendUUID(append(b, "TM"...)) }

// appendUUID appends a random UUID (version 4). It is a name, not a secret.
func appendUUID(b []byte) []byte {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], rand.Uint64())
	binary.BigEndian.PutUint64(raw[8:], rand.Uint64())
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		start := [...]int{0, 4, 6, 8, 10}[i]
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, raw[start:end])
	}
	return b
}

// AppendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD: clients lose the whole frame otherwise.
func AppendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), "\uFFFD"...)
				i++
				start = i
				continue
			}
			i += size
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}
