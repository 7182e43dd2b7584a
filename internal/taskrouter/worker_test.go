package taskrouter

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"parley/internal/core"
	"parley/internal/store"
)

func (s *scene) newWorker(n NewWorker) *WorkerView {
	s.Helper()
	w, err := s.tr.CreateWorker(s.Context(), s.account, s.ws, n)
	s.must(err)
	return w
}

func (s *scene) changeWorker(w *WorkerView, p WorkerPatch) (*WorkerView, error) {
	return s.tr.UpdateWorker(s.Context(), s.account, s.ws, w.SID, p, "")
}

func (s *scene) activitySID(name string) string {
	s.Helper()
	space, err := s.tr.Space(s.Context(), s.account, s.ws)
	s.must(err)
	return find(space.Activities, func(a *Activity) bool { return a.FriendlyName == name }).SID
}

// move brings a worker into an activity.
func (s *scene) move(w *WorkerView, activity string) {
	s.Helper()
	sid := s.activitySID(activity)
	_, err := s.changeWorker(w, WorkerPatch{ActivitySID: &sid})
	s.must(err)
}

// lastEvent is the data of the newest event of a type.
func (s *scene) lastEvent(kind string) (e *Event, data map[string]string) {
	s.Helper()
	s.must(s.st.View(s.Context(), func(r *store.Reader) (err error) {
		e, err = events.One(r, `WHERE type = $1 ORDER BY at DESC, id DESC`, kind)
		return err
	}))
	s.must(json.Unmarshal([]byte(e.Data), &data))
	return e, data
}

func TestWorkerCreation(t *testing.T) {
	eachScene(t, func(s *scene) {
		dora := s.newWorker(NewWorker{FriendlyName: "Dora"})
		a := dora.Space.Activity(dora.ActivityID)
		if a.FriendlyName != "Offline" || dora.Version != 0 || dora.Attributes != "{}" || dora.StatusChangedAt != s.now.Load() {
			t.Errorf("a new worker is %+v in %s", dora.Worker, a.FriendlyName)
		}
		if got := s.told(dora); !slices.Equal(got, []string{"worker.created"}) {
			t.Errorf("told %q", got)
		}
		_, err := s.tr.CreateTaskChannel(s.Context(), s.account, s.ws, NewTaskChannel{FriendlyName: "Fax", UniqueName: "fax"})
		s.must(err)
		var names []string
		channels, err := s.tr.ListWorkerChannels(s.Context(), s.account, s.ws, dora.SID, "", 100)
		s.must(err)
		for _, c := range channels {
			names = append(names, c.Space.Channel(c.TaskChannelID).UniqueName)
			if c.Capacity != 1 || !c.Available || c.Percentage() != 100 {
				t.Errorf("a new channel is %+v", c.WorkerChannel)
			}
		}
		if want := []string{"default", "voice", "video", "sms", "chat", "fax"}; !slices.Equal(names, want) {
			t.Errorf("channels %q, want %q", names, want)
		}
		for _, bad := range []struct {
			n    NewWorker
			text string
		}{
			{NewWorker{}, "FriendlyName"},
			{NewWorker{FriendlyName: strings.Repeat("é", 65)}, "FriendlyName"},
			{NewWorker{FriendlyName: "dORA"}, "same friendly name"},
			{NewWorker{FriendlyName: "x", ActivitySID: s.everyone.SID}, "ActivitySid"},
			{NewWorker{FriendlyName: "x", Attributes: "[1]"}, "Attributes"},
			{NewWorker{FriendlyName: "x", Attributes: "null"}, "Attributes"},
			{NewWorker{FriendlyName: "x", Attributes: "{"}, "Attributes"},
			{NewWorker{FriendlyName: "x", Attributes: `{"a":"` + strings.Repeat("é", 4096) + `"}`}, "Attributes"},
		} {
			_, err := s.tr.CreateWorker(s.Context(), s.account, s.ws, bad.n)
			s.refused(err, core.CodeTaskRouterInvalid, bad.text)
		}
		s.newWorker(NewWorker{FriendlyName: strings.Repeat("é", 64), Attributes: `{"a":"` + strings.Repeat("é", 4088) + `"}`})
		other, err := s.tr.CreateWorkspace(s.Context(), s.account, NewWorkspace{FriendlyName: "other"})
		s.must(err)
		_, err = s.tr.CreateWorker(s.Context(), s.account, other.Workspace.SID, NewWorker{FriendlyName: "Dora"})
		s.must(err)
	})
}

func TestTooManyWorkers(t *testing.T) {
	eachScene(t, func(s *scene) {
		space, err := s.tr.Space(s.Context(), s.account, s.ws)
		s.must(err)
		s.must(s.st.Update(s.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
				INSERT INTO tr_worker (id, sid, workspace_id, friendly_name, name_key, activity_id, attributes, version, status_changed_at, created_at, updated_at)
				SELECT -i, 'WK' || i, $2, 'w' || i, 'w' || i, $3, '{}', 0, 0, 0, 0 FROM n`,
				int64(maxWorkers-len(s.agents)-1), space.Workspace.ID, space.Activities[0].ID)
			return err
		}))
		s.newWorker(NewWorker{FriendlyName: "last"})
		_, err = s.tr.CreateWorker(s.Context(), s.account, s.ws, NewWorker{FriendlyName: "one more"})
		s.refused(err, core.CodeTooManyWorkers, "15000")
	})
}

func TestWorkerUpdate(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann := s.agents[0]
		s.told(ann)
		update := func(p WorkerPatch, version int64, told ...string) *WorkerView {
			t.Helper()
			w, err := s.changeWorker(ann, p)
			s.must(err)
			if got := s.told(ann); w.Version != version || !slices.Equal(got, told) {
				t.Errorf("version %d, told %q; want %d, %q", w.Version, got, version, told)
			}
			return w
		}
		s.now.Add((26*time.Second + 123*time.Millisecond).Microseconds())
		away, text, name := s.activitySID("Unavailable"), `{"language":"es"}`, "Ann"
		w := update(WorkerPatch{ActivitySID: &away}, 1, "worker.activity.update")
		if w.StatusChangedAt != s.now.Load() {
			t.Error("the time of the change is not kept")
		}
		e, data := s.lastEvent("worker.activity.update")
		for key, want := range map[string]string{
			"worker_activity_name": "Unavailable", "worker_activity_sid": away, "worker_previous_activity_name": "Available",
			"worker_time_in_previous_activity": "26", "worker_time_in_previous_activity_ms": "26123", "worker_version": "1", "workspace_name": "test",
		} {
			if data[key] != want {
				t.Errorf("%s is %q, want %q", key, data[key], want)
			}
		}
		if e.WorkerID != ann.ID || e.ActivityID != w.ActivityID || e.ResourceSID != ann.SID {
			t.Errorf("the event is of %+v", e)
		}
		s.now.Add(time.Minute.Microseconds())
		changed := w.StatusChangedAt
		if w = update(WorkerPatch{ActivitySID: &away}, 1); w.StatusChangedAt != changed {
			t.Error("the same activity is no change")
		}
		update(WorkerPatch{Attributes: &text}, 2, "worker.attributes.update")
		update(WorkerPatch{Attributes: &text, FriendlyName: &name}, 3, "worker.attributes.update")
		update(WorkerPatch{}, 3)
		if w = update(WorkerPatch{FriendlyName: &name}, 3); w.FriendlyName != "Ann" || w.Attributes != text {
			t.Errorf("the worker is %+v", w.Worker)
		}
		bob := "BOB"
		_, err := s.changeWorker(ann, WorkerPatch{FriendlyName: &bob})
		s.refused(err, core.CodeTaskRouterInvalid, "same friendly name")
		for ifMatch, ok := range map[string]bool{"": true, "*": true, "3": true, `"3"`: true, `W/"3"`: true, "2": false, `"4"`: false, "x": false} {
			if _, err := s.tr.UpdateWorker(s.Context(), s.account, s.ws, ann.SID, WorkerPatch{}, ifMatch); core.HasCode(err, core.CodePreconditionFailed) == ok {
				t.Errorf("If-Match %q: %v", ifMatch, err)
			}
		}
		_, err = s.tr.UpdateWorker(s.Context(), s.account, s.ws, core.NewSID("WK"), WorkerPatch{}, "")
		s.refused(err, core.CodeNotFound, "Worker")
	})
}

func TestRejectPending(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann, yes := s.agents[0], true
		s.roomy(ann, 3)
		first, second, third := s.create(NewTask{}), s.create(NewTask{}), s.create(NewTask{})
		s.must(s.answer(third, s.offer(third, ann), ReservationAccepted))
		s.offer(first, ann)
		s.offer(first, s.agents[1])
		s.offer(second, ann)
		available, away := s.activitySID("Available"), s.activitySID("Unavailable")
		for _, sid := range []*string{nil, &available} {
			_, err := s.changeWorker(ann, WorkerPatch{ActivitySID: sid, RejectPending: &yes})
			s.refused(err, core.CodeTaskRouterInvalid, "RejectPendingReservations")
		}
		s.move(ann, "Unavailable")
		s.stands(second, TaskReserved, "ann pending")
		s.told(ann)
		_, err := s.changeWorker(ann, WorkerPatch{ActivitySID: &away, RejectPending: &yes})
		s.must(err)
		s.stands(first, TaskReserved, "ann rejected", "bob pending")
		s.stands(second, TaskPending, "ann rejected")
		s.stands(third, TaskAssigned, "ann accepted")
		if got := s.told(ann); !slices.Equal(got, []string{"reservation.rejected", "reservation.rejected"}) {
			t.Errorf("told %q", got)
		}
	})
}

func TestWorkerDeletion(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann := s.agents[0]
		remove := func(ifMatch string) error { return s.tr.DeleteWorker(s.Context(), s.account, s.ws, ann.SID, ifMatch) }
		s.refused(remove(""), core.CodeTaskRouterInvalid, "available")
		task := s.create(NewTask{})
		sid := s.offer(task, ann)
		s.move(ann, "Offline")
		s.refused(remove(""), core.CodeTaskRouterInvalid, "1 open reservations")
		s.must(s.answer(task, sid, ReservationRejected))
		s.refused(remove("0"), core.CodePreconditionFailed, "version 1")
		s.told(ann)
		s.must(remove("1"))
		if got := s.told(ann); !slices.Equal(got, []string{"worker.deleted"}) {
			t.Errorf("told %q", got)
		}
		s.refused(remove(""), core.CodeNotFound, "Worker")
		s.must(s.st.View(s.Context(), func(r *store.Reader) error {
			for _, sql := range []string{`SELECT id FROM tr_worker_channel WHERE worker_id = $1`, `SELECT feed FROM tr_worker_seq WHERE worker_id = $1`} {
				var v int64
				if err := r.One(sql, []any{ann.ID}, &v); !errors.Is(err, store.ErrNoRow) {
					t.Errorf("%s: %v", sql, err)
				}
			}
			return nil
		}))
		s.newWorker(NewWorker{FriendlyName: "ANN"})
	})
}

func TestWorkerChannels(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann := s.agents[0]
		s.offer(s.create(NewTask{}), ann)
		s.told(ann)
		set := func(ref string, capacity *int64, available *bool) (*WorkerChannelView, error) {
			return s.tr.UpdateWorkerChannel(s.Context(), s.account, s.ws, ann.SID, ref, capacity, available)
		}
		three, zero, less, no := int64(3), int64(0), int64(-1), false
		c, err := set("default", &three, nil)
		s.must(err)
		if c.Percentage() != 66 || c.Held != 1 || c.Capacity != 3 {
			t.Errorf("one of three is held: %+v", c.WorkerChannel)
		}
		_, data := s.lastEvent("worker.capacity.update")
		for key, want := range map[string]string{
			"worker_channel_available_capacity": "66", "worker_channel_previous_capacity": "0", "worker_channel_task_count": "1",
			"task_channel_unique_name": "default", "worker_sid": ann.SID,
		} {
			if data[key] != want {
				t.Errorf("%s is %q, want %q", key, data[key], want)
			}
		}
		for _, ref := range []string{s.tr.WorkerChannelSID(c.ID), c.Space.Channel(c.TaskChannelID).SID} {
			if same, err := s.tr.FetchWorkerChannel(s.Context(), s.account, s.ws, ann.SID, ref); err != nil || same.ID != c.ID {
				t.Errorf("%s: %v", ref, err)
			}
		}
		if c, err = set("default", &zero, &no); err != nil || c.Percentage() != 0 || c.Available {
			t.Errorf("nothing new is taken: %+v, %v", c, err)
		}
		_, err = set("default", &zero, &no)
		s.must(err)
		if got, want := s.told(ann), []string{"worker.capacity.update", "worker.capacity.update", "worker.channel.availability.update"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		if s.tryOffer(s.create(NewTask{}), ann) {
			t.Error("a channel without capacity was offered work")
		}
		_, err = set("default", &less, nil)
		s.refused(err, core.CodeTaskRouterInvalid, "Capacity")
		for _, ref := range []string{"fax", s.everyone.SID, "", s.tr.TaskSID(c.ID)} {
			_, err = set(ref, &three, nil)
			s.refused(err, core.CodeNotFound, "WorkerChannel")
		}
		bobs, err := s.tr.FetchWorkerChannel(s.Context(), s.account, s.ws, s.agents[1].SID, "default")
		s.must(err)
		_, err = set(s.tr.WorkerChannelSID(bobs.ID), &three, nil)
		s.refused(err, core.CodeNotFound, "WorkerChannel")
	})
}

func TestWorkerList(t *testing.T) {
	eachScene(t, func(s *scene) {
		s.now.Add(1e6)
		s.newWorker(NewWorker{FriendlyName: "Dora", Attributes: `{"language":"es","level":3}`})
		s.now.Add(1e6)
		s.newWorker(NewWorker{FriendlyName: "Abe", Attributes: `{"language":"en","level":7,"channel":"mail"}`})
		s.now.Add(1e6)
		s.move(s.agents[1], "Unavailable")
		two := int64(2)
		_, err := s.tr.UpdateWorkerChannel(s.Context(), s.account, s.ws, s.agents[2].SID, "chat", &two, nil)
		s.must(err)
		q, err := s.tr.CreateTaskQueue(s.Context(), s.account, s.ws, NewTaskQueue{FriendlyName: "Skilled", TargetWorkers: text("level > 2")})
		s.must(err)
		yes, no := true, false
		for _, c := range []struct {
			f    WorkerFilter
			want string
		}{
			{WorkerFilter{}, "ann bob cy Dora Abe"},
			{WorkerFilter{FriendlyName: "DORA"}, "Dora"},
			{WorkerFilter{FriendlyName: "nobody"}, ""},
			{WorkerFilter{Available: &yes}, "ann cy"},
			{WorkerFilter{Available: &no}, "bob Dora Abe"},
			{WorkerFilter{ActivityName: "Unavailable"}, "bob"},
			{WorkerFilter{ActivitySID: s.activitySID("Offline")}, "Dora Abe"},
			{WorkerFilter{ActivitySID: s.activitySID("Offline"), Available: &yes}, ""},
			{WorkerFilter{ActivityName: "Lunch"}, ""},
			{WorkerFilter{TaskQueueSID: q.SID}, "Dora Abe"},
			{WorkerFilter{TaskQueueName: "Skilled"}, "Dora Abe"},
			{WorkerFilter{TaskQueueName: "Spanish", TaskQueueSID: q.SID}, ""},
			{WorkerFilter{TaskQueueSID: q.SID, Expression: "language == 'es'"}, "Dora"},
			{WorkerFilter{Expression: "friendly_name IN ['ann', 'Abe'] OR activity_name == 'Unavailable'"}, "ann bob Abe"},
			{WorkerFilter{Expression: "worker.level == 7 OR sid == '" + s.agents[0].SID + "'"}, "ann Abe"},
			{WorkerFilter{Expression: "activity_sid == '" + s.activitySID("Offline") + "'"}, "Dora Abe"},
			{WorkerFilter{Expression: "channel.chat.configured_capacity == 2"}, "cy"},
			{WorkerFilter{Expression: "worker.channel.chat.configured_capacity > 0 AND worker.channel.chat.assigned_tasks == 0", Available: &yes}, "ann cy"},
			{WorkerFilter{Expression: "channel.fax.configured_capacity > 0"}, ""},
			{WorkerFilter{Expression: "channel == 'mail' AND worker.channel == 'mail'"}, "Abe"}, // an attribute of that name, as in the matcher
			{WorkerFilter{Ordering: "FriendlyName"}, "Abe ann bob cy Dora"},
			{WorkerFilter{Ordering: "friendlyname:DESC", Available: &no}, "Dora bob Abe"},
			{WorkerFilter{Ordering: "DateStatusChanged:desc"}, "bob Abe Dora cy ann"},
			{WorkerFilter{Ordering: "DateCreated:desc", Expression: "1==1"}, "Abe Dora cy bob ann"},
		} {
			for size := 1; size < 7; size += 2 {
				if got := strings.Join(s.workerPages(c.f, size), " "); got != c.want {
					t.Errorf("%+v by %d: %q, want %q", c.f, size, got, c.want)
				}
			}
		}
		for _, c := range []struct {
			f     WorkerFilter
			after string
			text  string
		}{
			{WorkerFilter{Expression: "skill-level > 3"}, "", "TargetWorkersExpression"},
			{WorkerFilter{Ordering: "Age"}, "", "Ordering"},
			{WorkerFilter{Ordering: "DateCreated:up"}, "", "Ordering"},
			{WorkerFilter{}, core.NewSID("WK"), "PageToken"},
		} {
			_, err := s.tr.ListWorkers(s.Context(), s.account, s.ws, c.f, c.after, 50)
			s.refused(err, core.CodeTaskRouterInvalid, c.text)
		}
	})
}

// workerPages follows a list and returns names.
func (s *scene) workerPages(f WorkerFilter, size int) (names []string) {
	s.Helper()
	for after := ""; ; {
		list, err := s.tr.ListWorkers(s.Context(), s.account, s.ws, f, after, size)
		s.must(err)
		for _, w := range list {
			names, after = append(names, w.FriendlyName), w.SID
		}
		if len(list) < size {
			return names
		}
	}
}

// A filter that reads attributes goes through more workers than are read at once.
func TestManyWorkersByExpression(t *testing.T) {
	eachScene(t, func(s *scene) {
		const many = workerBatch + 100
		s.must(s.tr.update(s.Context(), s.account, s.ws, func(u *unit) error {
			for i := range many {
				if _, err := u.createWorker(NewWorker{FriendlyName: "w" + strconv.Itoa(i), Attributes: `{"n":` + strconv.Itoa(i) + `}`}); err != nil {
					return err
				}
			}
			return nil
		}))
		got := s.workerPages(WorkerFilter{Expression: "n >= 900 AND channel.chat.configured_capacity == 1", Ordering: "DateCreated"}, 50)
		if len(got) != many-900 || got[0] != "w900" || got[len(got)-1] != "w"+strconv.Itoa(many-1) {
			t.Errorf("%d workers: %q", len(got), got)
		}
	})
}

// Whoever is made while a task channel is made has a channel of it.
func TestWorkersAndChannelsAtOnce(t *testing.T) {
	eachScene(t, func(s *scene) {
		const each = 8
		var all sync.WaitGroup
		for i := range each {
			n := strconv.Itoa(i)
			all.Go(func() {
				_, err := s.tr.CreateWorker(s.Context(), s.account, s.ws, NewWorker{FriendlyName: "w" + n})
				if err != nil {
					t.Error(err)
				}
			})
			all.Go(func() {
				_, err := s.tr.CreateTaskChannel(s.Context(), s.account, s.ws, NewTaskChannel{FriendlyName: n, UniqueName: "c" + n})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		s.must(s.st.View(s.Context(), func(r *store.Reader) error {
			return r.Query(`SELECT w.friendly_name, COUNT(c.id) FROM tr_worker w LEFT JOIN tr_worker_channel c ON c.worker_id = w.id GROUP BY w.friendly_name`, nil,
				func(scan func(...any) error) error {
					var name string
					var count int64
					err := scan(&name, &count)
					if err == nil && count != 5+each {
						t.Errorf("%s has %d channels, want %d", name, count, 5+each)
					}
					return err
				})
		}))
	})
}

// A worker who leaves and gives back what it is offered, while it is offered more and answers, keeps its counters right.
func TestRejectPendingAtOnce(t *testing.T) {
	eachScene(t, func(s *scene) {
		ann, yes := s.agents[0], true
		s.roomy(ann, 5)
		available, away := s.activitySID("Available"), s.activitySID("Unavailable")
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				for range 15 {
					task := s.create(NewTask{})
					if s.tryOffer(task, ann) && s.held(task, ann).Status == ReservationPending {
						if err := s.answer(task, s.held(task, ann).SID(), ReservationAccepted); err != nil && !core.HasCode(err, core.CodeTaskRouterInvalid) {
							t.Error(err)
						}
						if err := s.set(task, TaskCompleted); err != nil && !core.HasCode(err, core.CodeTaskRouterInvalid) {
							t.Error(err)
						}
					}
				}
			})
		}
		all.Go(func() {
			for range 15 {
				for _, p := range []WorkerPatch{{ActivitySID: &away, RejectPending: &yes}, {ActivitySID: &available}} {
					if _, err := s.changeWorker(ann, p); err != nil {
						t.Error(err)
					}
				}
			}
		})
		all.Wait()
		s.counted()
	})
}

func text(s string) *string { return &s }
