package flex_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/taskrouter"
)

func TestTaskFlows(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.provision(t)
		good := func() flex.FlowPatch {
			p := f.patch()
			p.IntegrationType, p.WorkspaceSID, p.WorkflowSID = ptr("task"), &f.space.WorkspaceSID, &f.space.WorkflowSID
			return p
		}
		for name, change := range map[string]func(*flex.FlowPatch){
			"no workspace":         func(p *flex.FlowPatch) { p.WorkspaceSID = nil },
			"no workflow":          func(p *flex.FlowPatch) { p.WorkflowSID = ptr("") },
			"unknown workspace":    func(p *flex.FlowPatch) { p.WorkspaceSID = ptr(core.NewSID("WS")) },
			"not a workspace":      func(p *flex.FlowPatch) { p.WorkspaceSID = &f.space.WorkflowSID },
			"unknown workflow":     func(p *flex.FlowPatch) { p.WorkflowSID = ptr(core.NewSID("WW")) },
			"unknown task channel": func(p *flex.FlowPatch) { p.Channel = ptr("pigeon") },
			"no time":              func(p *flex.FlowPatch) { p.Timeout = ptr(int64(0)) },
			"too much time":        func(p *flex.FlowPatch) { p.Timeout = ptr(int64(1_209_601)) },
			"negative priority":    func(p *flex.FlowPatch) { p.Priority = ptr(int64(-1)) },
		} {
			p := good()
			change(&p)
			if _, err := f.flex.CreateFlow(t.Context(), f.account, p); !core.HasCode(err, core.CodeFlexFlowFailed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := f.count(t, "flex_flow"); n != 0 {
			t.Fatalf("refused flows left %d rows", n)
		}
		flow, err := f.flex.CreateFlow(t.Context(), f.account, good())
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`{"workspace_sid":%q,"workflow_sid":%q,"channel":"default","timeout":86400,"priority":0,"creation_on_message":false}`,
			f.space.WorkspaceSID, f.space.WorkflowSID)
		if flow.Integration != want {
			t.Errorf("integration %s, want %s", flow.Integration, want)
		}
		flow, err = f.flex.UpdateFlow(t.Context(), f.account, flow.SID, flex.FlowPatch{Channel: ptr("sms"), CreationOnMessage: ptr(true)})
		if err != nil || !strings.Contains(flow.Integration, `"channel":"sms"`) || !strings.Contains(flow.Integration, f.space.WorkflowSID) || !strings.Contains(flow.Integration, `"creation_on_message":true`) {
			t.Errorf("a patch gave %+v, %v", flow, err)
		}
		// A flow whose workspace is gone can still be disabled, but not changed into another that could not work.
		if err := f.tr.DeleteWorkspace(t.Context(), f.account, f.space.WorkspaceSID); err != nil {
			t.Fatal(err)
		}
		if _, err := f.flex.UpdateFlow(t.Context(), f.account, flow.SID, flex.FlowPatch{Enabled: ptr(false)}); err != nil {
			t.Error(err)
		}
		_, err = f.flex.UpdateFlow(t.Context(), f.account, flow.SID, flex.FlowPatch{Priority: ptr(int64(1))})
		wantCode(t, err, core.CodeFlexFlowFailed)
		if flow, err = f.flex.UpdateFlow(t.Context(), f.account, flow.SID, flex.FlowPatch{IntegrationType: ptr("external"), URL: ptr("https://bot.example.org/in")}); err != nil || strings.Contains(flow.Integration, "workspace") {
			t.Errorf("another type left %+v, %v", flow, err)
		}
	})
}

func TestTaskWithTheChannel(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow := f.taskFlow(t, func(p *flex.FlowPatch) { p.Priority, p.Timeout = ptr(int64(7)), ptr(int64(600)) })
		c := f.open(t, flow, "anna", func(n *flex.NewChannel) {
			n.Target, n.TaskAttributes = "+491234", `{"language":"de","name":"Anna <A>","channelSid":"CHx","nested":{"a":[1]}}`
		})
		sid := f.taskOf(t, c.SID)
		task := f.task(t, sid)
		var got map[string]any
		if err := json.Unmarshal([]byte(task.Attributes), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"channelSid": c.SID, "channelType": "custom", "name": "Anna <A>", "customerAddress": "+491234", "language": "de", "nested": map[string]any{"a": []any{1.0}}}
		if !reflect.DeepEqual(got, want) || !strings.Contains(task.Attributes, "<A>") {
			t.Errorf("attributes %s", task.Attributes)
		}
		if task.Priority != 7 || task.Timeout != 600 || task.Status != "pending" || task.Space.Channel(task.TaskChannelID).UniqueName != "chat" {
			t.Errorf("task %+v", task.Task)
		}
		if f.attribute(t, c.SID, "status") != "ACTIVE" || f.attribute(t, c.SID, "from") != "+491234" {
			t.Error("the channel's attributes lack what Flex writes")
		}
		if again := f.open(t, flow, "anna", func(n *flex.NewChannel) { n.Target = "+491234" }); again.SID != c.SID || f.count(t, "tr_task") != 1 {
			t.Errorf("a second request made %+v", again)
		}
		f.write(t, c.SID, "anna", "hello")
		if n := f.count(t, "job"); n != 0 {
			t.Errorf("a message to a channel that has its task left %d jobs", n)
		}
		plain := f.open(t, flow, "bernd", nil)
		if a := f.task(t, f.taskOf(t, plain.SID)).Attributes; a != fmt.Sprintf(`{"channelSid":%q,"channelType":"custom","name":"Anna"}`, plain.SID) {
			t.Errorf("attributes %s", a)
		}
	})
}

func TestTaskThatExists(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow := f.taskFlow(t, nil)
		out, err := f.tr.CreateTask(t.Context(), f.account, f.space.WorkspaceSID, taskrouter.NewTask{Attributes: `{"outbound_to":"+49","channelType":"sms"}`, WorkflowSID: f.space.WorkflowSID})
		if err != nil {
			t.Fatal(err)
		}
		sid := f.tr.TaskSID(out.ID)
		c := f.open(t, flow, "anna", func(n *flex.NewChannel) { n.TaskSID = sid })
		if got := f.taskOf(t, c.SID); got != sid || f.count(t, "tr_task") != 1 {
			t.Errorf("task %s, want %s and no other", got, sid)
		}
		if a := f.task(t, sid).Attributes; a != fmt.Sprintf(`{"channelSid":%q,"channelType":"custom","outbound_to":"+49"}`, c.SID) {
			t.Errorf("attributes %s", a)
		}
		f.cancel(t, sid)
		for _, bad := range []string{core.NewSID("WT"), sid} { // unknown, ended
			n := request(flow, "bernd")
			n.TaskSID = bad
			_, err = f.flex.CreateChannel(t.Context(), f.account, n)
			wantCode(t, err, core.CodeFlexValidation)
		}
		f.settle(t)
		if f.attribute(t, c.SID, "status") != "INACTIVE" {
			t.Error("the end of the tied task did not close the channel")
		}
	})
}

func TestRefusedHandOffsLeaveNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow := f.taskFlow(t, nil)
		tables := []string{"chat_user", "channel", "member", "flex_channel", "flex_target", "tr_task", "tr_event", "flex_task"}
		state := func() (all []int64) {
			for _, table := range tables {
				all = append(all, f.count(t, table))
			}
			return all
		}
		before := state()
		refuse := func(name string, code int, change func(*flex.NewChannel)) {
			t.Helper()
			n := request(flow, "anna")
			change(&n)
			_, err := f.flex.CreateChannel(t.Context(), f.account, n)
			if !core.HasCode(err, code) {
				t.Errorf("%s: %v, want %d", name, err, code)
			}
			if after := state(); !reflect.DeepEqual(before, after) {
				t.Errorf("%s: %v became %v", name, before, after)
			}
		}
		refuse("attributes that are no object", core.CodeFlexValidation, func(n *flex.NewChannel) { n.TaskAttributes = `[1]` })
		refuse("attributes that are null", core.CodeFlexValidation, func(n *flex.NewChannel) { n.TaskAttributes = `null` })
		refuse("too many attributes", core.CodeFlexValidation, func(n *flex.NewChannel) { n.TaskAttributes = `{"x":"` + strings.Repeat("x", 4060) + `"}` })
		refuse("a reserved identity", core.CodeFlexIdentityReserved, func(n *flex.NewChannel) { n.Identity = "system" })
		f.open(t, flow, "bernd", nil)
		if err := f.tr.DeleteWorkspace(t.Context(), f.account, f.space.WorkspaceSID); err != nil {
			t.Fatal(err)
		}
		before = state()
		refuse("a channel whose task went with the workspace", core.CodeFlexConfiguration, func(n *flex.NewChannel) { n.Identity = "bernd" })
		refuse("a workspace that is gone", core.CodeFlexConfiguration, func(*flex.NewChannel) {})
	})
}

func TestTaskAtTheFirstMessage(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow := f.taskFlow(t, func(p *flex.FlowPatch) { p.CreationOnMessage = ptr(true) })
		c := f.open(t, flow, "anna", func(n *flex.NewChannel) { n.TaskAttributes = `{"language":"de"}` })
		if sid := f.taskOf(t, c.SID); sid != "" {
			t.Fatalf("task %s before any message", sid)
		}
		if hooks, err := f.chat.ListWebhooks(t.Context(), f.service, c.SID, chat.Page{}); err != nil || len(hooks.Items) != 0 {
			t.Errorf("the handler is shown: %+v, %v", hooks, err)
		}
		// What is on its way together makes one task.
		f.write(t, c.SID, "anna", "hello")
		f.write(t, c.SID, "anna", "is anybody there?")
		f.settle(t)
		sid := f.taskOf(t, c.SID)
		if sid == "" || f.count(t, "tr_task") != 1 {
			t.Fatalf("task %q; %d tasks", sid, f.count(t, "tr_task"))
		}
		if a := f.task(t, sid).Attributes; !strings.Contains(a, `"language":"de"`) || !strings.Contains(a, c.SID) {
			t.Errorf("attributes %s", a)
		}
		f.write(t, c.SID, "anna", "and now?")
		if n := f.count(t, "job"); n != 0 {
			t.Errorf("the handler is still there: %d jobs", n)
		}
	})
}

// One who ended the chat before anybody was called is not called back.
func TestNoTaskForAClosedChannel(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow := f.taskFlow(t, func(p *flex.FlowPatch) { p.CreationOnMessage = ptr(true) })
		c := f.open(t, flow, "anna", nil)
		f.write(t, c.SID, "anna", "hello")
		if _, err := f.chat.UpdateChannel(t.Context(), f.api(), c.SID, chat.ChannelPatch{Attributes: ptr(`{"status":"INACTIVE"}`)}); err != nil {
			t.Fatal(err)
		}
		gone := f.open(t, flow, "bernd", nil)
		f.write(t, gone.SID, "bernd", "hello")
		if err := f.flex.DeleteChannel(t.Context(), f.account, gone.SID); err != nil {
			t.Fatal(err)
		}
		f.settle(t)
		if n := f.count(t, "tr_task"); n != 0 {
			t.Errorf("%d tasks", n)
		}
	})
}
