package realtime

import (
	"context"
	"strconv"
)

// Kind tells what sort of object a topic is. The hub only asks the Source whether a kind is state.
type Kind uint8

// Topic is one live object.
type Topic struct {
	Kind Kind
	ID   int64
}

// subject is the topic's name on the bus.
func (t Topic) subject() string {
	b := make([]byte, 0, 32)
	b = append(b, "t."...)
	b = strconv.AppendUint(b, uint64(t.Kind), 10)
	b = append(b, '.')
	b = strconv.AppendInt(b, t.ID, 10)
	return string(b)
}

// Event is one change of a topic as the Source read it. Data is the Source's own.
type Event struct {
	Seq  int64
	Data any
}

// Position names the events of a topic after number Since.
type Position struct {
	Topic Topic
	Since int64
}

// Reading is the Source's answer to a Position.
type Reading struct {
	// Found is false if the object does not exist (any more). Events may then hold its farewell.
	Found bool
	// Seq is the topic's current number.
	Seq int64
	// Events lead from Since to Seq, ascending. They may skip numbers: what was overtaken need not be told.
	Events []Event
}

// Source is the store's side. Its methods are called from several goroutines.
type Source interface {
	// Read answers each position, in order, with a constant number of store reads, as of one moment that is not before the
	// call: all that was committed before the call is in it.
	Read(ctx context.Context, at []Position) ([]Reading, error)
	// Positions returns the current number of each topic, in order; -1 means that the object is gone.
	Positions(ctx context.Context, topics []Topic) ([]int64, error)
	// Encode makes the live frame of an event that Read returned. It does no I/O.
	Encode(t Topic, e Event) []byte
	// State reports that only the newest event of such topics matters.
	State(k Kind) bool
}

// Sink is one connection to a peer.
type Sink interface {
	// Write sends b, which holds one or more whole frames, and does not keep it. It fails after a deadline of its own;
	// it is never called twice at once, and never again after an error.
	Write(b []byte) error
	// Close ends the connection and makes a Write that runs fail. It is called exactly once, perhaps while Write runs,
	// and must not wait for the peer.
	Close(reason Reason)
}

// MaxReasons bounds the reasons that are counted.
const MaxReasons = 32

// Reason says why a connection was closed. Values below 16 belong to this package, the others, below MaxReasons, to its users.
type Reason uint8

const (
	// ReasonPeerLeft: the peer closed the connection, or it broke while being read.
	ReasonPeerLeft Reason = iota
	// ReasonSlow: more bytes were waiting for the peer than the bound allows, or a write missed its deadline. The peer
	// should connect again and continue from its position.
	ReasonSlow
	// ReasonWriteFailed: the connection broke while being written.
	ReasonWriteFailed
	// ReasonShutdown: this node stops. The peer should connect again, to another node.
	ReasonShutdown

	reasons // how many there are
)

var reasonNames = [reasons]string{"peer left", "slow", "write failed", "shutdown"}

// String names the reason for logs and metrics.
func (r Reason) String() string {
	if r < reasons {
		return reasonNames[r]
	}
	return "reason " + strconv.Itoa(int(r))
}

// ConnInfo says whose connection it is.
type ConnInfo struct {
	// Identity is the key of the user, unique over all services ("service|identity").
	Identity string
	// Data is the caller's own, for [Hub.UnsubscribeWhere].
	Data any
}

// Change is one committed event of a topic, to be published. A Frame that is nil means "read it from the Source".
type Change struct {
	Topic Topic
	Seq   int64
	Frame []byte
}
