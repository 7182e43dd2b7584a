package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// conn is a chat socket as cheap as a client can be: masked by zeros, frames searched and not parsed, acknowledgements of all
// frames that one read brought written together. What it saves goes to the server under test, which shares its cores.
type conn struct {
	net.Conn
	br      *bufio.Reader
	mu      sync.Mutex // guards writes and waiting
	waiting map[string]chan []byte
	sink    atomic.Pointer[sink]
	err     error
	closed  chan struct{}
}

// sink takes what a connection receives: notifications, and replies that nobody waits for.
type sink struct {
	event func(payload []byte)
	reply func(id []byte)
}

// dial opens a socket; it does not read until start.
func dial(hostport, path string) (*conn, error) {
	c, err := net.DialTimeout("tcp", hostport, 10*time.Second)
	if err != nil {
		return nil, err
	}
	key := base64.StdEncoding.EncodeToString(make([]byte, 16))
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", path, hostport, key); err != nil {
		return nil, err
	}
	br := bufio.NewReaderSize(c, 4<<10)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("the server answered %s to the upgrade", resp.Status)
	}
	return &conn{Conn: c, br: br, waiting: map[string]chan []byte{}, closed: make(chan struct{})}, nil
}

// start reads until the connection ends.
func (c *conn) start() {
	go func() {
		defer close(c.closed)
		c.err = c.readAll()
	}()
}

func (c *conn) readAll() error {
	var acks []byte
	for {
		op, msg, err := c.readMessage()
		if err != nil {
			return err
		}
		switch op {
		case 9: // ping
			acks = appendWS(acks, 10, msg)
		case 8:
			return io.EOF
		case 2:
			header, payload, err := split(msg)
			if err != nil {
				return err
			}
			id := field(header, `"id":"`)
			if bytes.Contains(header, []byte(`"method":"reply"`)) {
				c.reply(id, payload)
				break
			}
			acks = appendAck(acks, id)
			if s := c.sink.Load(); s != nil {
				s.event(payload)
			}
		}
		if len(acks) > 0 && c.br.Buffered() == 0 {
			c.mu.Lock()
			_, err := c.Write(acks)
			c.mu.Unlock()
			if err != nil {
				return err
			}
			acks = acks[:0]
		}
	}
}

func (c *conn) reply(id, payload []byte) {
	c.mu.Lock()
	ch := c.waiting[string(id)]
	delete(c.waiting, string(id))
	c.mu.Unlock()
	if ch != nil {
		ch <- bytes.Clone(payload)
	} else if s := c.sink.Load(); s != nil {
		s.reply(id)
	}
}

func (c *conn) readMessage() (op byte, msg []byte, err error) {
	var h [10]byte
	if _, err := io.ReadFull(c.br, h[:2]); err != nil {
		return 0, nil, err
	}
	op, n := h[0]&15, int(h[1]&127)
	switch n {
	case 126:
		if _, err := io.ReadFull(c.br, h[2:4]); err != nil {
			return 0, nil, err
		}
		n = int(binary.BigEndian.Uint16(h[2:]))
	case 127:
		if _, err := io.ReadFull(c.br, h[2:10]); err != nil {
			return 0, nil, err
		}
		n = int(binary.BigEndian.Uint64(h[2:]))
	}
	if n <= c.br.Size() {
		msg, err = c.br.Peek(n)
		if err == nil {
			_, err = c.br.Discard(n)
		}
		return op, msg, err // valid until the next read
	}
	msg = make([]byte, n)
	_, err = io.ReadFull(c.br, msg)
	return op, msg, err
}

// send writes a twilsock frame without waiting for its reply.
func (c *conn) send(frame []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.Write(frame)
	return err
}

// call writes a request and waits for the payload of its reply.
func (c *conn) call(id string, frame []byte) ([]byte, error) {
	ch := make(chan []byte, 1)
	c.mu.Lock()
	c.waiting[id] = ch
	_, err := c.Write(frame)
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case payload := <-ch:
		return payload, nil
	case <-c.closed:
		return nil, fmt.Errorf("the connection ended: %v", c.err)
	case <-time.After(30 * time.Second):
		return nil, fmt.Errorf("no reply within 30 s")
	}
}

// appendWS appends a WebSocket frame of a client, masked by zeros.
func appendWS(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = append(dst, 0x80|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, 0x80|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	dst = append(dst, 0, 0, 0, 0)
	return append(dst, payload...)
}

// twilsock frames a header and a payload (chat-sdk-protocol §2.2).
func twilsock(header string, payload []byte) []byte {
	b := make([]byte, 0, len(header)+len(payload)+32)
	b = append(b, "TWILSOCK V3.0 "...)
	b = strconv.AppendInt(b, int64(len(header)), 10)
	b = append(b, "\r\n"...)
	b = append(b, header...)
	b = append(b, "\r\n"...)
	return appendWS(nil, 2, append(b, payload...))
}

func appendAck(dst, id []byte) []byte {
	header := `{"id":"` + string(id) + `","method":"reply","payload_type":"application/json","status":{"code":200,"status":"OK"},"payload_size":0}`
	return append(dst, twilsock(header, nil)...)
}

func split(msg []byte) (header, payload []byte, err error) {
	const magic = "TWILSOCK V3.0 "
	end := bytes.Index(msg, []byte("\r\n"))
	if end < 0 || !bytes.HasPrefix(msg, []byte(magic)) {
		return nil, nil, fmt.Errorf("not a twilsock frame: %.40q", msg)
	}
	n, err := strconv.Atoi(string(msg[len(magic):end]))
	if err != nil || end+2+n > len(msg) {
		return nil, nil, fmt.Errorf("bad header length in %.40q", msg)
	}
	header, payload = msg[end+2:end+2+n], bytes.TrimPrefix(msg[end+2+n:], []byte("\r\n"))
	return header, payload, nil
}

// field returns the text that follows a key up to the next quote.
func field(b []byte, key string) []byte {
	_, rest, ok := bytes.Cut(b, []byte(key))
	if !ok {
		return nil
	}
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return value
}
