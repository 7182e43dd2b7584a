package client_test

import (
	"slices"
	"strings"
	"testing"

	"parley/internal/chat"
	"parley/internal/twilsock/socktest"
)

// deed is something that a client asks for through its socket, and the permission without which it is refused (rest-semantics §2.9).
type deed struct {
	permission string
	enough     string // other permissions that allow it too
	verb, path string
	body       object
}

// In paths {c} is the channel, {bob} and {ann} are members, {his} and {hers} messages, {open} is a public channel that ann is not in.
var deeds = []deed{
	{"createChannel", "", "POST", "/Conversations", object{"friendly_name": "x"}},
	{"joinChannel", "addMember", "POST", "/Conversations/{open}/Participants", object{"identity": "ann"}},
	{"destroyChannel", "", "DELETE", "/Conversations/{c}", nil},
	{"inviteMember", "", "POST", "/Conversations/{c}/Invites", object{"identity": "cid"}},
	{"addMember", "", "POST", "/Conversations/{c}/Participants", object{"identity": "cid"}},
	{"removeMember", "", "DELETE", "/Conversations/{c}/Participants/{bob}", nil},
	{"editChannelName", "", "POST", "/Conversations/{c}", object{"friendly_name": "y"}},
	{"editChannelAttributes", "", "POST", "/Conversations/{c}", object{"attributes": "{}"}},
	{"editAnyMessage", "", "POST", "/Conversations/{c}/Messages/{his}", object{"body": "y"}},
	{"editAnyMessageAttributes", "", "POST", "/Conversations/{c}/Messages/{his}", object{"attributes": "{}"}},
	{"deleteAnyMessage", "", "DELETE", "/Conversations/{c}/Messages/{his}", nil},
	{"editAnyMemberAttributes", "", "POST", "/Conversations/{c}/Participants/{bob}", object{"attributes": "[1]"}},
	{"editAnyUserInfo", "", "POST", "/Users/bob", object{"friendly_name": "Bob"}},
	{"editOwnUserInfo", "editAnyUserInfo", "POST", "/Users/ann", object{"friendly_name": "Ann"}},
	{"sendMessage", "", "POST", "/Conversations/{c}/Messages", object{"body": "z"}},
	{"sendMediaMessage", "", "POST", "/Conversations/{c}/Messages", object{"media_sid": "{media}"}},
	{"leaveChannel", "removeMember", "DELETE", "/Conversations/{c}/Participants/{ann}", nil},
	{"editNotificationLevel", "", "POST", "/MyConversations/{c}", object{"notification_level": "muted"}},
	{"editOwnMessage", "editAnyMessage", "POST", "/Conversations/{c}/Messages/{hers}", object{"body": "y"}},
	{"editOwnMessageAttributes", "editAnyMessageAttributes", "POST", "/Conversations/{c}/Messages/{hers}", object{"attributes": "{}"}},
	{"deleteOwnMessage", "deleteAnyMessage", "DELETE", "/Conversations/{c}/Messages/{hers}", nil},
	{"editOwnMemberAttributes", "editAnyMemberAttributes", "POST", "/Conversations/{c}/Participants/{ann}", object{"attributes": "[1]"}},
}

// rightsOf lists the permissions that a role of a kind can hold, but for some.
func rightsOf(kind string, without ...string) (names []string) {
	only := map[string][]string{
		chat.RoleDeployment: {"createChannel", "joinChannel"},
		chat.RoleChannel:    {"sendMessage", "sendMediaMessage", "leaveChannel", "editNotificationLevel", "deleteOwnMessage"},
	}
	delete(only, kind)
	for _, others := range only {
		without = append(without, others...)
	}
	for _, d := range deeds {
		if !slices.Contains(without, d.permission) {
			names = append(names, d.permission)
		}
	}
	return names
}

// Each deed of a client needs its permission: all others together do not allow it, it alone does, in either kind of role that can hold
// it; and a role that is changed counts at once for sockets that are open.
func TestPermissions(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ann := w.Dial("ann")
		role := func(kind string) string {
			r, err := w.Chat.CreateRole(t.Context(), w.Service, chat.NewRole{FriendlyName: "custom", Type: kind, Permissions: rightsOf(kind)})
			ok(t, err)
			return r.SID
		}
		roles := map[string]string{chat.RoleDeployment: role(chat.RoleDeployment), chat.RoleChannel: role(chat.RoleChannel)}
		deployment := roles[chat.RoleDeployment]
		_, err := w.Chat.UpdateUser(t.Context(), w.API, "ann", chat.UserPatch{RoleSID: &deployment})
		ok(t, err)
		allow := func(kind string, names ...string) {
			_, err := w.Chat.UpdateRole(t.Context(), w.Service, roles[kind], names)
			ok(t, err)
		}
		for _, d := range deeds {
			names := scene(t, w, roles[chat.RoleChannel])
			do := func() socktest.Answer {
				body := object{}
				for k, v := range d.body {
					body[k] = names.Replace(v.(string))
				}
				return ann.Do(d.verb, "/Client/v1/Services/"+w.Service.SID+names.Replace(d.path), body)
			}
			allow(chat.RoleDeployment, rightsOf(chat.RoleDeployment, d.permission, d.enough)...)
			allow(chat.RoleChannel, rightsOf(chat.RoleChannel, d.permission, d.enough)...)
			if a := do(); a.Status != 403 || a.Code() != 50107 {
				t.Errorf("without %s: answered %d %v", d.permission, a.Status, a.Body)
			}
			for _, kind := range []string{chat.RoleDeployment, chat.RoleChannel} {
				if !slices.Contains(rightsOf(kind), d.permission) || kind == chat.RoleChannel && strings.HasSuffix(d.permission, "UserInfo") {
					continue // profiles belong to no channel
				}
				names = scene(t, w, roles[chat.RoleChannel])
				allow(chat.RoleDeployment, "editOwnUserInfo")
				allow(chat.RoleChannel, "editOwnUserInfo")
				allow(kind, d.permission)
				if a := do(); a.Status >= 300 {
					t.Errorf("with %s in a %s role: answered %d %v", d.permission, kind, a.Status, a.Body)
				}
			}
		}
	})
}

// scene makes a channel with ann, in a role, and bob, a message of each and a file of ann's, and a public channel without them.
func scene(t *testing.T, w *socktest.World, role string) *strings.Replacer {
	t.Helper()
	c, open := w.Channel(chat.TypePrivate), w.Channel(chat.TypePublic)
	ann, err := w.Chat.AddMember(t.Context(), w.API, c.SID, chat.NewMember{Identity: "ann", RoleSID: role})
	ok(t, err)
	id, err := w.Chat.MediaID(t.Context())
	ok(t, err)
	_, err = w.Chat.CreateMedia(t.Context(), chat.Actor{Service: w.Service, Identity: "ann", Source: chat.SourceSDK}, chat.NewMedia{ID: id, Category: "media", ContentType: "text/plain", Size: 1})
	ok(t, err)
	return strings.NewReplacer("{c}", c.SID, "{open}", open.SID, "{ann}", w.Chat.MemberSID(ann.ID), "{bob}", w.Chat.MemberSID(w.Join(c, "bob").ID),
		"{his}", w.Chat.MessageSID(w.Say(c, "bob", "his").ID), "{hers}", w.Chat.MessageSID(w.Say(c, "ann", "hers").ID), "{media}", w.Chat.MediaSID(id))
}
