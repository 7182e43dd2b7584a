package rest

import (
	"strings"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/taskrouter"
)

// feature is a switch of Flex UI that the server sets.
type feature struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	DocURL      string `json:"doc_url"`
	Enabled     bool   `json:"enabled"`
	Stage       string `json:"stage"`
}

// features are those that Flex UI 1.34.6 knows and this server serves (flex-ui-protocol §5.2). Some are left out on purpose:
// disable-degraded-mode-banner would hide what is wrong, and flex-single-session would close the tab that somebody works in.
func features() (all []feature) {
	for _, f := range []struct{ id, name, description string }{
		{"file-attachments-in-chat", "File attachments in chat", "Agents and customers send each other files."},
		{"flex-chat-auto-join", "Chat auto-join", "An agent who is missing in the chat of an accepted task enters it again."},
		{"advanced-teams-view-filters", "Filters of the Teams view", "Supervisors narrow the list of workers."},
	} {
		all = append(all, feature{ID: f.id, Name: f.name, Description: f.description, Enabled: true, Stage: "ga"})
	}
	return all
}

// session tells the desktop which of its features are on. Insights are not served; without a word the desktop would ask for them.
func (h *API) session(r *httpapi.Request) (httpapi.Response, error) {
	if _, err := h.flex.StaffOf(r.Context(), r.Caller.Token); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.OK(map[string]any{"insights_active": false, "features": features()})
}

// script is a plugin as Flex UI loads it. Phase 3 is when the desktop is about to be shown.
type script struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Src     string `json:"src"`
	Phase   int    `json:"phase"`
}

// plugins lists the scripts that the desktop loads. Their addresses are absolute, for the page may be another site's.
func (h *API) plugins(r *httpapi.Request) (httpapi.Response, error) {
	if _, err := h.flex.StaffOf(r.Context(), r.Caller.Token); err != nil {
		return httpapi.Response{}, err
	}
	c, err := h.flex.FetchConfiguration(r.Context(), r.Caller.AccountSID)
	if err != nil {
		return httpapi.Response{}, err
	}
	scripts := []script{}
	if !c.PluginsEnabled() {
		return httpapi.OK(scripts)
	}
	for _, p := range h.opt.Plugins() {
		if strings.HasPrefix(p.Src, "/") {
			p.Src = h.router.Origin(r.Request) + p.Src
		}
		scripts = append(scripts, script{Name: p.Name, Version: h.opt.Version, Src: p.Src, Phase: 3})
	}
	return httpapi.OK(scripts)
}

// worker answers a change of a worker; Flex UI looks at the status only.
type worker struct {
	SID          string `json:"sid"`
	AccountSID   string `json:"account_sid"`
	WorkspaceSID string `json:"workspace_sid"`
	FriendlyName string `json:"friendly_name"`
	ActivitySID  string `json:"activity_sid"`
	Attributes   string `json:"attributes"`
	DateUpdated  string `json:"date_updated"`
}

// changeWorker is how a supervisor changes another worker's activity, or skills (flex-ui-protocol §5.2).
func (h *API) changeWorker(r *httpapi.Request) (httpapi.Response, error) {
	sid, workspace := r.Required("Sid", core.CodeFlexValidation), r.Required("WorkspaceSid", core.CodeFlexValidation)
	p := taskrouter.WorkerPatch{ActivitySID: r.Str("ActivitySid"), Attributes: r.Str("Attributes"), RejectPending: r.Bool("RejectPendingReservations")}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	w, err := h.flex.ChangeWorker(r.Context(), r.Caller.Token, workspace, sid, p)
	if err != nil {
		return httpapi.Response{}, err
	}
	out := worker{SID: w.SID, AccountSID: r.Caller.AccountSID, WorkspaceSID: workspace, FriendlyName: w.FriendlyName, Attributes: w.Attributes,
		DateUpdated: core.ISO(w.UpdatedAt)}
	if a := w.Space.Activity(w.ActivityID); a != nil {
		out.ActivitySID = a.SID
	}
	return httpapi.OK(out)
}

// telemetry takes what the desktop reports about itself through its socket, dozens of times at each start, and keeps nothing of it. Refused
// reports would fill the console that an operator looks into for what is really wrong.
func telemetry(*httpapi.Request) (httpapi.Response, error) {
	return httpapi.OK(struct{}{})
}
