package flex

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/webhook"
)

// ChannelTypes are the values of a flow's channel type.
var ChannelTypes = []string{"web", "sms", "facebook", "whatsapp", "line", "custom"}

// Kinds of message handlers (rest-semantics §4.2). A flow may have none: its channels are then answered by whoever watches them.
const (
	IntegrationStudio   = "studio"
	IntegrationExternal = "external"
	IntegrationTask     = "task"
)

// maxURL is the length of a handler's URL in bytes, as for channel webhooks (rest-semantics §2.8).
const maxURL = 512

// maxTaskTimeout is the longest life of a task in seconds (taskrouter-studio A.6).
const maxTaskTimeout = 1_209_600

// Flow is a Flex Flow ("FO…").
type Flow struct {
	SID, AccountSID, FriendlyName, ChatServiceSID, ChannelType, ContactIdentity string
	Enabled                                                                     bool
	IntegrationType                                                             string // "" for none
	Integration                                                                 string // JSON of an Integration
	LongLived, JanitorEnabled                                                   bool
	CreatedAt, UpdatedAt                                                        int64
}

// Integration holds the parameters of a flow's handler; only those of its type are set.
type Integration struct {
	FlowSID           string `json:"flow_sid,omitempty"`
	URL               string `json:"url,omitempty"`
	WorkspaceSID      string `json:"workspace_sid,omitempty"`
	WorkflowSID       string `json:"workflow_sid,omitempty"`
	Channel           string `json:"channel,omitempty"`
	Timeout           *int64 `json:"timeout,omitempty"`
	Priority          *int64 `json:"priority,omitempty"`
	CreationOnMessage *bool  `json:"creation_on_message,omitempty"`
	RetryCount        *int64 `json:"retry_count,omitempty"`
}

// FlowPatch is what a request sets of a flow; nil leaves a value, or takes the default on creation (rest-semantics §1.2).
type FlowPatch struct {
	FriendlyName, ChatServiceSID, ChannelType, ContactIdentity *string
	Enabled, LongLived, JanitorEnabled                         *bool
	IntegrationType                                            *string
	FlowSID, URL, WorkspaceSID, WorkflowSID, Channel           *string
	Timeout, Priority, RetryCount                              *int64
	CreationOnMessage                                          *bool
}

var flows = store.NewTable("flex_flow",
	store.Col[Flow]{Name: "sid", Ptr: func(f *Flow) any { return &f.SID }},
	store.Col[Flow]{Name: "account_sid", Ptr: func(f *Flow) any { return &f.AccountSID }},
	store.Col[Flow]{Name: "friendly_name", Ptr: func(f *Flow) any { return &f.FriendlyName }},
	store.Col[Flow]{Name: "chat_service_sid", Ptr: func(f *Flow) any { return &f.ChatServiceSID }},
	store.Col[Flow]{Name: "channel_type", Ptr: func(f *Flow) any { return &f.ChannelType }},
	store.Col[Flow]{Name: "contact_identity", Ptr: func(f *Flow) any { return &f.ContactIdentity }},
	store.Col[Flow]{Name: "enabled", Ptr: func(f *Flow) any { return &f.Enabled }},
	store.Col[Flow]{Name: "integration_type", Ptr: func(f *Flow) any { return &f.IntegrationType }},
	store.Col[Flow]{Name: "integration", Ptr: func(f *Flow) any { return &f.Integration }},
	store.Col[Flow]{Name: "long_lived", Ptr: func(f *Flow) any { return &f.LongLived }},
	store.Col[Flow]{Name: "janitor_enabled", Ptr: func(f *Flow) any { return &f.JanitorEnabled }},
	store.Col[Flow]{Name: "created_at", Ptr: func(f *Flow) any { return &f.CreatedAt }},
	store.Col[Flow]{Name: "updated_at", Ptr: func(f *Flow) any { return &f.UpdatedAt }},
)

// Handler decodes the flow's integration.
func (f *Flow) Handler() (Integration, error) {
	var in Integration
	if f.Integration == "" {
		return in, nil
	}
	return in, json.Unmarshal([]byte(f.Integration), &in)
}

// CreateFlow makes a flow; faults are 45210, a second enabled flow of a type and contact identity 45212.
func (x *Flex) CreateFlow(ctx context.Context, accountSID string, p FlowPatch) (f *Flow, err error) {
	err = x.store.Update(ctx, func(tx *store.Tx) error {
		f, err = x.CreateFlowTx(tx, core.NewSID("FO"), accountSID, p)
		return err
	})
	return f, err
}

// CreateFlowTx is CreateFlow inside a transaction and under a given SID, for the defaults of a new instance.
func (x *Flex) CreateFlowTx(tx *store.Tx, sid, accountSID string, p FlowPatch) (*Flow, error) {
	f := &Flow{SID: sid, AccountSID: accountSID, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	switch {
	case p.FriendlyName == nil:
		return nil, flowFault("FriendlyName is required")
	case p.ChatServiceSID == nil:
		return nil, flowFault("ChatServiceSid is required")
	case p.ChannelType == nil:
		return nil, flowFault("ChannelType is required")
	}
	if err := x.applyFlow(tx, f, p); err != nil {
		return nil, err
	}
	return f, flows.Insert(tx, f)
}

// UpdateFlow changes a flow.
func (x *Flex) UpdateFlow(ctx context.Context, accountSID, sid string, p FlowPatch) (f *Flow, err error) {
	err = x.store.Update(ctx, func(tx *store.Tx) error {
		f, err = x.UpdateFlowTx(tx, accountSID, sid, p)
		return err
	})
	return f, err
}

// UpdateFlowTx is UpdateFlow inside a transaction.
func (x *Flex) UpdateFlowTx(tx *store.Tx, accountSID, sid string, p FlowPatch) (*Flow, error) {
	f, err := flowIn(&tx.Reader, accountSID, sid)
	if err != nil {
		return nil, err
	}
	before := *f
	if err := x.applyFlow(tx, f, p); err != nil || *f == before {
		return f, err
	}
	f.UpdatedAt = tx.Now()
	return f, flows.Update(tx, f)
}

// DeleteFlow removes a flow; channels that it made live on.
func (x *Flex) DeleteFlow(ctx context.Context, accountSID, sid string) error {
	return x.store.Update(ctx, func(tx *store.Tx) error {
		f, err := flowIn(&tx.Reader, accountSID, sid)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM flex_target WHERE flow_sid = $1`, sid); err != nil {
			return err
		}
		return flows.Delete(tx, f)
	})
}

// FetchFlow returns a flow or 45205.
func (x *Flex) FetchFlow(ctx context.Context, accountSID, sid string) (f *Flow, err error) {
	err = x.store.View(ctx, func(r *store.Reader) error {
		f, err = flowIn(r, accountSID, sid)
		return err
	})
	return f, err
}

// FetchFlowTx is FetchFlow inside a transaction or snapshot.
func (x *Flex) FetchFlowTx(r *store.Reader, accountSID, sid string) (*Flow, error) {
	return flowIn(r, accountSID, sid)
}

// ListFlows returns up to limit flows after the SID after ("" for the first), oldest first; name filters by friendly name.
func (x *Flex) ListFlows(ctx context.Context, accountSID string, name *string, after string, limit int) (list []*Flow, err error) {
	err = x.store.View(ctx, func(r *store.Reader) error {
		tail, args := `WHERE account_sid = $1 AND sid <> $2`, []any{accountSID, after}
		if after != "" {
			from, err := flowIn(r, accountSID, after)
			if err != nil {
				return core.Ef(core.CodeInvalidParameter, "PageToken is not one that this list gave")
			}
			tail += ` AND (created_at > $3 OR (created_at = $3 AND sid > $2))`
			args = append(args, from.CreatedAt)
		}
		if name != nil {
			args = append(args, *name)
			tail += ` AND friendly_name = ` + mark(len(args))
		}
		args = append(args, int64(limit))
		list, err = flows.All(r, tail+` ORDER BY created_at, sid LIMIT `+mark(len(args)), args...)
		return err
	})
	return list, err
}

func flowIn(r *store.Reader, accountSID, sid string) (*Flow, error) {
	if core.IsSID("FO", sid) { // other text may be such as the store refuses
		f, err := flows.One(r, `WHERE sid = $1 AND account_sid = $2`, sid, accountSID)
		if !errors.Is(err, store.ErrNoRow) {
			return f, err
		}
	}
	return nil, core.Ef(core.CodeFlexFlowNotFound, "Flex Flow %s was not found", clip(sid))
}

// applyFlow sets what p says and checks the whole.
func (x *Flex) applyFlow(tx *store.Tx, f *Flow, p FlowPatch) error {
	set(&f.FriendlyName, p.FriendlyName)
	set(&f.ChatServiceSID, p.ChatServiceSID)
	set(&f.ChannelType, p.ChannelType)
	set(&f.ContactIdentity, p.ContactIdentity)
	set(&f.Enabled, p.Enabled)
	set(&f.LongLived, p.LongLived)
	set(&f.JanitorEnabled, p.JanitorEnabled)
	if f.FriendlyName == "" || len(f.FriendlyName) > core.MaxName || len(f.ContactIdentity) > core.MaxIdentity {
		return flowFault("FriendlyName must have 1 to %d bytes and ContactIdentity at most %d", core.MaxName, core.MaxIdentity)
	}
	if !slices.Contains(ChannelTypes, f.ChannelType) {
		return flowFault("ChannelType must be one of %v", ChannelTypes)
	}
	if err := knownService(tx, f); err != nil {
		return err
	}
	if err := x.applyIntegration(tx, f, p); err != nil {
		return err
	}
	if !f.Enabled {
		return nil
	}
	var other string
	err := tx.One(`SELECT sid FROM flex_flow WHERE account_sid = $1 AND channel_type = $2 AND contact_identity = $3 AND enabled AND sid <> $4`,
		[]any{f.AccountSID, f.ChannelType, f.ContactIdentity, f.SID}, &other)
	if err == nil {
		return core.Ef(core.CodeFlexFlowCollision, "Flex Flow %s is enabled for ChannelType %s and ContactIdentity %q already; disable it first or use another ContactIdentity",
			other, f.ChannelType, f.ContactIdentity)
	}
	if errors.Is(err, store.ErrNoRow) {
		return nil
	}
	return err
}

func knownService(tx *store.Tx, f *Flow) error {
	var id int64
	err := tx.One(`SELECT id FROM chat_service WHERE sid = $1 AND account_sid = $2`, []any{f.ChatServiceSID, f.AccountSID}, &id)
	if errors.Is(err, store.ErrNoRow) {
		return flowFault("ChatServiceSid %s is not a chat service of this account", clip(f.ChatServiceSID))
	}
	return err
}

// applyIntegration sets the handler. A change of type begins with that type's defaults; parameters of other types are dropped.
func (x *Flex) applyIntegration(tx *store.Tx, f *Flow, p FlowPatch) error {
	old, err := f.Handler()
	if err != nil {
		return err
	}
	if p.IntegrationType != nil && *p.IntegrationType != f.IntegrationType {
		f.IntegrationType, old = *p.IntegrationType, Integration{}
	}
	var in Integration
	switch f.IntegrationType {
	case "":
	case IntegrationExternal:
		in, err = externalHandler(old, p)
	case IntegrationTask:
		in = taskHandler(old, p)
	case IntegrationStudio:
		in, err = studioHandler(old, p)
	default:
		err = flowFault("IntegrationType must be one of studio, external, task")
	}
	if err != nil {
		return err
	}
	text, err := json.Marshal(in)
	if err != nil || string(text) == f.Integration {
		return err // a flow whose workflow is gone can still be changed otherwise, and disabled
	}
	f.Integration = string(text)
	switch f.IntegrationType {
	case IntegrationTask:
		return x.checkTaskHandler(tx, f.AccountSID, in)
	case IntegrationStudio:
		return x.checkStudioHandler(tx, f.AccountSID, in)
	}
	return nil
}

func externalHandler(old Integration, p FlowPatch) (Integration, error) {
	in := Integration{URL: old.URL, RetryCount: orDefault(old.RetryCount, 3)}
	set(&in.URL, p.URL)
	if p.RetryCount != nil {
		in.RetryCount = p.RetryCount
	}
	if *in.RetryCount < 0 || *in.RetryCount > 3 {
		return in, flowFault("Integration.RetryCount must be from 0 to 3")
	}
	return in, checkURL(in.URL)
}

// taskHandler fills in the documented defaults (rest-semantics §1.2).
func taskHandler(old Integration, p FlowPatch) Integration {
	in := Integration{WorkspaceSID: old.WorkspaceSID, WorkflowSID: old.WorkflowSID, Channel: old.Channel,
		Timeout: orDefault(old.Timeout, 86400), Priority: orDefault(old.Priority, 0), CreationOnMessage: orDefault(old.CreationOnMessage, false)}
	set(&in.WorkspaceSID, p.WorkspaceSID)
	set(&in.WorkflowSID, p.WorkflowSID)
	set(&in.Channel, p.Channel)
	if in.Channel == "" {
		in.Channel = "default"
	}
	if p.Timeout != nil {
		in.Timeout = p.Timeout
	}
	if p.Priority != nil {
		in.Priority = p.Priority
	}
	if p.CreationOnMessage != nil {
		in.CreationOnMessage = p.CreationOnMessage
	}
	return in
}

// checkTaskHandler refuses what no task could be made with.
func (x *Flex) checkTaskHandler(tx *store.Tx, accountSID string, in Integration) error {
	if in.WorkspaceSID == "" || in.WorkflowSID == "" {
		return flowFault("IntegrationType task needs Integration.WorkspaceSid and Integration.WorkflowSid")
	}
	if *in.Timeout < 1 || *in.Timeout > maxTaskTimeout {
		return flowFault("Integration.Timeout must be from 1 to %d seconds", maxTaskTimeout)
	}
	if *in.Priority < 0 || *in.Priority > math.MaxInt32 {
		return flowFault("Integration.Priority must be from 0 to %d", math.MaxInt32)
	}
	space, err := x.tr.SpaceTx(&tx.Reader, accountSID, in.WorkspaceSID)
	if core.HasCode(err, core.CodeNotFound) {
		return flowFault("Integration.WorkspaceSid %s is not a TaskRouter workspace of this account", clip(in.WorkspaceSID))
	}
	if err != nil {
		return err
	}
	if space.WorkflowBySID(in.WorkflowSID) == nil {
		return flowFault("Integration.WorkflowSid %s is not a workflow of workspace %s", clip(in.WorkflowSID), in.WorkspaceSID)
	}
	if space.ChannelByRef(in.Channel) == nil {
		return flowFault("Integration.Channel %q is not the SID or unique name of a task channel of workspace %s", clip(in.Channel), in.WorkspaceSID)
	}
	return nil
}

func checkURL(s string) error {
	switch {
	case s == "":
		return flowFault("Integration.Url is required for IntegrationType external")
	case len(s) > maxURL:
		return flowFault("Integration.Url has %d bytes; at most %d are allowed", len(s), maxURL)
	case webhook.CheckURL(s) != nil:
		return flowFault("Integration.Url must be an absolute http or https URL")
	}
	return nil
}

func flowFault(format string, args ...any) error {
	return core.Ef(core.CodeFlexFlowFailed, "Flex Flow is not valid: "+format, args...)
}

func orDefault[T any](v *T, def T) *T {
	if v != nil {
		return v
	}
	return &def
}

func set[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}
