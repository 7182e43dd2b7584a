package client

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// command is what a generation A client asks for (§7.2).
type command struct {
	Action            string          `json:"action"`
	ChannelSID        string          `json:"channelSid"`
	FriendlyName      *string         `json:"friendlyName"`
	UniqueName        *string         `json:"uniqueName"`
	Type              string          `json:"type"`
	Attributes        *text           `json:"attributes"`
	Username          string          `json:"username"`
	MemberSID         string          `json:"memberSid"`
	Text              *string         `json:"text"`
	MediaSID          string          `json:"mediaSid"`
	MessageIndex      json.RawMessage `json:"messageIdx"` // a number or a string of digits
	NotificationLevel string          `json:"notificationLevel"`
	Report            []horizonReport `json:"report"`
}

type horizonReport struct {
	ChannelSID   string `json:"channelSid"`
	MessageIndex *int64 `json:"messageIdx"`
}

// maxReport bounds the channels in one report of horizons.
const maxReport = 1000

// Execute implements syncapi.Commands.
func (c *Client) Execute(r *httpapi.Request, commandID string, request []byte) []byte {
	in, err := c.call(r)
	if err != nil {
		return refusal(err)
	}
	key := ""
	if commandID != "" {
		key = in.user.SID + commandID
	}
	resp, err := c.answered.once(key, func() (httpapi.Response, error) {
		var cmd command
		if err := json.Unmarshal(request, &cmd); err != nil {
			return httpapi.Response{}, core.Ef(core.CodeInvalidParameter, "The command is not of the expected form")
		}
		answer, err := in.execute(&cmd)
		if err != nil {
			return httpapi.Response{}, err
		}
		return httpapi.OK(success(answer))
	})
	if err != nil {
		if e := core.AsError(err); e.Status >= http.StatusInternalServerError {
			c.log.Error("a command failed", "error", err)
		}
		return refusal(err)
	}
	return resp.Body.([]byte)
}

// fields are what a command is answered with beside its status.
type fields map[string]any

func success(answer fields) []byte {
	b := []byte(`{"status":200,"statusText":"OK"`)
	if len(answer) > 0 {
		more, _ := json.Marshal(answer) // strings and numbers always encode
		b = append(append(b, ','), bytes.TrimPrefix(more, []byte("{"))...)
		return b
	}
	return append(b, '}')
}

// refusal answers a command with an error; applications see statusText as its message and status as its code.
func refusal(err error) []byte {
	e := core.AsError(err)
	b, _ := json.Marshal(struct {
		Status     int    `json:"status"`
		StatusText string `json:"statusText"`
		Code       int    `json:"code"`
	}{e.Status, e.Message, e.Code}) // strings and numbers always encode
	return b
}

// action executes one kind of command.
type action func(in *call, cmd *command) (fields, error)

func (in *call) execute(cmd *command) (fields, error) {
	do := actionOf(cmd.Action)
	if do == nil {
		return nil, core.Ef(core.CodeInvalidParameter, "There is no command with this action")
	}
	return do(in, cmd)
}

func actionOf(name string) action {
	switch name {
	case "createChannel":
		return createChannel
	case "destroyChannel":
		return destroyChannel
	case "editFriendlyName":
		return func(in *call, cmd *command) (fields, error) {
			return editChannel(in, cmd, chat.ChannelPatch{FriendlyName: orEmpty(cmd.FriendlyName)})
		}
	case "editUniqueName":
		return func(in *call, cmd *command) (fields, error) {
			return editChannel(in, cmd, chat.ChannelPatch{UniqueName: orEmpty(cmd.UniqueName)})
		}
	case "editAttributes":
		return func(in *call, cmd *command) (fields, error) {
			return editChannel(in, cmd, chat.ChannelPatch{Attributes: cmd.Attributes.optional()})
		}
	case "joinChannelV2", "joinChannel":
		return func(in *call, cmd *command) (fields, error) { return addMember(in, cmd, in.actor.Identity) }
	case "addMemberV2", "addMember":
		return func(in *call, cmd *command) (fields, error) { return addMember(in, cmd, cmd.Username) }
	case "leaveChannel":
		return func(in *call, cmd *command) (fields, error) { return removeMember(in, cmd, in.actor.Identity) }
	case "removeMember":
		return func(in *call, cmd *command) (fields, error) {
			return removeMember(in, cmd, either(cmd.MemberSID, cmd.Username))
		}
	case "editMemberAttributes":
		return editMemberAttributes
	case "inviteMember":
		return func(in *call, cmd *command) (fields, error) {
			_, err := in.c.chat.CreateInvite(in.Context(), in.actor, cmd.ChannelSID, chat.NewInvite{Identity: cmd.Username})
			return nil, err
		}
	case "declineInvitation":
		return func(in *call, cmd *command) (fields, error) {
			return nil, in.c.chat.DeleteInvite(in.Context(), in.actor, cmd.ChannelSID, in.actor.Identity)
		}
	case "sendMessage", "sendMediaMessage":
		return send
	case "editMessage", "editMessageAttributes":
		return editMessage
	case "deleteMessage":
		return removeMessage
	case "consumptionReportV2", "consumptionReport":
		return report
	case "editNotificationLevel":
		return func(in *call, cmd *command) (fields, error) {
			return nil, in.c.chat.SetNotificationLevel(in.Context(), in.actor, cmd.ChannelSID, cmd.NotificationLevel)
		}
	case "editUserFriendlyName":
		return func(in *call, cmd *command) (fields, error) {
			return editUser(in, cmd, chat.UserPatch{FriendlyName: orEmpty(cmd.FriendlyName)})
		}
	case "editUserAttributes":
		return func(in *call, cmd *command) (fields, error) {
			return editUser(in, cmd, chat.UserPatch{Attributes: cmd.Attributes.optional()})
		}
	}
	return nil
}

// orEmpty makes an absent name one that clears.
func orEmpty(s *string) *string {
	if s == nil {
		return new(string)
	}
	return s
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// attributes are those of a new thing; "" stands for none.
func (cmd *command) attributes() string {
	if cmd.Attributes == nil {
		return ""
	}
	return string(*cmd.Attributes)
}

func createChannel(in *call, cmd *command) (fields, error) {
	room, err := in.c.chat.CreateChannel(in.Context(), in.actor, chat.NewChannel{FriendlyName: cmd.FriendlyName, UniqueName: cmd.UniqueName,
		Type: cmd.Type, Attributes: cmd.attributes()})
	if err != nil {
		return nil, err
	}
	return fields{"channelSid": room.Channel.SID, "channel": room.Channel.SID + ".channel"}, nil
}

func destroyChannel(in *call, cmd *command) (fields, error) {
	return nil, in.c.chat.DeleteChannel(in.Context(), in.actor, cmd.ChannelSID)
}

func editChannel(in *call, cmd *command, patch chat.ChannelPatch) (fields, error) {
	_, err := in.c.chat.UpdateChannel(in.Context(), in.actor, cmd.ChannelSID, patch)
	return nil, err
}

func addMember(in *call, cmd *command, identity string) (fields, error) {
	m, err := in.c.chat.AddMember(in.Context(), in.actor, cmd.ChannelSID, chat.NewMember{Identity: identity})
	if err != nil {
		return nil, err
	}
	return fields{"memberSid": in.c.chat.MemberSID(m.ID)}, nil
}

func removeMember(in *call, cmd *command, ref string) (fields, error) {
	return nil, in.c.chat.RemoveMember(in.Context(), in.actor, cmd.ChannelSID, ref)
}

func editMemberAttributes(in *call, cmd *command) (fields, error) {
	_, err := in.c.chat.UpdateMember(in.Context(), in.actor, cmd.ChannelSID, cmd.MemberSID, chat.MemberPatch{Attributes: cmd.Attributes.optional()})
	return nil, err
}

func send(in *call, cmd *command) (fields, error) {
	m, err := in.c.chat.SendMessage(in.Context(), in.actor, cmd.ChannelSID,
		chat.NewMessage{Body: orEmpty(cmd.Text), Attributes: cmd.attributes(), MediaSID: cmd.MediaSID})
	if err != nil {
		return nil, err
	}
	return fields{"messageId": m.Index, "messageSid": in.c.chat.MessageSID(m.ID)}, nil
}

// message is the message that a command means; clients write its index as a number or as text.
func (cmd *command) message() (string, error) {
	var index json.Number
	if err := json.Unmarshal(cmd.MessageIndex, &index); err != nil {
		return "", core.E(core.CodeMessageIndexNaN)
	}
	n, err := strconv.ParseInt(index.String(), 10, 64)
	if err != nil || n < 0 {
		return "", core.E(core.CodeMessageIndexNaN)
	}
	return strconv.FormatInt(n, 10), nil
}

func editMessage(in *call, cmd *command) (fields, error) {
	ref, err := cmd.message()
	if err != nil {
		return nil, err
	}
	patch := chat.MessagePatch{Attributes: cmd.Attributes.optional()}
	if cmd.Action == "editMessage" {
		patch = chat.MessagePatch{Body: orEmpty(cmd.Text)}
	}
	_, err = in.c.chat.UpdateMessage(in.Context(), in.actor, cmd.ChannelSID, ref, patch)
	return nil, err
}

func removeMessage(in *call, cmd *command) (fields, error) {
	ref, err := cmd.message()
	if err != nil {
		return nil, err
	}
	return nil, in.c.chat.DeleteMessage(in.Context(), in.actor, cmd.ChannelSID, ref)
}

// report moves the caller's horizons. Every channel of the report must be in the answer, also one that it has left meanwhile (§7.2).
func report(in *call, cmd *command) (fields, error) {
	if len(cmd.Report) > maxReport {
		return nil, core.Ef(core.CodeInvalidParameter, "A report may name at most %d channels", maxReport)
	}
	type result struct {
		ChannelSID string `json:"channelSid"`
		Unread     *int64 `json:"unreadMessagesCount"`
	}
	results := make([]result, len(cmd.Report))
	for i, entry := range cmd.Report {
		unread, err := in.c.chat.SetHorizon(in.Context(), in.actor, entry.ChannelSID, entry.MessageIndex)
		if err != nil && (len(cmd.Report) == 1 || core.AsError(err).Status >= http.StatusInternalServerError) {
			return nil, err
		}
		results[i] = result{entry.ChannelSID, unread}
	}
	return fields{"report": results}, nil
}

func editUser(in *call, cmd *command, patch chat.UserPatch) (fields, error) {
	_, err := in.c.chat.UpdateUser(in.Context(), in.actor, cmd.Username, patch)
	return nil, err
}
