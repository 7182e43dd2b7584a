package bus

import "context"

// Bus is one node's end of the bus. All methods may be called from any goroutine.
type Bus interface {
	// Publish hands data to every other node that listens to subject. It does not wait for them. Receivers may keep data,
	// so nobody may change it afterwards. An error means that it was certainly lost; success does not mean that it arrived.
	Publish(subject string, data []byte) error
	// Subscribe calls fn for each message on subject that another node publishes. Calls for one subject come one after the
	// other, in the order of their sender. fn must not block; it may keep data but not change it.
	Subscribe(subject string, fn func(data []byte)) (Subscription, error)
	// Flush returns when the subscriptions made before it are known to the bus: what is published from now on reaches
	// them. It fails, without waiting for long, while the bus is out of reach.
	Flush(ctx context.Context) error
	// Lossless reports that whatever was published reaches every subscriber, so that nobody need look for losses.
	Lossless() bool
	// Close ends all subscriptions and waits for their running calls. Publish and Subscribe fail afterwards.
	Close() error
}

// Subscription ends with Unsubscribe; a call of its function that already runs may still finish after that.
type Subscription interface {
	Unsubscribe() error
}

// Lossy is implemented by a bus that can tell when it may have lost messages (a reconnection, an overflow).
type Lossy interface {
	// OnLoss sets the function that is called after each such moment. It must not block. There is one; nil unsets it.
	OnLoss(fn func())
}

// Solitary is implemented by a bus that knows whether anybody else can ever listen.
type Solitary interface {
	// Alone is constant for the life of the bus.
	Alone() bool
}

// Alone reports that b leads nowhere, so that publishers may save the work of preparing data. A nil bus is alone.
func Alone(b Bus) bool {
	if b == nil {
		return true
	}
	s, ok := b.(Solitary)
	return ok && s.Alone()
}

// Error is a constant error of this package.
type Error string

func (e Error) Error() string { return string(e) }

const (
	// ErrClosed is returned by the methods of a closed bus.
	ErrClosed = Error("bus: closed")
	// ErrOutOfReach is returned while the bus has no connection to the other nodes.
	ErrOutOfReach = Error("bus: out of reach")
	// ErrTooLarge is returned by Publish for data that the bus cannot carry. The publisher may send less, or nothing: those
	// who listen find what they missed.
	ErrTooLarge = Error("bus: message too large")
)
