package client

import (
	"strconv"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/store"
	"parley/internal/syncapi"
	"parley/internal/twilsock"
)

// typing tells the other members of a channel that the caller types (§9.2). It goes to every connection of theirs, whatever that
// watches already. It is not stored, and may be lost.
func typing(in *call) (httpapi.Response, error) {
	ref := in.Text("ChannelSid")
	if ref == "" {
		ref = in.Text("ConversationSid")
	}
	if err := in.Err(); err != nil {
		return httpapi.Response{}, err
	}
	s, err := in.c.chat.UserChannel(in.Context(), in.actor, in.actor.Identity, ref)
	if err != nil {
		return httpapi.Response{}, err
	}
	if s.Member == nil {
		return httpapi.Response{}, core.E(core.CodeNotMember)
	}
	timeout := in.actor.Service.TypingTimeout
	others, err := in.others(s)
	if err != nil {
		return httpapi.Response{}, err
	}
	in.c.hub.Tell(others, typingFrame(in.c.chat, s, timeout))
	return httpapi.OK(map[string]int64{"typing_timeout": timeout})
}

// others lists the other members of a channel by the keys of their connections.
func (in *call) others(s *chat.Standing) (keys []string, err error) {
	err = in.c.store.View(in.Context(), func(r *store.Reader) error {
		rosters, err := in.c.chat.ViewRosters(r, []int64{s.Channel.ID})
		for _, m := range rosters[s.Channel.ID] {
			if m.UserID != s.Member.UserID {
				keys = append(keys, syncapi.UserKey(in.actor.Service.ID, m.Identity))
			}
		}
		return err
	})
	return keys, err
}

// typingFrame announces a typing member; receivers end it a second after the sender would have repeated it.
func typingFrame(c *chat.Chat, s *chat.Standing, timeout int64) []byte {
	b := twilsock.NewPayload(200 + len(s.Member.Identity))
	b = append(b, `{"channel_sid":"`...)
	b = append(b, s.Channel.SID...)
	b = append(b, `","identity":`...)
	b = twilsock.AppendString(b, s.Member.Identity)
	b = append(b, `,"member_sid":"`...)
	b = append(b, c.MemberSID(s.Member.ID)...)
	b = append(b, `","typing_timeout":`...)
	b = strconv.AppendInt(b, timeout+1, 10)
	b = append(b, '}')
	return twilsock.Notification(b, twilsock.TypeTyping)
}

// register records a device for push messages (§9.3).
func register(in *call) (httpapi.Response, error) {
	var body struct {
		ChannelType  string   `json:"channel_type"`
		MessageTypes []string `json:"message_types"`
		Data         struct {
			RegistrationID string `json:"registration_id"`
		} `json:"data"`
	}
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	b, err := in.c.chat.RegisterBinding(in.Context(), in.actor, chat.NewBinding{Type: body.ChannelType, Address: body.Data.RegistrationID,
		Endpoint: in.Caller.Token.EndpointID, CredentialSID: in.Caller.Token.PushCredentialSID, MessageTypes: body.MessageTypes})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(map[string]string{"id": b.SID})
}

func unregister(in *call) (httpapi.Response, error) {
	if err := in.c.chat.UnregisterBinding(in.Context(), in.actor, in.Path("binding")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}
