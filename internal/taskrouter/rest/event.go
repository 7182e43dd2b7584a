package rest

import (
	"encoding/json"
	"math"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

func (h handlers) historyRoutes(rt *httpapi.Router) {
	rt.Handle(product, "GET /v1/Workspaces/{WorkspaceSid}/Events", httpapi.Account, h.listEvents)
	rt.Handle(product, "GET /v1/Workspaces/{WorkspaceSid}/Events/{Sid}", httpapi.Account, h.fetchEvent)
	h.statisticsRoutes(rt)
}

// event is taskrouter.v1.workspace.event.
type event struct {
	AccountSID      string          `json:"account_sid"`
	ActorSID        string          `json:"actor_sid"`
	ActorType       string          `json:"actor_type"`
	ActorURL        string          `json:"actor_url"`
	Description     string          `json:"description"`
	EventData       json.RawMessage `json:"event_data"`
	EventDate       string          `json:"event_date"`
	EventDateMs     int64           `json:"event_date_ms"`
	EventType       string          `json:"event_type"`
	ResourceSID     string          `json:"resource_sid"`
	ResourceType    string          `json:"resource_type"`
	ResourceURL     string          `json:"resource_url"`
	SID             string          `json:"sid"`
	Source          string          `json:"source"`
	SourceIPAddress *string         `json:"source_ip_address"`
	WorkspaceSID    string          `json:"workspace_sid"`
	URL             string          `json:"url"`
}

// showEvent names the workspace as the actor of every event, and gives no address of one, as the published samples do.
func (h handlers) showEvent(r *httpapi.Request, e *taskrouter.EventView) event {
	ws, sid := e.Space.Workspace, h.tr.EventSID(e.ID)
	return event{
		AccountSID: ws.AccountSID, ActorSID: ws.SID, ActorType: "workspace", ActorURL: address(r, ws.SID), Description: e.Description(),
		EventData: json.RawMessage(e.Data), EventDate: core.ISO(e.At), EventDateMs: e.At / 1e3, EventType: e.Type,
		ResourceSID: e.ResourceSID, ResourceType: e.ResourceType, ResourceURL: h.resource(r, e), SID: sid, Source: "twilio",
		WorkspaceSID: ws.SID, URL: address(r, ws.SID, "Events", sid),
	}
}

// resource is the URL of what an event is about; it may be gone.
func (h handlers) resource(r *httpapi.Request, e *taskrouter.EventView) string {
	ws := e.Space.Workspace.SID
	switch e.ResourceType {
	case "activity":
		return address(r, ws, "Activities", e.ResourceSID)
	case "task-channel":
		return address(r, ws, "TaskChannels", e.ResourceSID)
	case "task-queue":
		return address(r, ws, "TaskQueues", e.ResourceSID)
	case "workflow":
		return address(r, ws, "Workflows", e.ResourceSID)
	case "worker":
		return address(r, ws, "Workers", e.ResourceSID)
	case "task":
		return address(r, ws, "Tasks", e.ResourceSID)
	case "reservation":
		return address(r, ws, "Tasks", h.tr.TaskSID(e.TaskID), "Reservations", e.ResourceSID)
	}
	return address(r, ws)
}

func (h handlers) fetchEvent(r *httpapi.Request) (httpapi.Response, error) {
	e, err := h.tr.FetchEvent(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), r.Path("Sid"))
	if err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(h.showEvent(r, e))
}

func (h handlers) listEvents(r *httpapi.Request) (httpapi.Response, error) {
	page := r.Page()
	f := taskrouter.EventFilter{
		Period: readPeriod(r), SID: r.Text("Sid"), Type: r.Text("EventType"), TaskSID: r.Text("TaskSid"), ReservationSID: r.Text("ReservationSid"),
		WorkerSID: r.Text("WorkerSid"), TaskQueueSID: r.Text("TaskQueueSid"), WorkflowSID: r.Text("WorkflowSid"), TaskChannel: r.Text("TaskChannel"),
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	list, err := h.tr.ListEvents(r.Context(), r.Caller.AccountSID, r.Path("WorkspaceSid"), f, page.After(), page.Size+1)
	if err != nil {
		return httpapi.Response{}, err
	}
	sid := func(e *taskrouter.EventView) string { return h.tr.EventSID(e.ID) }
	return httpapi.ListRows(r, product, "events", page, list, sid, h.showEvent)
}

func readPeriod(r *httpapi.Request) taskrouter.Period {
	const fault = core.CodeTaskRouterInvalid
	return taskrouter.Period{Minutes: r.Int("Minutes", fault, 1, math.MaxInt32), Start: r.Time("StartDate", fault), End: r.Time("EndDate", fault)}
}
