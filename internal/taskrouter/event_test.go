package taskrouter

import (
	"slices"
	"strconv"
	"testing"

	"parley/internal/core"
)

func TestEventList(t *testing.T) {
	eachDay(t, func(d *day) {
		all := d.eventPages(EventFilter{}, 50)
		if len(all) < 40 || !slices.IsSortedFunc(all, func(a, b *EventView) int { return int(b.At - a.At) }) {
			t.Fatalf("%d events, or they are not in order", len(all))
		}
		for _, size := range []int{1, 7, len(all)} {
			same := slices.EqualFunc(all, d.eventPages(EventFilter{}, size), func(a, b *EventView) bool { return a.ID == b.ID })
			if !same {
				t.Errorf("pages of %d differ from the whole", size)
			}
		}
		reservation := all[slices.IndexFunc(all, func(e *EventView) bool { return e.Type == "reservation.timeout" })]
		for _, c := range []struct {
			what  string
			f     EventFilter
			count int
			is    func(e *EventView) bool
		}{
			{"type", EventFilter{Type: "reservation.created"}, 5, func(e *EventView) bool { return e.Type == "reservation.created" }},
			{"task", EventFilter{TaskSID: d.tr.TaskSID(d.third.ID)}, 6, func(e *EventView) bool { return e.TaskID == d.third.ID }},
			{"task and type", EventFilter{TaskSID: d.tr.TaskSID(d.third.ID), Type: "task.canceled"}, 1, func(e *EventView) bool { return e.Wait == 5e6 }},
			{"reservation", EventFilter{ReservationSID: d.tr.ReservationSID(reservation.ReservationID)}, 2, func(e *EventView) bool { return e.ReservationID == reservation.ReservationID }},
			{"worker", EventFilter{WorkerSID: d.bob.SID}, 0, func(e *EventView) bool { return e.WorkerID == d.bob.ID }},
			{"deleted worker", EventFilter{WorkerSID: d.dora.SID}, 2, func(e *EventView) bool { return e.WorkerID == d.dora.ID }},
			{"queue", EventFilter{TaskQueueSID: d.es.SID}, 0, func(e *EventView) bool { return e.QueueID == d.es.ID }},
			{"unknown queue", EventFilter{TaskQueueSID: core.NewSID("WQ")}, 0, func(*EventView) bool { return false }},
			{"workflow", EventFilter{WorkflowSID: d.flow.SID}, 0, func(e *EventView) bool { return e.WorkflowID == d.flow.ID }},
			{"channel", EventFilter{TaskChannel: "default"}, 0, func(e *EventView) bool { return e.TaskChannelID == d.first.TaskChannelID }},
			{"unknown channel", EventFilter{TaskChannel: "fax"}, 0, func(*EventView) bool { return false }},
			{"itself", EventFilter{SID: d.tr.EventSID(reservation.ID)}, 1, func(e *EventView) bool { return e.ID == reservation.ID }},
			{"no task", EventFilter{TaskSID: d.tr.EventSID(reservation.ID)}, 0, func(*EventView) bool { return false }},
			{"a minute", EventFilter{Period: minutes(1)}, 0, func(e *EventView) bool { return e.At >= d.start+60e6 }},
			{"a period", EventFilter{Period: d.between(20, 40)}, 4, func(e *EventView) bool { return e.At >= d.start+20e6 && e.At <= d.start+40e6 }},
		} {
			var want []*EventView
			for _, e := range all {
				if c.is(e) {
					want = append(want, e)
				}
			}
			got := d.eventPages(c.f, 3)
			if !slices.EqualFunc(got, want, func(a, b *EventView) bool { return a.ID == b.ID }) || c.count > 0 && len(got) != c.count {
				t.Errorf("%s: %q, want %q", c.what, eventTypes(got), eventTypes(want))
			}
		}
		later, now := d.now.Load()+1, d.now.Load()
		_, err := d.tr.ListEvents(d.Context(), d.account, d.ws, EventFilter{Period: Period{Start: &later, End: &now}}, "", 50)
		d.refused(err, core.CodeTaskRouterInvalid, "StartDate")
		_, err = d.tr.ListEvents(d.Context(), d.account, d.ws, EventFilter{}, d.ann.SID, 50)
		d.refused(err, core.CodeTaskRouterInvalid, "PageToken")
		d.now.Add(20 * 60e6)
		if got := d.eventPages(EventFilter{}, 50); len(got) != 0 {
			t.Errorf("after 20 minutes there are %q", eventTypes(got))
		}
		e, err := d.tr.FetchEvent(d.Context(), d.account, d.ws, d.tr.EventSID(reservation.ID))
		d.must(err)
		if want := "Reservation " + d.tr.ReservationSID(reservation.ReservationID) + " timeout"; e.Description() != want {
			t.Errorf("it is described as %q, want %q", e.Description(), want)
		}
		_, err = d.tr.FetchEvent(d.Context(), d.account, d.ws, d.tr.TaskSID(reservation.ID))
		d.refused(err, core.CodeNotFound, "Event")
	})
}

func (d *day) eventPages(f EventFilter, size int) (all []*EventView) {
	d.Helper()
	for after := ""; ; {
		list, err := d.tr.ListEvents(d.Context(), d.account, d.ws, f, after, size)
		d.must(err)
		all = append(all, list...)
		if len(list) < size {
			return all
		}
		after = d.tr.EventSID(list[len(list)-1].ID)
	}
}

func eventTypes(list []*EventView) (types []string) {
	for _, e := range list {
		types = append(types, e.Type+" "+strconv.FormatInt(e.At/1e6%1000, 10))
	}
	return types
}
