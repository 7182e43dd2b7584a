package client

import (
	"encoding/json"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// Mutations of generation B (§8.2).

// maxMutationID bounds the ids that are remembered, in bytes.
const maxMutationID = 64

// mutation makes a handler whose repetition with the same X-Twilio-Mutation-Id is answered from memory.
func (c *Client) mutation(fn func(*call) (httpapi.Response, error)) httpapi.Handler {
	return c.handler(func(in *call) (httpapi.Response, error) {
		id := in.Header.Get("X-Twilio-Mutation-Id")
		if len(id) > maxMutationID {
			return httpapi.Response{}, core.Ef(core.CodeInvalidParameter, "X-Twilio-Mutation-Id has more than %d bytes", maxMutationID)
		}
		if id != "" {
			id = in.user.SID + id
		}
		return c.answered.once(id, func() (httpapi.Response, error) { return fn(in) })
	})
}

// text is a JSON string, or other JSON as its text: attributes come in both forms.
type text string

// UnmarshalJSON keeps null as "".
func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(t))
	}
	if string(b) != "null" {
		*t = text(b)
	}
	return nil
}

func (t *text) optional() *string { return (*string)(t) }

func createConversation(in *call) (httpapi.Response, error) {
	var body struct {
		Type         string  `json:"type"`
		UniqueName   *string `json:"unique_name"`
		FriendlyName *string `json:"friendly_name"`
		Attributes   text    `json:"attributes"`
	}
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	room, err := in.c.chat.CreateChannel(in.Context(), in.actor, chat.NewChannel{Type: body.Type, UniqueName: body.UniqueName,
		FriendlyName: body.FriendlyName, Attributes: string(body.Attributes)})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(in.conversation(&chat.Standing{Room: *room}))
}

func updateConversation(in *call) (httpapi.Response, error) {
	var body struct {
		UniqueName   *string `json:"unique_name"`
		FriendlyName *string `json:"friendly_name"`
		Attributes   *text   `json:"attributes"`
	}
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	room, err := in.c.chat.UpdateChannel(in.Context(), in.actor, in.Path("channel"), chat.ChannelPatch{UniqueName: body.UniqueName,
		FriendlyName: body.FriendlyName, Attributes: body.Attributes.optional()})
	if err != nil {
		return httpapi.Response{}, err
	}
	s, err := in.c.chat.FetchChannel(in.Context(), in.actor, room.Channel.SID)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(in.conversation(s))
}

func deleteConversation(in *call) (httpapi.Response, error) {
	if err := in.c.chat.DeleteChannel(in.Context(), in.actor, in.Path("channel")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

// updateMine moves the caller's horizon, or sets its notification level.
func updateMine(in *call) (httpapi.Response, error) {
	var body map[string]json.RawMessage
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	var patch chat.UserChannelPatch
	if raw, ok := body["last_consumed_message_index"]; ok {
		patch.Horizon = &chat.Horizon{}
		if err := json.Unmarshal(raw, &patch.Horizon.Index); err != nil {
			return httpapi.Response{}, core.E(core.CodeInvalidConsumedIndex)
		}
	}
	if raw, ok := body["notification_level"]; ok {
		if err := json.Unmarshal(raw, &patch.NotificationLevel); err != nil {
			return httpapi.Response{}, core.E(core.CodeInvalidNotification)
		}
	}
	if patch.NotificationLevel == nil && patch.Horizon != nil { // the frequent one
		unread, err := in.c.chat.SetHorizon(in.Context(), in.actor, in.Path("channel"), patch.Horizon.Index)
		if err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.OK(map[string]any{"conversation_sid": in.Path("channel"), "unread_messages_count": unread,
			"last_consumed_message_index": patch.Horizon.Index})
	}
	s, err := in.c.chat.UpdateUserChannel(in.Context(), in.actor, in.actor.Identity, in.Path("channel"), patch)
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(in.conversation(s))
}

func addParticipant(in *call) (httpapi.Response, error) {
	var body struct {
		Identity   string `json:"identity"`
		Attributes text   `json:"attributes"`
	}
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	m, err := in.c.chat.AddMember(in.Context(), in.actor, in.Path("channel"), chat.NewMember{Identity: body.Identity, Attributes: string(body.Attributes)})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(in.participant(m))
}

func removeParticipant(in *call) (httpapi.Response, error) {
	err := firstFound(in.tail("/Participants/"), func(name string) error {
		return in.c.chat.RemoveMember(in.Context(), in.actor, in.Path("channel"), name)
	})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func updateParticipant(in *call) (httpapi.Response, error) {
	var body struct {
		Attributes *text `json:"attributes"`
	}
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	var m *chat.Member
	err := firstFound(in.tail("/Participants/"), func(name string) (err error) {
		m, err = in.c.chat.UpdateMember(in.Context(), in.actor, in.Path("channel"), name, chat.MemberPatch{Attributes: body.Attributes.optional()})
		return err
	})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(in.participant(m))
}

func invite(in *call) (httpapi.Response, error) {
	var body struct {
		Identity string `json:"identity"`
	}
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	i, err := in.c.chat.CreateInvite(in.Context(), in.actor, in.Path("channel"), chat.NewInvite{Identity: body.Identity})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(map[string]any{"sid": in.c.chat.InviteSID(i.ID), "identity": i.Identity})
}

func decline(in *call) (httpapi.Response, error) {
	err := firstFound(in.tail("/Invites/"), func(name string) error {
		return in.c.chat.DeleteInvite(in.Context(), in.actor, in.Path("channel"), name)
	})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func sendMessage(in *call) (httpapi.Response, error) {
	var body struct {
		Body       string `json:"body"`
		Attributes text   `json:"attributes"`
		MediaSID   string `json:"media_sid"`
	}
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	m, err := in.c.chat.SendMessage(in.Context(), in.actor, in.Path("channel"),
		chat.NewMessage{Body: &body.Body, Attributes: string(body.Attributes), MediaSID: body.MediaSID})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.Created(in.message(m))
}

func updateMessage(in *call) (httpapi.Response, error) {
	var body struct {
		Body       *string `json:"body"`
		Attributes *text   `json:"attributes"`
	}
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	m, err := in.c.chat.UpdateMessage(in.Context(), in.actor, in.Path("channel"), in.Path("message"),
		chat.MessagePatch{Body: body.Body, Attributes: body.Attributes.optional()})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(in.message(m))
}

func deleteMessage(in *call) (httpapi.Response, error) {
	if err := in.c.chat.DeleteMessage(in.Context(), in.actor, in.Path("channel"), in.Path("message")); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

func updateUser(in *call) (httpapi.Response, error) {
	var body struct {
		FriendlyName *string `json:"friendly_name"`
		Attributes   *text   `json:"attributes"`
	}
	if err := in.JSON(&body); err != nil {
		return httpapi.Response{}, err
	}
	var u *chat.User
	err := firstFound(in.tail("/Users/"), func(name string) (err error) {
		u, err = in.c.chat.UpdateUser(in.Context(), in.actor, name, chat.UserPatch{FriendlyName: body.FriendlyName, Attributes: body.Attributes.optional()})
		return err
	})
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(in.userOf(u))
}
