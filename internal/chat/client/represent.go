package client

import (
	"net/url"
	"strconv"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/twilsock"
)

// pageMeta ends a list; generation A looks for prev_token in lists of users and for previous_token elsewhere (§7.3).
type pageMeta struct {
	Key           string  `json:"key"`
	PageSize      int     `json:"page_size"`
	NextToken     *string `json:"next_token"`
	PreviousToken *string `json:"previous_token"`
	PrevToken     *string `json:"prev_token"`
}

// restPage is the page size of lists. Clients do not ask for one.
const restPage = 50

func meta(key, next string) pageMeta {
	m := pageMeta{Key: key, PageSize: restPage}
	if next != "" {
		m.NextToken = &next
	}
	return m
}

// conversation is a channel for both generations.
type conversation struct {
	SID               string            `json:"sid"`
	ChannelSID        string            `json:"channel_sid"`
	ConversationSID   string            `json:"conversation_sid"`
	AccountSID        string            `json:"account_sid"`
	ServiceSID        string            `json:"service_sid"`
	UniqueName        *string           `json:"unique_name"`
	FriendlyName      *string           `json:"friendly_name"`
	Attributes        string            `json:"attributes"`
	Type              string            `json:"type"`
	CreatedBy         string            `json:"created_by"`
	DateCreated       string            `json:"date_created"`
	DateUpdated       string            `json:"date_updated"`
	MembersCount      int64             `json:"members_count"`
	ParticipantsCount int64             `json:"participants_count"`
	MessagesCount     int64             `json:"messages_count"`
	Status            string            `json:"status"`
	LastConsumed      *int64            `json:"last_consumed_message_index"`
	NotificationLevel string            `json:"notification_level"`
	Unread            *int64            `json:"unread_messages_count"`
	URL               string            `json:"url"`
	Channel           string            `json:"channel"`
	Messages          string            `json:"messages"`
	Roster            string            `json:"roster"`
	SyncObjects       map[string]string `json:"sync_objects"`
	Links             map[string]string `json:"links"`
}

func (in *call) conversation(s *chat.Standing) *conversation {
	ch := s.Channel
	self := servicesB + in.actor.Service.SID + "/Conversations/" + ch.SID
	return &conversation{
		SID: ch.SID, ChannelSID: ch.SID, ConversationSID: ch.SID,
		AccountSID: in.actor.Service.AccountSID, ServiceSID: in.actor.Service.SID,
		UniqueName: ch.UniqueName, FriendlyName: ch.FriendlyName, Attributes: ch.Attributes, Type: ch.Type,
		CreatedBy: ch.CreatedBy, DateCreated: core.ISOMillis(ch.CreatedAt), DateUpdated: core.ISOMillis(ch.UpdatedAt),
		MembersCount: s.Seq.Members, ParticipantsCount: s.Seq.Members, MessagesCount: s.Seq.MessagesCount(),
		Status: s.Status(), LastConsumed: s.Horizon(), NotificationLevel: s.Level(), Unread: s.Unread,
		URL: self, Channel: ch.SID + ".channel", Messages: ch.SID + ".messages", Roster: ch.SID + ".roster",
		SyncObjects: map[string]string{"conversation": ch.SID + ".channel", "messages": ch.SID + ".messages", "participants": ch.SID + ".roster"},
		Links:       map[string]string{"messages": self + "/Messages", "participants": self + "/Participants", "invites": self + "/Invites"},
	}
}

func (in *call) conversations(list []*chat.Standing) []*conversation {
	out := make([]*conversation, len(list))
	for i, s := range list {
		out[i] = in.conversation(s)
	}
	return out
}

// user is a user for both generations.
type user struct {
	SID            string            `json:"sid"`
	Identity       string            `json:"identity"`
	FriendlyName   *string           `json:"friendly_name"`
	Attributes     string            `json:"attributes"`
	IsOnline       *bool             `json:"is_online"`
	IsNotifiable   *bool             `json:"is_notifiable"`
	SyncUniqueName string            `json:"sync_unique_name"`
	SyncObjects    map[string]string `json:"sync_objects"`
	URL            string            `json:"url"`
}

func (in *call) userOf(u *chat.User) *user {
	out := &user{SID: u.SID, Identity: u.Identity, FriendlyName: u.FriendlyName, Attributes: u.Attributes,
		SyncUniqueName: u.SID + ".info", SyncObjects: map[string]string{"user_info_map": u.SID + ".info"},
		URL: servicesB + in.actor.Service.SID + "/Users/" + url.PathEscape(u.Identity)}
	if in.actor.Service.Reachability { // unknown while it is off (rest-semantics §2.7)
		notifiable := false
		out.IsOnline, out.IsNotifiable = &u.Online, &notifiable
	}
	return out
}

func (in *call) users(list []*chat.User) []*user {
	out := make([]*user, len(list))
	for i, u := range list {
		out[i] = in.userOf(u)
	}
	return out
}

// message is what a client gets of a message that it sent or changed; it reads the index. Appended by hand: it answers every send.
func (in *call) message(m *chat.Message) []byte {
	b := make([]byte, 0, 360+len(m.Author)+len(m.Body)+len(m.Attributes))
	b = append(b, `{"sid":"`...)
	b = append(b, in.c.chat.MessageSID(m.ID)...)
	b = append(b, `","index":`...)
	b = strconv.AppendInt(b, m.Index, 10)
	b = append(b, `,"conversation_sid":"`...)
	b = append(b, m.ChannelSID...)
	b = append(b, `","author":`...)
	b = twilsock.AppendString(b, m.Author)
	b = append(b, `,"body":`...)
	b = twilsock.AppendString(b, m.Body)
	b = append(b, `,"attributes":`...)
	b = twilsock.AppendString(b, m.Attributes)
	b = append(b, `,"media_sid":`...)
	if m.MediaID == 0 {
		b = append(b, "null"...)
	} else {
		b = twilsock.AppendString(b, in.c.chat.MediaSID(m.MediaID))
	}
	b = append(b, `,"date_created":"`...)
	b = append(b, core.ISOMillis(m.CreatedAt)...)
	b = append(b, `","date_updated":"`...)
	b = append(b, core.ISOMillis(m.UpdatedAt)...)
	return append(b, `"}`...)
}

// participant is a member for generation B.
type participant struct {
	SID             string `json:"sid"`
	ConversationSID string `json:"conversation_sid"`
	Identity        string `json:"identity"`
	RoleSID         string `json:"role_sid"`
	Attributes      string `json:"attributes"`
	DateCreated     string `json:"date_created"`
	DateUpdated     string `json:"date_updated"`
}

func (in *call) participant(m *chat.Member) *participant {
	return &participant{SID: in.c.chat.MemberSID(m.ID), ConversationSID: m.ChannelSID, Identity: m.Identity, RoleSID: m.RoleSID,
		Attributes: m.Attributes, DateCreated: core.ISOMillis(m.CreatedAt), DateUpdated: core.ISOMillis(m.UpdatedAt)}
}

// notFound tells errors that say that a name means nothing.
func notFound(err error) bool {
	return core.HasCode(err, core.CodeMemberNotFound) || core.HasCode(err, core.CodeUserNotFound) || core.HasCode(err, core.CodeInviteNotFound)
}
