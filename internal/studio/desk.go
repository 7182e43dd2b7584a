package studio

import (
	"parley/internal/store"
	"parley/internal/studio/machine"
)

// Desk is what flows do outside of Studio, inside the transaction of the step that does it. What it refuses as wrong (a core.Error below
// status 500) is a failure of that step; any other error is one of this server, and the step is tried again.
type Desk interface {
	// SayTx puts a flow's message into the chat and returns it as a webhook would tell of it: the fields of outbound.
	SayTx(tx *store.Tx, accountSID string, m machine.Send) (map[string]any, error)
	// TaskTx creates a task, hands the channel over where the task says so, and returns its resource as REST shows it.
	TaskTx(tx *store.Tx, accountSID string, t machine.Task) (map[string]any, error)
	// BusyTx reports whether people have a chat channel in hand: a task about it is open.
	BusyTx(r *store.Reader, accountSID, channelSID string) (bool, error)
	// AddressTx is what customers call the one to whom they write in a chat channel; "" where nothing is known.
	AddressTx(r *store.Reader, accountSID, channelSID string) (string, error)
	// ChannelTx is the chat channel in which somebody outside of the chat is reached: the one that is open for the address to, and for the
	// flow's own address from unless that is ""; "" where there is none.
	ChannelTx(r *store.Reader, accountSID, from, to string) (string, error)
	// ListenTx sees to it that a flow hears what customers write in a chat channel. 20404 if there is no such channel.
	ListenTx(tx *store.Tx, accountSID, channelSID, flowSID string) error
	// HeirTx is the flow that hears a chat channel in place of one that was deleted, now and from then on; "" where there is none.
	HeirTx(tx *store.Tx, accountSID, channelSID, flowSID string) (string, error)
	// HasWorkflow and HasTaskChannel say whether a send-to-flex widget can name them.
	HasWorkflow(r *store.Reader, accountSID, sid string) (bool, error)
	HasTaskChannel(r *store.Reader, accountSID, ref string) (bool, error)
}

// nobody is the desk of a Studio that has none: it has no chat and no tasks.
type nobody struct{}

func (nobody) SayTx(*store.Tx, string, machine.Send) (map[string]any, error) {
	return nil, fault("this server has no chat for flows")
}

func (nobody) TaskTx(*store.Tx, string, machine.Task) (map[string]any, error) {
	return nil, fault("this server has no tasks for flows")
}

func (nobody) BusyTx(*store.Reader, string, string) (bool, error)      { return false, nil }
func (nobody) AddressTx(*store.Reader, string, string) (string, error) { return "", nil }
func (nobody) ChannelTx(*store.Reader, string, string, string) (string, error) {
	return "", nil
}
func (nobody) ListenTx(_ *store.Tx, _, channelSID, _ string) error {
	return notFound("channel", channelSID)
}
func (nobody) HeirTx(*store.Tx, string, string, string) (string, error)   { return "", nil }
func (nobody) HasWorkflow(*store.Reader, string, string) (bool, error)    { return true, nil }
func (nobody) HasTaskChannel(*store.Reader, string, string) (bool, error) { return true, nil }
