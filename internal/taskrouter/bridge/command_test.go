package bridge

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/store/storetest"
	"parley/internal/taskrouter"
)

var update = flag.Bool("update", false, "write golden files")

// tidy makes an answer comparable: SIDs are numbered by kind, times and ages are blotted out.
func (w *world) tidy(v any) string {
	w.t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		w.t.Fatal(err)
	}
	numbers, counts := map[string]string{account: account, workspace: workspace, agent: agent, workflow: workflow, everyone: everyone}, map[string]int{}
	got := regexp.MustCompile(`[A-Z]{2}[0-9a-f]{32}`).ReplaceAllStringFunc(string(text), func(sid string) string {
		if numbers[sid] == "" {
			counts[sid[:2]]++
			numbers[sid] = fmt.Sprintf("%s%032d", sid[:2], counts[sid[:2]])
		}
		return numbers[sid]
	})
	got = regexp.MustCompile(`("(?:date_\w+|virtual_start_time)": )1[0-9]{9}\b`).ReplaceAllString(got, `${1}"seconds"`)
	got = regexp.MustCompile(`("age": )[0-9]+`).ReplaceAllString(got, `${1}"seconds"`)
	got = regexp.MustCompile(`("last_reserved_time": )1[0-9]{12}\b`).ReplaceAllString(got, `${1}"milliseconds"`)
	return got + "\n"
}

// golden compares with the file of that name in testdata, or writes it under -update.
func (w *world) golden(name string, v any) {
	w.t.Helper()
	got := w.tidy(v)
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatalf("%v (run with -update to write it, and read what it says)", err)
	}
	if got != string(want) {
		w.t.Errorf("%s differs from %s:\n%s", name, path, got)
	}
}

// The shapes of flex-ui-protocol §3.4 and §3.5, as answers and as events.
func TestShapes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		bob := w.worker("bob", `{"n":1}`)
		w.move(agent, "Available")
		w.move(bob, "Available")
		a, b := w.ready(agent), w.ready(bob)
		events := map[string]object{}
		hear := func(c *client, kind string) object {
			t.Helper()
			p := c.until(kind)
			events[kind] = p
			return p
		}
		post := func(c *client, path string, params object) object { return w.must(c.token, "POST", path, params) }
		mine := workerPath(agent)

		w.golden("worker", post(a, mine, object{"Attributes": object{"languages": []string{"en"}}}))
		hear(a, "worker.attributes.update")
		task := post(a, "Workspaces/"+workspace+"/Tasks", object{"WorkflowSid": workflow, "TaskQueueSid": everyone, "RoutingTarget": agent,
			"TaskChannelUniqueName": "chat", "Attributes": object{"outbound_to": "+1", "from": "+2"}})
		w.golden("task", task)
		r := hear(a, "reservation.created")["sid"].(string)
		w.golden("reservations", w.must(a.token, "GET", mine+"/Reservations", object{"Active": "true", "PageSize": 1000}))
		w.golden("reservation", post(a, mine+"/Reservations/"+r, object{"ReservationStatus": "accepted"}))
		hear(a, "reservation.accepted")
		post(a, "Workspaces/"+workspace+"/Tasks/"+task["sid"].(string), object{"Attributes": object{"x": 1}})
		hear(a, "task.updated")

		transfer := post(a, mine+"/Transfers", object{"ReservationSid": r, "TaskSid": task["sid"], "To": bob, "Mode": "WARM", "Attributes": object{}})
		w.golden("transfer", transfer)
		hear(a, "task.transfer-initiated")
		offered := b.until("reservation.created")
		w.golden("reservation-transferred", offered)
		w.golden("reservation-handing-over", w.must(a.token, "GET", mine+"/Reservations/"+r, nil))
		w.golden("transfer-canceled", post(a, mine+"/Transfers/"+transfer["sid"].(string), object{"TaskSid": task["sid"], "TransferStatus": "canceled"}))
		hear(a, "task.transfer-canceled")
		w.golden("reservation-canceled", b.until("reservation.canceled"))

		post(a, "Workspaces/"+workspace+"/Tasks/"+task["sid"].(string), object{"AssignmentStatus": "wrapping", "Reason": "notes"})
		hear(a, "reservation.wrapup")
		post(a, mine+"/Reservations/"+r, object{"ReservationStatus": "completed"})
		hear(a, "reservation.completed")
		w.move(agent, "Break")
		hear(a, "worker.activity.update")
		w.golden("events", events)

		w.golden("activities", w.must(a.token, "GET", "Workspaces/"+workspace+"/Activities", object{"PageSize": 1000}))
		w.golden("channels", w.must(a.token, "GET", mine+"/WorkerChannels", object{"PageSize": 1000}))
		w.golden("workers", w.must(a.token, "GET", "Workspaces/"+workspace+"/Workers", object{"PageSize": 1}))
		w.golden("queues", w.must(a.token, "GET", "Workspaces/"+workspace+"/TaskQueues", nil))
		w.golden("queue", w.must(a.token, "GET", "Workspaces/"+workspace+"/TaskQueues/"+everyone, nil))
	})
}

func TestPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		for i := range 5 {
			w.worker(fmt.Sprintf("worker %d", 4-i), "")
		}
		for _, cursor := range []string{"AfterSid", "NextToken"} {
			params := object{"PageSize": 2, "FriendlyName": nil}
			if cursor == "NextToken" {
				params["Ordering"] = "FriendlyName:asc"
			}
			var names []string
			for {
				page := w.must(w.token(agent), "GET", "Workspaces/"+workspace+"/Workers", params)
				for _, item := range page["contents"].([]any) {
					names = append(names, item.(object)["friendly_name"].(string))
				}
				next := page["after_sid"]
				if next != page["meta"].(object)["next_token"] {
					t.Fatal(page)
				}
				if next == nil {
					break
				}
				params[cursor] = next
			}
			if want := 6; len(names) != want || len(slices.Compact(slices.Sorted(slices.Values(names)))) != want || cursor == "NextToken" && !slices.IsSorted(names) {
				t.Errorf("%s: %v", cursor, names)
			}
		}
	})
}

// Whoever may not do something is told so, and nothing has changed.
func TestRights(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		w.move(agent, "Available")
		bob, boss := w.worker("bob", ""), w.worker("boss", `{"roles":["agent","supervisor"]}`)
		chief, gone := w.worker("chief", `{"roles":["admin"]}`), w.worker("gone", "")
		if err := w.tr.DeleteWorker(t.Context(), account, workspace, gone, ""); err != nil {
			t.Fatal(err)
		}
		task := w.task(agent)
		r := w.offered(task)
		ws := "Workspaces/" + workspace
		busy := w.activity("Break")
		asAdmin := func(t *identity.Token) { t.WorkerRole = "admin" }
		elsewhere := func(t *identity.Token) { t.WorkspaceSID, t.WorkerSID = foreign, core.NewSID("WK") }
		for _, c := range []struct {
			who    string
			change func(*identity.Token)
			method string
			path   string
			params object
			want   int
		}{
			{bob, nil, "GET", ws + "/Activities", nil, 200},
			{bob, nil, "GET", ws + "/Workers", nil, 200},
			{bob, nil, "GET", ws + "/TaskQueues", nil, 200},
			{bob, nil, "GET", workerPath(agent), nil, 200},
			{bob, nil, "GET", workerPath(agent) + "/WorkerChannels", nil, 403},
			{bob, nil, "GET", workerPath(agent) + "/Reservations", nil, 403},
			{bob, nil, "GET", workerPath(agent) + "/Reservations/" + r, nil, 403},
			{bob, nil, "POST", workerPath(agent) + "/Reservations/" + r, object{"ReservationStatus": "accepted"}, 403},
			{bob, nil, "POST", workerPath(bob) + "/Reservations/" + r, object{"ReservationStatus": "accepted"}, 404},
			{bob, nil, "POST", ws + "/Tasks/" + task + "/Reservations/" + r, object{"Instruction": "supervise"}, 403},
			{boss, nil, "POST", ws + "/Tasks/" + task + "/Reservations/" + r, object{"ReservationStatus": "accepted"}, 403},
			{boss, nil, "POST", ws + "/Tasks/" + task + "/Reservations/" + r, object{"Instruction": "supervise"}, 400},
			{bob, nil, "POST", workerPath(agent) + "/Transfers", object{"ReservationSid": r, "To": bob}, 403},
			{bob, nil, "GET", ws + "/Tasks/" + task, nil, 403},
			{bob, nil, "POST", ws + "/Tasks/" + task, object{"Attributes": object{}}, 403},
			{boss, nil, "POST", ws + "/Tasks/" + task, object{"AssignmentStatus": "canceled"}, 403},
			{agent, nil, "GET", ws + "/Tasks/" + task, nil, 200},
			{bob, nil, "POST", workerPath(agent), object{"ActivitySid": busy}, 403},
			{bob, nil, "POST", workerPath(agent), object{"Attributes": object{}}, 403},
			{bob, nil, "POST", workerPath(bob), object{"Attributes": object{"roles": []string{"supervisor"}}}, 403},
			{bob, nil, "POST", workerPath(bob), object{"Attributes": `{"roles":"admin"}`}, 403},
			{bob, nil, "POST", workerPath(bob), object{"Attributes": object{"roles": []string{"agent"}}}, 200},
			{boss, nil, "POST", workerPath(boss), object{"Attributes": object{"roles": []string{"supervisor"}}}, 200},
			{boss, nil, "POST", workerPath(boss), object{"Attributes": object{"roles": []string{"admin"}}}, 403},
			{boss, nil, "POST", workerPath(bob), object{"Attributes": object{"roles": []string{"admin"}}}, 403},
			{boss, nil, "POST", workerPath(bob), object{"Attributes": object{"roles": []string{"supervisor"}}}, 200},
			{boss, nil, "POST", workerPath(chief), object{"Attributes": object{}}, 403},
			{boss, nil, "POST", workerPath(chief), object{"ActivitySid": busy}, 200},
			{chief, nil, "POST", workerPath(bob), object{"Attributes": object{"roles": []string{"agent"}}}, 200},
			{chief, nil, "POST", workerPath(gone), object{"Attributes": object{}}, 404},
			{gone, nil, "GET", ws + "/Workers", nil, 403},
			{gone, nil, "GET", ws + "/Activities", nil, 403},
			{gone, nil, "POST", ws + "/Tasks", object{"RoutingTarget": agent}, 403},
			{gone, asAdmin, "POST", workerPath(bob), object{"ActivitySid": busy}, 403},
			{boss, nil, "POST", workerPath(bob), object{"ActivitySid": busy}, 200},
			{bob, asAdmin, "POST", workerPath(boss), object{"Attributes": object{}}, 200},
			{bob, elsewhere, "GET", ws + "/Workers", nil, 403},
			{bob, elsewhere, "POST", workerPath(agent), object{"ActivitySid": busy}, 403},
			{bob, func(t *identity.Token) { t.AccountSID = stranger }, "GET", ws + "/Workers", nil, 403},
			{bob, func(t *identity.Token) { t.WorkerSID = "" }, "GET", ws + "/Workers", nil, 401},
		} {
			var change []func(*identity.Token)
			if c.change != nil {
				change = append(change, c.change)
			}
			status, answer := w.post(w.token(c.who, change...), c.method, c.path, c.params)
			if status != c.want {
				t.Errorf("%s %s %v: %d %v, want %d", c.method, c.path, c.params, status, answer, c.want)
			}
			if status == 403 && answer["code"] != float64(core.CodeForbidden) || status != 200 && (answer["message"] == "" || answer["status"] != float64(status)) {
				t.Errorf("%s %s: %v", c.method, c.path, answer)
			}
		}
		v, err := w.tr.FetchTask(t.Context(), account, workspace, task)
		if err != nil || v.Status != taskrouter.TaskReserved {
			t.Fatalf("%v: the task is %s", err, v.Status)
		}
	})
}

func TestBadCommands(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		token := w.token(agent)
		for body, want := range map[string]int{
			"":                     401,
			"{}":                   401,
			"[]":                   400,
			"token=" + token:       400,
			`{"token":"nonsense"}`: 401,
			`{"token":"` + token + `","method":"GET","url":"Workspaces"}`:                                                                      404,
			`{"token":"` + token + `","method":"DELETE","url":"` + workerPath(agent) + `"}`:                                                    404,
			`{"token":"` + token + `","method":"GET","url":"` + workerPath(agent) + `/Nonsense"}`:                                              404,
			`{"token":"` + token + `","method":"GET","url":"/` + workerPath(agent) + `/"}`:                                                     200,
			`{"token":"` + token + `","method":"GET","url":"` + workerPath(agent) + `","params":null}`:                                         200,
			`{"token":"` + token + `","method":"GET","url":"` + workerPath(agent) + `","params":7}`:                                            400,
			`{"token":"` + token + `","method":"GET","url":"Workspaces/*/Workers"}`:                                                            403,
			`{"token":"` + token + `","method":"GET","url":"` + workerPath("WK\u0000") + `"}`:                                                  400,
			`{"token":"` + token + `","method":"GET","url":"` + workerPath(`WK\u0000`) + `"}`:                                                  404,
			`{"token":"` + token + `","method":"POST","url":"` + workerPath(agent) + `","params":{"Attributes":3}}`:                            400,
			`{"token":"` + token + `","method":"POST","url":"` + workerPath(agent) + `","params":{"Attributes":"\u0000"}}`:                     400,
			`{"token":"` + token + `","method":"POST","url":"` + workerPath(agent) + `","params":{"ActivitySid":"WA"}}`:                        400,
			`{"token":"` + token + `","method":"POST","url":"` + workerPath(agent) + `","params":{"RejectPendingReservations":"perhaps"}}`:     400,
			`{"token":"` + token + `","method":"GET","url":"Workspaces/` + workspace + `/Workers","params":{"PageSize":0}}`:                    400,
			`{"token":"` + token + `","method":"GET","url":"Workspaces/` + workspace + `/Workers","params":{"AfterSid":"x"}}`:                  400,
			`{"token":"` + token + `","method":"GET","url":"Workspaces/` + workspace + `/Workers","params":{"TargetWorkersExpression":"a ="}}`: 400,
			`{"token":"` + token + `","method":"GET","url":"` + workerPath(agent) + `/Reservations","params":{"ReservationStatus":"open"}}`:    400,
			`{"token":"` + token + `","method":"POST","url":"` + workerPath(agent) + `/CustomerParticipant"}`:                                  400,
			`{"token":"` + token + `","method":"POST","url":"` + workerPath(agent) + `/WorkerParticipant","params":{"ReservationSid":"WR"}}`:   404,
			`{"token":"` + token + `","method":"POST","url":"` + workerPath(agent) + `/Transfers/TT","params":{"TransferStatus":"canceled"}}`:  404,
			`{"token":"` + token + `","method":"POST","url":"` + workerPath(agent) + `/Transfers/TT"}`:                                         400,
			`{"token":"` + token + `","method":"GET","url":"` + strings.Repeat("x/", maxCommand/2) + `"}`:                                      413,
		} {
			status, answer := w.postRaw([]byte(body))
			if status != want || want != 200 && (answer["code"] == nil || answer["message"] == "" || answer["status"] != float64(want)) {
				t.Errorf("%.200s: %d %v, want %d", body, status, answer, want)
			}
		}
	})
}

// If-Match counts for one's own worker; the SDK sends its own version with changes of others, and counts it too high.
func TestVersions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		w := newWorld(t, open(), nil, nil)
		w.move(agent, "Available") // version 1
		bob := w.worker("bob", "")
		for _, c := range []struct {
			worker, ifMatch string
			want            int
		}{
			{agent, "0", 412}, {agent, "nonsense", 412}, {agent, "7", 200}, {agent, "1", 412}, {agent, "2", 200}, {agent, `"3"`, 200}, {agent, "", 200},
			{bob, "7", 200}, {bob, "0", 200},
		} {
			attributes, err := json.Marshal(object{"tried": c.ifMatch})
			if err != nil {
				t.Fatal(err)
			}
			who := caller{account: account, workspace: workspace, worker: agent, role: "supervisor"}
			self, err := w.b.worker(t.Context(), who)
			if err != nil {
				t.Fatal(err)
			}
			ask := &call{Context: t.Context(), b: w.b, who: who, self: self, ifMatch: c.ifMatch, params: map[string]json.RawMessage{"Attributes": attributes},
				ids: []string{workspace, c.worker}}
			got := 200
			if _, err := updateWorker(ask); err != nil {
				got = core.AsError(err).Status
			}
			if got != c.want {
				t.Errorf("%s %q: %d, want %d", c.worker, c.ifMatch, got, c.want)
			}
		}
	})
}

func TestUnseen(t *testing.T) {
	made := func(kind string, seq int64, size int) []byte {
		return textFrame(event{Type: kind, Payload: strings.Repeat("x", size), Seq: seq})
	}
	for _, size := range []int{1, 200, 70_000} {
		old, fresh := made("reservation.accepted", 7, size), made("reservation.completed", 8, size)
		task, beat := made("task.updated", 3, size), frame(opText, []byte(" "))
		got := unseen(slices.Concat(old, task, beat, frame(opPing, nil), fresh), 7)
		if want := slices.Concat(task, beat, frame(opPing, nil), fresh); !bytes.Equal(got, want) {
			t.Errorf("%d bytes: %.300q", size, got)
		}
	}
}

func FuzzMatches(f *testing.F) {
	for c := range slices.Values(commands) {
		f.Add(c.path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, c := range commands {
			ids, ok := matches(c.path, strings.Split(path, "/"))
			if ok != (len(ids) == strings.Count(c.path, "*")) {
				t.Errorf("%s as %s: %v", path, c.path, ids)
			}
		}
		if s := short(path); len(s) > 110 || utf8.ValidString(path) && !utf8.ValidString(s) {
			t.Errorf("%q", s)
		}
	})
}

func TestRoles(t *testing.T) {
	roles := map[string]bool{
		`{}`: false, `{"roles":["agent"]}`: false, `{"roles":["agent","admin"]}`: true, `{"roles":"supervisor"}`: true, `{"roles":7}`: false,
		`{"roles":{"admin":true}}`: false, `nonsense`: false, `{"roles":null}`: false,
	}
	for _, attributes := range slices.Sorted(maps.Keys(roles)) {
		if got := taskrouter.HasLeadingRole(attributes); got != roles[attributes] {
			t.Errorf("%s: %v", attributes, got)
		}
	}
}
