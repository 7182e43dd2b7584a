package flex

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// end is the payload of a job: a task about a channel ended. Over says that it is not only wrapped up: its agents have nothing more to do.
type end struct {
	AccountSID string `json:"account_sid"`
	ChannelSID string `json:"channel_sid"`
	Over       bool   `json:"over"`
}

// enqueueEnd has a channel looked after. A task that is about none, and one whose attribute was taken away, leaves nothing to do.
func enqueueEnd(tx *store.Tx, space *taskrouter.Space, t *taskrouter.Task, over bool) error {
	e := end{space.Workspace.AccountSID, channelOf(t.Attributes), over}
	if !core.IsSID("CH", e.ChannelSID) {
		return nil
	}
	payload, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return jobs.Enqueue(tx, jobs.Job{Kind: jobEnd, Payload: string(payload)})
}

func (x *Flex) runEnd(ctx context.Context, job *jobs.Claimed) error {
	var e end
	if err := json.Unmarshal([]byte(job.Payload), &e); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	return x.store.Update(ctx, func(tx *store.Tx) error {
		if err := x.tidy(tx, e); err != nil {
			return err
		}
		return job.Complete(tx)
	})
}

// tidy does what the agent's desktop leaves undone when a task ends (rest-semantics §4.4): the channel becomes inactive, unless it
// outlives its tasks, and the agents leave it. While another task is about the channel, nothing is done. Doing it again changes nothing.
func (x *Flex) tidy(tx *store.Tx, e end) error {
	at, err := x.openChannel(tx, e.AccountSID, e.ChannelSID)
	if err != nil || at == nil {
		return err
	}
	if open, err := x.hasOpenTask(&tx.Reader, e.AccountSID, e.ChannelSID); err != nil || open {
		return err
	}
	if longLived(at.room.Channel) {
		if at.flow.IntegrationType == IntegrationStudio { // the flow has the next word again
			if err := x.attachHandler(tx, at.by.Service, at.flow, at.Channel, at.room); err != nil {
				return err
			}
		} else if at.TaskAttributes != "" { // one that was made long-lived later has no handler yet
			if err := x.chat.AttachHandlerTx(tx, at.room); err != nil {
				return err
			}
		}
	} else if at.flow.JanitorEnabled {
		if err := x.close(tx, at); err != nil {
			return err
		}
	}
	if !e.Over || !at.flow.JanitorEnabled {
		return nil
	}
	return x.dismiss(tx, at)
}

// close ends a conversation for its customer and tells whoever listens. What was said before still goes out.
func (x *Flex) close(tx *store.Tx, at *place) error {
	if err := x.chat.RemoveWebhooksTx(tx, at.room, chat.HookStudio); err != nil { // one that was added by hand
		return err
	}
	if err := x.proxy.RemoveTx(tx, at.AccountSID, sessionOf(at.room.Channel)); err != nil {
		return err
	}
	if err := x.chat.DetachHandlerTx(tx, at.room); err != nil {
		return err
	}
	if status(at.room.Channel) == StatusInactive {
		return nil
	}
	at.by.Webhooks = true
	return x.setAttribute(tx, at, "status", StatusInactive)
}

// dismiss takes the agents out of a channel. Its customer stays.
func (x *Flex) dismiss(tx *store.Tx, at *place) error {
	var staff []string
	for _, name := range ranks {
		role, err := x.chat.RoleByName(&tx.Reader, at.by.Service, chat.RoleChannel, name)
		if err == nil {
			staff = append(staff, role.SID)
		} else if !core.HasCode(err, core.CodeRoleNotFound) {
			return err
		}
	}
	id := at.room.Channel.ID
	rosters, err := x.chat.ViewRosters(&tx.Reader, []int64{id})
	if err != nil {
		return err
	}
	for _, m := range rosters[id] {
		if !slices.Contains(staff, m.RoleSID) {
			continue
		}
		if err := x.chat.RemoveMemberTx(tx, at.by, at.room, m.Identity); err != nil {
			return err
		}
	}
	return nil
}
