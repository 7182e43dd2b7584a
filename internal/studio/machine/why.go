package machine

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// Why says in a sentence what an execution waits for and until when, for people.
func Why(s *State) string {
	if s.End != nil {
		if s.End.Code != 0 {
			return fmt.Sprintf("It has ended: %s (%d).", s.End.Reason, s.End.Code)
		}
		return fmt.Sprintf("It has ended: %s.", s.End.Reason)
	}
	w := s.Waiting
	if w == nil {
		return "It is about to run."
	}
	where := fmt.Sprintf("%q", w.Widget)
	if len(s.Frames) > 1 {
		where += " of the subflow " + w.FlowSID
	}
	switch w.Kind {
	case EffectReply:
		text := fmt.Sprintf("The widget %s waits for a reply until %s, and then goes on without one.", where, w.Deadline.UTC().Format(time.DateTime+" UTC"))
		if s.HandedOver {
			text += " No reply can come: the chat was handed over to agents."
		}
		return text
	case EffectSend:
		return fmt.Sprintf("The widget %s is sending a message.", where)
	case EffectHTTP:
		return fmt.Sprintf("The widget %s waits for the answer of %s, for %s at most.", where, place(w.HTTP.URL), w.HTTP.Timeout)
	case EffectTask:
		return fmt.Sprintf("The widget %s is creating a task in the workflow %s.", where, w.Task.Workflow)
	case EffectPause:
		return fmt.Sprintf("It runs, and goes on with the widget %s in a moment.", where)
	}
	return fmt.Sprintf("The widget %s waits.", where)
}

// place is an address without what may be secret: user-info and query.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "an address"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// Context returns what the execution's Context resource shows: the variables of the flow that is running now.
func Context(s *State) json.RawMessage {
	if len(s.Frames) == 0 {
		return json.RawMessage("{}")
	}
	return encode(s.Frames[len(s.Frames)-1].Context)
}

// ContextAfter returns what a step's Context resource shows. Steps are those of the execution from its first on, up to that step.
func ContextAfter(steps []Step) json.RawMessage {
	context := map[string]any{}
	if len(steps) > 0 {
		parent := steps[len(steps)-1].ParentSID
		for _, step := range steps {
			if step.ParentSID != parent {
				continue
			}
			for _, change := range step.Changes {
				context = put(context, change.Path, plainTo(change.Value, maxStored))
			}
		}
	}
	return encode(context)
}
