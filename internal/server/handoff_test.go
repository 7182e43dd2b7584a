package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestHandOff is the guide's whole way: a customer writes, an agent is called, comes in and ends the conversation.
func TestHandOff(t *testing.T) {
	c := settings(t)
	c.Demo = true
	r := start(t, c)
	workspace := "/taskrouter/v1/Workspaces/" + r.cred.WorkspaceSID
	reservations := workspace + "/Workers/" + r.cred.WorkerSID + "/Reservations"
	activities := r.call(200, "GET", workspace+"/Activities?FriendlyName=Available", nil)["activities"].([]any)
	available := activities[0].(map[string]any)["sid"].(string)

	ch := r.call(201, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {r.cred.FlexFlowSID}, "Identity": {"Zoë"}, "ChatUserFriendlyName": {"Zoë"},
		"ChatFriendlyName": {"Chat"}})
	if ch["task_sid"] != nil {
		t.Errorf("a task before the first message: %v", ch)
	}
	channel := "/chat/v2/Services/" + r.cred.ChatServiceSID + "/Channels/" + ch["sid"].(string)
	hello := r.request("POST", channel+"/Messages", strings.NewReader(url.Values{"From": {"Zoë"}, "Body": {"hello"}}.Encode()))
	hello.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	hello.Header.Set("X-Twilio-Webhook-Enabled", "true")
	if a := r.do(hello); a.status != http.StatusCreated {
		t.Fatalf("message: %d %s", a.status, a.body)
	}
	var task string
	until(t, "the task", func() bool {
		task, _ = r.call(200, "GET", "/flex-api/v1/Channels/"+ch["sid"].(string), nil)["task_sid"].(string)
		return task != ""
	})

	r.call(200, "POST", workspace+"/Workers/"+r.cred.WorkerSID, url.Values{"ActivitySid": {available}})
	var offer map[string]any
	until(t, "the offer", func() bool {
		list := r.call(200, "GET", reservations, nil)["reservations"].([]any)
		if len(list) > 0 {
			offer = list[0].(map[string]any)
		}
		return offer != nil
	})
	if offer["task_sid"] != task || offer["reservation_status"] != "pending" {
		t.Fatalf("offered %v, want %s", offer, task)
	}
	join := func() int {
		t.Helper()
		jwt := r.postJSON("/demo/token", `{"identity":"agent","role":"agent"}`).json(t)["token"].(string)
		req := r.request("POST", "/flex-api/v1/Channels/"+ch["sid"].(string)+"/Roles/agent/Users", strings.NewReader("Identity=agent"))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("token", jwt)
		return r.do(req).status
	}
	if got := join(); got != http.StatusForbidden {
		t.Errorf("who has not accepted was answered %d", got)
	}
	r.call(200, "POST", reservations+"/"+offer["sid"].(string), url.Values{"ReservationStatus": {"accepted"}})
	if got := join(); got != http.StatusCreated {
		t.Fatalf("who has accepted was answered %d", got)
	}
	if got := join(); got != http.StatusConflict {
		t.Errorf("a member was answered %d", got)
	}
	r.call(200, "POST", workspace+"/Tasks/"+task, url.Values{"AssignmentStatus": {"completed"}, "Reason": {"resolved"}})
	until(t, "the janitor", func() bool {
		return strings.Contains(r.call(200, "GET", channel, nil)["attributes"].(string), `"status":"INACTIVE"`)
	})
	if members := r.call(200, "GET", channel+"/Members", nil)["members"].([]any); len(members) != 1 {
		t.Errorf("members after the end: %v", members)
	}
	web := r.call(201, "POST", "/flex-api/v1/Channels", url.Values{"FlexFlowSid": {r.cred.WebFlowSID}, "Identity": {"Zoë"}, "ChatUserFriendlyName": {"Zoë"}, "ChatFriendlyName": {"Chat"}})
	if web["task_sid"] == nil {
		t.Errorf("the widget's channel has no task: %v", web)
	}
}

// postJSON calls the demo.
func (r *running) postJSON(path, body string) answer {
	r.t.Helper()
	req := r.request("POST", path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	return r.do(req)
}
