package rest_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/twilio/twilio-go/client"
	studiov1 "github.com/twilio/twilio-go/rest/studio/v1"
	studiov2 "github.com/twilio/twilio-go/rest/studio/v2"

	"parley/internal/resttest"
)

// The official library lives the whole life of a flow and of its executions in both URL styles.
func TestTwilioGo(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		server := httptest.NewServer(w.Router)
		defer server.Close()
		for _, byHost := range []bool{false, true} {
			live(w, server.URL, byHost)
		}
	})
}

func live(w *resttest.World, base string, byHost bool) {
	handler := w.Official(base, resttest.Account, resttest.Token, byHost)
	studio, old := studiov2.NewApiService(handler), studiov1.NewApiService(handler)
	var definition map[string]any
	if err := json.Unmarshal([]byte(asking), &definition); err != nil {
		w.Fatal(err)
	}
	if got := ok(studio.UpdateFlowValidate((&studiov2.UpdateFlowValidateParams{}).SetFriendlyName("Asking").SetStatus("published").SetDefinition(definition)))(w); !*got.Valid {
		w.Errorf("validated %+v", got)
	}
	refused(w, 81022)(studio.UpdateFlowValidate((&studiov2.UpdateFlowValidateParams{}).SetFriendlyName("Broken").SetStatus("draft").SetDefinition(map[string]any{})))
	flow := ok(studio.CreateFlow((&studiov2.CreateFlowParams{}).SetFriendlyName("Asking").SetStatus("published").SetDefinition(definition)))(w)
	sid := *flow.Sid
	if *flow.Status != "published" || flow.Revision != 1 || !*flow.Valid || *flow.WebhookUrl == "" {
		w.Errorf("flow %+v", flow)
	}
	flow = ok(studio.UpdateFlow(sid, (&studiov2.UpdateFlowParams{}).SetStatus("draft").SetFriendlyName("Asks").SetCommitMessage("a name")))(w)
	if *flow.FriendlyName != "Asks" || flow.Revision != 2 || *flow.CommitMessage != "a name" {
		w.Errorf("updated flow %+v", flow)
	}
	if got := ok(studio.FetchFlowRevision(sid, "LatestPublished"))(w); got.Revision != 1 || *got.FriendlyName != "Asking" {
		w.Errorf("revision %+v", got)
	}
	if list := ok(studio.ListFlowRevision(sid, (&studiov2.ListFlowRevisionParams{}).SetPageSize(1)))(w); len(list) != 2 || list[0].Revision != 2 {
		w.Errorf("revisions %+v", list)
	}
	if got := ok(studio.UpdateTestUser(sid, (&studiov2.UpdateTestUserParams{}).SetTestUsers([]string{"anna", "ben"})))(w); len(*got.TestUsers) != 2 {
		w.Errorf("test users %+v", got)
	}
	w.Make("live service", "/chat/v2/Services", "FriendlyName", "Support")
	w.Make("live channel", "/chat/v2/Services/{live service}/Channels", "FriendlyName", "Chat")
	begin := (&studiov2.CreateExecutionParams{}).SetTo(w.Names["live channel"]).SetFrom("shop").SetParameters(map[string]any{"name": "Anna"})
	execution := ok(studio.CreateExecution(sid, begin))(w)
	_, err := studio.CreateExecution(sid, begin)
	if e, is := err.(*client.TwilioRestError); !is || e.Code != 20409 || e.Details["conflicting_execution_sid"] != *execution.Sid {
		w.Errorf("a second execution: %v", err)
	}
	if again := ok(old.CreateExecution(sid, (&studiov1.CreateExecutionParams{}).SetTo(w.Names["live channel"]).SetFrom("shop")))(w); *again.Sid != *execution.Sid || *again.ContactSid == "" {
		w.Errorf("version 1 gave %+v", again)
	}
	steps := ok(studio.ListExecutionStep(sid, *execution.Sid, (&studiov2.ListExecutionStepParams{}).SetPageSize(1)))(w)
	if len(steps) != 1 || *steps[0].Name != "incomingRequest" || *steps[0].TransitionedTo != "ask" {
		w.Errorf("steps %+v", steps)
	}
	context, _ := (*ok(studio.FetchExecutionStepContext(sid, *execution.Sid, *steps[0].Sid))(w).Context).(map[string]any)
	if flow, _ := context["flow"].(map[string]any); flow["sid"] != *execution.Sid {
		w.Errorf("context %v", context)
	}
	if ended := ok(studio.UpdateExecution(sid, *execution.Sid, (&studiov2.UpdateExecutionParams{}).SetStatus("ended")))(w); *ended.Status != "ended" {
		w.Errorf("ended %+v", ended)
	}
	for range 3 {
		ok(studio.CreateExecution(sid, (&studiov2.CreateExecutionParams{}).SetTo("anna").SetFrom("shop")))(w)
	}
	if list := ok(studio.ListExecution(sid, (&studiov2.ListExecutionParams{}).SetPageSize(2)))(w); len(list) != 4 || *list[3].Sid != *execution.Sid {
		w.Errorf("%d executions", len(list))
	}
	if err := studio.DeleteExecution(sid, *execution.Sid); err != nil {
		w.Error(err)
	}
	refused(w, 20404)(studio.FetchExecution(sid, *execution.Sid))
	if err := studio.DeleteFlow(sid); err != nil {
		w.Error(err)
	}
	refused(w, 20404)(old.FetchFlow(sid))
}

// ok ends the test unless a call went well.
func ok[T any](v T, err error) func(w *resttest.World) T {
	return func(w *resttest.World) T {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		return v
	}
}

// refused checks the code of a call that must fail.
func refused(w *resttest.World, code int) func(v any, err error) {
	w.Helper()
	return func(_ any, err error) {
		w.Helper()
		if e, is := err.(*client.TwilioRestError); !is || e.Code != code {
			w.Errorf("error %v, want code %d", err, code)
		}
	}
}
