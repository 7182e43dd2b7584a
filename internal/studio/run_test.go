package studio_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/studio"
)

const (
	anna  = "CH00000000000000000000000000000001"
	bernd = "CH00000000000000000000000000000002"
)

func TestConversation(t *testing.T) {
	each(t, nil, func(w *world) {
		f := w.flow(states("ask", ask("ask", "Who are you?", "60", "bye", "late"), say("bye", "Goodbye {{widgets.ask.inbound.Body}}", ""), say("late", "Too late", "")))
		w.start()
		w.write(f, anna, "hi")
		w.write(f, bernd, "hello")
		w.counting(2, "said")
		w.write(f, anna, "Anna")
		w.counting(3, "said")
		w.counting(1, "studio_execution WHERE NOT active")
		w.pass(59 * time.Second)
		w.counting(1, "studio_execution WHERE active")
		w.pass(time.Second)
		w.saying("Bot: Who are you?", "Bot: Who are you?", "Bot: Goodbye Anna", "Bot: Too late")
		w.counting(0, "studio_execution WHERE active")
		w.write(f, anna, "again") // one that has ended does not hear it; another one begins
		w.counting(3, "studio_execution")
		list, err := w.studio.ListExecutions(w.Context(), account, f.SID, studio.ExecutionFilter{}, "", 10)
		if err != nil || len(list) != 3 || list[0].InitiatedBy != "IM0" || list[0].Contact != anna || list[0].Widget != "ask" || list[0].Deadline == 0 || list[0].WaitingFor == "" {
			t.Errorf("executions %+v, %v", list, err)
		}
		w.figuring("three begun, two ended", func(s studio.Stats) bool { return s.Started == 3 && s.Ended == 2 && s.Steps > 0 })
	})
}

// A message while the flow cannot take one is dropped, with a warning (taskrouter-studio B.5); while people are at it no flow begins.
func TestMessagesNobodyWaitsFor(t *testing.T) {
	each(t, nil, func(w *world) {
		r := newReceiver(t)
		f := w.flow(states("call", get("call", r.URL, "bye", "bye"), say("bye", "Goodbye", "")))
		w.desk.busy[bernd] = true
		w.start()
		w.write(f, anna, "hi")
		release := r.hold(t)
		w.write(f, anna, "are you there?")
		w.counting(1, "studio_warning WHERE code = 81002")
		release(200, "application/json", `{}`)
		w.saying("Bot: Goodbye")
		w.write(f, bernd, "hi")
		w.counting(0, "job WHERE kind = 'studio.message'")
		w.counting(1, "studio_execution")
	})
}

// What the desk refuses is undone, and the flow takes its branch for it.
func TestRefusals(t *testing.T) {
	each(t, nil, func(w *world) {
		f := w.flow(states("one", say("one", "first", "two"), `{"name":"two","type":"send-message","properties":{"from":"Bot","body":"bad"},"transitions":[{"event":"sent","next":"four"},{"event":"failed","next":"three"}]}`,
			say("three", "third", "four"), say("four", "fourth", "")))
		w.desk.deny["bad"] = true
		w.start()
		w.write(f, anna, "hi")
		w.saying("Bot: first", "Bot: third", "Bot: fourth")
		if n := w.count("studio_warning WHERE code = 81011"); n != 1 {
			t.Errorf("%d warnings", n)
		}
		if n := w.count("studio_step"); n != 5 {
			t.Errorf("%d steps", n)
		}
	})
}

// A flow that says a lot is done by several transactions, one after another.
func TestLongFlows(t *testing.T) {
	each(t, nil, func(w *world) {
		var widgets, want []string
		for i := range 50 {
			next := fmt.Sprintf("s%d", i+1)
			if i == 49 {
				next = ""
			}
			widgets = append(widgets, say(fmt.Sprintf("s%d", i), fmt.Sprint(i), next))
			want = append(want, fmt.Sprintf("Bot: %d", i))
		}
		f := w.flow(states("s0", widgets...))
		w.write(f, anna, "hi")
		w.start()
		w.saying(want...)
		w.counting(1, "studio_execution WHERE NOT active")
		w.counting(51, "studio_step")
	})
}

// A loop ends by itself.
func TestLoops(t *testing.T) {
	each(t, func(o *studio.Options) { o.Limits.MaxSteps = 30 }, func(w *world) {
		f := w.flow(states("a", say("a", "a", "b"), say("b", "b", "a")))
		w.start()
		w.write(f, anna, "hi")
		w.counting(1, "studio_execution WHERE NOT active")
		if n := w.count("studio_warning WHERE code = 81000"); n != 1 {
			t.Errorf("%d warnings", n)
		}
	})
}

// A flow that computes for long lets others run in between, and still comes to its end.
func TestPauses(t *testing.T) {
	each(t, nil, func(w *world) {
		count := func(name, next string) string {
			return fmt.Sprintf(`{"name":%q,"type":"set-variables","properties":{"variables":[{"key":"n","value":"{{flow.variables.n | plus: 1}}"}]},"transitions":[{"event":"next","next":%q}]}`, name, next)
		}
		f := w.flow(states("a", count("a", "b"), count("b", "a")))
		if err := w.studio.Receive(t.Context(), studio.Inbound{AccountSID: account, FlowSID: f.SID, Params: map[string]string{"From": "anna", "Body": "hi"}}); err != nil {
			t.Fatal(err)
		}
		if n := w.count("studio_execution WHERE active AND steps BETWEEN 199 AND 201"); n != 1 {
			t.Errorf("%d executions pause", n)
		}
		w.start()
		w.counting(1, "studio_execution WHERE NOT active")
		w.counting(1000, "studio_step")
		if n := w.count("studio_warning WHERE code = 81000"); n != 1 {
			t.Errorf("%d warnings", n)
		}
	})
}

// Any number of requests for a contact give one execution.
func TestOneForEachContact(t *testing.T) {
	each(t, nil, func(w *world) {
		f := w.flow(states("ask", ask("ask", "Yes?", "60", "", "")))
		var made, refused int
		var mu sync.Mutex
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				_, err := w.studio.CreateExecution(t.Context(), account, f.SID, studio.NewExecution{To: "+491", From: "+492"})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case core.HasCode(err, core.CodeConflict):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		group.Wait()
		if made != 1 || refused != 7 || w.count("said") != 1 {
			t.Errorf("%d made, %d refused, said %v", made, refused, w.said())
		}
		e, err := w.studio.EnsureExecution(t.Context(), account, f.SID, studio.NewExecution{To: "+491", From: "+492"})
		if err != nil || w.count("studio_execution") != 1 {
			t.Fatal(err)
		}
		sid := w.studio.ExecutionSID(e.ID)
		for range 2 {
			if e, err = w.studio.EndExecution(t.Context(), account, f.SID, sid); err != nil || e.Active {
				t.Errorf("ended: %+v, %v", e, err)
			}
		}
	})
}

// Test users get the newest draft, everybody else what was published; an execution keeps what it began with.
func TestRevisions(t *testing.T) {
	each(t, nil, func(w *world) {
		f := w.flow(states("ask", ask("ask", "first", "60", "bye", ""), say("bye", "first bye", "")))
		draft, published := states("ask", ask("ask", "draft", "60", "", "")), states("ask", ask("ask", "second", "60", "bye", ""), say("bye", "second bye", ""))
		if _, err := w.studio.SetTestUsers(t.Context(), account, f.SID, []string{bernd, bernd, ""}); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.write(f, anna, "hi")
		w.saying("Bot: first")
		for _, p := range []studio.FlowPatch{{Definition: &published, Status: studio.StatusPublished}, {Definition: &draft, Status: studio.StatusDraft}} {
			if _, err := w.studio.UpdateFlow(t.Context(), account, f.SID, p); err != nil {
				t.Fatal(err)
			}
		}
		w.write(f, bernd, "hi")
		w.saying("Bot: first", "Bot: draft")
		w.write(f, anna, "on")
		w.saying("Bot: first", "Bot: draft", "Bot: first bye")
		w.write(f, anna, "hi")
		w.saying("Bot: first", "Bot: draft", "Bot: first bye", "Bot: second")
	})
}

// An execution runs its subflows as they were when it began.
func TestSubflows(t *testing.T) {
	each(t, nil, func(w *world) {
		sub := w.flow(states("ask", ask("ask", "sub", "60", "bye", ""), say("bye", "sub {{trigger.parent.parameters.who}}", "")))
		f := w.flow(states("run", fmt.Sprintf(`{"name":"run","type":"run-subflow","properties":{"flow_sid":%q,"flow_revision":"LatestPublished","parameters":[{"key":"who","value":"{{contact.channel.address}}"}]},"transitions":[{"event":"completed","next":"end"},{"event":"failed","next":"fail"}]}`, sub.SID),
			say("end", "end", ""), say("fail", "fail", "")))
		w.start()
		w.write(f, anna, "hi")
		w.saying("Bot: sub")
		changed := states("ask", ask("ask", "other", "60", "", ""))
		if _, err := w.studio.UpdateFlow(t.Context(), account, sub.SID, studio.FlowPatch{Definition: &changed, Status: studio.StatusPublished}); err != nil {
			t.Fatal(err)
		}
		w.write(f, anna, "on")
		w.saying("Bot: sub", "Bot: sub anna", "Bot: end")
		if err := w.studio.DeleteFlow(t.Context(), account, sub.SID); err != nil {
			t.Fatal(err)
		}
		w.write(f, bernd, "hi")
		w.saying("Bot: sub", "Bot: sub anna", "Bot: end", "Bot: fail")
	})
}

// What is too old ends; what ended too long ago goes.
func TestSweep(t *testing.T) {
	each(t, func(o *studio.Options) { o.Keep, o.Limits.Lifetime = time.Hour, 24*time.Hour }, func(w *world) {
		f := w.flow(states("ask", ask("ask", "Yes?", "2592000", "", "")))
		if _, err := w.studio.CreateExecution(t.Context(), account, f.SID, studio.NewExecution{To: "a", From: "b"}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after      time.Duration
			active, of int64
		}{{23 * time.Hour, 1, 1}, {2 * time.Hour, 0, 1}, {59 * time.Minute, 0, 1}, {2 * time.Minute, 0, 0}} {
			w.pass(step.after)
			if err := w.studio.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if active, all := w.count("studio_execution WHERE active"), w.count("studio_execution"); active != step.active || all != step.of {
				t.Errorf("after %s: %d active of %d, want %d of %d", step.after, active, all, step.active, step.of)
			}
		}
		if n := w.count("studio_step") + w.count("studio_warning"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}

// A job whose work is committed, but which the node could not end, changes nothing when it comes again.
func TestJobsThatComeAgain(t *testing.T) {
	each(t, nil, func(w *world) {
		f := w.flow(states("ask", ask("ask", "Yes?", "60", "bye", "late"), say("bye", "bye", ""), say("late", "late", "")))
		e, err := w.studio.CreateExecution(t.Context(), account, f.SID, studio.NewExecution{To: anna, From: "b"})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 { // timers of the same wait, two of them late
			w.update(func(tx *store.Tx) error {
				return jobs.Enqueue(tx, jobs.Job{Kind: "studio.timer", Payload: fmt.Sprintf(`{"execution":%d,"effect":%d}`, e.ID, e.Effect)})
			})
		}
		w.start()
		w.saying("Bot: Yes?", "Bot: late")
		w.counting(1, "job") // the timer itself
		w.pass(time.Hour)
		w.counting(0, "job")
		if got := strings.Join(w.said(), " | "); got != "Bot: Yes? | Bot: late" {
			t.Errorf("said %s", got)
		}
	})
}

// An execution that the server cannot go on with ends, so that its contact can begin anew.
func TestBrokenExecutions(t *testing.T) {
	each(t, nil, func(w *world) {
		f := w.flow(states("ask", ask("ask", "Yes?", "60", "", "")))
		e, err := w.studio.CreateExecution(t.Context(), account, f.SID, studio.NewExecution{To: anna, From: "b"})
		if err != nil {
			t.Fatal(err)
		}
		w.update(func(tx *store.Tx) error {
			if _, err := tx.Exec(`UPDATE studio_execution SET state = '{' WHERE id = $1`, e.ID); err != nil {
				return err
			}
			_, err := tx.Exec(`UPDATE job SET failures = 19, run_at = 0`)
			return err
		})
		w.start()
		w.counting(1, "job WHERE state = 2")
		w.counting(0, "studio_execution WHERE active")
		if _, err := w.studio.CreateExecution(t.Context(), account, f.SID, studio.NewExecution{To: anna, From: "b"}); err != nil {
			t.Error(err)
		}
	})
}

func TestUnpublished(t *testing.T) {
	each(t, nil, func(w *world) {
		name, definition := "draft", states("a", say("a", "a", ""))
		v, err := w.studio.CreateFlow(t.Context(), account, studio.FlowPatch{FriendlyName: &name, Definition: &definition, Status: studio.StatusDraft})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.studio.CreateExecution(t.Context(), account, v.Flow.SID, studio.NewExecution{To: "a", From: "b"})
		if !core.HasCode(err, core.CodeTaskRouterInvalid) {
			t.Error(err)
		}
		w.start()
		w.write(v.Flow, anna, "hi")
		w.write(&studio.Flow{SID: core.NewSID("FW")}, anna, "hi")
		w.counting(0, "job")
		if n := w.count("studio_execution"); n != 0 {
			t.Errorf("%d executions", n)
		}
	})
}
