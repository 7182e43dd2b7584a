package machine

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/studio/definition"
)

// createTask is send-to-flex and create-task. The first also takes the chat away from the flow (taskrouter-studio B.6.5).
func (r *run) createTask(w *definition.State) {
	task := Task{
		Workflow: strings.TrimSpace(r.text(w, "workflow")), Channel: strings.TrimSpace(r.text(w, "channel")),
		Timeout: r.integer(w, "timeout"), Priority: r.integer(w, "priority"), Handover: w.Type == "send-to-flex",
	}
	attributes, reason := r.attributes(r.text(w, "attributes"), task.Handover)
	switch {
	case task.Workflow == "":
		reason = "no workflow is named"
	case reason == "" && utf8.RuneCountInString(attributes) > r.m.settings.TaskAttributes:
		reason = "the attributes have more than " + strconv.Itoa(r.m.settings.TaskAttributes) + " characters"
	}
	if reason != "" {
		r.warnf(core.CodeStudioTask, "no task: %s", reason)
		r.leave(w, taskFailed(w))
		return
	}
	task.Attributes = attributes
	if task.Handover {
		task.ChannelSID = textOf(at(r.frame().Context, "trigger", "message", "ChannelSid"))
	}
	r.wait(w, Effect{Kind: EffectTask, Task: &task})
}

func taskFailed(w *definition.State) string {
	if w.Type == "create-task" {
		return "failedToCreate"
	}
	return "failedToEnqueue"
}

// attributes reads the attributes, which were rendered first, and adds for a hand-over what agents' desktops need and the widget leaves out.
func (r *run) attributes(text string, handover bool) (string, string) {
	o := map[string]json.RawMessage{}
	if strings.TrimSpace(text) != "" {
		if err := json.Unmarshal([]byte(text), &o); err != nil || o == nil {
			return "", "the attributes are not a JSON object once they are rendered"
		}
	}
	message, chat := at(r.frame().Context, "trigger", "message").(map[string]any)
	if handover && chat {
		for key, value := range map[string]any{
			"channelSid": message["ChannelSid"], "channelType": at(message, "ChannelAttributes", "channel_type"), "name": at(message, "ChannelAttributes", "from"),
		} {
			if _, there := o[key]; !there && textOf(value) != "" {
				o[key] = encode(value)
			}
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		return "", "the attributes cannot be written"
	}
	return strings.TrimSuffix(b.String(), "\n"), ""
}

// integer reads a whole number from 0 on; nil where there is none.
func (r *run) integer(w *definition.State, key string) *int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(r.text(w, key)), 10, 32)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// created takes what became of a task.
func (r *run) created(w *definition.State, effect *Effect, e Event) {
	if e.Kind == EventTaskFailed {
		r.warnf(core.CodeStudioTask, "no task: %s", reasonOr(e.Reason, "no reason is known"))
		r.leave(w, taskFailed(w))
		return
	}
	r.s.HandedOver = r.s.HandedOver || effect.Task.Handover
	r.setWidget(w, bothSpellings(e.Fields))
	if w.Type == "create-task" {
		r.leave(w, "created")
		return
	}
	r.leave(w, "callComplete")
}

// bothSpellings has a task's fields as sid and as Sid, and its SID as TaskSid (taskrouter-studio B.4).
func bothSpellings(fields map[string]any) map[string]any {
	all := merged(fields)
	for key, value := range fields {
		var b strings.Builder
		for part := range strings.SplitSeq(key, "_") {
			if part != "" {
				b.WriteString(strings.ToUpper(part[:1]) + part[1:])
			}
		}
		all[b.String()] = value
	}
	if sid, ok := fields["sid"]; ok {
		all["TaskSid"] = sid
	}
	return all
}
