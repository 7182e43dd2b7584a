package rest_test

import (
	"strings"
	"testing"

	"parley/internal/resttest"
)

const (
	workerList = workspace + "/Workers"
	anna       = workerList + "/{anna}"
)

func workersStory(w *resttest.World) {
	trWorld(w)
	w.Run(
		resttest.Scenario{Name: "worker/create", Method: "POST", URL: workerList, Form: []string{"FriendlyName", "Anna"}, Status: 201, Changes: "worker.created match", Save: "anna", Check: etag(0)},
		resttest.Scenario{Name: "worker/create-full", Method: "POST", URL: workerList, Form: []string{"FriendlyName", "Ben", "ActivitySid", "{available}", "Attributes", `{ "language": "es", "level": 3 }`},
			Status: 201, Changes: "worker.created match", Save: "ben"},
		resttest.Scenario{Name: "worker/create-taken", Method: "POST", URL: workerList, Form: []string{"FriendlyName", "ANNA"}, Status: 400, Code: 20001},
		resttest.Scenario{Name: "worker/fetch", URL: anna, Status: 200, Check: etag(0)},
		resttest.Scenario{Name: "worker/unknown", URL: workerList + "/WK" + strangeSID, Status: 404, Code: 20404},
		resttest.Scenario{Name: "worker/update-activity", Method: "POST", URL: anna, Form: []string{"ActivitySid", "{available}"}, Status: 200, Changes: "worker.activity.update match", Check: etag(1)},
		resttest.Scenario{Name: "worker/update-attributes", Method: "POST", URL: anna, Form: []string{"Attributes", `{"language":"en"}`, "FriendlyName", "Anna K"},
			Header: map[string]string{"If-Match": `W/"1"`}, Status: 200, Changes: "worker.attributes.update match", Check: etag(2)},
		resttest.Scenario{Name: "worker/update-stale", Method: "POST", URL: anna, Form: []string{"Attributes", `{}`}, Header: map[string]string{"If-Match": "1"}, Status: 412, Code: 20412},
		resttest.Scenario{Method: "POST", URL: anna, Form: []string{"ActivitySid", "{unavailable}", "RejectPendingReservations", "true"}, Status: 200, Changes: "worker.activity.update match"},
		resttest.Scenario{Name: "worker/update-reject-available", Method: "POST", URL: anna, Form: []string{"ActivitySid", "{available}", "RejectPendingReservations", "true"}, Status: 400, Code: 20001},
		resttest.Scenario{Name: "worker/list", URL: workerList, Status: 200},
		resttest.Scenario{Name: "worker/list-available", URL: workerList + "?Available=yes", Status: 200},
		resttest.Scenario{Name: "worker/list-unavailable", URL: workerList + "?Available=false&Ordering=FriendlyName:desc", Status: 200},
		resttest.Scenario{Name: "worker/list-expression", URL: workerList + "?TargetWorkersExpression=language+IN+%5B%22es%22%5D&TaskQueueName=Everyone", Status: 200},
		resttest.Scenario{Name: "worker/list-page", URL: workerList + "?PageSize=1", Status: 200},
		resttest.Scenario{Name: "worker/list-by-number", URL: workerList + "?Page=1", Status: 400, Code: 40153},
		resttest.Scenario{URL: workerList + "?Page=0", Status: 200},
		resttest.Scenario{Name: "worker/channels", URL: anna + "/Channels", Status: 200},
		resttest.Scenario{Name: "worker/channel", URL: anna + "/Channels/chat", Status: 200, Save: "annas chat"},
		resttest.Scenario{Name: "worker/channel-update", Method: "POST", URL: anna + "/Channels/{annas chat}", Form: []string{"Capacity", "3", "Available", "false"},
			Status: 200, Changes: "worker.capacity.update worker.channel.availability.update match"},
		resttest.Scenario{Method: "POST", URL: anna + "/Channels/{chat channel}", Form: []string{"Capacity", "3"}, Status: 200},
		resttest.Scenario{Name: "worker/channel-unknown", URL: anna + "/Channels/fax", Status: 404, Code: 20404},
		resttest.Scenario{Name: "worker/delete-available", Method: "DELETE", URL: workerList + "/{ben}", Status: 400, Code: 20001},
		resttest.Scenario{Method: "DELETE", URL: anna, Header: map[string]string{"If-Match": "0"}, Status: 412, Code: 20412},
		resttest.Scenario{Method: "DELETE", URL: anna, Status: 204, Changes: "worker.deleted match"},
		resttest.Scenario{Name: "worker/deleted", URL: anna, Status: 404, Code: 20404},
	)
}

// Every parameter of a worker and of its channels, wrong in every way: the documented code, and nothing changed.
func TestBadWorkers(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		w.Make("anna", workerList, "FriendlyName", "Anna")
		w.Make("ben", workerList, "FriendlyName", "Ben")
		opt, any := resttest.Optional, resttest.EachOf
		name := append(badName(64), any(20001, "ben", "BEN")...)
		attributes := opt("Attributes", any(20001, "{", "[]", "null", `"x"`, "nonsense", `{"a":1}}`, `{"a":"`+strings.Repeat("x", 4096)+`"}`))
		activity := any(20001, "x", "WA"+strangeSID, "{queue}")
		w.Bad(workerList, []string{"FriendlyName", "x"}, resttest.Required("FriendlyName", 20001, name), opt("ActivitySid", activity), attributes)
		w.Bad(anna, []string{"FriendlyName", "x"}, opt("FriendlyName", any(20001, ""), name), opt("ActivitySid", activity, any(20001, "")), attributes,
			opt("RejectPendingReservations", resttest.Boolean(), any(20001, "true")))
		w.Bad(anna+"/Channels/chat", []string{"Capacity", "2"}, opt("Capacity", resttest.Whole(20001, "-1", "2147483648")), opt("Available", resttest.Boolean()))
		for query, code := range map[string]int{"PageSize=0": 20422, "PageSize=1001": 20007, "PageToken=nonsense": 20001, "PageToken=PT{queue}": 20001, "Page=2": 40153,
			"Ordering=Age": 20001, "Ordering=FriendlyName:up": 20001, "TargetWorkersExpression=skill-level+%3E+3": 20001, "FriendlyName=%FF": 20422} {
			w.Refused(query, w.Request("GET", workerList+"?"+query), 400, code)
		}
		w.Refused("channels", w.Request("GET", anna+"/Channels?PageToken=PTx"), 400, 20001)
	})
}

// What is another account's is not there, for every verb.
func TestForeignWorkers(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		trWorld(w)
		w.Make("anna", workerList, "FriendlyName", "Anna")
		foreign(w, "foreign worker", workspaces+"/{foreign workspace}/Workers", "FriendlyName", "Theirs")
		for _, ws := range []string{workspace, workspaces + "/{foreign workspace}"} {
			for _, sid := range []string{"{foreign worker}", "WK" + strangeSID, "x", "%FF", "%00"} {
				for _, method := range []string{"GET", "POST", "DELETE"} {
					w.Refused(method, w.Request(method, ws+"/Workers/"+sid), 404, 20404)
				}
				for _, below := range []string{"/Channels", "/Channels/chat", "/Statistics"} {
					w.Refused(below, w.Request("GET", ws+"/Workers/"+sid+below), 404, 20404)
				}
			}
		}
		for _, path := range []string{"", "/Events", "/Statistics", "/Workers", "/Workers/Statistics", "/TaskQueues/Statistics", "/TaskQueues/{foreign queue}/Statistics"} {
			w.Refused(path, w.Request("GET", workspaces+"/{foreign workspace}"+path), 404, 20404)
		}
		w.Refused("a channel of another", w.Request("POST", anna+"/Channels/{chat channel}x", "Capacity", "1"), 404, 20404)
	})
}
