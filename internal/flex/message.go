package flex

import (
	"context"
	"encoding/json"
	"fmt"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
)

// message is the payload of a job: a customer wrote in a channel.
type message struct {
	AccountSID string `json:"account_sid"`
	ChannelSID string `json:"channel_sid"`
}

// EnqueueMessage leaves a delivery of type chat.HookHandler for Flex, in the message's own transaction. The messages of a channel come
// one after another.
func EnqueueMessage(tx *store.Tx, d chat.Delivery) error {
	m := message{d.AccountSID, d.Params["ChannelSid"]}
	payload, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return jobs.Enqueue(tx, jobs.Job{Kind: jobMessage, Lane: m.ChannelSID, LaneSeq: d.LaneSeq, Payload: string(payload)})
}

// runMessage makes sure that somebody hears the customer: the task and the end of the job are one transaction.
func (x *Flex) runMessage(ctx context.Context, job *jobs.Claimed) error {
	var m message
	if err := json.Unmarshal([]byte(job.Payload), &m); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	return x.store.Update(ctx, func(tx *store.Tx) error {
		if err := x.hear(tx, m); err != nil {
			return err
		}
		return job.Complete(tx)
	})
}

// hear makes a task for a channel that has none: for its first message, or, where the channel outlives its tasks, for the first after a
// task's end. Whether a task is open is asked here, after the message was committed: one that ended before the message is seen as ended,
// so that no message falls between two tasks.
func (x *Flex) hear(tx *store.Tx, m message) error {
	at, err := x.openChannel(tx, m.AccountSID, m.ChannelSID)
	if err != nil || at == nil || at.flow.IntegrationType != IntegrationTask || at.TaskAttributes == "" || status(at.room.Channel) == StatusInactive {
		return err
	}
	lasting := longLived(at.room.Channel)
	if at.TaskSID != nil && !lasting {
		return nil // it had its task
	}
	if open, err := x.hasOpenTask(&tx.Reader, m.AccountSID, m.ChannelSID); err != nil || open {
		return err
	}
	sid, err := x.createTask(tx, at.flow, at.TaskAttributes)
	if err != nil {
		return err
	}
	at.TaskSID, at.UpdatedAt = &sid, tx.Now()
	if err := channels.Update(tx, at.Channel); err != nil {
		return err
	}
	if !lasting {
		if err := x.chat.DetachHandlerTx(tx, at.room); err != nil {
			return err
		}
	}
	return x.setAttribute(tx, at, "task_sid", sid)
}

// place is a Flex Channel whose chat channel is locked.
type place struct {
	*Channel
	flow *Flow
	by   chat.Actor
	room *chat.Room
}

// openChannel locks a Flex Channel; nil where there is none, or its flow or chat channel is gone.
func (x *Flex) openChannel(tx *store.Tx, accountSID, sid string) (*place, error) {
	c, err := channelIn(&tx.Reader, accountSID, sid)
	if err != nil {
		return nil, unless(err, core.CodeFlexChannelNotFound)
	}
	flow, err := flowIn(&tx.Reader, accountSID, c.FlowSID)
	if err != nil {
		return nil, unless(err, core.CodeFlexFlowNotFound)
	}
	service, err := x.chat.ServiceTx(&tx.Reader, accountSID, c.ChatServiceSID)
	if err != nil {
		return nil, unless(err, core.CodeServiceNotFound)
	}
	room, err := x.chat.OpenTx(tx, service, sid)
	if err != nil {
		return nil, unless(err, core.CodeChannelNotFound)
	}
	// What was read before the lock may have changed meanwhile.
	if c, err = channelIn(&tx.Reader, accountSID, sid); err != nil {
		return nil, unless(err, core.CodeFlexChannelNotFound)
	}
	return &place{c, flow, chat.Actor{Service: service, Source: chat.SourceAPI}, room}, nil
}

// setAttribute sets one of the chat channel's attributes. Where they are so long that it does not fit, they stay as they are.
func (x *Flex) setAttribute(tx *store.Tx, at *place, name, value string) error {
	return x.setAttributes(tx, at, map[string]any{name: value})
}

func (x *Flex) setAttributes(tx *store.Tx, at *place, all map[string]any) error {
	text, err := with(at.room.Channel.Attributes, all)
	if err != nil {
		return err
	}
	return unless(x.chat.UpdateChannelTx(tx, at.by, at.room, chat.ChannelPatch{Attributes: &text}), core.CodeAttributesTooLong)
}

// unless returns err, or nil if it has the code.
func unless(err error, code int) error {
	if core.HasCode(err, code) {
		return nil
	}
	return err
}
