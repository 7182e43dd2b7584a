package bridge

import (
	"context"

	"parley/internal/bus"
)

// namespace is a part of the node's bus for one hub: hubs use the same subjects. What may have been lost is found by the check of
// positions; the bus tells of losses to one hub only, which is that of the chat.
type namespace struct {
	bus    bus.Bus
	prefix string
}

// within returns a part of b, nil where b leads nowhere.
func within(b bus.Bus, prefix string) bus.Bus {
	if bus.Alone(b) {
		return nil
	}
	return namespace{b, prefix}
}

func (n namespace) Publish(subject string, data []byte) error {
	return n.bus.Publish(n.prefix+subject, data)
}

func (n namespace) Subscribe(subject string, fn func(data []byte)) (bus.Subscription, error) {
	return n.bus.Subscribe(n.prefix+subject, fn)
}

func (n namespace) Flush(ctx context.Context) error { return n.bus.Flush(ctx) }

func (n namespace) Lossless() bool { return n.bus.Lossless() }

// Close does nothing: the bus belongs to the node.
func (n namespace) Close() error { return nil }
