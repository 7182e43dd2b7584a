package syncapi

import (
	"net/url"
	"strconv"

	"parley/internal/chat"
	"parley/internal/realtime"
	"parley/internal/twilsock"
)

// baseURL stands before the paths of objects in answers and events. Clients never resolve the host, they tunnel (§0); the
// short form of paths is understood wherever the long one is.
const baseURL = "https://cds.us1.twilio.com/v3/"

// poke is what the events of a replay carry of the request for it; nil in a live event.
type poke struct {
	correlation string // a JSON number
	version     int64
}

// eventVersion is the protocol version of live events: one form for all clients (§6.5).
const eventVersion = 4

// begin starts the frame of an event of an object, up to and with its id, revision and date.
func (s *Sync) begin(p *poke, size int, name string, t realtime.Topic, ev, at int64) []byte {
	return beginEvent(p, size, name, familyOf(t.Kind), s.sid(t), ev, at)
}

func beginEvent(p *poke, size int, name string, fam *family, sid string, ev, at int64) []byte {
	b := twilsock.NewPayload(size + 360)
	b = append(b, `{"event_type":"`...)
	b = append(b, name...)
	b = append(b, `","event_protocol_version":`...)
	if p == nil {
		b = strconv.AppendInt(b, eventVersion, 10)
	} else {
		b = strconv.AppendInt(b, p.version, 10)
		b = append(b, `,"correlation_id":`...)
		b = append(b, p.correlation...)
		b = append(b, `,"strictly_ordered":true`...)
	}
	b = append(b, `,"event":{"id":`...)
	b = strconv.AppendInt(b, ev, 10)
	b = append(b, `,"`...)
	b = append(b, fam.name...)
	b = append(b, `_sid":"`...)
	b = append(b, sid...)
	b = append(b, `","`...)
	b = append(b, fam.name...)
	b = append(b, `_revision":"`...)
	b = strconv.AppendInt(b, ev, 10)
	b = append(b, `","date_created":`...)
	return appendTime(b, at)
}

// end finishes the frame of an event.
func end(p *poke, b []byte, t realtime.Topic) []byte { return endEvent(p, b, familyOf(t.Kind)) }

func endEvent(p *poke, b []byte, fam *family) []byte {
	b = append(b, "}}"...)
	if p != nil {
		return twilsock.Notification(b, twilsock.TypeSyncEvent)
	}
	switch fam {
	case documents:
		return twilsock.Notification(b, twilsock.TypeDocument)
	case lists:
		return twilsock.Notification(b, twilsock.TypeList)
	}
	return twilsock.Notification(b, twilsock.TypeMap)
}

// documentUpdated is the event of a channel's document.
func (s *Sync) documentUpdated(p *poke, ch *chat.Channel, seq *chat.Seq) []byte {
	t := realtime.Topic{Kind: Document, ID: ch.ID}
	b := s.begin(p, 460+len(ch.Attributes)+len(ch.CreatedBy), "document_updated", t, seq.DocumentEvent(), max(ch.UpdatedAt, seq.LastAt))
	b = append(b, `,"document_data":`...)
	b = appendDocument(b, ch, seq)
	return end(p, b, t)
}

// message is the event of a message: added, updated or removed.
func (s *Sync) message(p *poke, kind chat.Kind, ev int64, m *chat.Message) []byte {
	t := realtime.Topic{Kind: Messages, ID: m.ChannelID}
	b := s.begin(p, 420+len(m.Body)+len(m.Attributes)+len(m.Author), lists.events[kind], t, ev, m.UpdatedAt)
	b = append(b, `,"item_index":`...)
	b = strconv.AppendInt(b, m.Index, 10)
	if kind != chat.Removed {
		b = append(b, `,"item_url":"`...)
		b = s.appendItemURL(b, t, strconv.FormatInt(m.Index, 10))
		b = append(b, `","item_revision":"`...)
		b = strconv.AppendInt(b, ev, 10)
		b = append(b, '"')
	}
	b = append(b, `,"item_data":`...)
	b = s.appendMessage(b, m)
	return end(p, b, t)
}

// beginItem is begin for an item of a map, up to its data.
func (s *Sync) beginItem(p *poke, size int, kind chat.Kind, t realtime.Topic, ev, at int64, key string) []byte {
	b := s.begin(p, size+200, maps.events[kind], t, ev, at)
	b = append(b, `,"item_key":`...)
	b = twilsock.AppendString(b, key)
	if kind != chat.Removed {
		b = append(b, `,"item_url":"`...)
		b = s.appendItemURL(b, t, key)
		b = append(b, `","item_revision":"`...)
		b = strconv.AppendInt(b, ev, 10)
		b = append(b, '"')
	}
	return append(b, `,"item_data":`...)
}

// member is the event of a roster item.
func (s *Sync) member(p *poke, kind chat.Kind, ev int64, m *chat.Member) []byte {
	t := realtime.Topic{Kind: Roster, ID: m.ChannelID}
	b := s.beginItem(p, 360+len(m.Attributes)+len(m.Identity), kind, t, ev, m.UpdatedAt, s.chat.MemberSID(m.ID))
	return end(p, appendMember(b, m), t)
}

// userChannel is the event of an item of a user's channels; the date is not kept for these.
func (s *Sync) userChannel(p *poke, kind chat.Kind, ev, at int64, u *chat.UserItem) []byte {
	t := realtime.Topic{Kind: Channels, ID: u.UserID}
	b := s.beginItem(p, 320, kind, t, ev, at, u.ChannelSID)
	return end(p, appendUserChannel(b, u), t)
}

// info is the event of an item of a user's info; the items exist from the beginning.
func (s *Sync) info(p *poke, item infoItem, u *chat.User) []byte {
	t := realtime.Topic{Kind: Info, ID: u.ID}
	b := s.beginItem(p, 100+len(u.Attributes), chat.Updated, t, item.ev, u.UpdatedAt, item.key)
	return end(p, appendInfo(b, u, item.key), t)
}

// removed is the last event of an object whose channel is gone.
func (s *Sync) removed(p *poke, t realtime.Topic, ev, at int64) []byte {
	return end(p, s.begin(p, 0, familyOf(t.Kind).name+"_removed", t, ev, at), t)
}

// contextUpdated is the event that gives a generation A client its session context (§7.1).
func (s *Sync) contextUpdated(p *poke, t realtime.Topic, at int64, context []byte) []byte {
	b := s.begin(p, len(context), "list_context_updated", t, contextEvent, at)
	b = append(b, `,"context_data":`...)
	b = append(b, context...)
	return end(p, b, t)
}

// contextEvent is the event id of a session's context. Reading the context says 0, so that the event is news (§7.1).
const contextEvent = 1

// answered is the event that answers a command in a session list (§7.2).
func (s *Sync) answered(t realtime.Topic, index, ev int64, commandID string, response []byte) []byte {
	b := s.begin(nil, 260+len(commandID)+len(response), "list_item_updated", t, ev, ev)
	b = append(b, `,"item_index":`...)
	b = strconv.AppendInt(b, index, 10)
	b = append(b, `,"item_url":"`...)
	b = s.appendItemURL(b, t, strconv.FormatInt(index, 10))
	b = append(b, `","item_revision":"`...)
	b = strconv.AppendInt(b, ev, 10)
	b = append(b, `","item_data":{"commandId":`...)
	b = twilsock.AppendString(b, commandID)
	b = append(b, `,"response":`...)
	b = append(b, response...)
	b = append(b, '}')
	return end(nil, b, t)
}

// subscription is the answer to one request of a poke (§6.4): established, canceled or failed, with what belongs to it.
func (s *Sync) subscription(p *poke, word, sid, object, extra string) []byte {
	b := twilsock.NewPayload(320 + len(extra))
	b = append(b, `{"event_type":"subscription_`...)
	b = append(b, word...)
	b = append(b, `","event_protocol_version":`...)
	b = strconv.AppendInt(b, p.version, 10)
	b = append(b, `,"correlation_id":`...)
	b = append(b, p.correlation...)
	b = append(b, `,"event":{"object_sid":`...)
	b = twilsock.AppendString(b, sid)
	b = append(b, `,"object_type":`...)
	b = twilsock.AppendString(b, object)
	b = append(b, extra...)
	b = append(b, "}}"...)
	return twilsock.Notification(b, twilsock.TypeSyncEvent)
}

func (s *Sync) objectURL(t realtime.Topic) string {
	return baseURL + familyOf(t.Kind).path + "/" + s.sid(t)
}

// appendItemURL writes the address of an item. Keys are SIDs or plain words.
func (s *Sync) appendItemURL(b []byte, t realtime.Topic, key string) []byte {
	b = append(b, baseURL...)
	b = append(b, familyOf(t.Kind).path...)
	b = append(b, '/')
	b = append(b, s.sid(t)...)
	b = append(b, "/Items/"...)
	return append(b, url.PathEscape(key)...)
}
