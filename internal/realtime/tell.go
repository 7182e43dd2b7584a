package realtime

import "encoding/binary"

// subjectTell carries frames for identities, whatever their connections watch.
const subjectTell = "tell"

// Tell hands an unnumbered frame (typing) to all connections of the identities, here and on other nodes. It may be lost.
func (h *Hub) Tell(identities []string, frame []byte) {
	h.tellHere(identities, frame)
	if h.alone || len(identities) == 0 {
		return
	}
	if err := h.bus.Publish(subjectTell, packTell(identities, frame)); err != nil {
		h.busTrouble("publish", err)
	}
}

func (h *Hub) tellHere(identities []string, frame []byte) {
	w := h.newWakes()
	for _, identity := range identities {
		for _, c := range h.presence.conns(identity) {
			w.add(c, c.push(frame, classLive))
		}
	}
	h.start(w)
}

// hearTold subscribes to what other nodes have to tell.
func (h *Hub) hearTold() {
	sub, err := h.bus.Subscribe(subjectTell, func(data []byte) {
		identities, frame, ok := unpackTell(data)
		if !ok {
			h.count.busErr.Add(1)
			return
		}
		h.tellHere(identities, frame)
	})
	if err != nil {
		h.busTrouble("subscribe", err)
		return
	}
	h.told = sub
}

// stopTold undoes hearTold.
func (h *Hub) stopTold() {
	if h.told == nil {
		return
	}
	if err := h.told.Unsubscribe(); err != nil {
		h.busTrouble("unsubscribe", err)
	}
}

// packTell writes the number of identities, each with its length, and the frame.
func packTell(identities []string, frame []byte) []byte {
	b := binary.AppendUvarint(make([]byte, 0, 64*len(identities)+len(frame)), uint64(len(identities)))
	for _, s := range identities {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return append(b, frame...)
}

// unpackTell reports false for bytes that make no sense.
func unpackTell(b []byte) (identities []string, frame []byte, ok bool) {
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(len(b)) {
		return nil, nil, false
	}
	b = b[n:]
	for range count {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return nil, nil, false
		}
		identities = append(identities, string(b[n:n+int(size)]))
		b = b[n+int(size):]
	}
	return identities, b, len(b) > 0
}
