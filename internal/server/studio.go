package server

import (
	"context"
	"time"
	_ "time/tzdata" // a container may have no time zones of its own

	"parley/internal/chat"
	"parley/internal/store"
	"parley/internal/studio"
	"parley/internal/studio/machine"
	"parley/internal/studio/template"
)

// openStudio makes Studio over what it runs with.
func (s *Server) openStudio() error {
	c := &s.config.Studio
	zone, err := time.LoadLocation(c.StudioTimeZone)
	if err != nil {
		return err
	}
	s.studio = studio.New(s.store, s.codec, studio.Options{Caller: s.caller, AuthToken: s.identity.AuthToken, Keep: c.StudioRetention, Log: s.log,
		Limits: machine.Settings{
			MaxSteps: c.StudioMaxSteps, MaxRepeats: c.StudioMaxRepeats, WarnWidgets: c.StudioMaxWidgets * 3 / 4, MaxWidgets: c.StudioMaxWidgets,
			MaxSubflows: c.StudioMaxSubflows, MaxContext: int(c.StudioContextBytes), HTTPTimeout: c.StudioHTTPTimeout, HTTPBytes: int(c.StudioHTTPBytes),
			ReplyTimeout: c.StudioReplyTimeout, Lifetime: c.StudioLifetime, TaskAttributes: c.StudioTaskAttributes,
			Template: template.Settings{Zone: zone, MaxBytes: int(c.StudioTextBytes), MaxLoops: c.StudioMaxLoops},
		}})
	s.flex.ConductStudio(s.studio)
	return nil
}

// hasFlow tells chat whether a webhook may name a flow.
func (s *Server) hasFlow(r *store.Reader, accountSID, flowSID string) (bool, error) {
	return s.studio.HasFlow(r, accountSID, flowSID)
}

// toStudio leaves a message for the flow that listens in its channel.
func toStudio(tx *store.Tx, d chat.Delivery) error {
	return studio.EnqueueMessage(tx, d.Lane, d.LaneSeq, studio.Inbound{AccountSID: d.AccountSID, FlowSID: d.FlowSID, ChannelSID: d.Params["ChannelSid"], Params: d.Params})
}

// sweepEvery is how often executions are looked at that are too old, or ended too long ago.
const sweepEvery = time.Minute

func (s *Server) startSweeping(context.Context) error {
	s.periodically("sweeping", sweepEvery, nil, "old executions of Studio could not be ended or removed", s.studio.Sweep)
	return nil
}
