package client_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/twilsock/socktest"
)

func each(t *testing.T, fn func(t *testing.T, w *socktest.World)) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) { fn(t, socktest.New(t, open(), nil)) })
}

type object = map[string]any

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want checks the status of an answer and returns its body.
func want(t *testing.T, a socktest.Answer, status int) object {
	t.Helper()
	if a.Status != status {
		t.Fatalf("answered %d %v, want %d", a.Status, a.Body, status)
	}
	return a.Body
}

// refused checks the code of a refusal.
func refused(t *testing.T, a socktest.Answer, status, code int) {
	t.Helper()
	if a.Status != status || a.Code() != code || a.Body["message"] == "" {
		t.Errorf("answered %d %v, want %d %d", a.Status, a.Body, status, code)
	}
}

func text(o any, path ...string) string {
	for _, name := range path {
		m, _ := o.(object)
		o = m[name]
	}
	return fmt.Sprint(o)
}

func TestGenerationB(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ann, bob := w.Dial("ann"), w.Dial("bob")
		conf := want(t, ann.Do("GET", "/Client/v1/Configuration", nil), 200)
		links := conf["links"].(object)
		if conf["identity"] != "ann" || text(conf, "options", "consumption_report_interval") != "PT10S" ||
			links["media_service"] != w.URL+"/mcs/v1/Services/"+w.Service.SID+"/Media" {
			t.Errorf("configuration %v", conf)
		}
		conversations, mine := links["conversations"].(string), links["my_conversations"].(string)

		made := want(t, ann.Do("POST", conversations, object{"type": "public", "unique_name": "general", "friendly_name": "General", "attributes": `{"a":1}`}), 201)
		sid := made["sid"].(string)
		own := made["links"].(object)
		if text(made, "sync_objects", "conversation") != sid+".channel" || made["status"] != "notParticipating" || made["created_by"] != "ann" || made["attributes"] != `{"a":1}` {
			t.Errorf("made %v", made)
		}
		refused(t, ann.Do("POST", conversations, object{"unique_name": "general"}), 409, 50307)
		for _, ref := range []string{sid, "general"} {
			if got := want(t, bob.Do("GET", conversations+"/"+ref, nil), 200); got["sid"] != sid || got["participants_count"] != 0. {
				t.Errorf("%s is %v", ref, got)
			}
		}
		refused(t, bob.Do("GET", conversations+"/nothing", nil), 404, 50300)

		member := want(t, ann.Do("POST", own["participants"].(string), object{"identity": "ann"}), 201)
		want(t, ann.Do("POST", own["participants"].(string), object{"identity": "bob"}), 201)
		refused(t, ann.Do("POST", own["participants"].(string), object{"identity": "bob"}), 409, 50404)
		refused(t, bob.Do("POST", own["participants"].(string), object{"identity": "cid"}), 403, 50107)
		if got := want(t, ann.Do("POST", text(own, "participants")+"/"+text(member, "sid"), object{"attributes": `{"mood":"ok"}`}), 200); got["attributes"] != `{"mood":"ok"}` {
			t.Errorf("member %v", got)
		}

		for i := range 3 {
			sent := want(t, ann.Do("POST", own["messages"].(string), object{"body": fmt.Sprint("m", i), "attributes": "{}"}), 201)
			if sent["index"] != float64(i) || !strings.HasPrefix(sent["sid"].(string), "IM") {
				t.Errorf("sent %v", sent)
			}
			if i == 2 {
				want(t, ann.Do("POST", text(own, "messages")+"/"+text(sent, "sid"), object{"body": "edited"}), 200)
				refused(t, bob.Do("POST", text(own, "messages")+"/"+text(sent, "sid"), object{"body": "edited"}), 403, 50107)
				want(t, ann.Do("DELETE", text(own, "messages")+"/"+text(sent, "sid"), "null"), 204)
				refused(t, ann.Do("DELETE", text(own, "messages")+"/"+text(sent, "sid"), "null"), 404, 50500)
			}
		}
		refused(t, ann.Do("POST", own["messages"].(string), object{"body": strings.Repeat("x", 32<<10+1)}), 400, 50504)
		refused(t, ann.Do("POST", own["messages"].(string), `{"body":`), 400, 20422)
		refused(t, ann.Do("POST", own["messages"].(string), object{"body": "x", "attributes": "{"}), 400, 50304)

		if got := want(t, bob.Do("GET", mine+"/"+sid, nil), 200); got["unread_messages_count"] != nil || got["status"] != "joined" {
			t.Errorf("bob's is %v", got)
		}
		if got := want(t, bob.Do("POST", mine+"/"+sid, object{"last_consumed_message_index": 0}), 200); got["unread_messages_count"] != 1. || got["conversation_sid"] != sid {
			t.Errorf("horizon: %v", got)
		}
		if got := want(t, bob.Do("POST", mine+"/"+sid, object{"notification_level": "muted"}), 200); got["notification_level"] != "muted" || got["unread_messages_count"] != 1. {
			t.Errorf("level: %v", got)
		}
		if got := want(t, bob.Do("POST", mine+"/"+sid, object{"last_consumed_message_index": nil}), 200); got["unread_messages_count"] != nil {
			t.Errorf("no horizon: %v", got)
		}
		refused(t, bob.Do("POST", mine+"/"+sid, object{"last_consumed_message_index": "x"}), 400, 50406)
		refused(t, bob.Do("POST", mine+"/"+sid, object{"notification_level": "loud"}), 400, 50210)

		if got := want(t, ann.Do("POST", conversations+"/"+sid, object{"unique_name": "", "friendly_name": "Renamed"}), 200); got["unique_name"] != nil || got["friendly_name"] != "Renamed" || got["status"] != "joined" {
			t.Errorf("renamed %v", got)
		}
		users := want(t, ann.Do("GET", text(links, "users")+"?ConversationSid="+sid, nil), 200)
		if len(users["users"].([]any)) != 2 || text(users, "meta", "prev_token") != "<nil>" {
			t.Errorf("users %v", users)
		}
		refused(t, ann.Do("GET", text(links, "users"), nil), 400, 20422)
		refused(t, ann.Do("GET", text(links, "users")+"/nobody", nil), 404, 50200)
		if got := want(t, bob.Do("GET", text(links, "users")+"/ann", nil), 200); !strings.HasSuffix(text(got, "sync_objects", "user_info_map"), ".info") || got["is_online"] != nil {
			t.Errorf("ann is %v", got)
		}
		want(t, ann.Do("POST", text(links, "users")+"/ann", object{"friendly_name": "Ann"}), 200)
		refused(t, bob.Do("POST", text(links, "users")+"/ann", object{"friendly_name": "Eve"}), 403, 50107)

		private := want(t, ann.Do("POST", conversations, object{"type": "private"}), 201)
		want(t, ann.Do("POST", text(private, "links", "participants"), object{"identity": "ann"}), 201)
		invite := want(t, ann.Do("POST", text(private, "links", "invites"), object{"identity": "bob"}), 201)
		if !strings.HasPrefix(invite["sid"].(string), "IN") {
			t.Errorf("invite %v", invite)
		}
		want(t, bob.Do("DELETE", text(private, "links", "invites")+"/bob", nil), 204)
		refused(t, bob.Do("DELETE", text(private, "links", "invites")+"/bob", nil), 404, 50300)
		want(t, bob.Do("DELETE", text(own, "participants")+"/bob", "null"), 204)
		want(t, ann.Do("DELETE", conversations+"/"+sid, "null"), 204)
		refused(t, ann.Do("GET", conversations+"/"+sid, nil), 404, 50300)
	})
}

func TestGenerationA(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ann := w.Dial("ann")
		list := want(t, ann.Do("POST", "/v3/Lists", object{"purpose": "com.twilio.rtd.ipmsg"}), 201)
		n := 0
		do := func(request object) object {
			t.Helper()
			n++
			want(t, ann.Do("POST", text(list, "links", "items"), object{"data": object{"commandId": fmt.Sprint("c", n), "request": request}}), 201)
			response, _ := ann.Next().Body()["item_data"].(object)["response"].(object)
			return response
		}
		good := func(request object) object {
			t.Helper()
			got := do(request)
			if got["status"] != 200. {
				t.Errorf("%v was answered %v", request["action"], got)
			}
			return got
		}
		made := good(object{"action": "createChannel", "uniqueName": "one", "type": "public"})
		sid := text(made, "channelSid")
		if made["channel"] != sid+".channel" {
			t.Errorf("made %v", made)
		}
		good(object{"action": "joinChannelV2", "channelSid": sid})
		good(object{"action": "addMemberV2", "channelSid": sid, "username": "bob"})
		for i := range 2 {
			if got := good(object{"action": "sendMessage", "channelSid": sid, "text": "hi", "attributes": `{"a":1}`}); got["messageId"] != float64(i) {
				t.Errorf("sent %v", got)
			}
		}
		good(object{"action": "sendMessage", "channelSid": sid, "text": nil, "attributes": "{}"})
		good(object{"action": "editMessage", "channelSid": sid, "messageIdx": "0", "text": "edited"})
		good(object{"action": "editMessageAttributes", "channelSid": sid, "messageIdx": 0, "attributes": `{"b":2}`})
		good(object{"action": "deleteMessage", "channelSid": sid, "messageIdx": "1"})
		good(object{"action": "editFriendlyName", "channelSid": sid, "friendlyName": "One"})
		good(object{"action": "editAttributes", "channelSid": sid, "attributes": `{"c":3}`})
		good(object{"action": "editUniqueName", "channelSid": sid, "uniqueName": ""})
		good(object{"action": "editNotificationLevel", "channelSid": sid, "notificationLevel": "muted"})
		good(object{"action": "editUserFriendlyName", "username": "ann", "friendlyName": "Ann"})
		good(object{"action": "editUserAttributes", "username": "ann", "attributes": "{}"})
		report := good(object{"action": "consumptionReportV2", "report": []object{{"channelSid": sid, "messageIdx": 0}, {"channelSid": "CHaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "messageIdx": 0}}})
		entries := report["report"].([]any)
		if len(entries) != 2 || text(entries[0], "unreadMessagesCount") != "1" || text(entries[1], "unreadMessagesCount") != "<nil>" {
			t.Errorf("report %v", report)
		}
		members, err := w.Chat.ListMembers(t.Context(), w.API, sid, nil, chat.Page{})
		ok(t, err)
		bob := w.Chat.MemberSID(members.Items[1].ID)
		good(object{"action": "editMemberAttributes", "channelSid": sid, "memberSid": w.Chat.MemberSID(members.Items[0].ID), "attributes": "{}"})
		good(object{"action": "removeMember", "channelSid": sid, "memberSid": bob})
		for code, request := range map[float64]object{
			50107: {"action": "editUserFriendlyName", "username": "bob", "friendlyName": "Bob"},
			50300: {"action": "destroyChannel", "channelSid": "CHaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
			50404: {"action": "joinChannelV2", "channelSid": sid},
			50500: {"action": "deleteMessage", "channelSid": sid, "messageIdx": "1"},
			50516: {"action": "deleteMessage", "channelSid": sid, "messageIdx": "x"},
			50402: {"action": "removeMember", "channelSid": sid, "username": "bob"},
			20422: {"action": "dance"},
		} {
			if got := do(request); got["code"] != code || got["status"] == 200. || got["statusText"] == "" {
				t.Errorf("%v was answered %v, want %v", request, got, code)
			}
		}

		base := "/v1/Services/" + w.Service.SID
		sync := want(t, ann.Do("GET", base+"/SyncList", nil), 200)
		first := sync["channels"].([]any)[0]
		if text(first, "channel_sid") != sid || text(first, "channel") != sid+".channel" || text(first, "messages") != sid+".messages" || text(first, "notification_level") != "muted" {
			t.Errorf("sync list %v", sync)
		}
		my := want(t, ann.Do("GET", base+"/MyChannels?ChannelSid="+sid, nil), 200)
		if len(my["channels"].([]any)) != 1 || text(my["channels"].([]any)[0], "unread_messages_count") != "1" {
			t.Errorf("my channels %v", my)
		}
		refused(t, ann.Do("GET", base+"/MyChannels?ChannelSid=CHaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", nil), 404, 50300)
		public := want(t, ann.Do("GET", base+"/PublicChannels", nil), 200)
		if len(public["channels"].([]any)) != 1 {
			t.Errorf("public channels %v", public)
		}
		want(t, ann.Do("GET", base+"/PublicChannels/"+sid, nil), 200)
		want(t, ann.Do("GET", base+"/Users/ann", nil), 200)
		want(t, ann.Do("GET", base+"/Users?ChannelSid="+sid, nil), 200)
		refused(t, ann.Do("GET", base+"/MyChannels?PageToken=x", nil), 400, 20422)
		good(object{"action": "leaveChannel", "channelSid": sid})
	})
}

func TestPages(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		for range 60 {
			w.Channel("public", "ann")
		}
		ann := w.Dial("ann")
		for _, path := range []string{"/Client/v1/Services/IS/MyConversations", "/Client/v1/Services/IS/Conversations", "/v1/Services/IS/SyncList", "/v1/Services/IS/PublicChannels"} {
			key := "channels"
			if strings.HasPrefix(path, "/Client") {
				key = "conversations"
			}
			seen := map[string]bool{}
			for at := path; at != ""; {
				page := want(t, ann.Do("GET", at, nil), 200)
				for _, c := range page[key].([]any) {
					seen[text(c, "sid")] = true
				}
				if at = ""; text(page, "meta", "next_token") != "<nil>" {
					at = path + "?PageToken=" + text(page, "meta", "next_token")
				}
			}
			if len(seen) != 60 {
				t.Errorf("%s: %d channels", path, len(seen))
			}
		}
	})
}

// Identities are pasted raw into some paths, and cut off at "?" and "#" (chat-sdk-protocol §8.2).
func TestOddIdentities(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		for _, identity := range []string{"a b@example.com", "ü/ö", "100%", "a%20b", "what?", "c#"} {
			ch := w.Channel("public", identity)
			c := w.Dial(identity)
			raw, _, _ := strings.Cut(identity, "?")
			raw, _, _ = strings.Cut(raw, "#")
			path := "/Client/v1/Services/" + w.Service.SID
			if got := c.Do("GET", path+"/Users/"+url.PathEscape(identity), nil); got.Status != 200 || got.Body["identity"] != identity {
				t.Errorf("%q fetches itself: %v", identity, got)
			}
			if got := c.Raw("POST", path+"/Users/"+raw, `{"friendly_name":"x"}`); got.Status != 200 || got.Body["identity"] != identity {
				t.Errorf("%q edits itself: %v", identity, got)
			}
			if got := c.Raw("DELETE", path+"/Conversations/"+ch.SID+"/Participants/"+raw, "null"); got.Status != 204 {
				t.Errorf("%q leaves: %v", identity, got)
			}
		}
	})
}

func TestMutationsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ch := w.Channel("public", "ann", "bob")
		ann, again, bob := w.Dial("ann"), w.Dial("ann"), w.Dial("bob")
		path := "/Client/v1/Services/IS/Conversations/" + ch.SID + "/Messages"
		var answers sync.Map
		var both sync.WaitGroup
		for _, c := range []*socktest.Client{ann, again} {
			both.Go(func() {
				answers.Store(c, c.Do("POST", path, object{"body": "once"}, "X-Twilio-Mutation-Id: m1").Body["sid"])
			})
		}
		both.Wait()
		a, _ := answers.Load(ann)
		b, _ := answers.Load(again)
		if a == nil || a != b {
			t.Errorf("answered %v and %v", a, b)
		}
		want(t, bob.Do("POST", path, object{"body": "another's"}, "X-Twilio-Mutation-Id: m1"), 201)
		refused(t, ann.Do("POST", path+"x", object{"body": ""}, "X-Twilio-Mutation-Id: m2"), 404, 20404)
		refused(t, ann.Do("POST", path, object{"body": ""}, "X-Twilio-Mutation-Id: "+strings.Repeat("x", 100)), 400, 20422)
		list, err := w.Chat.ListMessages(t.Context(), w.API, ch.SID, chat.Page{})
		ok(t, err)
		if len(list.Items) != 2 {
			t.Errorf("%d messages", len(list.Items))
		}
	})
}

func TestTypingAndDevices(t *testing.T) {
	each(t, func(t *testing.T, w *socktest.World) {
		ch := w.Channel("private", "ann", "bob")
		ann, phone, bob, eve := w.Dial("ann"), w.Dial("ann"), w.Dial("bob"), w.Dial("eve")
		const form = "Content-Type: application/x-www-form-urlencoded"
		if got := want(t, ann.Do("POST", "/Client/v1/Services/IS/Typing", "ChannelSid="+ch.SID, form), 200); got["typing_timeout"] != 5. {
			t.Errorf("answered %v", got)
		}
		if e := bob.Next(); e.Type != "twilio.ipmsg.typing_indicator" || e.Payload["identity"] != "ann" || !strings.HasPrefix(text(e.Payload, "member_sid"), "MB") {
			t.Errorf("bob saw %v", e)
		}
		for _, c := range []*socktest.Client{ann, phone, eve} {
			c.Quiet()
		}
		refused(t, eve.Do("POST", "/v1/typing", "ChannelSid="+ch.SID, form), 404, 50300)
		refused(t, eve.Do("POST", "/v1/typing", "", form), 404, 50300)

		device := want(t, ann.Do("POST", "/v1/registrations?productId=ip_messaging", object{"endpoint_platform": "web", "channel_type": "fcm", "version": "3",
			"message_types": []string{"twilio.channel.new_message"}, "data": object{"registration_id": "device"}}), 201)
		if !strings.HasPrefix(text(device, "id"), "BS") {
			t.Errorf("device %v", device)
		}
		refused(t, ann.Do("POST", "/v1/registrations", object{"channel_type": "pigeon", "data": object{"registration_id": "x"}}), 400, 50209)
		want(t, ann.Do("DELETE", "/v1/registrations/"+text(device, "id")+"?productId=ip_messaging", object{}), 204)
	})
}
