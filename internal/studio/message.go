package studio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/studio/machine"
)

// Inbound is what somebody wrote to a flow. The fields are those of the webhook that tells of it (taskrouter-studio B.4).
type Inbound struct {
	AccountSID string            `json:"account_sid"`
	FlowSID    string            `json:"flow_sid"`
	ChannelSID string            `json:"channel_sid,omitempty"` // the chat channel; "" for a message from outside of the chat
	Params     map[string]string `json:"params"`
}

// contact is of whom at most one execution of a flow is active (taskrouter-studio B.5): in the chat, the channel.
func (m Inbound) contact() string {
	if m.ChannelSID != "" {
		return m.ChannelSID
	}
	return m.Params["From"]
}

// EnqueueMessage leaves a message for its flow, in the transaction that brings it. Messages of a lane come one after another.
func EnqueueMessage(tx *store.Tx, lane string, laneSeq int64, m Inbound) error {
	payload, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return jobs.Enqueue(tx, jobs.Job{Kind: jobMessage, Lane: lane, LaneSeq: laneSeq, Payload: string(payload)})
}

// runMessage brings a message to the execution of its contact, or begins one.
func (s *Studio) runMessage(ctx context.Context, job *jobs.Claimed) error {
	var m Inbound
	if err := json.Unmarshal([]byte(job.Payload), &m); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	for {
		gone := false
		err := s.update(ctx, func(tx *store.Tx, no refused) error {
			f, err := flowIn(&tx.Reader, m.AccountSID, m.FlowSID)
			if gone = core.HasCode(err, core.CodeNotFound); gone {
				return nil
			}
			if err == nil {
				err = s.hear(tx, no, f, m)
			}
			if err != nil {
				return err
			}
			return job.Complete(tx)
		})
		if err != nil || !gone {
			return err
		}
		if m.FlowSID, err = s.heir(ctx, m); err != nil || m.FlowSID == "" {
			return err
		}
	}
}

// heir finds who hears a message whose flow was deleted; "" for nobody. The transaction is its own, because the desk locks the channel, which
// elsewhere comes after the executions.
func (s *Studio) heir(ctx context.Context, m Inbound) (flowSID string, err error) {
	err = s.store.Update(ctx, func(tx *store.Tx) (err error) {
		flowSID, err = s.desk.HeirTx(tx, m.AccountSID, m.ChannelSID, m.FlowSID)
		return err
	})
	if err == nil && flowSID == "" {
		s.o.Log.Warn("a message came for a flow that does not exist", "flow", m.FlowSID, "channel", m.ChannelSID)
	}
	return flowSID, err
}

// hear is what a message does to a flow. One that was never published hears nothing, and none begins while people have the channel in hand.
func (s *Studio) hear(tx *store.Tx, no refused, f *Flow, m Inbound) error {
	fields := make(map[string]any, len(m.Params))
	for k, v := range m.Params {
		fields[k] = v
	}
	e, err := lockActive(tx, f.ID, m.contact())
	if err != nil {
		return err
	}
	if e != nil {
		return s.resume(tx, no, e, machine.Event{Kind: machine.EventMessage, Fields: fields})
	}
	own := m.Params["To"]
	if m.ChannelSID != "" {
		busy, err := s.desk.BusyTx(&tx.Reader, m.AccountSID, m.ChannelSID)
		if err != nil || busy {
			return err
		}
		if own, err = s.desk.AddressTx(&tx.Reader, m.AccountSID, m.ChannelSID); err != nil {
			return err
		}
	}
	e = &Execution{Contact: m.contact(), Address: m.Params["From"], InitiatedBy: m.Params["MessageSid"]}
	if number, _ := f.revisionFor(e.Contact, e.Address); number == 0 {
		s.o.Log.Info("a message came for a flow that was never published", "flow", m.FlowSID, "channel", m.ChannelSID)
		return nil
	}
	return s.begin(tx, no, f, e, machine.Input{Trigger: machine.IncomingMessage, Message: fields, ContactAddress: e.Address, FlowAddress: own})
}

// revisionFor is what a contact gets of a flow: a test user the newest revision, everybody else the newest published one, 0 for none.
func (f *Flow) revisionFor(contact, address string) (number int64, draft bool) {
	if users := f.TestUserList(); slices.Contains(users, address) || slices.Contains(users, contact) {
		return f.Revision, true
	}
	return f.Published, false
}

// Receive takes a message that somebody from outside of the chat wrote to a flow, and brings it there at once (taskrouter-studio B.1). A
// call is 81020: flows of this server talk by text.
func (s *Studio) Receive(ctx context.Context, m Inbound) error {
	switch from := m.Params["From"]; {
	case m.Params["CallSid"] != "":
		return core.Ef(core.CodeStudioTrigger, "Flows of this server answer messages, not calls")
	case from == "":
		return fault("From is required")
	case len(from)+len(m.Params["To"]) > maxContact:
		return core.Ef(core.CodeStudioContact, "From and To have more than %d bytes together", maxContact)
	}
	take := func(tx *store.Tx, no refused) error {
		f, err := flowIn(&tx.Reader, m.AccountSID, m.FlowSID)
		if err != nil {
			return err
		}
		return s.hear(tx, no, f, m)
	}
	err := s.update(ctx, take)
	if errors.Is(err, store.ErrUnique) { // two came at once
		err = s.update(ctx, take)
	}
	return err
}
