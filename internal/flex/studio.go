package flex

import (
	"cmp"
	"errors"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/studio"
	"parley/internal/studio/machine"
	"parley/internal/taskrouter"
)

// ConductStudio gives Studio's flows the chat and the tasks, and lets Flex Flows name them. Call it before the first change.
func (x *Flex) ConductStudio(s *studio.Studio) {
	x.studio = s
	s.SetDesk(desk{x})
}

// desk is what Studio's flows do in the chat and in TaskRouter. It implements studio.Desk.
type desk struct{ x *Flex }

// SayTx implements studio.Desk. The service's and the channel's webhooks hear of the message as of one by REST with the webhook header, so
// that an integration brings it to its customer; flows do not hear it.
func (d desk) SayTx(tx *store.Tx, accountSID string, m machine.Send) (map[string]any, error) {
	at := m.Channel
	if !core.IsSID("CH", at) {
		at = m.To
	}
	if !core.IsSID("CH", at) {
		open, err := d.ChannelTx(&tx.Reader, accountSID, "", at)
		if err != nil {
			return nil, err
		}
		at = cmp.Or(open, at)
	}
	by, room, err := d.room(tx, accountSID, at)
	if err != nil {
		return nil, err
	}
	by.Webhooks, by.Flow = true, true
	body := m.Body
	if m.MediaURL != "" { // a chat message holds media that were uploaded, so the address is told
		if body != "" {
			body += "\n"
		}
		body += m.MediaURL
	}
	sent, err := d.x.chat.SendMessageTx(tx, by, room, chat.NewMessage{From: m.From, Body: &body, Attributes: m.Attributes})
	if err != nil {
		return nil, err
	}
	sid := d.x.chat.MessageSID(sent.ID)
	return map[string]any{"Sid": sid, "MessageSid": sid, "AccountSid": accountSID, "InstanceSid": by.Service.SID, "ChannelSid": room.Channel.SID,
		"From": sent.Author, "To": m.To, "Body": sent.Body, "Attributes": sent.Attributes, "Index": sent.Index, "DateCreated": core.ISOMillis(sent.CreatedAt)}, nil
}

// room locks a chat channel of an account.
func (d desk) room(tx *store.Tx, accountSID, channelSID string) (by chat.Actor, room *chat.Room, err error) {
	var serviceSID string
	if core.IsSID("CH", channelSID) {
		err = tx.One(`SELECT s.sid FROM channel c JOIN chat_service s ON s.id = c.service_id WHERE c.sid = $1 AND s.account_sid = $2`,
			[]any{channelSID, accountSID}, &serviceSID)
	}
	if serviceSID == "" && (err == nil || errors.Is(err, store.ErrNoRow)) {
		return by, nil, core.Ef(core.CodeNotFound, "%q is no chat channel of this account", clip(channelSID))
	}
	if err != nil {
		return by, nil, err
	}
	if by.Service, err = d.x.chat.ServiceTx(&tx.Reader, accountSID, serviceSID); err != nil {
		return by, nil, err
	}
	by.Source = chat.SourceAPI
	room, err = d.x.chat.OpenTx(tx, by.Service, channelSID)
	if core.HasCode(err, core.CodeChannelNotFound) { // it went a moment ago
		err = core.Ef(core.CodeNotFound, "%q is no chat channel of this account", clip(channelSID))
	}
	return by, room, err
}

// TaskTx implements studio.Desk. At a hand-over the channel learns of its task and its studio webhook goes: from then on the bot is silent
// (taskrouter-studio B.6).
func (d desk) TaskTx(tx *store.Tx, accountSID string, t machine.Task) (map[string]any, error) {
	var by chat.Actor
	var room *chat.Room
	var err error
	if t.ChannelSID != "" { // before the task: the channel's lock comes first
		if by, room, err = d.room(tx, accountSID, t.ChannelSID); err != nil {
			return nil, err
		}
	}
	workspaceSID, err := d.x.tr.WorkspaceOf(&tx.Reader, accountSID, t.Workflow)
	if err != nil {
		return nil, err
	}
	v, err := d.x.tr.CreateTaskTx(tx, accountSID, workspaceSID, taskrouter.NewTask{Attributes: t.Attributes, WorkflowSID: t.Workflow,
		TaskChannel: t.Channel, Priority: t.Priority, Timeout: t.Timeout})
	if err != nil {
		return nil, err
	}
	sid := d.x.tr.TaskSID(v.ID)
	if t.Handover && room != nil {
		if err := d.handOver(tx, by, room, accountSID, sid); err != nil {
			return nil, err
		}
	}
	channel, workflow := v.Space.Channel(v.TaskChannelID), v.Space.Workflow(v.WorkflowID)
	return map[string]any{"sid": sid, "account_sid": accountSID, "workspace_sid": workspaceSID, "workflow_sid": workflow.SID,
		"workflow_friendly_name": workflow.FriendlyName, "task_channel_sid": channel.SID, "task_channel_unique_name": channel.UniqueName,
		"assignment_status": v.Status, "attributes": v.Attributes, "priority": v.Priority, "timeout": v.Timeout, "age": int64(0),
		"date_created": core.ISO(v.CreatedAt), "date_updated": core.ISO(v.UpdatedAt)}, nil
}

func (d desk) handOver(tx *store.Tx, by chat.Actor, room *chat.Room, accountSID, taskSID string) error {
	if err := d.x.chat.RemoveWebhooksTx(tx, room, chat.HookStudio); err != nil {
		return err
	}
	at := &place{by: by, room: room}
	c, err := channelIn(&tx.Reader, accountSID, room.Channel.SID)
	if err == nil {
		c.TaskSID, c.UpdatedAt = &taskSID, tx.Now()
		err = channels.Update(tx, c)
	}
	if unless(err, core.CodeFlexChannelNotFound) != nil {
		return err
	}
	return d.x.setAttributes(tx, at, map[string]any{"task_sid": taskSID, "taskSid": taskSID})
}

// BusyTx implements studio.Desk.
func (d desk) BusyTx(r *store.Reader, accountSID, channelSID string) (bool, error) {
	return d.x.hasOpenTask(r, accountSID, channelSID)
}

// AddressTx implements studio.Desk: it is the contact identity of the channel's Flex Flow.
func (d desk) AddressTx(r *store.Reader, accountSID, channelSID string) (address string, err error) {
	err = r.One(`SELECT f.contact_identity FROM flex_channel c JOIN flex_flow f ON f.sid = c.flow_sid WHERE c.sid = $1 AND c.account_sid = $2`,
		[]any{channelSID, accountSID}, &address)
	if errors.Is(err, store.ErrNoRow) {
		err = nil
	}
	return address, err
}

// ChannelTx implements studio.Desk: it is the newest Flex Channel of the customer's address that is active, of a Flex Flow with the contact
// identity from.
func (d desk) ChannelTx(r *store.Reader, accountSID, from, to string) (string, error) {
	var sid, attributes string
	err := r.One(`SELECT c.sid, ch.attributes FROM flex_channel c JOIN channel ch ON ch.sid = c.sid JOIN flex_flow f ON f.sid = c.flow_sid
		WHERE c.target = $1 AND c.account_sid = $2 AND ($3 = '' OR f.contact_identity = $3) ORDER BY c.id DESC LIMIT 1`, []any{to, accountSID, from}, &sid, &attributes)
	if errors.Is(err, store.ErrNoRow) || err == nil && field[string](attributes, "status") != StatusActive {
		return "", nil
	}
	return sid, err
}

// ListenTx implements studio.Desk. A channel whose customer a flow hears already keeps that flow.
func (d desk) ListenTx(tx *store.Tx, accountSID, channelSID, flowSID string) error {
	by, room, err := d.room(tx, accountSID, channelSID)
	if err != nil {
		return err
	}
	return d.x.attachStudio(tx, by.Service, room, Integration{FlowSID: flowSID})
}

// HeirTx implements studio.Desk: it is the flow that the channel's Flex Flow names now.
func (d desk) HeirTx(tx *store.Tx, accountSID, channelSID, flowSID string) (string, error) {
	at, err := d.x.openChannel(tx, accountSID, channelSID)
	if err != nil || at == nil || at.flow.IntegrationType != IntegrationStudio {
		return "", err
	}
	in, err := at.flow.Handler()
	if err != nil {
		return "", err
	}
	if ok, err := d.x.studio.HasFlow(&tx.Reader, accountSID, in.FlowSID); err != nil || !ok {
		return "", err
	}
	return in.FlowSID, d.x.chat.RetargetFlowTx(tx, at.room, flowSID, in.FlowSID)
}

// HasWorkflow implements studio.Desk.
func (d desk) HasWorkflow(r *store.Reader, accountSID, sid string) (bool, error) {
	_, err := d.x.tr.WorkspaceOf(r, accountSID, sid)
	if err != nil && core.AsError(err).Status < 500 {
		return false, nil
	}
	return err == nil, err
}

// HasTaskChannel implements studio.Desk.
func (d desk) HasTaskChannel(r *store.Reader, accountSID, ref string) (bool, error) {
	return d.x.tr.HasTaskChannel(r, accountSID, ref)
}

// attachStudio lets a Studio flow hear what customers write in a channel where none does. A channel that has all the webhooks that it may
// have stays without.
func (x *Flex) attachStudio(tx *store.Tx, svc *chat.Service, room *chat.Room, in Integration) error {
	if has, err := x.chat.HasWebhookTx(tx, room, chat.HookStudio); err != nil || has {
		return err
	}
	hook := chat.NewWebhook{Type: chat.HookStudio, FlowSID: in.FlowSID}
	if in.RetryCount != nil {
		hook.RetryCount = *in.RetryCount
	}
	_, err := x.chat.AddWebhookTx(tx, svc, room, hook)
	return unless(err, core.CodeTooManyWebhooks)
}

// studioHandler fills in the documented default (rest-semantics §1.2).
func studioHandler(old Integration, p FlowPatch) (Integration, error) {
	in := Integration{FlowSID: old.FlowSID, RetryCount: orDefault(old.RetryCount, 3)}
	set(&in.FlowSID, p.FlowSID)
	if p.RetryCount != nil {
		in.RetryCount = p.RetryCount
	}
	if *in.RetryCount < 0 || *in.RetryCount > 3 {
		return in, flowFault("Integration.RetryCount must be from 0 to 3")
	}
	return in, nil
}

// checkStudioHandler refuses a flow that the account does not have.
func (x *Flex) checkStudioHandler(tx *store.Tx, accountSID string, in Integration) error {
	if x.studio != nil && core.IsSID("FW", in.FlowSID) {
		if ok, err := x.studio.HasFlow(&tx.Reader, accountSID, in.FlowSID); err != nil || ok {
			return err
		}
	}
	return flowFault("IntegrationType studio needs Integration.FlowSid, the SID of a Studio flow of this account")
}
