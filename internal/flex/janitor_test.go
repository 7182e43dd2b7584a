package flex_test

import (
	"sync"
	"testing"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/taskrouter"
)

// However a task ends, the channel is closed, whoever listens is told, and its agents leave.
func TestTheEndOfATask(t *testing.T) {
	for name, tt := range map[string]struct {
		end     func(t *testing.T, f *fixture, task string)
		members string
	}{
		"canceled": {func(t *testing.T, f *fixture, task string) { f.cancel(t, task) }, "anna"},
		"wrapup": {func(t *testing.T, f *fixture, task string) {
			f.assign(t, task, "accepted")
			f.setTask(t, task, taskrouter.TaskPatch{AssignmentStatus: ptr("wrapping")})
		}, "anna ann sue"},
		"completed": {func(t *testing.T, f *fixture, task string) {
			f.assign(t, task, "accepted")
			f.setTask(t, task, taskrouter.TaskPatch{AssignmentStatus: ptr("wrapping")})
			f.setTask(t, task, taskrouter.TaskPatch{AssignmentStatus: ptr("completed"), Reason: ptr("resolved")})
		}, "anna"},
		"deleted": {func(t *testing.T, f *fixture, task string) {
			if err := f.tr.DeleteTask(t.Context(), f.account, f.space.WorkspaceSID, task, ""); err != nil {
				t.Fatal(err)
			}
		}, "anna"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				flow := f.taskFlow(t, nil)
				c := f.open(t, flow, "anna", nil)
				if _, err := f.chat.CreateWebhook(t.Context(), f.service, c.SID, chat.NewWebhook{Type: chat.HookWebhook, URL: "https://app.example.org/", Filters: []string{"onChannelUpdated"}}); err != nil {
					t.Fatal(err)
				}
				for who, role := range map[string]string{"ann": "agent"} {
					if err := f.enter(t, c.SID, role, who, nil); err != nil {
						t.Fatal(err)
					}
				}
				if err := f.enter(t, c.SID, "supervisor", "sue", nil); err != nil {
					t.Fatal(err)
				}
				tt.end(t, f, f.taskOf(t, c.SID))
				f.settle(t)
				if got := f.attribute(t, c.SID, "status"); got != "INACTIVE" || f.attribute(t, c.SID, "from") != "Anna" {
					t.Errorf("status %v", got)
				}
				if got := f.members(t, c.SID); got != tt.members {
					t.Errorf("members %q, want %q", got, tt.members)
				}
				if calls := f.outbox.told(t); len(calls) != 1 || calls[0].Params["EventType"] != "onChannelUpdated" {
					t.Errorf("told %+v", calls)
				}
				if next := f.open(t, flow, "anna", nil); next.SID == c.SID {
					t.Error("the channel that ended was given again")
				}
			})
		})
	}
}

func TestTheJanitorLeavesAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		flow   func(*flex.FlowPatch)
		before func(t *testing.T, f *fixture, c *flex.Channel, task string)
	}{
		"where it is not wanted": {flow: func(p *flex.FlowPatch) { p.JanitorEnabled = ptr(false) }},
		"long-lived channels":    {flow: func(p *flex.FlowPatch) { p.LongLived = ptr(true) }},
		"a channel that another task is about": {before: func(t *testing.T, f *fixture, c *flex.Channel, _ string) {
			_, err := f.tr.CreateTask(t.Context(), f.account, f.space.WorkspaceSID, taskrouter.NewTask{Attributes: `{"channelSid":"` + c.SID + `"}`, WorkflowSID: f.space.WorkflowSID})
			if err != nil {
				t.Fatal(err)
			}
		}},
		"a task that is about no channel any more": {before: func(t *testing.T, f *fixture, _ *flex.Channel, task string) {
			f.setTask(t, task, taskrouter.TaskPatch{Attributes: ptr(`{"name":"handed on"}`)})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				c := f.open(t, f.taskFlow(t, tt.flow), "anna", nil)
				task := f.taskOf(t, c.SID)
				if tt.before != nil {
					tt.before(t, f, c, task)
				}
				f.cancel(t, task)
				f.settle(t)
				if got := f.attribute(t, c.SID, "status"); got != "ACTIVE" {
					t.Errorf("status %v", got)
				}
			})
		})
	}
}

// The tasks of another account say nothing about a channel.
func TestForeignTasksMoveNothing(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.open(t, f.taskFlow(t, nil), "anna", nil)
		mine, own := f.account, f.space
		f.account = core.NewSID("AC")
		f.newAccount(t)
		f.provision(t)
		for _, cancel := range []bool{true, false} {
			v, err := f.tr.CreateTask(t.Context(), f.account, f.space.WorkspaceSID, taskrouter.NewTask{Attributes: `{"channelSid":"` + c.SID + `"}`, WorkflowSID: f.space.WorkflowSID})
			if err != nil {
				t.Fatal(err)
			}
			if cancel {
				f.cancel(t, f.tr.TaskSID(v.ID))
			}
		}
		f.account, f.space = mine, own
		f.settle(t)
		if got := f.attribute(t, c.SID, "status"); got != "ACTIVE" {
			t.Errorf("a foreign task's end made it %v", got)
		}
		f.cancel(t, f.taskOf(t, c.SID))
		f.settle(t)
		if got := f.attribute(t, c.SID, "status"); got != "INACTIVE" {
			t.Errorf("a foreign task kept it %v", got)
		}
	})
}

// Between the end of a task and the janitor's work a new request gets a channel of its own.
func TestEndedChannelsAreNotGivenAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		flow := f.taskFlow(t, nil)
		c := f.open(t, flow, "anna", nil)
		f.cancel(t, f.taskOf(t, c.SID))
		if next := f.open(t, flow, "anna", nil); next.SID == c.SID || f.taskOf(t, next.SID) == "" {
			t.Errorf("got %+v", next)
		}
	})
}

// Removing a task long after its end moves nothing that came to life again.
func TestRemovalAfterTheEnd(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.open(t, f.taskFlow(t, nil), "anna", nil)
		task := f.taskOf(t, c.SID)
		f.cancel(t, task)
		f.settle(t)
		if _, err := f.chat.UpdateChannel(t.Context(), f.api(), c.SID, chat.ChannelPatch{Attributes: ptr(`{"status":"ACTIVE"}`)}); err != nil {
			t.Fatal(err)
		}
		if err := f.tr.DeleteTask(t.Context(), f.account, f.space.WorkspaceSID, task, ""); err != nil {
			t.Fatal(err)
		}
		f.settle(t)
		if got := f.attribute(t, c.SID, "status"); got != "ACTIVE" || f.count(t, "flex_task") != 0 {
			t.Errorf("status %v, %d rows left", got, f.count(t, "flex_task"))
		}
	})
}

// Tasks that go with their workspace end like others.
func TestRemovalOfTheWorkspace(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.open(t, f.taskFlow(t, nil), "anna", nil)
		if err := f.tr.DeleteWorkspace(t.Context(), f.account, f.space.WorkspaceSID); err != nil {
			t.Fatal(err)
		}
		f.settle(t)
		if got := f.attribute(t, c.SID, "status"); got != "INACTIVE" || f.count(t, "flex_task") != 0 {
			t.Errorf("status %v, %d rows left", got, f.count(t, "flex_task"))
		}
	})
}

func TestLongLivedChannels(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.open(t, f.taskFlow(t, nil), "anna", func(n *flex.NewChannel) { n.LongLived = ptr(true) })
		first := f.taskOf(t, c.SID)
		// The message is on its way while its task ends: somebody new must hear it.
		f.write(t, c.SID, "anna", "one more thing")
		f.cancel(t, first)
		f.settle(t)
		second := f.taskOf(t, c.SID)
		if second == first || f.task(t, second).Status != "pending" {
			t.Fatalf("the message fell between two tasks: %s, then %s", first, second)
		}
		if a := f.task(t, second).Attributes; a != f.task(t, first).Attributes {
			t.Errorf("attributes %s", a)
		}
		f.write(t, c.SID, "anna", "hello?")
		f.settle(t)
		if got := f.taskOf(t, c.SID); got != second {
			t.Errorf("a message to an open task made %s", got)
		}
		// Agents leave with the task, the customer comes again later.
		if err := f.enter(t, c.SID, "agent", "ann", nil); err != nil {
			t.Fatal(err)
		}
		f.assign(t, second, "accepted")
		f.setTask(t, second, taskrouter.TaskPatch{AssignmentStatus: ptr("completed")})
		f.settle(t)
		if got := f.members(t, c.SID); got != "anna" || f.attribute(t, c.SID, "status") != "ACTIVE" {
			t.Errorf("members %q", got)
		}
		f.write(t, c.SID, "anna", "me again")
		f.settle(t)
		third := f.taskOf(t, c.SID)
		if third == second {
			t.Fatal("no task for who came again")
		}
		// For the customer a conversation is over when it is wrapped up. Its completion leaves the next one's agents where they are.
		f.assign(t, third, "accepted")
		f.setTask(t, third, taskrouter.TaskPatch{AssignmentStatus: ptr("wrapping")})
		f.write(t, c.SID, "anna", "and another thing")
		f.settle(t)
		if fourth := f.taskOf(t, c.SID); fourth == third {
			t.Error("no task for who wrote during the wrap-up")
		}
		if err := f.enter(t, c.SID, "agent", "eve", nil); err != nil {
			t.Fatal(err)
		}
		f.setTask(t, third, taskrouter.TaskPatch{AssignmentStatus: ptr("completed")})
		f.settle(t)
		if got := f.members(t, c.SID); got != "anna eve" {
			t.Errorf("members %q", got)
		}
	})
}

// A channel that becomes long-lived while its task is open gets its handler at the task's end.
func TestLongLivedLater(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.open(t, f.taskFlow(t, nil), "anna", nil)
		first := f.taskOf(t, c.SID)
		if _, err := f.chat.UpdateChannel(t.Context(), f.api(), c.SID, chat.ChannelPatch{Attributes: ptr(`{"status":"ACTIVE","long_lived":true,"task_sid":"` + first + `"}`)}); err != nil {
			t.Fatal(err)
		}
		f.cancel(t, first)
		f.settle(t)
		f.write(t, c.SID, "anna", "me again")
		f.settle(t)
		if second := f.taskOf(t, c.SID); second == first {
			t.Error("no task for who came again")
		}
	})
}

// Messages and the ends of tasks, all at once: whenever a message follows an end, there is an open task afterwards, and never two.
func TestNoMessageFallsBetweenTasks(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.open(t, f.taskFlow(t, func(p *flex.FlowPatch) { p.LongLived = ptr(true) }), "anna", nil)
		f.settle(t)
		for range 10 {
			task := f.taskOf(t, c.SID)
			var both sync.WaitGroup
			both.Go(func() { f.write(t, c.SID, "anna", "during") })
			f.cancel(t, task)
			f.write(t, c.SID, "anna", "after")
			both.Wait()
			f.settle(t)
			next := f.taskOf(t, c.SID)
			if next == task || f.task(t, next).Status != "pending" {
				t.Fatal("a message fell between two tasks")
			}
		}
		if n := f.count(t, "tr_task"); n != 11 {
			t.Errorf("%d tasks, want 11", n)
		}
	})
}
