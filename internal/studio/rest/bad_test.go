package rest_test

import (
	"slices"
	"strings"
	"testing"

	"parley/internal/resttest"
)

func same(w *resttest.World, got, want []string) {
	w.Helper()
	if !slices.Equal(got, want) {
		w.Errorf("got %q, want %q", got, want)
	}
}

// Every parameter in every way that is wrong: the documented code, and nothing is changed.
func TestBadInput(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		w.Make("flow", flows, "FriendlyName", "Asking", "Status", "published", "Definition", asking)
		w.Make("execution", executions, "To", "anna", "From", "shop")
		name := resttest.Required("FriendlyName", 20001, resttest.EachOf(20001, strings.Repeat("x", 129)))
		status := resttest.Required("Status", 20001, resttest.EachOf(20001, "active", "drafts", "null"))
		definition := resttest.Required("Definition", 20001, resttest.EachOf(81022, "{", "[]", "null", `"{"`, `{"initial_state":"x"}`, broken, strings.Replace(asking, "send-message", "say-play", 1)))
		message := resttest.Optional("CommitMessage", resttest.EachOf(20001, strings.Repeat("x", 1025)))
		good := []string{"FriendlyName", "Asking", "Status", "published", "Definition", asking}
		w.Bad(flows, good, name, status, definition, message)
		w.Bad(flows+"/Validate", good, name, status, definition, message)
		w.Bad(flow, good, resttest.Optional("FriendlyName", resttest.EachOf(20001, "", strings.Repeat("x", 129))), status, resttest.Optional("Definition", definition.Faults), message)
		w.Bad(flow+"/TestUsers", []string{"TestUsers", "anna"}, resttest.Optional("TestUsers", resttest.EachOf(20001, strings.Repeat("x", 301))).List())
		for _, at := range []string{executions, old + "/{flow}/Executions", old + "/{flow}/Engagements"} {
			w.Bad(at, []string{"To", "bernd", "From", "shop"},
				resttest.Required("To", 20001, resttest.EachOf(81023, strings.Repeat("x", 297)), resttest.EachOf(20001, "CH"+strangeSID)),
				resttest.Required("From", 20001, resttest.EachOf(81023, strings.Repeat("x", 296))),
				resttest.Optional("Parameters", resttest.EachOf(20001, "{", "[]", "null", `"text"`, "7", `{"a":"`+strings.Repeat("x", 64<<10)+`"}`)))
		}
		w.Bad(executions+"/{execution}", []string{"Status", "ended"}, resttest.Required("Status", 20001, resttest.EachOf(20001, "active", "paused")))
		for target, code := range map[string]int{
			executions + "?Status=paused":                                20001,
			executions + "?DateCreatedFrom=yesterday":                    20001,
			executions + "?DateCreatedTo=1":                              20001,
			executions + "?PageToken=x":                                  20422,
			executions + "?PageSize=1001":                                20007,
			flow + "/Revisions?PageToken=PTx":                            20422,
			flows + "?PageToken=PTFW" + strangeSID:                       20422,
			executions + "/{execution}/Steps?PageToken=PTx":              20422,
			executions + "/{execution}/Warnings?PageToken=PTx":           20422,
			"/studio/v2/Executions?PageToken=PTx":                        20422,
			flow + "/Diff?From=1":                                        20001,
			flow + "/Diff?From=1&To=x":                                   81021,
			flow + "/Diff?From=1&To=9":                                   20404,
			flow + "/Revisions/0":                                        81021,
			flow + "/Revisions/99999999999999999999":                     81021,
			flows + "/FW%00":                                             20404,
			executions + "/FN" + strangeSID + "/Steps":                   20404,
			executions + "/{execution}/Steps/FTx/Context":                20404,
			"/studio/v2/Executions/FN" + strangeSID:                      20404,
			flows + "/FW" + strangeSID + "/TestUsers":                    20404,
			old + "/{flow}/Engagements/FN" + strangeSID + "/Context":     20404,
			flows + "/FW" + strangeSID + "/Executions/{execution}/Steps": 20404,
		} {
			a := w.Do("GET", target)
			if a.Code() != code {
				w.Errorf("%s: %d, want %d: %s", target, a.Code(), code, a.Body)
			}
		}
		for _, target := range []string{flow, executions, executions + "/{execution}", executions + "/{execution}/Steps", flow + "/Revisions/1", "/studio/v2/Executions/{execution}"} {
			r := w.Request("GET", target)
			r.Header.Set("Authorization", resttest.Basic(resttest.Other, resttest.OtherToken))
			w.Refused("another account's "+target, r, 404, 20404)
		}
	})
}
