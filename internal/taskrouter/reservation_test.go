package taskrouter

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"parley/internal/core"
	"parley/internal/store"
)

// Every change of a reservation's status that a request can ask for.
func TestReservationTransitions(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann := s.agents[0]
		s.roomy(ann, 100)
		reach := func(status string) (*TaskView, string) {
			task := s.create(NewTask{})
			sid := s.offer(task, ann)
			switch status {
			case ReservationPending:
			case ReservationAccepted, ReservationRejected:
				s.must(s.answer(task, sid, status))
			case ReservationWrapping, ReservationCompleted:
				s.must(s.answer(task, sid, ReservationAccepted))
				s.must(s.answer(task, sid, status))
			case ReservationCanceled:
				s.must(s.set(task, TaskCanceled))
			default:
				s.close(task, sid, status)
			}
			return task, sid
		}
		allowed := map[string]string{ReservationAccepted: "pending", ReservationRejected: "pending", ReservationWrapping: "accepted", ReservationCompleted: "accepted wrapping"}
		becomes := map[string]string{ReservationAccepted: TaskAssigned, ReservationRejected: TaskPending, ReservationWrapping: TaskWrapping, ReservationCompleted: TaskCompleted}
		for _, from := range []string{ReservationPending, ReservationAccepted, ReservationRejected, ReservationTimeout, ReservationCanceled, ReservationRescinded, ReservationWrapping, ReservationCompleted} {
			for _, to := range []string{ReservationAccepted, ReservationRejected, ReservationWrapping, ReservationCompleted, ReservationPending, ReservationTimeout, ""} {
				task, sid := reach(from)
				before := s.fetch(task)
				version := s.held(task, ann).Version
				err := s.answer(task, sid, to)
				switch {
				case strings.Contains(allowed[to], from) && allowed[to] != "":
					s.must(err)
					s.stands(task, becomes[to], "ann "+to)
					if v := s.held(task, ann).Version; v != version+1 {
						s.Errorf("%s to %s: version %d after %d", from, to, v, version)
					}
				case from == ReservationRescinded && to == ReservationAccepted:
					s.refused(err, 20410, "rescinded")
				case allowed[to] == "":
					s.refused(err, 20001, "ReservationStatus must be")
				default:
					s.refused(err, 20001, "it is "+from)
				}
				if err != nil && s.fetch(task).Task != before.Task {
					s.Errorf("%s to %s changed the task", from, to)
				}
			}
		}
	})
}

func TestOffer(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann, bob := s.agents[0], s.agents[1]
		first, second := s.create(NewTask{}), s.create(NewTask{})
		s.offer(first, ann)
		if s.tryOffer(first, ann) {
			s.Error("a task was offered to a worker twice")
		}
		if s.tryOffer(second, ann) {
			s.Error("ann was offered more than her capacity")
		}
		if s.fetch(second).Task != second.Task {
			s.Error("an offer in vain changed the task")
		}
		unavailable := false
		_, err := s.tr.UpdateWorkerChannel(s.Context(), s.account, s.ws, bob.SID, "default", nil, &unavailable)
		s.must(err)
		if s.tryOffer(second, bob) {
			s.Error("bob was offered work of a channel that is off")
		}
		s.must(s.st.Update(s.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE tr_worker_channel SET available = TRUE`)
			return err
		}))
		offline := find(bob.Space.Activities, func(a *Activity) bool { return !a.Available })
		_, err = s.tr.UpdateWorker(s.Context(), s.account, s.ws, bob.SID, WorkerPatch{ActivitySID: &offline.SID}, "")
		s.must(err)
		if s.tryOffer(second, bob) {
			s.Error("bob was offered work while he is away")
		}
		s.stands(second, TaskPending)
		s.must(s.tr.update(s.Context(), s.account, s.ws, func(u *unit) error {
			row, err := u.lockTaskByID(second.ID)
			if err != nil {
				return err
			}
			ok, err := u.offer(row, bob.ID, 60, 0, true)
			if !ok {
				s.Error("bob could not be offered a task that ignores capacity")
			}
			return err
		}))
		r := s.held(second, bob)
		if r.ExpiresAt != s.now.Load()+60e6 || r.Timeout != 60 || r.QueueID != s.everyone.ID || r.Task.Attempts != 1 || r.Task.StepFresh {
			s.Errorf("reservation %+v of %+v", r.Reservation, r.Task)
		}
		s.stands(second, TaskReserved, "bob pending")
	})
}

// A task that is offered to several goes to the first who accepts; when all decline it waits again.
func TestSeveralOffers(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann, bob, cy := s.agents[0], s.agents[1], s.agents[2]
		task := s.create(NewTask{})
		s.offer(task, cy)
		a, b := s.offer(task, ann), s.offer(task, bob)
		if got := s.fetch(task); got.Attempts != 1 || got.Version != 3 {
			s.Errorf("%d attempts, version %d", got.Attempts, got.Version)
		}
		s.close(task, s.held(task, cy).SID(), ReservationTimeout)
		s.stands(task, TaskReserved, "cy timeout", "ann pending", "bob pending")
		s.must(s.answer(task, b, ReservationAccepted))
		s.stands(task, TaskAssigned, "cy timeout", "ann rescinded", "bob accepted")
		s.refused(s.answer(task, a, ReservationAccepted), 20410, "another worker")
		s.happened(task, "reservation.accepted", "reservation.rescinded")

		again := s.create(NewTask{})
		a, c := s.offer(again, ann), s.offer(again, cy)
		s.must(s.answer(again, a, ReservationRejected))
		s.stands(again, TaskReserved, "ann rejected", "cy pending")
		s.must(s.answer(again, c, ReservationRejected))
		s.stands(again, TaskPending, "ann rejected", "cy rejected")
		s.offer(again, ann) // who rejected a task may be offered it again
		if got := s.fetch(again).Attempts; got != 2 {
			s.Errorf("%d attempts", got)
		}
	})
}

func TestReservationUpdate(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann := s.agents[0]
		task := s.create(NewTask{})
		sid := s.offer(task, ann)
		offline := find(ann.Space.Activities, func(a *Activity) bool { return !a.Available })
		text := func(v string) *string { return &v }
		update := func(ref ReservationRef, p ReservationPatch, ifMatch string) error {
			_, err := s.tr.UpdateReservation(s.Context(), s.account, s.ws, ref, p, ifMatch)
			return err
		}
		byWorker := ReservationRef{WorkerSID: ann.SID, SID: sid}
		for name, c := range map[string]struct {
			p    ReservationPatch
			code int
			text string
		}{
			"nothing":                {ReservationPatch{}, 20001, "required"},
			"two that differ":        {ReservationPatch{Status: text("rejected"), Instruction: text("accept")}, 20001, "contradicts"},
			"unknown activity":       {ReservationPatch{Status: text("rejected"), WorkerActivitySID: text("WA1")}, 20001, "ActivitySid"},
			"unknown instruction":    {ReservationPatch{Instruction: text("sing")}, 20001, "unknown"},
			"instruction dequeue":    {ReservationPatch{Instruction: text("dequeue")}, 40133, "no voice"},
			"instruction call":       {ReservationPatch{Instruction: text("call")}, 40113, "no voice"},
			"instruction redirect":   {ReservationPatch{Instruction: text("redirect")}, 40122, "no voice"},
			"instruction conference": {ReservationPatch{Instruction: text("conference")}, 40149, "no voice"},
			"instruction supervise":  {ReservationPatch{Instruction: text("supervise")}, 40146, "no voice"},
		} {
			if err := update(byWorker, c.p, ""); !core.HasCode(err, c.code) || !strings.Contains(err.Error(), c.text) {
				s.Errorf("%s: %v, want %d", name, err, c.code)
			}
		}
		s.refused(update(byWorker, ReservationPatch{Instruction: text("accept")}, "4"), 20412, "version 0")
		for _, ref := range []ReservationRef{
			{WorkerSID: s.agents[1].SID, SID: sid}, {TaskSID: s.tr.TaskSID(s.create(NewTask{}).ID), SID: sid}, {WorkerSID: ann.SID, SID: "WR" + strings.Repeat("0", 32)},
		} {
			s.refused(update(ref, ReservationPatch{Instruction: text("accept")}, ""), 20404, "Reservation")
		}
		s.stands(task, TaskReserved, "ann pending")
		s.must(update(byWorker, ReservationPatch{Instruction: text("reject"), WorkerActivitySID: &offline.SID}, `"0"`))
		s.stands(task, TaskPending, "ann rejected")
		if w, err := s.tr.FetchWorker(s.Context(), s.account, s.ws, ann.SID); err != nil || w.ActivityID != offline.ID {
			s.Errorf("ann is in activity %d: %v", w.ActivityID, err)
		}
		if list, err := s.tr.ListReservations(s.Context(), s.account, s.ws, ReservationFilter{WorkerSID: ann.SID, Active: true}, "", 10); err != nil || len(list) != 0 {
			s.Errorf("%d reservations are active: %v", len(list), err)
		}
	})
}

// Of two who accept at the same moment one wins, and the other learns that it is gone.
func TestAcceptedAtOnce(t *testing.T) {
	eachScene(t, func(s *scene) {
		for range 20 {
			task := s.create(NewTask{})
			sids := []string{s.offer(task, s.agents[0]), s.offer(task, s.agents[1])}
			errs := make([]error, 2)
			var all sync.WaitGroup
			for i, sid := range sids {
				all.Go(func() { errs[i] = s.answer(task, sid, ReservationAccepted) })
			}
			all.Wait()
			if errs[0] != nil {
				slices.Reverse(errs)
			}
			s.must(errs[0])
			s.refused(errs[1], 20410, "rescinded")
			s.must(s.set(task, TaskCompleted))
		}
		s.counted()
	})
}

// Whatever many do at once to tasks and reservations, the counters are right at the end, and no task has two winners.
func TestCapacityUnderLoad(t *testing.T) {
	eachScene(t, func(s *scene) {
		for _, w := range s.agents {
			s.roomy(w, 4)
		}
		var list []*TaskView
		for range 12 {
			list = append(list, s.create(NewTask{}))
		}
		statuses := []string{ReservationAccepted, ReservationRejected, ReservationWrapping, ReservationCompleted}
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				random := rand.New(rand.NewPCG(1, uint64(n)))
				for range 12 {
					task, w := list[random.IntN(len(list))], s.agents[random.IntN(len(s.agents))]
					if random.IntN(3) == 0 {
						_, err := s.tryOfferAtOnce(task, w)
						s.permitted(err)
						continue
					}
					open, err := s.tr.ListReservations(s.Context(), s.account, s.ws, ReservationFilter{WorkerSID: w.SID, Active: true}, "", 10)
					if err != nil || len(open) == 0 {
						s.permitted(err)
						continue
					}
					r := open[random.IntN(len(open))]
					if random.IntN(12) == 0 {
						s.permitted(s.set(&TaskView{Task: *r.Task}, []string{TaskCompleted, TaskWrapping, TaskCanceled}[random.IntN(3)]))
					} else {
						s.permitted(s.answer(&TaskView{Task: *r.Task}, s.tr.ReservationSID(r.ID), statuses[random.IntN(len(statuses))]))
					}
				}
			})
		}
		all.Wait()
		s.counted()
		for _, task := range list {
			open, err := s.tr.ListReservations(s.Context(), s.account, s.ws, ReservationFilter{TaskSID: s.tr.TaskSID(task.ID), Active: true}, "", 10)
			s.must(err)
			status, winners := s.fetch(task).Status, 0
			for _, r := range open {
				if r.Status != ReservationPending {
					winners++
				}
			}
			if winners > 1 || (winners == 1) != (status == TaskAssigned || status == TaskWrapping) || (status == TaskReserved) != (len(open) > winners) {
				s.Errorf("a task is %s with %d open reservations, %d of them accepted", status, len(open), winners)
			}
		}
		for _, w := range s.agents {
			c, err := s.tr.FetchWorkerChannel(s.Context(), s.account, s.ws, w.SID, "default")
			if err != nil || c.Held > c.Capacity {
				s.Errorf("%s holds %d of %d: %v", w.FriendlyName, c.Held, c.Capacity, err)
			}
		}
	})
}

// permitted wants no error but the documented ones of who came too late.
func (s *scene) permitted(err error) {
	s.Helper()
	for _, code := range []int{20001, 20404, 20410, 40151} {
		if err == nil || core.HasCode(err, code) {
			return
		}
	}
	s.Error(err)
}

func TestReservationList(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann, bob := s.agents[0], s.agents[1]
		s.roomy(ann, 10)
		task := s.create(NewTask{})
		var want []string
		for range 3 {
			sid := s.offer(task, ann)
			s.must(s.answer(task, sid, ReservationRejected))
			want = append(want, sid)
		}
		want = append(want, s.offer(task, ann))
		s.offer(s.create(NewTask{}), bob)
		list := func(f ReservationFilter, after string, limit int) (sids []string, err error) {
			page, err := s.tr.ListReservations(s.Context(), s.account, s.ws, f, after, limit)
			for _, r := range page {
				sids = append(sids, s.tr.ReservationSID(r.ID))
			}
			return sids, err
		}
		for name, f := range map[string]ReservationFilter{"of the task": {TaskSID: s.tr.TaskSID(task.ID)}, "of the worker": {WorkerSID: ann.SID}} {
			var got []string
			for after := ""; ; after = got[len(got)-1] {
				page, err := list(f, after, 1)
				s.must(err)
				if got = append(got, page...); len(page) == 0 {
					break
				}
			}
			if !slices.Equal(got, want) {
				s.Errorf("%s: %q, want %q", name, got, want)
			}
			f.Status = ReservationRejected
			if got, err := list(f, "", 10); err != nil || !slices.Equal(got, want[:3]) {
				s.Errorf("%s, rejected: %q, %v", name, got, err)
			}
			f.Status, f.Active = "", true
			if got, err := list(f, "", 10); err != nil || !slices.Equal(got, want[3:]) {
				s.Errorf("%s, active: %q, %v", name, got, err)
			}
		}
		for _, other := range []string{bob.SID, "WK" + strings.Repeat("0", 32)} {
			if got, err := list(ReservationFilter{TaskSID: s.tr.TaskSID(task.ID), WorkerSID: other}, "", 10); err != nil || len(got) != 0 {
				s.Errorf("of the task and somebody else: %q, %v", got, err)
			}
		}
		_, err := list(ReservationFilter{WorkerSID: "WK" + strings.Repeat("0", 32)}, "", 10)
		s.refused(err, 20404, "Worker")
		_, err = list(ReservationFilter{TaskSID: "x"}, "", 10)
		s.refused(err, 20404, "Task")
		_, err = list(ReservationFilter{WorkerSID: ann.SID}, "WR1", 10)
		s.refused(err, 20001, "PageToken")
	})
}
