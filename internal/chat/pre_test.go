package chat

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/internal/core"
)

// receiver answers questions and notes them.
type receiver struct {
	mu     sync.Mutex
	status int
	body   string
	asked  []Delivery
}

func (r *receiver) Ask(_ context.Context, d Delivery) (int, []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, d)
	return r.status, []byte(r.body)
}

// answer sets what is answered from now on and forgets what was asked.
func (r *receiver) answer(status int, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.body, r.asked = status, body, nil
}

func (r *receiver) questions() []Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

var allPre = []string{preMessageSend, preMediaMessageSend, preMessageUpdate, preMessageRemove, preChannelAdd, preChannelUpdate, preChannelDestroy,
	preMemberAdd, preMemberUpdate, preMemberRemove, preUserUpdate}

// asked makes a world whose service asks a receiver before everything, with an SDK user who may do all of it.
func (w *world) asked() (r *receiver, alice Actor) {
	w.Helper()
	r = &receiver{status: 200}
	w.chat.asker = r
	w.settings(ServicePatch{PreWebhookURL: ptr("https://pre.test/"), WebhookFilters: &allPre, PreWebhookRetries: ptr(int64(1))})
	alice = w.as("alice")
	admin := w.role(RoleDeployment, "service admin")
	must(w.chat.UpdateUser(w.ctx(), w.api, "alice", UserPatch{RoleSID: &admin.SID}))(w)
	return r, alice
}

// deed is something that an SDK user does and that is asked about.
type deed struct {
	event  string
	params []string // what the question must hold
	do     func(w *world, a Actor, sid string) error
}

var deeds = []deed{
	{preMessageSend, []string{"ChannelSid", "From", "To", "Body", "Attributes", "DateCreated"}, func(w *world, a Actor, sid string) error {
		_, err := w.chat.SendMessage(w.ctx(), a, sid, NewMessage{Body: ptr("hi")})
		return err
	}},
	{preMessageUpdate, []string{"MessageSid", "Index", "Body", "ModifiedBy"}, func(w *world, a Actor, sid string) error {
		_, err := w.chat.UpdateMessage(w.ctx(), a, sid, "0", MessagePatch{Body: ptr("ho")})
		return err
	}},
	{preMessageRemove, []string{"MessageSid", "Index", "Body", "RemovedBy"}, func(w *world, a Actor, sid string) error {
		return w.chat.DeleteMessage(w.ctx(), a, sid, "0")
	}},
	{preChannelAdd, []string{"FriendlyName", "Attributes", "ChannelType", "CreatedBy"}, func(w *world, a Actor, _ string) error {
		_, err := w.chat.CreateChannel(w.ctx(), a, NewChannel{FriendlyName: ptr("x")})
		return err
	}},
	{preChannelUpdate, []string{"ChannelSid", "FriendlyName", "DateUpdated"}, func(w *world, a Actor, sid string) error {
		_, err := w.chat.UpdateChannel(w.ctx(), a, sid, ChannelPatch{FriendlyName: ptr("y")})
		return err
	}},
	{preMemberAdd, []string{"ChannelSid", "Identity", "RoleSid", "Attributes"}, func(w *world, a Actor, sid string) error {
		_, err := w.chat.AddMember(w.ctx(), a, sid, NewMember{Identity: "carol"})
		return err
	}},
	{preMemberUpdate, []string{"MemberSid", "Identity", "Attributes"}, func(w *world, a Actor, sid string) error {
		_, err := w.chat.UpdateMember(w.ctx(), a, sid, "alice", MemberPatch{Attributes: ptr(`{"b":2}`)})
		return err
	}},
	{preMemberUpdate, []string{"MemberSid", "LastConsumedMessageIndex"}, func(w *world, a Actor, sid string) error {
		_, err := w.chat.SetHorizon(w.ctx(), a, sid, ptr(int64(0)))
		return err
	}},
	{preMemberRemove, []string{"MemberSid", "Identity"}, func(w *world, a Actor, sid string) error {
		return w.chat.RemoveMember(w.ctx(), a, sid, "bob")
	}},
	{preUserUpdate, []string{"UserSid", "FriendlyName", "RoleSid"}, func(w *world, a Actor, _ string) error {
		_, err := w.chat.UpdateUser(w.ctx(), a, "alice", UserPatch{FriendlyName: ptr("Al")})
		return err
	}},
	{preChannelDestroy, []string{"ChannelSid", "ChannelType"}, func(w *world, a Actor, sid string) error {
		return w.chat.DeleteChannel(w.ctx(), a, sid)
	}},
}

// TestPreEvents: before each deed of an SDK user the receiver is asked once; its refusal (50056) changes nothing, its silence lets the deed pass.
func TestPreEvents(t *testing.T) {
	each(t, func(w *world) {
		r, alice := w.asked()
		ch := w.channel(NewChannel{}, "alice", "bob")
		w.send(w.api, ch.SID, "old")
		for _, d := range deeds {
			w.take()
			for _, status := range []int{403, 500} {
				r.answer(status, "")
				w.code(core.CodeWebhookRefused, d.do(w, alice, ch.SID))
				if changes := w.take(); len(changes) != 0 {
					t.Errorf("%s was refused and changed %v", d.event, changes)
				}
			}
			asked := r.questions()
			if len(asked) != 1 || asked[0].Params["EventType"] != d.event || asked[0].URL != "https://pre.test/" || asked[0].Retries != 1 ||
				asked[0].Params["ClientIdentity"] != "alice" || asked[0].AccountSID != testAccount {
				t.Fatalf("%s asked %+v", d.event, asked)
			}
			for _, name := range d.params {
				if asked[0].Params[name] == "" {
					t.Errorf("%s: there is no %s in %v", d.event, name, slices.Sorted(maps.Keys(asked[0].Params)))
				}
			}
			r.answer(0, "")
			w.code(0, d.do(w, alice, ch.SID))
		}
		r.answer(403, "")
		room := must(w.chat.CreateChannel(w.ctx(), w.api, NewChannel{}))(t)
		header := w.api
		header.Webhooks = true
		must(w.chat.SendMessage(w.ctx(), header, room.Channel.SID, NewMessage{Body: ptr("by REST")}))(t)
		if asked := r.questions(); len(asked) != 0 {
			t.Errorf("REST asked %+v", asked)
		}
	})
}

// TestPreEventChanges: what the receiver answers takes the place of what was meant, and must be as valid (rest-semantics §3.4).
func TestPreEventChanges(t *testing.T) {
	each(t, func(w *world) {
		r, alice := w.asked()
		ch := w.channel(NewChannel{}, "alice")
		send := func(status int, answer string) (*Message, error) {
			r.answer(status, answer)
			return w.chat.SendMessage(w.ctx(), alice, ch.SID, NewMessage{Body: ptr("meant"), Attributes: `{"a":1}`, From: "eve"})
		}
		for _, row := range []struct {
			answer, body, author, attributes string
			quiet                            bool
		}{
			{``, "meant", "alice", `{"a":1}`, false},
			{`OK`, "meant", "alice", `{"a":1}`, false},
			{`{}`, "meant", "alice", `{"a":1}`, false},
			{`{"body":"better","from":"moderator","attributes":"{\"b\":2}"}`, "better", "moderator", `{"b":2}`, false},
			{`{"author":"moderator","attributes":{"b":2}}`, "meant", "moderator", `{"b":2}`, false},
			{`{"mute_notification":"true"}`, "meant", "alice", `{"a":1}`, true},
			{`{"mute_notification":"false"}`, "meant", "alice", `{"a":1}`, false},
		} {
			m, err := send(200, row.answer)
			if err != nil || m.Body != row.body || m.Author != row.author || m.Attributes != row.attributes || m.Quiet != row.quiet {
				t.Errorf("%s: %+v, %v", row.answer, m, err)
			}
		}
		for answer, code := range map[string]int{
			`{"attributes":"{"}`: core.CodeAttributesInvalid,
			`{"body":7}`:         core.CodeInvalidParameter,
			`{"body":"` + strings.Repeat("x", core.MaxBody+1) + `"}`: core.CodeMessageTooLong,
		} {
			if m, err := send(200, answer); err == nil || core.AsError(err).Code != code {
				t.Errorf("%.40s: %+v, %v; want %d", answer, m, err, code)
			}
		}
		r.answer(200, `{"body":"edited","from":"moderator"}`)
		if m := must(w.chat.UpdateMessage(w.ctx(), alice, ch.SID, "0", MessagePatch{Body: ptr("mine")}))(t); m.Body != "edited" || m.Author != "moderator" {
			t.Errorf("edit: %+v", m)
		}
		r.answer(200, `{"friendly_name":"Ours","unique_name":"ours","attributes":{"k":1}}`)
		room := must(w.chat.CreateChannel(w.ctx(), alice, NewChannel{FriendlyName: ptr("Mine")}))(t)
		if c := room.Channel; *c.FriendlyName != "Ours" || *c.UniqueName != "ours" || c.Attributes != `{"k":1}` {
			t.Errorf("channel: %+v", c)
		}
		r.answer(200, `{"friendly_name":"Renamed"}`)
		if u := must(w.chat.UpdateChannel(w.ctx(), alice, ch.SID, ChannelPatch{Attributes: ptr(`{}`)}))(t); u.Channel.FriendlyName == nil || *u.Channel.FriendlyName != "Renamed" {
			t.Errorf("update: %+v", u.Channel)
		}
		agent := w.role(RoleChannel, RoleAgent)
		r.answer(200, `{"role_sid":"`+agent.SID+`"}`)
		if m := must(w.chat.AddMember(w.ctx(), alice, ch.SID, NewMember{Identity: "bob"}))(t); m.RoleSID != agent.SID {
			t.Errorf("member: %+v", m)
		}
		r.answer(200, `{"role_sid":"RL00000000000000000000000000000000"}`)
		_, err := w.chat.AddMember(w.ctx(), alice, ch.SID, NewMember{Identity: "carol"})
		w.code(core.CodeChannelRoleNotFound, err)
		r.answer(200, `{"friendly_name":"Dr. Alice"}`)
		if u := must(w.chat.UpdateUser(w.ctx(), alice, "alice", UserPatch{FriendlyName: ptr("A")}))(t); *u.FriendlyName != "Dr. Alice" {
			t.Errorf("user: %+v", u)
		}
	})
}

// TestNobodyIsAskedInVain: what is not allowed or not valid is refused without a question.
func TestNobodyIsAskedInVain(t *testing.T) {
	each(t, func(w *world) {
		r, _ := w.asked()
		ch := w.channel(NewChannel{Type: TypePrivate}, "bob")
		eve := w.as("eve")
		for _, d := range deeds {
			if d.event == preChannelAdd || d.event == preUserUpdate {
				continue
			}
			if err := d.do(w, eve, ch.SID); err == nil {
				t.Errorf("%s by a stranger passed", d.event)
			}
		}
		_, err := w.chat.UpdateUser(w.ctx(), eve, "bob", UserPatch{FriendlyName: ptr("x")})
		w.code(core.CodeNotAuthorized, err)
		_, err = w.chat.SendMessage(w.ctx(), w.as("bob"), ch.SID, NewMessage{Body: ptr("x"), Attributes: "{"})
		w.code(core.CodeAttributesInvalid, err)
		if asked := r.questions(); len(asked) != 0 {
			t.Errorf("asked %+v", asked)
		}
	})
}
