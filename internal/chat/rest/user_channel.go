package rest

import (
	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/httpapi"
)

// userChannel is chat.v2.service.user.user_channel. Member is null for who is only invited; the unread count is null while no horizon is
// set (rest-semantics §2.7).
type userChannel struct {
	AccountSID               string             `json:"account_sid"`
	ServiceSID               string             `json:"service_sid"`
	ChannelSID               string             `json:"channel_sid"`
	UserSID                  string             `json:"user_sid"`
	MemberSID                *string            `json:"member_sid"`
	Status                   string             `json:"status"`
	LastConsumedMessageIndex *int64             `json:"last_consumed_message_index"`
	UnreadMessagesCount      *int64             `json:"unread_messages_count"`
	Links                    map[string]*string `json:"links"`
	URL                      string             `json:"url"`
	NotificationLevel        string             `json:"notification_level"`
}

func (h handlers) showUserChannel(r *httpapi.Request, s *chat.Service, u *chat.User) func(*chat.Standing) any {
	return func(x *chat.Standing) any {
		service := r.Base.URL(product, "/v2/Services/"+s.SID)
		channel := service + "/Channels/" + x.Channel.SID
		out := userChannel{
			AccountSID: s.AccountSID, ServiceSID: s.SID, ChannelSID: x.Channel.SID, UserSID: u.SID, Status: x.Status(),
			LastConsumedMessageIndex: x.Horizon(), UnreadMessagesCount: x.Unread, NotificationLevel: x.Level(),
			Links: map[string]*string{"channel": &channel, "member": nil}, URL: service + "/Users/" + u.SID + "/Channels/" + x.Channel.SID,
		}
		if x.Member != nil {
			sid := h.chat.MemberSID(x.Member.ID)
			member := channel + "/Members/" + sid
			out.MemberSID, out.Links["member"] = &sid, &member
		}
		return out
	}
}

// ofUser runs work with the actor and the user that the path names, by SID or identity.
func (h handlers) ofUser(r *httpapi.Request, work func(a chat.Actor, u *chat.User) (httpapi.Response, error)) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		u, err := h.chat.FetchUser(r.Context(), a.Service, r.Path("UserSid"))
		if err != nil {
			return httpapi.Response{}, err
		}
		return work(a, u)
	})
}

func (h handlers) listUserChannels(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	return h.ofUser(r, func(a chat.Actor, u *chat.User) (httpapi.Response, error) {
		l, err := h.chat.UserChannels(r.Context(), a, u.SID, pageOf(page))
		return listing(r, "channels", page, l, err, h.showUserChannel(r, a.Service, u))
	})
}

func (h handlers) fetchUserChannel(r *httpapi.Request) (httpapi.Response, error) {
	return h.ofUser(r, func(a chat.Actor, u *chat.User) (httpapi.Response, error) {
		x, err := h.chat.UserChannel(r.Context(), a, u.SID, r.Path("ChannelSid"))
		return answer(httpapi.OK, x, err, h.showUserChannel(r, a.Service, u))
	})
}

// updateUserChannel changes level and horizon. An empty update shows the channel as it is, to an invited user too.
func (h handlers) updateUserChannel(r *httpapi.Request) (httpapi.Response, error) {
	patch := chat.UserChannelPatch{NotificationLevel: r.Enum("NotificationLevel", core.CodeInvalidNotification, chat.LevelDefault, chat.LevelMuted), Horizon: horizon(r)}
	if patch == (chat.UserChannelPatch{}) {
		return h.fetchUserChannel(r)
	}
	return h.ofUser(r, func(a chat.Actor, u *chat.User) (httpapi.Response, error) {
		x, err := h.chat.UpdateUserChannel(r.Context(), a, u.SID, r.Path("ChannelSid"), patch)
		return answer(httpapi.OK, x, err, h.showUserChannel(r, a.Service, u))
	})
}

func (h handlers) deleteUserChannel(r *httpapi.Request) (httpapi.Response, error) {
	return h.in(r, func(a chat.Actor) (httpapi.Response, error) {
		return gone(h.chat.LeaveUserChannel(r.Context(), a, r.Path("UserSid"), r.Path("ChannelSid")))
	})
}
