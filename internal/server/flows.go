package server

import (
	"context"
	"fmt"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/identity"
	"parley/internal/store"
	"parley/internal/studio"
	"parley/internal/taskrouter"
)

// Flows is Studio without executions, for the commands that bring flows in and out beside a running server.
type Flows struct {
	*studio.Studio
	AccountSID string
	Names      map[string]string // the SIDs of what the instance has, as Credentials names them
	flex       *flex.Flex
}

// Answer lets a flow answer the chats of a Flex Flow.
func (f Flows) Answer(ctx context.Context, flexFlowSID, sid string) error {
	kind := flex.IntegrationStudio
	_, err := f.flex.UpdateFlow(ctx, f.AccountSID, flexFlowSID, flex.FlowPatch{IntegrationType: &kind, FlowSID: &sid})
	return err
}

// OpenFlows makes it over an open store.
func OpenFlows(ctx context.Context, st *store.Store) (Flows, error) {
	cred, err := ReadCredentials(ctx, st)
	if err != nil {
		return Flows{}, err
	}
	keys, err := loadKeys(ctx, st)
	if err != nil {
		return Flows{}, err
	}
	codec, err := core.NewSIDCodec(keys.SID)
	if err != nil {
		return Flows{}, fmt.Errorf("the store's key cannot be used: %w", err)
	}
	s := studio.New(st, codec, studio.Options{})
	x := flex.New(st, chat.New(st, codec, chat.Options{}), taskrouter.New(st, codec, taskrouter.Options{}), identity.New(st, identity.Options{}))
	x.ConductStudio(s)
	return Flows{Studio: s, flex: x, AccountSID: cred.AccountSID, Names: map[string]string{"workflow_sid": cred.WorkflowSID, "workspace_sid": cred.WorkspaceSID,
		"task_queue_sid": cred.TaskQueueSID, "chat_service_sid": cred.ChatServiceSID, "account_sid": cred.AccountSID}}, nil
}
