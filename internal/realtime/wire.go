package realtime

import "encoding/binary"

// What nodes say to one another on a topic's subject: one byte for the operation, then its fields. A node ignores
// operations that it does not know, so that nodes of two versions can work side by side.
const (
	opEvent = 1 // uvarint number, frame; an empty frame means: read it from the Source
	opGone  = 3 // nothing
	opExpel = 4 // identity
)

func packEvent(seq int64, frame []byte) []byte {
	b := make([]byte, 0, 1+binary.MaxVarintLen64+len(frame))
	b = append(b, opEvent)
	b = binary.AppendUvarint(b, uint64(seq))
	return append(b, frame...)
}

func packGone() []byte { return []byte{opGone} }

func packExpel(identity string) []byte { return append([]byte{opExpel}, identity...) }

// message is one unpacked message.
type message struct {
	op       byte
	seq      int64
	identity string
	frame    []byte // part of the packed bytes; nil if empty
}

// unpack reports false for bytes that make no sense.
func unpack(b []byte) (message, bool) {
	if len(b) == 0 {
		return message{}, false
	}
	m := message{op: b[0]}
	b = b[1:]
	switch m.op {
	case opEvent:
		seq, n := binary.Uvarint(b)
		if n <= 0 || seq == 0 || seq > 1<<62 {
			return message{}, false
		}
		m.seq, m.frame = int64(seq), orNil(b[n:])
	case opExpel:
		m.identity = string(b)
	}
	return m, true
}

func orNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}
