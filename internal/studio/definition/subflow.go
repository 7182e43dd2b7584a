package definition

import (
	"strconv"

	"parley/internal/core"
)

// The bounds of flows that run others (taskrouter-studio B.5).
const (
	MaxSubflowWidgets = 150
	MaxSubflows       = 50
	MaxWidgets        = 2000 // of a flow and all that it runs
	warnWidgets       = 1500
)

// subflows checks the run-subflow widgets and, where they are known, the flows that they name.
func (c *checker) subflows() {
	revisions := map[string]Subflow{}
	count := 0
	for _, s := range c.flow.states {
		sub := s.Subflow()
		if sub.FlowSID == "" {
			continue
		}
		count++
		path := statePath(s.Index) + "/properties"
		if !static(sub.FlowSID) || !core.IsSID("FW", sub.FlowSID) {
			c.fault(path+"/flow_sid", "subflow", "flow_sid must be the SID of a flow (FW…), not %q; it cannot be a template", clip(sub.FlowSID))
			continue
		}
		if n, err := strconv.Atoi(sub.Revision); sub.Revision != "LatestPublished" && sub.Revision != "LatestRevision" && (err != nil || n < 1) {
			c.fault(path+"/flow_revision", "subflow", "flow_revision must be LatestPublished, LatestDraft or a number, not %q; it cannot be a template", clip(sub.Revision))
			continue
		}
		if other, twice := revisions[sub.FlowSID]; twice && other.Revision != sub.Revision {
			c.fault(path+"/flow_revision", "subflow", "%q runs revision %s of the same flow; all widgets must name the same revision", other.Widget, other.Revision)
			continue
		} else if !twice {
			revisions[sub.FlowSID] = sub
		}
	}
	if count > MaxSubflowWidgets {
		c.fault("#/states", "subflow", "%d widgets run subflows; at most %d may", count, MaxSubflowWidgets)
	}
	if len(revisions) > MaxSubflows {
		c.fault("#/states", "subflow", "%d flows are run as subflows; at most %d may be", len(revisions), MaxSubflows)
		return
	}
	c.loaded(revisions)
}

// loaded checks the flows that a flow runs.
func (c *checker) loaded(revisions map[string]Subflow) {
	widgets := len(c.flow.states)
	for _, s := range c.flow.states {
		sub := s.Subflow()
		if c.known.Subflow == nil || revisions[sub.FlowSID].Widget != s.Name {
			continue
		}
		path := statePath(s.Index) + "/properties/flow_sid"
		flow := c.known.Subflow(sub.FlowSID, sub.Revision)
		if flow == nil {
			c.fault(path, "subflow", "there is no flow %s at revision %s", sub.FlowSID, sub.Revision)
			continue
		}
		widgets += len(flow.states)
		if first := flow.State(flow.Initial); first == nil {
			c.fault(path, "subflow", "the flow %s does not begin with a trigger", sub.FlowSID)
		} else if next, _ := first.Next("incomingParent"); next == "" {
			c.warn(path, "subflow", "the trigger of %s leads nowhere on incomingParent: it does nothing", sub.FlowSID)
		}
		if nested := flow.Subflows(); len(nested) > 0 {
			c.fault(path, "subflow", "the flow %s runs a subflow itself (%q); flows nest one level deep", sub.FlowSID, nested[0].Widget)
		}
	}
	if widgets > MaxWidgets {
		c.fault("#/states", "too_many", "the flow has %d widgets with those of its subflows; at most %d are allowed", widgets, MaxWidgets)
	} else if widgets > warnWidgets {
		c.warn("#/states", "many", "the flow has %d widgets with those of its subflows; more than %d are refused", widgets, MaxWidgets)
	}
}
