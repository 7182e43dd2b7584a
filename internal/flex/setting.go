package flex

import (
	"bytes"
	"encoding/json"
	"slices"

	"parley/internal/core"
	"parley/internal/taskrouter"
)

// setting is a field of the configuration that can be saved: its form, and the JSON that it begins with.
type setting struct {
	form    form
	initial string
}

// form says what a field takes beside null.
type form byte

const (
	object form = iota
	list
	text
	flag
	serverless // a list of SIDs
	activity   // the SID of an activity that is not available
)

var words = map[form]string{object: "an object", list: "a list", text: "a text", flag: "true or false", serverless: "a list of SIDs (ZS…)",
	activity: "the SID of an activity of the workspace that is not available"}

// offlineActivity is where the desktop moves a worker who signs out.
const offlineActivity = "taskrouter_offline_activity_sid"

// settings are all that can be saved, by the names of the published description (rest-semantics §1.2). An object begins with the members
// for which its readers ask without looking.
var settings = map[string]setting{
	"attributes":                   {object, "{}"},
	"taskrouter_taskqueues":        {list, "[]"},
	"taskrouter_skills":            {list, "[]"},
	"taskrouter_worker_channels":   {object, "{}"},
	"taskrouter_worker_attributes": {object, "{}"},
	offlineActivity:                {activity, "null"},
	"runtime_domain":               {text, "null"},
	"ui_language":                  {text, `"en"`},
	"ui_attributes":                {object, "{}"},
	"ui_dependencies":              {object, "{}"},
	"ui_version":                   {text, `"1.34.6"`},
	"call_recording_enabled":       {flag, "false"},
	"call_recording_webhook_url":   {text, "null"},
	"crm_enabled":                  {flag, "false"},
	"crm_type":                     {text, "null"},
	"crm_callback_url":             {text, "null"},
	"crm_fallback_url":             {text, "null"},
	"crm_attributes":               {object, "{}"},
	"public_attributes":            {object, "{}"},
	"plugin_service_enabled":       {flag, "true"},
	"plugin_service_attributes":    {object, "{}"},
	"integrations":                 {list, "[]"},
	"outbound_call_flows":          {object, `{"default":{"enabled":false}}`},
	"serverless_service_sids":      {serverless, "[]"},
	"queue_stats_configuration":    {object, "null"},
	"notifications":                {object, `{"enabled":false,"mode":"whenNotInFocus"}`},
	"markdown":                     {object, `{"enabled":false,"mode":"readOnly"}`},
	"flex_insights_hr":             {object, "null"},
	"flex_insights_drilldown":      {flag, "false"},
	"flex_url":                     {text, "null"},
	"channel_configs":              {list, "[]"},
	"debugger_integration":         {object, `{"enabled":false}`},
	"flex_ui_status_report":        {object, `{"enabled":false}`},
	"agent_conv_end_methods":       {object, "null"},
	"citrix_voice_vdi":             {object, `{"enabled":false}`},
	"offline_config":               {object, "null"},
}

// told are fields that describe the resource itself; whoever sends the whole of it back says nothing by them.
var told = []string{"date_created", "date_updated", "url", "service_version"}

// decided are the fields that the instance decides. They are taken as long as they say what is so.
func (c *Configuration) decided() map[string]json.RawMessage {
	return map[string]json.RawMessage{
		"account_sid":                     quoted(c.AccountSID),
		"status":                          quoted("ok"),
		"taskrouter_workspace_sid":        quoted(c.WorkspaceSID),
		"taskrouter_target_workflow_sid":  quoted(c.WorkflowSID),
		"taskrouter_target_taskqueue_sid": quoted(c.QueueSID),
		"chat_service_instance_sid":       quoted(c.ChatServiceSID),
		"messaging_service_instance_sid":  quoted(""),
		"flex_service_instance_sid":       quoted(""),
		"flex_instance_sid":               quoted(""),
	}
}

// check looks at one field of an update.
func (c *Configuration) check(space *taskrouter.Space, name string, value json.RawMessage) error {
	if s, ok := settings[name]; ok {
		if string(value) == "null" || s.form.fits(space, value) {
			return nil
		}
		return core.Ef(core.CodeFlexValidation, "%s must be %s", name, words[s.form])
	}
	if slices.Contains(told, name) {
		return nil
	}
	if is, ok := c.decided()[name]; ok {
		if bytes.Equal(is, value) {
			return nil
		}
		return core.Ef(core.CodeFlexValidation, "%s is %s; it is decided by the server's own settings and cannot be changed here", name, is)
	}
	return core.Ef(core.CodeFlexValidation, "%q is not a field of the configuration", clip(name))
}

// fits reports whether a JSON value has the form; texts must be such as can be stored.
func (f form) fits(space *taskrouter.Space, value json.RawMessage) bool {
	if !core.CleanText(string(value)) {
		return false
	}
	switch f {
	case object:
		return value[0] == '{'
	case list:
		return value[0] == '['
	case text:
		return value[0] == '"'
	case flag:
		return value[0] == 't' || value[0] == 'f'
	case serverless:
		var sids []string
		return json.Unmarshal(value, &sids) == nil && !slices.ContainsFunc(sids, func(s string) bool { return !core.IsSID("ZS", s) })
	case activity:
		var sid string
		if json.Unmarshal(value, &sid) != nil {
			return false
		}
		a := space.ActivityBySID(sid)
		return a != nil && !a.Available
	}
	return false
}
