package syncapi

import (
	"strconv"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/twilsock"
)

// The JSON of chat rows as Sync data (chat-sdk-protocol §5), appended by hand: a message is encoded twice for each send, and
// this is where the time of a send would go.

func appendTime(b []byte, us int64) []byte {
	b = append(b, '"')
	b = core.FromMicros(us).AppendFormat(b, "2006-01-02T15:04:05.000Z")
	return append(b, '"')
}

func appendOptional(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return twilsock.AppendString(b, *s)
}

func appendNumber(b []byte, n *int64) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, *n, 10)
}

// appendDocument writes the channel document (§5.1). Fields of one user must not stand in it.
func appendDocument(b []byte, ch *chat.Channel, seq *chat.Seq) []byte {
	b = append(b, `{"sid":"`...)
	b = append(b, ch.SID...)
	b = append(b, `","type":"`...)
	b = append(b, ch.Type...)
	b = append(b, `","friendlyName":`...)
	b = appendOptional(b, ch.FriendlyName)
	b = append(b, `,"uniqueName":`...)
	b = appendOptional(b, ch.UniqueName)
	b = append(b, `,"attributes":`...)
	b = twilsock.AppendString(b, ch.Attributes)
	b = append(b, `,"createdBy":`...)
	b = twilsock.AppendString(b, ch.CreatedBy)
	b = append(b, `,"dateCreated":`...)
	b = appendTime(b, ch.CreatedAt)
	b = append(b, `,"dateUpdated":`...)
	b = appendTime(b, ch.UpdatedAt)
	b = append(b, `,"messages":"`...)
	b = append(b, ch.SID...)
	b = append(b, `.messages","roster":"`...)
	b = append(b, ch.SID...)
	b = append(b, `.roster"`...)
	if seq.LastIndex >= 0 {
		b = append(b, `,"lastMessage":{"index":`...)
		b = strconv.AppendInt(b, seq.LastIndex, 10)
		b = append(b, `,"timestamp":`...)
		b = appendTime(b, seq.LastAt)
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendMessage writes a message item (§5.4). A removed message has only its SID left.
func (s *Sync) appendMessage(b []byte, m *chat.Message) []byte {
	b = append(b, `{"sid":"`...)
	b = append(b, s.chat.MessageSID(m.ID)...)
	b = append(b, `","author":`...)
	b = twilsock.AppendString(b, m.Author)
	b = append(b, `,"memberSid":`...)
	if m.MemberID == 0 {
		b = append(b, "null"...)
	} else {
		b = append(b, '"')
		b = append(b, s.chat.MemberSID(m.MemberID)...)
		b = append(b, '"')
	}
	if m.Media != nil {
		b = append(b, `,"type":"media","text":"","media":{"sid":"`...)
		b = append(b, s.chat.MediaSID(m.Media.ID)...)
		b = append(b, `","filename":`...)
		b = appendOptional(b, m.Media.Filename)
		b = append(b, `,"contentType":`...)
		b = twilsock.AppendString(b, m.Media.ContentType)
		b = append(b, `,"size":`...)
		b = strconv.AppendInt(b, m.Media.Size, 10)
		b = append(b, '}')
	} else {
		b = append(b, `,"type":"text","text":`...)
		b = twilsock.AppendString(b, m.Body)
	}
	b = append(b, `,"timestamp":`...)
	b = appendTime(b, m.CreatedAt)
	b = append(b, `,"dateUpdated":`...)
	if m.LastEv == m.CreatedEv {
		b = append(b, "null"...)
	} else {
		b = appendTime(b, m.UpdatedAt)
	}
	b = append(b, `,"lastUpdatedBy":`...)
	b = appendOptional(b, m.LastUpdatedBy)
	b = append(b, `,"attributes":`...)
	b = twilsock.AppendString(b, m.Attributes)
	return append(b, '}')
}

// appendMember writes a roster item (§5.3).
func appendMember(b []byte, m *chat.Member) []byte {
	b = append(b, `{"identity":`...)
	b = twilsock.AppendString(b, m.Identity)
	b = append(b, `,"roleSid":"`...)
	b = append(b, m.RoleSID...)
	b = append(b, `","type":"chat","attributes":`...)
	b = twilsock.AppendString(b, m.Attributes)
	b = append(b, `,"dateCreated":`...)
	b = appendTime(b, m.CreatedAt)
	b = append(b, `,"dateUpdated":`...)
	b = appendTime(b, m.UpdatedAt)
	b = append(b, `,"lastConsumedMessageIndex":`...)
	b = appendNumber(b, m.ConsumedIndex)
	b = append(b, `,"lastConsumptionTimestamp":`...)
	if m.ConsumedAt == nil {
		b = append(b, "null"...)
	} else {
		b = appendTime(b, *m.ConsumedAt)
	}
	b = append(b, `,"userInfo":"`...)
	b = append(b, m.UserSID...)
	return append(b, `.info"}`...)
}

// appendUserChannel writes an item of a user's channels (§5.2).
func appendUserChannel(b []byte, u *chat.UserItem) []byte {
	b = append(b, `{"status":"`...)
	b = append(b, u.Status...)
	for _, part := range [...]string{`","channel":"`, u.ChannelSID, `.channel","messages":"`, u.ChannelSID, `.messages","roster":"`, u.ChannelSID, `.roster"`} {
		b = append(b, part...)
	}
	if u.Type != "" {
		b = append(b, `,"type":"`...)
		b = append(b, u.Type...)
		b = append(b, '"')
	}
	b = append(b, `,"lastConsumedMessageIndex":`...)
	b = appendNumber(b, u.ConsumedIndex)
	b = append(b, `,"notificationLevel":"`...)
	b = append(b, u.NotificationLevel...)
	return append(b, `"}`...)
}

// infoItem is an item of a user's info map (§5.5).
type infoItem struct {
	key string
	ev  int64
}

// infoItems lists the items in the order of their keys.
func infoItems(u *chat.User) [3]infoItem {
	return [3]infoItem{{"attributes", u.AttributesEv}, {"friendlyName", u.NameEv}, {"reachability", u.ReachEv}}
}

func appendInfo(b []byte, u *chat.User, key string) []byte {
	switch key {
	case "attributes":
		b = append(b, `{"value":`...)
		b = twilsock.AppendString(b, u.Attributes)
	case "friendlyName":
		b = append(b, `{"value":`...)
		b = appendOptional(b, u.FriendlyName)
	default:
		b = append(b, `{"online":`...)
		b = strconv.AppendBool(b, u.Online)
		b = append(b, `,"notifiable":false`...)
	}
	return append(b, '}')
}
