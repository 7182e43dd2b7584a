// Command floor is the bare server that Parley is measured beside: the same WebSocket library, the same rows written by the
// same group commit, and to each member the same frames (message item and channel document), whose acknowledgements it takes.
// It has no authentication, no routing, no views, no queues: what it cannot do faster, nothing on this machine can.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/lxzan/gws"

	"parley/internal/store"
	"parley/internal/store/engine/sqlite"
)

type server struct {
	gws.BuiltinEventHandler
	engine store.Engine
	mu     sync.RWMutex
	rooms  map[string]*room
	ids    atomic.Int64
}

type room struct {
	id      int64
	name    string
	mu      sync.RWMutex
	members []*gws.Conn
}

func main() {
	listen, data := flag.String("listen", "127.0.0.1:0", "address"), flag.String("data", "", "folder of the database")
	flag.Parse()
	if err := run(*listen, *data); err != nil {
		log.Fatal(err)
	}
}

func run(listen, data string) error {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	engine, err := sqlite.Open(filepath.Join(data, "floor.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer engine.Close()
	if err := engine.Migrate(context.Background()); err != nil {
		return err
	}
	s := &server{engine: engine, rooms: map[string]*room{}}
	up := gws.NewUpgrader(s, &gws.ServerOption{ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10})
	web := &http.Server{Addr: listen, ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(r.URL.Path, "/join/")
		if !ok {
			return
		}
		rm, err := s.room(name)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		c, err := up.Upgrade(w, r)
		if err != nil {
			return
		}
		rm.mu.Lock()
		rm.members = append(rm.members, c)
		rm.mu.Unlock()
		c.Session().Store("room", rm)
		go c.ReadLoop()
	})}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	go func() {
		<-stop.Done()
		_ = web.Close()
	}()
	if err := web.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *server) room(name string) (*room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rooms[name]; r != nil {
		return r, nil
	}
	r := &room{id: s.ids.Add(1), name: name}
	s.rooms[name] = r
	return r, s.engine.Write(context.Background(), func(c store.Conn) error {
		_, err := c.Exec(`INSERT INTO channel_seq (channel_id, next_index, edits, doc, roster, horizons, hooks, removed, members, last_index, last_at)
			VALUES ($1, 0, 0, 0, 0, 0, 0, 0, 2, -1, 0)`, r.id)
		return err
	})
}

// OnClose takes the member out of its room.
func (s *server) OnClose(c *gws.Conn, _ error) {
	v, _ := c.Session().Load("room")
	rm, ok := v.(*room)
	if !ok {
		return
	}
	rm.mu.Lock()
	defer rm.mu.Unlock()
	for i, m := range rm.members {
		if m == c {
			rm.members = append(rm.members[:i], rm.members[i+1:]...)
			return
		}
	}
}

// OnMessage takes an acknowledgement or a message; a message is answered after its commit.
func (s *server) OnMessage(c *gws.Conn, m *gws.Message) {
	b := m.Bytes()
	if bytes.Contains(b[:min(len(b), 160)], []byte(`"method":"reply"`)) {
		_ = m.Close()
		return
	}
	id, body := string(cut(b, `"id":"`)), string(cut(b, `"body":"`))
	_ = m.Close()
	v, _ := c.Session().Load("room")
	rm, ok := v.(*room)
	if !ok {
		return
	}
	go s.send(c, rm, id, body) // so that one connection's messages share a commit, as far as they are there together
}

func (s *server) send(c *gws.Conn, rm *room, id, body string) {
	now := time.Now()
	var index, row int64
	err := s.engine.Write(context.Background(), func(tx store.Conn) error {
		row = s.ids.Add(1)
		if err := tx.Query(`UPDATE channel_seq SET next_index = next_index + 1, last_index = next_index, last_at = $2 WHERE channel_id = $1 RETURNING next_index`,
			[]any{rm.id, now.UnixMicro()}, func(scan func(...any) error) error { return scan(&index) }); err != nil {
			return err
		}
		return tx.Defer(`INSERT INTO message (id, channel_id, idx, author, member_id, body, attributes, media_id, created_ev, last_ev, removed, was_edited, last_updated_by, created_at, updated_at)
			VALUES ($1, $2, $3, 'bench-1-1', 7, $4, '{}', 0, $5, $5, FALSE, FALSE, NULL, $6, $6)`, row, rm.id, index-1, body, index, now.UnixMicro())
	})
	if err != nil {
		log.Print(err)
		return
	}
	date := now.UTC().Format("2006-01-02T15:04:05.000Z")
	item := frame("com.twilio.rtd.cds.list", row, fmt.Sprintf(`{"event_type":"list_item_added","event_protocol_version":4,"account_sid":"AC00000000000000000000000000000000","service_sid":"IS00000000000000000000000000000000","event":{"id":%d,"list_sid":"ES%032x","list_revision":"%d","date_created":"%s","created_by":"system","item_index":%d,"item_url":"https://cds.us1.twilio.com/v3/Services/IS00000000000000000000000000000000/Lists/ES%032x/Items/%d","item_revision":"%d","item_data":{"sid":"IM%032x","author":"bench-1-1","memberSid":"MB%032x","text":"%s","type":"text","timestamp":"%s","dateUpdated":null,"lastUpdatedBy":null,"attributes":"{}"}}}`,
		index, rm.id, index, date, index-1, rm.id, index-1, index, row, 7, body, date))
	doc := frame("com.twilio.rtd.cds.document", row, fmt.Sprintf(`{"event_type":"document_updated","event_protocol_version":4,"account_sid":"AC00000000000000000000000000000000","service_sid":"IS00000000000000000000000000000000","event":{"id":%d,"document_sid":"ET%032x","document_revision":"%d","document_unique_name":"%s.channel","date_created":"%s","created_by":"system","document_data":{"sid":"%s","type":"private","friendlyName":null,"uniqueName":null,"attributes":"{}","createdBy":"system","dateCreated":"%s","dateUpdated":"%s","messages":"%s.messages","roster":"%s.roster","lastMessage":{"index":%d,"timestamp":"%s"}}}}`,
		index, rm.id, index, rm.name, date, rm.name, date, date, rm.name, rm.name, index-1, date))
	reply := fmt.Sprintf(`{"sid":"IM%032x","index":%d,"account_sid":"AC00000000000000000000000000000000","service_sid":"IS00000000000000000000000000000000","conversation_sid":"%s","author":"bench-1-1","body":"%s","attributes":"{}","date_created":"%s"}`, row, index-1, rm.name, body, date)
	header := fmt.Sprintf(`{"method":"reply","id":"%s","status":{"code":200,"status":"OK"},"http_status":{"code":201,"status":"Created"},"http_headers":{"Content-Type":"application/json"},"payload_type":"application/json","payload_size":%d}`, id, len(reply))
	_ = c.WriteMessage(gws.OpcodeBinary, twilsock(header, reply))
	rm.mu.RLock()
	defer rm.mu.RUnlock()
	for _, m := range rm.members {
		_ = m.WriteMessage(gws.OpcodeBinary, item) // a member that went away ends by its read loop
		_ = m.WriteMessage(gws.OpcodeBinary, doc)
	}
}

func frame(kind string, id int64, payload string) []byte {
	return twilsock(fmt.Sprintf(`{"method":"notification","id":"TM%032x","message_type":"%s","notification_ctx_id":"","payload_type":"application/json","payload_size":%d}`, id, kind, len(payload)), payload)
}

func twilsock(header, payload string) []byte {
	b := make([]byte, 0, len(header)+len(payload)+32)
	b = append(b, "TWILSOCK V3.0 "...)
	b = strconv.AppendInt(b, int64(len(header)), 10)
	b = append(b, "\r\n"...)
	b = append(b, header...)
	b = append(b, "\r\n"...)
	b = append(b, payload...)
	return append(b, "\r\n"...)
}

// cut returns the text between key and the next quote.
func cut(b []byte, key string) []byte {
	_, rest, _ := bytes.Cut(b, []byte(key))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return value
}
