package taskrouter

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// taken is a task that the first agent has accepted, and her reservation.
func (s *scene) taken() (*TaskView, string) {
	s.Helper()
	t := s.create(NewTask{Attributes: `{"channelSid":"CH1"}`})
	sid := s.offer(t, s.agents[0])
	s.must(s.answer(t, sid, ReservationAccepted))
	return t, sid
}

func (s *scene) transfer(n NewTransfer) (*TransferView, error) {
	return s.tr.StartTransfer(s.Context(), s.account, s.ws, s.agents[0].SID, n)
}

// handOn starts a transfer that must begin.
func (s *scene) handOn(n NewTransfer) *TransferView {
	s.Helper()
	v, err := s.transfer(n)
	s.must(err)
	return v
}

func (s *scene) cancelTransfer(v *TransferView) (*TransferView, error) {
	return s.tr.CancelTransfer(s.Context(), s.account, s.ws, s.agents[0].SID, s.tr.TransferSID(v.ID))
}

func TestTransferToWorker(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann, bob := s.agents[0], s.agents[1]
		for mode, then := range map[string]string{TransferCold: "ann completed", TransferWarm: "ann accepted"} {
			task, sid := s.taken()
			priority := int64(50)
			tf := s.handOn(NewTransfer{ReservationSID: sid, TaskSID: s.tr.TaskSID(task.ID), To: bob.SID, Mode: mode, Attributes: `{"why":"bill"}`, Priority: &priority})
			if tf.Type != TransferToWorker || tf.Status != TransferInitiated || tf.WorkerSID != ann.SID || tf.Mode != mode {
				s.Errorf("transfer %+v", tf)
			}
			s.stands(task, TaskReserved, "ann accepted", "bob pending")
			s.happened(task, "task.transfer-initiated", "reservation.created")
			during := s.fetch(task)
			if during.TransferID == 0 || during.RoutingTarget != bob.SID || during.Priority != 50 || during.Attributes != `{"channelSid":"CH1","why":"bill"}` || during.ExpiresAt() != 0 || during.DueAt != 0 {
				s.Errorf("during the transfer %+v", during.Task)
			}
			offered := s.held(task, bob)
			if offered.Incoming == nil || offered.IncomingWorkerSID != ann.SID || s.held(task, ann).Outgoing == nil {
				s.Error("the reservations do not show the transfer")
			}
			s.must(s.answer(task, offered.SID(), ReservationAccepted))
			s.stands(task, TaskAssigned, then, "bob accepted")
			after := s.fetch(task)
			if after.TransferID != 0 || after.RoutingTarget != "" || after.DueAt == 0 {
				s.Errorf("after the transfer %+v", after.Task)
			}
			if mode == TransferCold {
				s.happened(task, "reservation.accepted", "task.transfer-completed", "reservation.completed")
			} else {
				s.happened(task, "reservation.accepted", "task.transfer-completed")
				s.must(s.answer(task, sid, ReservationWrapping))
				s.stands(task, TaskAssigned, "ann wrapping", "bob accepted") // it is bob's
				s.must(s.answer(task, sid, ReservationCompleted))
				s.stands(task, TaskAssigned, "ann completed", "bob accepted")
			}
			s.must(s.answer(task, offered.SID(), ReservationCompleted))
			s.stands(task, TaskCompleted, "ann completed", "bob completed")
			_, err := s.cancelTransfer(tf)
			s.refused(err, 20001, "Transfer "+s.tr.TransferSID(tf.ID)+" is already complete . Cannot cancel transfer.")
		}
	})
}

// The worker who began a transfer has the task still, or again, whatever becomes of it.
func TestTransferThatFails(t *testing.T) {
	eachScene(t, func(s *scene) {
		bob := s.agents[1]
		for name, c := range map[string]struct {
			end           func(task *TaskView, sid string, tf *TransferView)
			status, event string
			bob           string
			failed        string
		}{
			"rejected": {func(task *TaskView, sid string, _ *TransferView) { s.must(s.answer(task, sid, ReservationRejected)) },
				TransferFailed, "task.transfer-failed", "bob rejected", "rejected"},
			"timed out": {func(task *TaskView, sid string, _ *TransferView) { s.close(task, sid, ReservationTimeout) },
				TransferFailed, "task.transfer-failed", "bob timeout", "timeout"},
			"canceled": {func(_ *TaskView, _ string, tf *TransferView) {
				v, err := s.cancelTransfer(tf)
				if err != nil || v.Status != TransferCanceled {
					s.Errorf("canceled: %v %+v", err, v)
				}
			}, TransferCanceled, "task.transfer-canceled", "bob canceled", ""},
			"ended by the system": {func(task *TaskView, _ string, _ *TransferView) {
				s.must(s.tr.update(s.Context(), s.account, s.ws, func(u *unit) error {
					row, err := u.lockTaskByID(task.ID)
					if err != nil {
						return err
					}
					return u.cancelTask(row, "Task TTL Exceeded")
				}))
			}, TransferFailed, "task.transfer-failed", "bob canceled", "Task TTL Exceeded"},
		} {
			task, sid := s.taken()
			before := s.fetch(task)
			tf := s.handOn(NewTransfer{ReservationSID: sid, To: bob.SID, Mode: TransferCold})
			s.told(s.agents[0])
			c.end(task, s.held(task, bob).SID(), tf)
			s.stands(task, TaskAssigned, "ann accepted", c.bob)
			after := s.fetch(task)
			if after.RoutingTarget != "" || after.TransferID != 0 || after.Priority != before.Priority || after.QueueID != before.QueueID || after.DueAt == 0 {
				s.Errorf("%s: the task is %+v", name, after.Task)
			}
			s.happened(task, c.event)
			if got := s.told(s.agents[0]); !slices.Equal(got, []string{c.event}) {
				s.Errorf("%s: ann was told %q", name, got)
			}
			var status, reason string
			s.must(s.tr.view(s.Context(), s.account, s.ws, func(v *view) error {
				return v.r.One(`SELECT status, failed_reason FROM tr_transfer WHERE id = $1`, []any{tf.ID}, &status, &reason)
			}))
			if status != c.status || !strings.Contains(reason, c.failed) {
				s.Errorf("%s: the transfer is %s because %q", name, status, reason)
			}
			s.must(s.answer(task, sid, ReservationCompleted))
			s.stands(task, TaskCompleted, "ann completed", c.bob)
		}
	})
}

func TestTransferToQueue(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann, bob, cy := s.agents[0], s.agents[1], s.agents[2]
		task, sid := s.taken()
		s.now.Add(60e6)
		tf := s.handOn(NewTransfer{ReservationSID: sid, To: s.es.SID, Mode: "cold"})
		if tf.Type != TransferToQueue || tf.QueueID != s.everyone.ID {
			s.Errorf("transfer %+v", tf.Transfer)
		}
		s.stands(task, TaskReserved, "ann accepted")
		s.happened(task, "task.transfer-initiated", "task-queue.moved", "task-queue.entered")
		if got := s.fetch(task); got.QueueID != s.es.ID || got.RoutingTarget != s.es.SID || got.QueueEnteredAt != s.now.Load() || got.StepBase != s.now.Load() {
			s.Errorf("in the queue %+v", got.Task)
		}
		if s.tryOffer(task, ann) {
			s.Error("the task was offered to the one who hands it on")
		}
		b := s.offer(task, bob)
		s.must(s.answer(task, b, ReservationRejected))
		s.stands(task, TaskReserved, "ann accepted", "bob rejected")
		s.happened(task, "reservation.rejected", "task.transfer-attempt-failed")
		s.now.Add(5e6)
		c := s.offer(task, cy)
		s.must(s.answer(task, c, ReservationAccepted))
		s.stands(task, TaskAssigned, "ann completed", "bob rejected", "cy accepted")
		var wait, inQueue int64
		s.must(s.tr.view(s.Context(), s.account, s.ws, func(v *view) error {
			return v.r.One(`SELECT wait, wait_in_queue FROM tr_event WHERE task_id = $1 AND type = 'reservation.accepted' ORDER BY id DESC`, []any{task.ID}, &wait, &inQueue)
		}))
		if wait != 5e6 || inQueue != 5e6 {
			s.Errorf("waited %d and %d µs", wait, inQueue)
		}
		if got := s.fetch(task); got.QueueID != s.es.ID {
			s.Error("the task left the queue that it was given to")
		}

		other := s.create(NewTask{})
		sid = s.offer(other, ann)
		s.must(s.answer(other, sid, ReservationAccepted))
		tf = s.handOn(NewTransfer{ReservationSID: sid, To: s.es.SID})
		if _, err := s.cancelTransfer(tf); err != nil {
			s.Error(err)
		}
		if got := s.fetch(other); got.QueueID != s.everyone.ID || got.Status != TaskAssigned {
			s.Errorf("after the cancellation %+v", got.Task)
		}
		tf = s.handOn(NewTransfer{ReservationSID: sid, To: s.flow.SID, Attributes: `{"language":"es"}`})
		if got := s.fetch(other); got.QueueID != s.es.ID || got.Priority != 7 || got.StepFilter != 0 || !got.StepFresh || tf.Type != TransferToQueue {
			s.Errorf("handed to a workflow %+v", got.Task)
		}
		s.must(s.tr.DeleteTask(s.Context(), s.account, s.ws, s.tr.TaskSID(other.ID), ""))
		s.happened(other, "task.transfer-canceled", "task.deleted", "reservation.completed")
		s.counted()
	})
}

func TestTransferRefused(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann, bob, cy := s.agents[0], s.agents[1], s.agents[2]
		task, sid := s.taken()
		busy := s.create(NewTask{})
		s.offer(busy, cy)
		narrow := s.workflow(`{"task_routing":{"filters":[]}}`, "")
		zeros := strings.Repeat("0", 32)
		high := int64(1 << 31)
		before := s.fetch(task)
		for name, c := range map[string]struct {
			n    NewTransfer
			code int
			text string
		}{
			"to oneself":          {NewTransfer{To: ann.SID}, 20001, "another worker"},
			"to somebody busy":    {NewTransfer{To: cy.SID}, 20001, "no capacity"},
			"to nobody":           {NewTransfer{To: "WK" + zeros}, 20001, "not a worker"},
			"to no queue":         {NewTransfer{To: "WQ" + zeros}, 20001, "not a task queue"},
			"to no workflow":      {NewTransfer{To: "WW" + zeros}, 20001, "not a workflow"},
			"to nothing":          {NewTransfer{}, 20001, "To must be"},
			"where nothing takes": {NewTransfer{To: narrow.SID}, 20001, "No filter"},
			"lukewarm":            {NewTransfer{To: bob.SID, Mode: "TEPID"}, 20001, "Mode"},
			"attributes":          {NewTransfer{To: bob.SID, Attributes: "[]"}, 20001, "Attributes"},
			"long attributes":     {NewTransfer{To: bob.SID, Attributes: `{"a":"` + strings.Repeat("x", 4090) + `"}`}, 20001, "Attributes"},
			"priority":            {NewTransfer{To: bob.SID, Priority: &high}, 20001, "Priority"},
			"another task":        {NewTransfer{To: bob.SID, TaskSID: s.tr.TaskSID(busy.ID)}, 20001, "TaskSid"},
			"unknown":             {NewTransfer{To: bob.SID, ReservationSID: "WR" + zeros}, 20404, "Reservation"},
			"of somebody else":    {NewTransfer{To: bob.SID, ReservationSID: s.held(busy, cy).SID()}, 20404, "Reservation"},
		} {
			if c.n.ReservationSID == "" {
				c.n.ReservationSID = sid
			}
			_, err := s.transfer(c.n)
			s.refused(err, c.code, c.text)
			if s.fetch(task).Task != before.Task {
				s.Errorf("%s: the task was changed", name)
			}
		}
		s.stands(task, TaskAssigned, "ann accepted")

		tf := s.handOn(NewTransfer{ReservationSID: sid, To: bob.SID})
		_, err := s.transfer(NewTransfer{ReservationSID: sid, To: s.es.SID})
		s.refused(err, 40151, "already")
		s.refused(s.answer(task, sid, ReservationCompleted), 40151, "being transferred")
		s.refused(s.answer(task, sid, ReservationWrapping), 40151, "being transferred")
		s.refused(s.set(task, TaskCanceled), 20001, "being transferred")
		s.refused(s.set(task, TaskCompleted), 20001, "not currently assigned")
		call := "call"
		_, err = s.tr.UpdateReservation(s.Context(), s.account, s.ws, ReservationRef{WorkerSID: bob.SID, SID: s.held(task, bob).SID()}, ReservationPatch{Instruction: &call}, "")
		s.refused(err, 40151, "transferred")
		_, err = s.tr.CancelTransfer(s.Context(), s.account, s.ws, bob.SID, s.tr.TransferSID(tf.ID))
		s.refused(err, 20404, "Transfer")
		_, err = s.tr.CancelTransfer(s.Context(), s.account, s.ws, ann.SID, "TT"+zeros)
		s.refused(err, 20404, "Transfer")
		s.stands(task, TaskReserved, "ann accepted", "bob pending")
	})
}

// A task that is handed to a queue finds another worker there, not the one who hands it on, free as that one is.
func TestTransferIsMatched(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann, bob := s.agents[0], s.agents[1]
		s.roomy(ann, 5)
		s.roomy(s.agents[2], 0)
		task, sid := s.taken()
		s.handOn(NewTransfer{ReservationSID: sid, To: s.es.SID})
		d := NewDispatcher(s.tr, DispatcherOptions{Sole: true})
		s.must(d.Start(s.Context()))
		s.until(func() bool { return s.fetch(task).Attempts == 1 && len(s.open(task)) == 2 })
		s.stands(task, TaskReserved, "ann accepted", "bob pending")
		s.must(s.answer(task, s.held(task, bob).SID(), ReservationRejected))
		s.until(func() bool { return len(s.open(task)) == 2 })
		s.stands(task, TaskReserved, "ann accepted", "bob rejected", "bob pending")
		s.must(s.answer(task, s.held(task, bob).SID(), ReservationAccepted))
		s.must(d.Stop(s.Context()))
		s.stands(task, TaskAssigned, "ann accepted", "bob rejected", "bob accepted")
	})
}

// Whatever many do at once, nobody loses a task that is handed on, and the counters are right at the end.
func TestTransfersUnderLoad(t *testing.T) {
	eachScene(t, func(s *scene) {
		for _, w := range s.agents {
			s.roomy(w, 6)
		}
		var list []*TaskView
		for range 8 {
			list = append(list, s.create(NewTask{}))
		}
		var all sync.WaitGroup
		for n := range 30 {
			all.Go(func() {
				random := rand.New(rand.NewPCG(2, uint64(n)))
				for range 15 {
					s.permitted(s.meddle(random, list[random.IntN(len(list))]))
				}
			})
		}
		all.Wait()
		s.counted()
		for _, task := range list {
			status, transfer, accepted, pending := s.fetch(task), s.fetch(task).TransferID, 0, 0
			for _, r := range s.open(task) {
				switch {
				case r.Status == ReservationPending:
					pending++
				case r.Status == ReservationAccepted:
					accepted++
				}
				if transfer != 0 && r.Outgoing != nil && r.Status != ReservationAccepted {
					s.Errorf("who hands the task on has it %s", r.Status)
				}
			}
			if status.Status == TaskAssigned && (accepted == 0 || pending > 0 || transfer != 0) || status.Status == TaskReserved && (transfer == 0) != (accepted == 0) ||
				status.Status == TaskPending && accepted+pending > 0 || status.Ended() && accepted+pending > 0 {
				s.Errorf("a task is %s in transfer %d with %d accepted and %d pending reservations", status.Status, transfer, accepted, pending)
			}
		}
	})
}

// meddle does one thing to a task that somebody might do.
func (s *scene) meddle(random *rand.Rand, task *TaskView) error {
	w := s.agents[random.IntN(len(s.agents))]
	open, err := s.tr.ListReservations(s.Context(), s.account, s.ws, ReservationFilter{TaskSID: s.tr.TaskSID(task.ID), Active: true}, "", 10)
	if err != nil || len(open) == 0 || random.IntN(4) == 0 {
		if err == nil {
			_, err = s.tryOfferAtOnce(task, w)
		}
		return err
	}
	r := open[random.IntN(len(open))]
	sid := s.tr.ReservationSID(r.ID)
	switch {
	case r.Status == ReservationPending:
		return s.answer(task, sid, []string{ReservationAccepted, ReservationAccepted, ReservationRejected}[random.IntN(3)])
	case r.Outgoing != nil:
		_, err = s.tr.CancelTransfer(s.Context(), s.account, s.ws, r.WorkerSID, s.tr.TransferSID(r.Outgoing.ID))
	case random.IntN(12) == 0:
		return s.answer(task, sid, []string{ReservationWrapping, ReservationCompleted}[random.IntN(2)])
	default:
		to := []string{w.SID, s.es.SID, s.flow.SID}[random.IntN(3)]
		_, err = s.tr.StartTransfer(s.Context(), s.account, s.ws, r.WorkerSID, NewTransfer{ReservationSID: sid, To: to, Mode: []string{TransferCold, TransferWarm}[random.IntN(2)]})
	}
	return err
}
