package flex_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/studio"
)

// definition is a flow that greets, asks, branches and hands over.
func (f *fixture) definition() string {
	return strings.NewReplacer("{workflow}", f.space.WorkflowSID).Replace(`{"initial_state":"Trigger","states":[
		{"name":"Trigger","type":"trigger","properties":{},"transitions":[{"event":"incomingMessage","next":"ask"},{"event":"incomingRequest","next":"ask"}]},
		{"name":"ask","type":"send-and-wait-for-reply","properties":{"from":"Bot","body":"Hello {{trigger.message.ChannelAttributes.from}}, sales or help?","timeout":"60",
			"service":"{{trigger.message.InstanceSid}}","channel":"{{trigger.message.ChannelSid}}"},
			"transitions":[{"event":"incomingMessage","next":"split"},{"event":"timeout","next":"late"},{"event":"deliveryFailure"}]},
		{"name":"split","type":"split-based-on","properties":{"input":"{{widgets.ask.inbound.Body}}"},"transitions":[{"event":"noMatch","next":"bye"},
			{"event":"match","next":"flex","conditions":[{"friendly_name":"sales","type":"equal_to","value":"sales","arguments":["{{widgets.ask.inbound.Body}}"]}]}]},
		{"name":"flex","type":"send-to-flex","properties":{"workflow":"{workflow}","channel":"chat",
			"attributes":"{\"name\":{{trigger.message.ChannelAttributes.from | to_json}},\"topic\":{{widgets.ask.inbound.Body | to_json}}}"},
			"transitions":[{"event":"callComplete","next":"thanks"},{"event":"failedToEnqueue","next":"sorry"},{"event":"callFailure"}]},
		{"name":"thanks","type":"send-message","properties":{"from":"Bot","body":"A colleague is coming.","channel":"{{trigger.message.ChannelSid}}"},"transitions":[{"event":"sent"},{"event":"failed"}]},
		{"name":"sorry","type":"send-message","properties":{"from":"Bot","body":"Please come back later."},"transitions":[{"event":"sent"},{"event":"failed"}]},
		{"name":"late","type":"send-message","properties":{"from":"Bot","body":"Are you still there?"},"transitions":[{"event":"sent"},{"event":"failed"}]},
		{"name":"bye","type":"send-message","properties":{"from":"Bot","body":"Goodbye."},"transitions":[{"event":"sent"},{"event":"failed"}]}]}`)
}

// bot makes a Studio flow and a Flex Flow that names it.
func (f *fixture) bot(t *testing.T, change func(*flex.FlowPatch)) (*flex.Flow, *studio.Flow) {
	t.Helper()
	f.provision(t)
	bot := f.publish(t)
	return f.flow(t, func(p *flex.FlowPatch) {
		p.IntegrationType, p.FlowSID, p.JanitorEnabled, p.ContactIdentity = ptr("studio"), &bot.SID, ptr(true), ptr("shop")
		if change != nil {
			change(p)
		}
	}), bot
}

// publish makes a Studio flow of the definition.
func (f *fixture) publish(t *testing.T) *studio.Flow {
	t.Helper()
	definition := f.definition()
	v, err := f.studio.CreateFlow(t.Context(), f.account, studio.FlowPatch{FriendlyName: ptr("Bot"), Definition: &definition, Status: studio.StatusPublished})
	if err != nil {
		t.Fatalf("%v %v", err, core.AsError(err).Details)
	}
	return v.Flow
}

// transcript is what was said in a channel, as "who: what".
func (f *fixture) transcript(t *testing.T, sid string) (lines []string) {
	t.Helper()
	list, err := f.chat.ListMessages(t.Context(), f.api(), sid, chat.Page{Size: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Items {
		lines = append(lines, m.Author+": "+m.Body)
	}
	return lines
}

func (f *fixture) wantTranscript(t *testing.T, sid string, want ...string) {
	t.Helper()
	if got := f.transcript(t, sid); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("transcript:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (f *fixture) hooks(t *testing.T, sid string) (types []string) {
	t.Helper()
	list, err := f.chat.ListWebhooks(t.Context(), f.service, sid, chat.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list.Items {
		types = append(types, w.Type)
	}
	return types
}

// A bot greets, asks, branches and hands over; then it is silent, and while people have the chat in hand it does not begin anew.
func TestStudioHandsOver(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow, bot := f.bot(t, nil)
		c := f.open(t, flow, "anna", nil)
		if got := fmt.Sprint(f.hooks(t, c.SID)); got != "[studio]" {
			t.Fatalf("webhooks %s", got)
		}
		f.write(t, c.SID, "anna", "hi")
		f.settle(t)
		f.wantTranscript(t, c.SID, "anna: hi", "Bot: Hello Anna, sales or help?")
		f.write(t, c.SID, "anna", " Sales ")
		f.settle(t)
		f.wantTranscript(t, c.SID, "anna: hi", "Bot: Hello Anna, sales or help?", "anna:  Sales ", "Bot: A colleague is coming.")
		sid := f.taskOf(t, c.SID)
		if sid == "" || f.attribute(t, c.SID, "taskSid") != sid {
			t.Fatalf("task %q, the attribute says %v", sid, f.attribute(t, c.SID, "taskSid"))
		}
		attributes := f.task(t, sid).Attributes
		for _, part := range []string{`"channelSid":"` + c.SID + `"`, `"topic":" Sales "`, `"name":"Anna"`, `"channelType":"custom"`} {
			if !strings.Contains(attributes, part) {
				t.Errorf("the task has no %s: %s", part, attributes)
			}
		}
		if got := f.hooks(t, c.SID); len(got) != 0 {
			t.Errorf("webhooks after the hand-over: %v", got)
		}
		if _, err := f.chat.CreateWebhook(t.Context(), f.service, c.SID, chat.NewWebhook{Type: chat.HookStudio, FlowSID: bot.SID}); err != nil {
			t.Fatal(err) // by hand
		}
		f.write(t, c.SID, "anna", "are you there?")
		f.settle(t)
		if n := f.count(t, "studio_execution"); n != 1 {
			t.Errorf("%d executions while a task is open", n)
		}
		f.cancel(t, sid)
		f.settle(t)
		if got := f.hooks(t, c.SID); f.attribute(t, c.SID, "status") != "INACTIVE" || len(got) != 0 {
			t.Errorf("after the end: %v, webhooks %v", f.attribute(t, c.SID, "status"), got)
		}
	})
}

// A channel that outlives its tasks has its bot again after each.
func TestStudioComesBack(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow, _ := f.bot(t, func(p *flex.FlowPatch) { p.LongLived = ptr(true) })
		c := f.open(t, flow, "anna", nil)
		for round := range int64(2) {
			f.write(t, c.SID, "anna", "hi")
			f.settle(t)
			f.write(t, c.SID, "anna", "sales")
			f.settle(t)
			if got := f.hooks(t, c.SID); len(got) != 0 || f.count(t, "studio_execution") != round+1 || f.count(t, "tr_task") != round+1 {
				t.Fatalf("round %d: webhooks %v", round, got)
			}
			f.cancel(t, f.taskOf(t, c.SID))
			f.settle(t)
			if got := fmt.Sprint(f.hooks(t, c.SID)); got != "[studio]" {
				t.Fatalf("round %d: webhooks %s", round, got)
			}
		}
	})
}

// A flow is deleted, and the Flex Flow names another: chats that the old one answered go on with the new one, in their order.
func TestStudioHeir(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow, old := f.bot(t, nil)
		c := f.open(t, flow, "anna", nil)
		f.write(t, c.SID, "anna", "hi")
		f.settle(t)
		if err := f.studio.DeleteFlow(t.Context(), f.account, old.SID); err != nil {
			t.Fatal(err)
		}
		f.write(t, c.SID, "anna", "anybody?")
		f.settle(t)
		f.wantTranscript(t, c.SID, "anna: hi", "Bot: Hello Anna, sales or help?", "anna: anybody?") // the Flex Flow names the deleted one still
		if _, err := f.flex.UpdateFlow(t.Context(), f.account, flow.SID, flex.FlowPatch{FlowSID: &f.publish(t).SID}); err != nil {
			t.Fatal(err)
		}
		f.write(t, c.SID, "anna", "hello?")
		f.write(t, c.SID, "anna", "sales")
		f.settle(t)
		f.wantTranscript(t, c.SID, "anna: hi", "Bot: Hello Anna, sales or help?", "anna: anybody?", "anna: hello?", "anna: sales",
			"Bot: Hello Anna, sales or help?", "Bot: A colleague is coming.")
		if f.taskOf(t, c.SID) == "" {
			t.Error("the heir handed nothing over")
		}
	})
}

// A hand-over that cannot be takes its branch; what was written for it is not there.
func TestStudioHandOverFails(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow, _ := f.bot(t, nil)
		c := f.open(t, flow, "anna", nil)
		f.write(t, c.SID, "anna", "hi")
		f.settle(t)
		if err := f.tr.DeleteWorkspace(t.Context(), f.account, f.space.WorkspaceSID); err != nil {
			t.Fatal(err)
		}
		f.write(t, c.SID, "anna", "sales")
		f.settle(t)
		f.wantTranscript(t, c.SID, "anna: hi", "Bot: Hello Anna, sales or help?", "anna: sales", "Bot: Please come back later.")
		if n := f.count(t, "studio_warning WHERE code = 81015"); n != 1 {
			t.Errorf("%d warnings 81015", n)
		}
		if got := fmt.Sprint(f.hooks(t, c.SID)); got != "[studio]" {
			t.Errorf("webhooks %s", got)
		}
	})
}

// Agents, flows, and requests without the webhook header never reach a flow.
func TestStudioHearsCustomersOnly(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow, _ := f.bot(t, nil)
		c := f.open(t, flow, "anna", nil)
		if err := f.enter(t, c.SID, "agent", "agent", nil); err != nil {
			t.Fatal(err)
		}
		f.write(t, c.SID, "agent", "hello from me")
		body := "quiet"
		if _, err := f.chat.SendMessage(t.Context(), f.api(), c.SID, chat.NewMessage{From: "anna", Body: &body}); err != nil {
			t.Fatal(err)
		}
		f.settle(t)
		if n := f.count(t, "studio_execution"); n != 0 {
			t.Fatalf("%d executions", n)
		}
		asked := f.api()
		asked.Webhooks = true
		if _, err := f.chat.SendMessage(t.Context(), asked, c.SID, chat.NewMessage{From: "anna", Body: &body}); err != nil {
			t.Fatal(err)
		}
		f.settle(t)
		if n := f.count(t, "studio_execution"); n != 1 {
			t.Fatalf("%d executions", n)
		}
	})
}

// A request begins a flow in a chat channel, and hears there from then on.
func TestStudioByRequest(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, bot := f.bot(t, nil)
		plain := f.flow(t, func(p *flex.FlowPatch) { p.ChannelType, p.ContactIdentity = ptr("web"), ptr("other") })
		c := f.open(t, plain, "anna", nil)
		e, err := f.studio.CreateExecution(t.Context(), f.account, bot.SID, studio.NewExecution{To: c.SID, From: "shop"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.studio.CreateExecution(t.Context(), f.account, bot.SID, studio.NewExecution{To: c.SID, From: "shop"})
		if got := core.AsError(err); got.Code != core.CodeConflict || got.Details["conflicting_execution_sid"] != f.studio.ExecutionSID(e.ID) {
			t.Errorf("a second one: %v %v", err, got.Details)
		}
		f.write(t, c.SID, "anna", "no")
		f.settle(t)
		f.wantTranscript(t, c.SID, "Bot: Hello , sales or help?", "anna: no", "Bot: Goodbye.")
		// Who is outside of the chat is reached in the channel that is open for the address, and heard there.
		d := f.open(t, plain, "+491", func(n *flex.NewChannel) { n.Target = "+491234" })
		if e, err = f.studio.CreateExecution(t.Context(), f.account, bot.SID, studio.NewExecution{To: "+491234", From: "other"}); err != nil || e.Contact != d.SID || e.Address != "+491234" {
			t.Fatalf("%+v, %v", e, err)
		}
		f.write(t, d.SID, "+491", "no")
		f.settle(t)
		f.wantTranscript(t, d.SID, "Bot: Hello , sales or help?", "+491: no", "Bot: Goodbye.")
		for _, n := range []studio.NewExecution{{To: "+491234", From: "nobody's"}, {To: "+499", From: "other"}} {
			if e, err = f.studio.CreateExecution(t.Context(), f.account, bot.SID, n); err != nil || e.Contact != n.To {
				t.Errorf("%+v, %v", e, err)
			}
		}
		_, err = f.studio.CreateExecution(t.Context(), f.account, bot.SID, studio.NewExecution{To: core.NewSID("CH"), From: "shop"})
		wantCode(t, err, core.CodeTaskRouterInvalid)
	})
}

func TestStudioFlexFlows(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow, bot := f.bot(t, nil)
		if flow.Integration != `{"flow_sid":"`+bot.SID+`","retry_count":3}` {
			t.Errorf("integration %s", flow.Integration)
		}
		other := core.NewSID("FW")
		for name, p := range map[string]flex.FlowPatch{
			"unknown flow": {FlowSID: &other}, "no flow": {FlowSID: ptr("")}, "no SID": {FlowSID: ptr("FWx")}, "retries": {RetryCount: ptr(int64(4))},
		} {
			if _, err := f.flex.UpdateFlow(t.Context(), f.account, flow.SID, p); !core.HasCode(err, core.CodeFlexFlowFailed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A flow that is gone hears nothing, and the chat goes on without it.
		c := f.open(t, flow, "anna", nil)
		f.write(t, c.SID, "anna", "hi")
		f.settle(t)
		if err := f.studio.DeleteFlow(t.Context(), f.account, bot.SID); err != nil {
			t.Fatal(err)
		}
		f.write(t, c.SID, "anna", "sales")
		f.settle(t)
		f.wantTranscript(t, c.SID, "anna: hi", "Bot: Hello Anna, sales or help?", "anna: sales")
		if d := f.open(t, flow, "bernd", nil); len(f.hooks(t, d.SID)) != 0 {
			t.Error("a webhook for a flow that is gone")
		}
		for _, table := range []string{"studio_execution", "studio_step", "studio_revision"} {
			if n := f.count(t, table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}
