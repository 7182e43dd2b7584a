package flex_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/identity"
	"parley/internal/jobs"
	"parley/internal/proxy"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/studio"
	"parley/internal/taskrouter"
)

type fixture struct {
	st      *store.Store
	chat    *chat.Chat
	tr      *taskrouter.TaskRouter
	flex    *flex.Flex
	studio  *studio.Studio
	service *chat.Service
	proxy   *proxy.Proxy
	account string
	space   taskrouter.Provision

	outbox  outbox
	runner  *jobs.Runner
	running bool
}

// each runs a test on both engines over a new instance with one account and chat service.
func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		st := open()
		codec, err := core.NewSIDCodec([]byte("0123456789abcdef"))
		if err != nil {
			t.Fatal(err)
		}
		f := &fixture{st: st, account: core.NewSID("AC")}
		f.chat = chat.New(st, codec, chat.Options{Outbox: &f.outbox, HasFlow: func(r *store.Reader, accountSID, flowSID string) (bool, error) {
			return f.studio.HasFlow(r, accountSID, flowSID)
		}})
		f.tr = taskrouter.New(st, codec, taskrouter.Options{})
		f.flex = flex.New(st, f.chat, f.tr, identity.New(st, identity.Options{}))
		f.studio = studio.New(st, codec, studio.Options{})
		f.flex.ConductStudio(f.studio)
		f.proxy = proxy.New(proxy.Options{Store: st, Chat: flex.Line{Chat: f.chat}})
		f.flex.ConductProxy(f.proxy)
		f.runner = newRunner(st, f.flex, f.studio, f.proxy)
		f.newAccount(t)
		if f.service, err = f.chat.CreateService(context.Background(), chat.NewService{AccountSID: f.account, FriendlyName: "test"}); err != nil {
			t.Fatal(err)
		}
		fn(t, f)
	})
}

// newAccount makes f.account.
func (f *fixture) newAccount(t *testing.T) {
	t.Helper()
	err := f.st.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, created_at, updated_at) VALUES ($1, 'test', 'active', 'x', $2, $2)`, f.account, tx.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

func (f *fixture) patch() flex.FlowPatch {
	return flex.FlowPatch{FriendlyName: ptr("flow"), ChatServiceSID: &f.service.SID, ChannelType: ptr("custom"), Enabled: ptr(true)}
}

func (f *fixture) flow(t *testing.T, change func(*flex.FlowPatch)) *flex.Flow {
	t.Helper()
	p := f.patch()
	if change != nil {
		change(&p)
	}
	flow, err := f.flex.CreateFlow(context.Background(), f.account, p)
	if err != nil {
		t.Fatal(err)
	}
	return flow
}

func (f *fixture) count(t *testing.T, table string) (n int64) {
	t.Helper()
	err := f.st.View(context.Background(), func(r *store.Reader) error { return r.One("SELECT COUNT(*) FROM "+table, nil, &n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantCode(t *testing.T, err error, code int) {
	t.Helper()
	if !core.HasCode(err, code) {
		t.Errorf("error %v, want code %d", err, code)
	}
}

func TestFlows(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		for name, tt := range map[string]struct {
			change func(*flex.FlowPatch)
			code   int
		}{
			"no name":            {func(p *flex.FlowPatch) { p.FriendlyName = nil }, core.CodeFlexFlowFailed},
			"no service":         {func(p *flex.FlowPatch) { p.ChatServiceSID = nil }, core.CodeFlexFlowFailed},
			"unknown service":    {func(p *flex.FlowPatch) { p.ChatServiceSID = ptr(core.NewSID("IS")) }, core.CodeFlexFlowFailed},
			"no channel type":    {func(p *flex.FlowPatch) { p.ChannelType = nil }, core.CodeFlexFlowFailed},
			"bad channel type":   {func(p *flex.FlowPatch) { p.ChannelType = ptr("pigeon") }, core.CodeFlexFlowFailed},
			"long name":          {func(p *flex.FlowPatch) { p.FriendlyName = ptr(strings.Repeat("x", 257)) }, core.CodeFlexFlowFailed},
			"external, no URL":   {func(p *flex.FlowPatch) { p.IntegrationType = ptr("external") }, core.CodeFlexFlowFailed},
			"external, bad URL":  {func(p *flex.FlowPatch) { p.IntegrationType, p.URL = ptr("external"), ptr("ftp://x/") }, core.CodeFlexFlowFailed},
			"external, relative": {func(p *flex.FlowPatch) { p.IntegrationType, p.URL = ptr("external"), ptr("/hook") }, core.CodeFlexFlowFailed},
			"task, no workspace": {func(p *flex.FlowPatch) { p.IntegrationType = ptr("task") }, core.CodeFlexFlowFailed},
			"studio":             {func(p *flex.FlowPatch) { p.IntegrationType = ptr("studio") }, core.CodeFlexFlowFailed},
		} {
			p := f.patch()
			tt.change(&p)
			_, err := f.flex.CreateFlow(ctx, f.account, p)
			if !core.HasCode(err, tt.code) {
				t.Errorf("%s: %v, want code %d", name, err, tt.code)
			}
		}
		if n := f.count(t, "flex_flow"); n != 0 {
			t.Fatalf("refused flows left %d rows", n)
		}

		flow := f.flow(t, func(p *flex.FlowPatch) { p.IntegrationType, p.URL = ptr("external"), ptr("https://bot.example.org/in") })
		if in, err := flow.Handler(); err != nil || in.URL != "https://bot.example.org/in" || *in.RetryCount != 3 {
			t.Errorf("integration %s, %v", flow.Integration, err)
		}
		_, err := f.flex.CreateFlow(ctx, f.account, f.patch())
		wantCode(t, err, core.CodeFlexFlowCollision)
		other := f.flow(t, func(p *flex.FlowPatch) { p.Enabled = ptr(false) })
		_, err = f.flex.UpdateFlow(ctx, f.account, other.SID, flex.FlowPatch{Enabled: ptr(true)})
		wantCode(t, err, core.CodeFlexFlowCollision)
		if other, err = f.flex.UpdateFlow(ctx, f.account, other.SID, flex.FlowPatch{Enabled: ptr(true), ContactIdentity: ptr("shop"), FriendlyName: ptr("new")}); err != nil || other.FriendlyName != "new" {
			t.Errorf("update: %+v, %v", other, err)
		}
		if same, err := f.flex.UpdateFlow(ctx, f.account, flow.SID, flex.FlowPatch{RetryCount: ptr(int64(1))}); err != nil || !strings.Contains(same.Integration, `"retry_count":1`) || !strings.Contains(same.Integration, "bot.example.org") {
			t.Errorf("a patch of one parameter gave %+v, %v", same, err)
		}
		_, err = f.flex.FetchFlow(ctx, core.NewSID("AC"), flow.SID)
		wantCode(t, err, core.CodeFlexFlowNotFound)

		first, err := f.flex.ListFlows(ctx, f.account, nil, "", 1)
		if err != nil || len(first) != 1 {
			t.Fatalf("first page: %v, %v", first, err)
		}
		second, err := f.flex.ListFlows(ctx, f.account, nil, first[0].SID, 10)
		if err != nil || len(second) != 1 || second[0].SID == first[0].SID {
			t.Errorf("second page: %v, %v", second, err)
		}
		named, err := f.flex.ListFlows(ctx, f.account, ptr("new"), "", 10)
		if err != nil || len(named) != 1 || named[0].SID != other.SID {
			t.Errorf("by name: %v, %v", named, err)
		}
		if err := f.flex.DeleteFlow(ctx, f.account, flow.SID); err != nil {
			t.Error(err)
		}
		wantCode(t, f.flex.DeleteFlow(ctx, f.account, flow.SID), core.CodeFlexFlowNotFound)
	})
}

func request(flow *flex.Flow, identity string) flex.NewChannel {
	return flex.NewChannel{FlowSID: flow.SID, Identity: identity, ChatUserFriendlyName: "Anna", ChatFriendlyName: "Anna's chat"}
}

func TestOneRequestMakesTheChat(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		flow := f.flow(t, func(p *flex.FlowPatch) { p.IntegrationType, p.URL = ptr("external"), ptr("https://bot.example.org/in") })
		n := request(flow, "anna@example.org")
		n.ChatUniqueName, n.PreEngagementData, n.LongLived = "anna-1", `{"topic":"bill"}`, ptr(true)
		made, err := f.flex.CreateChannel(ctx, f.account, n)
		if err != nil {
			t.Fatal(err)
		}
		by := chat.Actor{Service: f.service, Source: chat.SourceAPI}
		at, err := f.chat.FetchChannel(ctx, by, made.SID)
		if err != nil {
			t.Fatal(err)
		}
		ch := at.Channel
		if ch.Type != "private" || *ch.UniqueName != "anna-1" || *ch.FriendlyName != "Anna's chat" || ch.CreatedBy != "system" {
			t.Errorf("channel %+v", ch)
		}
		var a map[string]any
		if err := json.Unmarshal([]byte(ch.Attributes), &a); err != nil {
			t.Fatal(err)
		}
		if a["status"] != "ACTIVE" || a["long_lived"] != true || a["from"] != "Anna" || a["channel_type"] != "custom" || a["pre_engagement_data"].(map[string]any)["topic"] != "bill" {
			t.Errorf("attributes %s", ch.Attributes)
		}
		member, err := f.chat.FetchMember(ctx, by, made.SID, "anna@example.org")
		if err != nil {
			t.Fatal(err)
		}
		role, err := f.chat.FetchRole(ctx, f.service, member.RoleSID)
		if err != nil || role.FriendlyName != "guest" {
			t.Errorf("role %+v, %v", role, err)
		}
		user, err := f.chat.FetchUser(ctx, f.service, "anna@example.org")
		if err != nil || user.SID != made.UserSID || *user.FriendlyName != "Anna" {
			t.Errorf("user %+v, %v", user, err)
		}
		hooks, err := f.chat.ListWebhooks(ctx, f.service, made.SID, chat.Page{})
		if err != nil || len(hooks.Items) != 1 || hooks.Items[0].URL != "https://bot.example.org/in" || !hooks.Items[0].CustomersOnly {
			t.Errorf("webhooks %+v, %v", hooks, err)
		}
		if got, err := f.flex.FetchChannel(ctx, f.account, made.SID); err != nil || got.FlowSID != flow.SID || got.TaskSID != nil {
			t.Errorf("fetched %+v, %v", got, err)
		}
	})
}

func TestReuseAndEnding(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		by := chat.Actor{Service: f.service, Source: chat.SourceAPI}
		flow := f.flow(t, nil)
		n := request(flow, "anna")
		n.ChatUniqueName = "named"
		first, err := f.flex.CreateChannel(ctx, f.account, n)
		if err != nil {
			t.Fatal(err)
		}
		again, err := f.flex.CreateChannel(ctx, f.account, n)
		if err != nil || again.SID != first.SID {
			t.Fatalf("not reused: %+v, %v", again, err)
		}
		other := n
		other.Target = "+491234"
		_, err = f.flex.CreateChannel(ctx, f.account, other)
		wantCode(t, err, core.CodeFlexUniqueNameExists)
		other.ChatUniqueName = ""
		second, err := f.flex.CreateChannel(ctx, f.account, other)
		if err != nil || second.SID == first.SID {
			t.Fatalf("another target got %+v, %v", second, err)
		}
		if _, err := f.chat.UpdateChannel(ctx, by, first.SID, chat.ChannelPatch{Attributes: ptr(`{"status":"INACTIVE"}`)}); err != nil {
			t.Fatal(err)
		}
		third, err := f.flex.CreateChannel(ctx, f.account, n)
		if err != nil || third.SID == first.SID {
			t.Fatalf("an ended channel was reused: %+v, %v", third, err)
		}
		if at, err := f.chat.FetchChannel(ctx, by, "named"); err != nil || at.Channel.SID != third.SID {
			t.Errorf("the name did not pass on: %v", err)
		}
		if err := f.flex.DeleteChannel(ctx, f.account, third.SID); err != nil {
			t.Fatal(err)
		}
		_, err = f.chat.FetchChannel(ctx, by, third.SID)
		wantCode(t, err, core.CodeChannelNotFound)
		wantCode(t, f.flex.DeleteChannel(ctx, f.account, third.SID), core.CodeFlexChannelNotFound)
		if fourth, err := f.flex.CreateChannel(ctx, f.account, n); err != nil || fourth.SID == third.SID {
			t.Errorf("after deletion: %+v, %v", fourth, err)
		}
		list, err := f.flex.ListChannels(ctx, f.account, "", 2)
		if err != nil || len(list) != 2 || list[0].SID != first.SID {
			t.Errorf("list %v, %v", list, err)
		}
	})
}

func TestWhoSignedInFirstGetsTheName(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		flow := f.flow(t, nil)
		for identity, want := range map[string]string{"nameless": "Anna", "named": "Old name"} {
			u, err := f.chat.EnsureUser(ctx, f.service, identity)
			if err != nil {
				t.Fatal(err)
			}
			if identity == "named" {
				by := chat.Actor{Service: f.service, Source: chat.SourceAPI}
				if _, err := f.chat.UpdateUser(ctx, by, u.SID, chat.UserPatch{FriendlyName: ptr("Old name")}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := f.flex.CreateChannel(ctx, f.account, request(flow, identity)); err != nil {
				t.Fatal(err)
			}
			if u, err = f.chat.FetchUser(ctx, f.service, identity); err != nil || u.FriendlyName == nil || *u.FriendlyName != want {
				t.Errorf("%s is now %v, %v", identity, u.FriendlyName, err)
			}
		}
	})
}

func TestConcurrentRequestsShareTheChannel(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow := f.flow(t, nil)
		sids := make([]string, 16)
		var wg sync.WaitGroup
		for i := range sids {
			wg.Go(func() {
				made, err := f.flex.CreateChannel(context.Background(), f.account, request(flow, "anna"))
				if err != nil {
					t.Error(err)
					return
				}
				sids[i] = made.SID
			})
		}
		wg.Wait()
		for _, sid := range sids {
			if sid != sids[0] {
				t.Fatalf("two channels for one customer: %v", sids)
			}
		}
	})
}

func TestRefusedRequestsLeaveNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		flow := f.flow(t, nil)
		if _, err := f.chat.UpdateService(ctx, f.service, chat.ServicePatch{MaxChannels: ptr(int64(1))}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.flex.CreateChannel(ctx, f.account, request(flow, "busy")); err != nil {
			t.Fatal(err)
		}
		tables := []string{"chat_user", "channel", "member", "flex_channel", "flex_target", "channel_webhook"}
		before := map[string]int64{}
		for _, table := range tables {
			before[table] = f.count(t, table)
		}
		for name, tt := range map[string]struct {
			change func(*flex.NewChannel)
			code   int
		}{
			"unknown flow":         {func(n *flex.NewChannel) { n.FlowSID = core.NewSID("FO") }, core.CodeFlexFlowNotFound},
			"no flow":              {func(n *flex.NewChannel) { n.FlowSID = "" }, core.CodeFlexValidation},
			"no identity":          {func(n *flex.NewChannel) { n.Identity = "" }, core.CodeFlexValidation},
			"no user name":         {func(n *flex.NewChannel) { n.ChatUserFriendlyName = "" }, core.CodeFlexValidation},
			"no chat name":         {func(n *flex.NewChannel) { n.ChatFriendlyName = "" }, core.CodeFlexValidation},
			"reserved identity":    {func(n *flex.NewChannel) { n.Identity = "system" }, core.CodeFlexIdentityReserved},
			"long identity":        {func(n *flex.NewChannel) { n.Identity = strings.Repeat("x", 257) }, core.CodeIdentityTooLong},
			"identity like a SID":  {func(n *flex.NewChannel) { n.Identity = core.NewSID("US") }, core.CodeIdentityLooksLikeSID},
			"long chat name":       {func(n *flex.NewChannel) { n.ChatFriendlyName = strings.Repeat("x", 257) }, core.CodeChatNameTooLong},
			"name like a SID":      {func(n *flex.NewChannel) { n.ChatUniqueName = core.NewSID("CH") }, core.CodeUniqueNameLooksLikeSID},
			"broken JSON":          {func(n *flex.NewChannel) { n.PreEngagementData = "{" }, core.CodeFlexValidation},
			"large JSON":           {func(n *flex.NewChannel) { n.PreEngagementData = fmt.Sprintf("%q", strings.Repeat("x", 17<<10)) }, core.CodeFlexValidation},
			"broken task JSON":     {func(n *flex.NewChannel) { n.TaskAttributes = "nope" }, core.CodeFlexValidation},
			"not a task":           {func(n *flex.NewChannel) { n.TaskSID = "CH1" }, core.CodeFlexValidation},
			"too many of its user": {func(n *flex.NewChannel) { n.Identity, n.Target = "busy", "elsewhere" }, core.CodeFlexUserChannelLimit},
		} {
			n := request(flow, "new")
			tt.change(&n)
			_, err := f.flex.CreateChannel(ctx, f.account, n)
			if !core.HasCode(err, tt.code) {
				t.Errorf("%s: %v, want code %d", name, err, tt.code)
			}
			for _, table := range tables {
				if got := f.count(t, table); got != before[table] {
					t.Errorf("%s left %d rows in %s", name, got-before[table], table)
					before[table] = got
				}
			}
		}
		_, err := f.flex.CreateChannel(ctx, core.NewSID("AC"), request(flow, "thief"))
		wantCode(t, err, core.CodeFlexFlowNotFound)
	})
}
