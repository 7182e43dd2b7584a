package flex_test

import (
	"strings"
	"testing"

	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/proxy"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

const (
	ours   = "+14155550100"
	theirs = "+14155550199"
)

// tie makes a Proxy service for the chat service.
func (f *fixture) tie(t *testing.T) *proxy.Service {
	t.Helper()
	s, err := f.proxy.CreateService(t.Context(), f.account, proxy.ServicePatch{UniqueName: ptr("proxy"), ChatServiceSID: &f.service.SID})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// texts makes a flow for texts that hands off to the workspace.
func (f *fixture) texts(t *testing.T, change func(*flex.FlowPatch)) *flex.Flow {
	t.Helper()
	return f.taskFlow(t, func(p *flex.FlowPatch) {
		p.ChannelType, p.ContactIdentity = ptr("sms"), ptr(ours)
		if change != nil {
			change(p)
		}
	})
}

// A chat with somebody outside has a session, which is that of the same chat when it goes on; what cannot reach anybody is refused, and
// leaves nothing.
func TestProxiedChannels(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow := f.texts(t, nil)
		n := request(flow, "zoe")
		n.Target = theirs
		_, err := f.flex.CreateChannel(t.Context(), f.account, n)
		wantCode(t, err, core.CodeProxyChat) // no Proxy service is tied
		service := f.tie(t)
		for name, tt := range map[string]struct {
			flow   func(*flex.FlowPatch)
			change func(*flex.NewChannel)
			code   int
		}{
			"no address at all":     {nil, func(n *flex.NewChannel) { n.Target = "" }, core.CodeFlexValidation},
			"an address of another": {nil, func(n *flex.NewChannel) { n.Target = "line:zoe" }, core.CodeFlexValidation},
			"no contact identity":   {func(p *flex.FlowPatch) { p.ContactIdentity = ptr("") }, nil, core.CodeProxyContact},
			"a contact of another":  {func(p *flex.FlowPatch) { p.ContactIdentity = ptr("our number") }, nil, core.CodeProxyContact},
			"no room for the session": {nil, func(n *flex.NewChannel) {
				n.PreEngagementData = `{"x":"` + strings.Repeat("x", core.MaxChannelAttributes-140) + `"}`
			}, core.CodeProxyChatAttributes},
		} {
			other := flow
			if tt.flow != nil {
				p := flex.FlowPatch{}
				tt.flow(&p)
				if other, err = f.flex.UpdateFlow(t.Context(), f.account, flow.SID, p); err != nil {
					t.Fatal(err)
				}
			}
			bad := n
			if tt.change != nil {
				tt.change(&bad)
			}
			if _, err := f.flex.CreateChannel(t.Context(), f.account, bad); !core.HasCode(err, tt.code) {
				t.Errorf("%s: %v, want %d", name, err, tt.code)
			}
			if other != nil {
				if _, err := f.flex.UpdateFlow(t.Context(), f.account, flow.SID, flex.FlowPatch{ContactIdentity: ptr(ours)}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := f.count(t, "flex_channel") + f.count(t, "proxy_session") + f.count(t, "tr_task") + f.count(t, "channel"); n != 0 {
			t.Fatalf("refused chats left %d rows", n)
		}

		c := f.open(t, flow, "zoe", func(n *flex.NewChannel) { n.Target = theirs })
		sid, _ := f.attribute(t, c.SID, "proxySession").(string)
		s, err := f.proxy.FetchSession(t.Context(), f.account, service.SID, c.SID)
		if err != nil || s.SID != sid || s.Status != proxy.StatusOpen {
			t.Fatalf("the session is %+v, %v; the attribute is %q", s, err, sid)
		}
		if _, err := f.proxy.UpdateSession(t.Context(), f.account, service.SID, sid, proxy.SessionPatch{Status: ptr(proxy.StatusClosed)}); err != nil {
			t.Fatal(err)
		}
		if again := f.open(t, flow, "zoe", func(n *flex.NewChannel) { n.Target = theirs }); again.SID != c.SID {
			t.Errorf("another chat: %+v", again)
		}
		if s, err = f.proxy.FetchSession(t.Context(), f.account, service.SID, sid); err != nil || s.Status != proxy.StatusInProgress {
			t.Errorf("the session that is taken up again is %+v, %v", s, err)
		}
		if err := f.proxy.DeleteSession(t.Context(), f.account, service.SID, sid); err != nil {
			t.Fatal(err)
		}
		f.open(t, flow, "zoe", func(n *flex.NewChannel) { n.Target = theirs })
		if next, _ := f.attribute(t, c.SID, "proxySession").(string); next == sid || f.count(t, "proxy_session") != 1 {
			t.Errorf("the session in place of one that was deleted is %q", next)
		}
	})
}

// The session ends with the task, unless the chat goes on.
func TestSessionsEndWithTheirTask(t *testing.T) {
	for name, tt := range map[string]struct {
		flow   func(*flex.FlowPatch)
		before func(t *testing.T, f *fixture, c *flex.Channel)
		left   int64
	}{
		"a chat that ends":    {},
		"a long-lived chat":   {flow: func(p *flex.FlowPatch) { p.LongLived = ptr(true) }, left: 1},
		"without the janitor": {flow: func(p *flex.FlowPatch) { p.JanitorEnabled = ptr(false) }, left: 1},
		"a chat handed on": {before: func(t *testing.T, f *fixture, c *flex.Channel) {
			_, err := f.tr.CreateTask(t.Context(), f.account, f.space.WorkspaceSID, taskrouter.NewTask{Attributes: `{"channelSid":"` + c.SID + `"}`, WorkflowSID: f.space.WorkflowSID})
			if err != nil {
				t.Fatal(err)
			}
		}, left: 1},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				f.tie(t)
				c := f.open(t, f.texts(t, tt.flow), theirs, nil)
				if tt.before != nil {
					tt.before(t, f, c)
				}
				f.cancel(t, f.taskOf(t, c.SID))
				f.settle(t)
				if n := f.count(t, "proxy_session"); n != tt.left {
					t.Errorf("%d sessions are left, want %d", n, tt.left)
				}
			})
		})
	}
}

// Who writes, or is written to, between the end of a task and the janitor's coming gets another chat, and nobody is in two sessions.
func TestBetweenEndAndJanitor(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		service := f.tie(t)
		flow := f.texts(t, nil)
		first := f.open(t, flow, theirs, nil)
		f.cancel(t, f.taskOf(t, first.SID))
		second := f.open(t, flow, theirs, nil)
		f.cancel(t, f.taskOf(t, second.SID))
		if err := f.proxy.Receive(t.Context(), proxy.NewIncoming(f.account, "1", theirs, ours, "hello", "", nil, nil)); err != nil {
			t.Fatal(err)
		}
		f.settle(t)
		all, err := f.proxy.ListSessions(t.Context(), f.account, service.SID, "", 10)
		if err != nil || len(all) != 1 || all[0].Status != proxy.StatusInProgress {
			t.Fatalf("sessions %+v, %v", all, err)
		}
		third := *all[0].UniqueName
		if second.SID == first.SID || third == second.SID || third == first.SID {
			t.Errorf("the chats are %s, %s, %s", first.SID, second.SID, third)
		}
		f.wantTranscript(t, third, theirs+": hello")
	})
}

// Who writes to a contact identity, however it is spelt, gets a chat; nobody answers elsewhere.
func TestVisitors(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.tie(t)
		flow := f.texts(t, nil)
		for _, tt := range []struct {
			kind, contact string
			to, from      proxy.Address
			answers       bool
		}{
			{"sms", ours, ours, theirs, true},
			{"sms", ours, "+14155550101", theirs, false},
			{"whatsapp", "whatsapp:" + ours, "whatsapp:" + ours, "whatsapp:" + theirs, true},
			{"whatsapp", ours, "whatsapp:" + ours, "whatsapp:" + theirs, true},
			{"sms", "whatsapp:" + ours, ours, theirs, false},
			{"facebook", "messenger:12", "facebook:12", "facebook:34", true},
			{"facebook", "12", "messenger:12", "messenger:34", true},
			{"line", "line:us", "line:us", "line:them", true},
			{"line", "line:us", "line:US", "line:them", false},
			{"custom", "custom:us", "custom:us", "custom:them", false},
		} {
			p := flex.FlowPatch{ChannelType: &tt.kind, ContactIdentity: &tt.contact, Enabled: ptr(true)}
			if _, err := f.flex.UpdateFlow(t.Context(), f.account, flow.SID, p); err != nil {
				t.Fatal(err)
			}
			owns, opened := false, false
			err := f.st.Update(t.Context(), func(tx *store.Tx) (err error) {
				if owns, err = f.flex.OwnsTx(&tx.Reader, f.account, "", tt.to); err != nil {
					return err
				}
				opened, err = f.flex.OpenTx(tx, f.account, proxy.Visitor{From: tt.from, To: tt.to})
				return err
			})
			if err != nil || owns != tt.answers || opened != tt.answers {
				t.Errorf("%s to a flow of %s with %s: owned %v, opened %v, %v", tt.to, tt.kind, tt.contact, owns, opened, err)
			}
		}
		// A flow that is disabled answers nobody, but its contact identity stays the account's.
		if _, err := f.flex.UpdateFlow(t.Context(), f.account, flow.SID, flex.FlowPatch{ChannelType: ptr("line"), ContactIdentity: ptr("line:us"), Enabled: ptr(false)}); err != nil {
			t.Fatal(err)
		}
		err := f.st.View(t.Context(), func(r *store.Reader) error {
			for service, want := range map[string]bool{"": false, f.service.SID: true, core.NewSID("IS"): false} {
				if got, err := f.flex.OwnsTx(r, f.account, service, "line:us"); err != nil || got != want {
					t.Errorf("owned in %q: %v, %v", service, got, err)
				}
			}
			got, err := f.flex.OwnsTx(r, core.NewSID("AC"), f.service.SID, "line:us")
			if got {
				t.Error("it is another account's")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
