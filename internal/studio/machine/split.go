package machine

import (
	"parley/internal/core"
	"parley/internal/studio/definition"
)

// split goes by the first transition whose conditions all hold; none, and no way for that, is 81005.
func (r *run) split(w *definition.State) {
	input := ""
	rendered := false
	for _, t := range w.Transitions {
		if t.Event != "match" || len(t.Conditions) == 0 {
			continue
		}
		holds := true
		for _, c := range t.Conditions {
			if len(c.Arguments) == 0 && !rendered {
				input, rendered = r.text(w, "input"), true
			}
			if holds = r.holds(c, input); !holds {
				break
			}
		}
		if holds {
			r.leaveTo(w, "match", t.Next, r.stepSID(r.s.Steps+1))
			return
		}
	}
	if next, _ := w.Next("noMatch"); next == "" {
		r.warnf(core.CodeStudioNoMatch, "nothing matches %q, and there is no way for that", clip(r.text(w, "input")))
	}
	r.leave(w, "noMatch")
}

func (r *run) holds(c definition.Condition, input string) bool {
	if len(c.Arguments) > 0 {
		input = r.render("the condition's argument", c.Arguments[0])
	}
	value := r.render("the condition's value", c.Value)
	holds, err := compare(c.Type, input, value)
	if err != nil {
		r.warnf(core.CodeStudioTemplate, "the condition never matches: %v", err)
	}
	return holds
}

func clip(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return s
}
