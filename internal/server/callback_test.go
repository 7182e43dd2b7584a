package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/twilio/twilio-go/client"

	"parley/internal/config"
)

// TestCallbacks: TaskRouter asks the assignment callback what to do with an offer, does it, and posts every event of the task, signed, in
// order, again where the receiver fails. An assignment callback that fails is asked for at the fallback (taskrouter-studio A.9, A.11).
func TestCallbacks(t *testing.T) {
	eachStore(t, func(t *testing.T, c config.Config) {
		c.WebhookAllowPrivate = true
		r := start(t, c)
		events := newReceiver(t, 1)
		validator := client.NewRequestValidator(r.cred.AuthToken)
		var mu sync.Mutex
		var asked []url.Values
		assign := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			_ = q.ParseForm()
			params := map[string]string{}
			for k := range q.PostForm {
				params[k] = q.PostForm.Get(k)
			}
			if !validator.Validate("http://"+q.Host+q.URL.String(), params, q.Header.Get("X-Twilio-Signature")) {
				t.Errorf("%s is signed badly", q.URL)
			}
			if q.URL.Path == "/broken" {
				http.Error(w, "no", http.StatusInternalServerError)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			asked = append(asked, q.PostForm)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"instruction":"accept"}`))
		}))
		t.Cleanup(assign.Close)

		workspace := "/taskrouter/v1/Workspaces/" + r.cred.WorkspaceSID
		r.call(200, "POST", workspace, url.Values{"EventCallbackUrl": {events.URL + "/events"},
			"EventsFilter": {"task.created,reservation.created,reservation.accepted,task.completed,reservation.completed"}})
		r.call(200, "POST", workspace+"/Workflows/"+r.cred.WorkflowSID, url.Values{"AssignmentCallbackUrl": {assign.URL + "/broken"},
			"FallbackAssignmentCallbackUrl": {assign.URL + "/fallback"}})
		activities := r.call(200, "GET", workspace+"/Activities?FriendlyName=Available", nil)["activities"].([]any)
		r.call(200, "POST", workspace+"/Workers/"+r.cred.WorkerSID, url.Values{"ActivitySid": {activities[0].(map[string]any)["sid"].(string)}})
		task := r.call(201, "POST", workspace+"/Tasks", url.Values{"WorkflowSid": {r.cred.WorkflowSID}, "TaskChannel": {"chat"}, "Attributes": {`{"name":"Zoë"}`}})
		sid := task["sid"].(string)
		until(t, "the acceptance", func() bool {
			return r.call(200, "GET", workspace+"/Tasks/"+sid, nil)["assignment_status"] == "assigned"
		})
		mu.Lock()
		if len(asked) != 1 || asked[0].Get("TaskSid") != sid || asked[0].Get("WorkerSid") != r.cred.WorkerSID || asked[0].Get("TaskAttributes") != `{"name":"Zoë"}` {
			t.Errorf("asked %v", asked)
		}
		mu.Unlock()
		r.call(200, "POST", workspace+"/Tasks/"+sid, url.Values{"AssignmentStatus": {"completed"}, "Reason": {"done"}})

		until(t, "the event callbacks", func() bool { return len(events.all()) >= 6 }) // five events, the first one twice
		var types []string
		for i, got := range events.all() {
			params := map[string]string{}
			for k := range got.form {
				params[k] = got.form.Get(k)
			}
			if !validator.Validate(events.URL+"/events", params, got.signature) {
				t.Errorf("call %d is signed badly", i)
			}
			if got.form.Get("TaskSid") != sid || got.form.Get("WorkspaceSid") != r.cred.WorkspaceSID || got.form.Get("Sid") == "" {
				t.Errorf("call %d: %v", i, got.form)
			}
			types = append(types, got.form.Get("EventType"))
		}
		want := []string{"task.created", "task.created", "reservation.created", "reservation.accepted", "task.completed", "reservation.completed"}
		if !slices.Equal(types, want) {
			t.Errorf("events %q, want %q", types, want)
		}
	})
}
