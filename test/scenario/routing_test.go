package scenario

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// workspace is the path of the provisioned workspace.
func (cl *cluster) workspace() string {
	return "/taskrouter/v1/Workspaces/" + cl.creds["workspace_sid"]
}

// activity returns the SID of an activity by name.
func (cl *cluster) activity(t *testing.T, name string) string {
	t.Helper()
	list := cl.rest(t, 0, "GET", cl.workspace()+"/Activities?FriendlyName="+name, nil)["activities"].([]any)
	return list[0].(map[string]any)["sid"].(string)
}

// hire makes workers who are available and take a number of chats each.
func (cl *cluster) hire(t *testing.T, capacity int, names ...string) (sids []string) {
	t.Helper()
	available := cl.activity(t, "Available")
	for _, name := range names {
		sid := cl.rest(t, 0, "POST", cl.workspace()+"/Workers", url.Values{"FriendlyName": {name}})["sid"].(string)
		cl.rest(t, 0, "POST", cl.workspace()+"/Workers/"+sid+"/Channels/chat", url.Values{"Capacity": {fmt.Sprint(capacity)}})
		cl.rest(t, 0, "POST", cl.workspace()+"/Workers/"+sid, url.Values{"ActivitySid": {available}})
		sids = append(sids, sid)
	}
	return sids
}

// TestNobodyIsForgotten makes tasks and accepts them while nodes are killed, the one that matches among them: every task that was
// acknowledged gets exactly one worker, and every worker's capacity is what its reservations say.
func TestNobodyIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		const makers, kills, capacity = 3, 5, 200
		workers := cl.hire(t, capacity, "anna", "ben", "clara", "dan")
		end := make(chan struct{})
		var mu sync.Mutex
		made := map[string]bool{}
		var making, accepting sync.WaitGroup
		for m := range makers {
			making.Go(func() {
				for i := range len(workers) * capacity / makers { // no more than they can hold, however long the kills take
					select {
					case <-end:
						return
					case <-time.After(15 * time.Millisecond):
					}
					status, body, err := cl.try(rand.IntN(len(cl.nodes)), "POST", cl.workspace()+"/Tasks",
						url.Values{"TaskChannel": {"chat"}, "Attributes": {fmt.Sprintf(`{"maker":%d,"n":%d}`, m, i)}})
					if err == nil && status == 201 {
						mu.Lock()
						made[field(body, "sid")] = true
						mu.Unlock()
					}
				}
			})
		}
		done := make(chan struct{})
		for _, w := range workers {
			accepting.Go(func() { cl.acceptAll(w, done) })
		}
		for range kills {
			time.Sleep(time.Duration(200+rand.IntN(500)) * time.Millisecond)
			victim := cl.nodes[rand.IntN(len(cl.nodes))]
			victim.kill()
			victim.start()
		}
		close(end)
		making.Wait()
		t.Logf("%d tasks over %d kills", len(made), kills)
		if len(made) < kills {
			t.Fatal("hardly any task was made")
		}
		wait(t, func() error {
			for _, status := range []string{"pending", "reserved"} {
				if list := cl.rest(t, cl.last(), "GET", cl.workspace()+"/Tasks?PageSize=1&AssignmentStatus="+status, nil)["tasks"].([]any); len(list) > 0 {
					return fmt.Errorf("a task is still %s", status)
				}
			}
			return nil
		})
		close(done)
		accepting.Wait()

		held := 0
		for _, w := range workers {
			slot := cl.rest(t, 0, "GET", cl.workspace()+"/Workers/"+w+"/Channels/chat", nil)
			open := cl.rest(t, 0, "GET", cl.workspace()+"/Workers/"+w+"/Reservations?PageSize=1000&ReservationStatus=accepted", nil)["reservations"].([]any)
			if int(slot["assigned_tasks"].(float64)) != len(open) {
				t.Errorf("%s holds %d tasks and counts %v", w, len(open), slot["assigned_tasks"])
			}
			held += len(open)
		}
		for sid := range made {
			list := cl.rest(t, 0, "GET", cl.workspace()+"/Tasks/"+sid+"/Reservations?ReservationStatus=accepted", nil)["reservations"].([]any)
			if len(list) != 1 {
				t.Errorf("task %s has %d workers", sid, len(list))
			}
		}
		if held < len(made) { // a task whose answer was lost in a kill may exist beside those
			t.Errorf("%d tasks are held, %d were made", held, len(made))
		}
	})
}

// acceptAll accepts what a worker is offered, through any node that answers, until done.
func (cl *cluster) acceptAll(worker string, done chan struct{}) {
	path := cl.workspace() + "/Workers/" + worker + "/Reservations"
	for {
		select {
		case <-done:
			return
		case <-time.After(20 * time.Millisecond):
		}
		_, body, err := cl.try(rand.IntN(len(cl.nodes)), "GET", path+"?ReservationStatus=pending", nil)
		if err != nil {
			continue
		}
		var page struct {
			Reservations []struct{ SID string }
		}
		if json.Unmarshal(body, &page) != nil {
			continue
		}
		for _, r := range page.Reservations {
			_, _, _ = cl.try(rand.IntN(len(cl.nodes)), "POST", path+"/"+r.SID, url.Values{"ReservationStatus": {"accepted"}}) // asked again if a kill cut it off
		}
	}
}

// TestTimersOutliveNodes: an offer that nobody answers ends in time though the nodes were killed meanwhile, and its worker is taken offline; a
// task whose time ends is canceled.
func TestTimersOutliveNodes(t *testing.T) {
	each(t, func(t *testing.T, cl *cluster) {
		anna := cl.hire(t, 1, "anna")[0]
		cl.rest(t, 0, "POST", cl.workspace()+"/Workflows/"+cl.creds["workflow_sid"], url.Values{"TaskReservationTimeout": {"3"}})
		task := cl.rest(t, 0, "POST", cl.workspace()+"/Tasks", url.Values{"TaskChannel": {"chat"}})["sid"].(string)
		brief := cl.rest(t, cl.last(), "POST", cl.workspace()+"/Tasks", url.Values{"TaskChannel": {"chat"}, "Timeout": {"4"}})["sid"].(string)
		reservations := cl.workspace() + "/Tasks/" + task + "/Reservations"
		wait(t, func() error {
			if list := cl.rest(t, cl.last(), "GET", reservations, nil)["reservations"].([]any); len(list) != 1 {
				return fmt.Errorf("%d offers", len(list))
			}
			return nil
		})
		for _, n := range cl.nodes {
			n.kill()
		}
		for _, n := range cl.nodes {
			n.start()
		}
		wait(t, func() error {
			offers := cl.rest(t, 0, "GET", reservations, nil)["reservations"].([]any)
			offer := offers[0].(map[string]any)["reservation_status"]
			worker := cl.rest(t, cl.last(), "GET", cl.workspace()+"/Workers/"+anna, nil)["activity_name"]
			ended := cl.rest(t, 0, "GET", cl.workspace()+"/Tasks/"+brief, nil)
			waits := cl.rest(t, 0, "GET", cl.workspace()+"/Tasks/"+task, nil)["assignment_status"]
			if len(offers) != 1 || offer != "timeout" || worker != "Offline" || waits != "pending" || ended["assignment_status"] != "canceled" ||
				!strings.Contains(fmt.Sprint(ended["reason"]), "TTL") {
				return fmt.Errorf("%d offers, %v; the worker is %v, the task %v; the brief one %v (%v)", len(offers), offer, worker, waits,
					ended["assignment_status"], ended["reason"])
			}
			return nil
		})
	})
}

// field reads a text of a JSON object.
func field(body []byte, name string) string {
	var m map[string]any
	_ = json.Unmarshal(body, &m)
	s, _ := m[name].(string)
	return s
}
