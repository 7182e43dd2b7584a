package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"

	"parley/internal/chat"
	"parley/internal/config"
	"parley/internal/core"
	"parley/internal/flex"
	"parley/internal/identity"
	"parley/internal/proxy"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// provisioner makes what an instance needs (design §2.1). Each step looks first and makes only what is missing, so that the
// same run serves the first start and one with new values in its configuration.
type provisioner struct {
	st       *store.Store
	identity *identity.Identity
	chat     *chat.Chat
	tasks    *taskrouter.TaskRouter
	proxy    *proxy.Proxy
	flex     *flex.Flex
	wanted   config.Account
	log      *slog.Logger
}

// run returns the instance, after making or adding what is missing in one transaction.
func (p *provisioner) run(ctx context.Context) (in Instance, err error) {
	var done bool
	err = p.st.View(ctx, func(r *store.Reader) error {
		in, done, err = p.satisfied(r)
		return err
	})
	if err != nil || done {
		return in, err
	}
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		text, err := lockSetting(tx, settingInstance, "")
		if err != nil {
			return err
		}
		if in, err = parseInstance(text); err != nil {
			return err
		}
		for _, step := range []func(*store.Tx, *Instance) error{p.account, p.apiKey, p.service, p.reserved, p.proxyService, p.taskRouter, p.flows, p.configuration} {
			if err := step(tx, &in); err != nil {
				return err
			}
		}
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		return writeSetting(tx, settingInstance, string(b))
	})
	return in, err
}

// satisfied reports whether there is nothing to do: the usual case, which should cost one read.
func (p *provisioner) satisfied(r *store.Reader) (in Instance, ok bool, err error) {
	text, err := readSetting(r, settingInstance)
	if err != nil {
		return in, false, err
	}
	if in, err = parseInstance(text); err != nil || in.AccountSID == "" {
		return in, false, err
	}
	w := &p.wanted
	for _, s := range []struct{ wanted, have string }{
		{w.AccountSID, in.AccountSID}, {w.APIKeySID, in.APIKeySID}, {w.ChatServiceSID, in.ChatServiceSID}, {w.FlexFlowSID, in.FlexFlowSID},
		{w.WebFlowSID, in.WebFlowSID}, {w.ProxyServiceSID, in.ProxyServiceSID}, {w.WorkspaceSID, in.WorkspaceSID},
		{w.WorkflowSID, in.WorkflowSID}, {w.TaskQueueSID, in.TaskQueueSID}, {w.WorkerSID, in.WorkerSID},
	} {
		if s.wanted != "" && s.wanted != s.have {
			return in, false, nil
		}
	}
	account, err := p.identity.AccountTx(r, in.AccountSID)
	if err != nil || account == nil || w.AuthToken != "" && w.AuthToken.Reveal() != account.AuthToken {
		return in, false, err
	}
	key, err := p.identity.KeyTx(r, in.APIKeySID)
	if err != nil || key == nil || w.APIKeySecret != "" && w.APIKeySecret.Reveal() != key.Secret {
		return in, false, err
	}
	if made, err := hasWorkspace(r, in.WorkspaceSID); err != nil || !made {
		return in, false, err
	}
	if s, err := p.proxy.FetchServiceTx(r, in.AccountSID, in.ProxyServiceSID); err != nil || s.ChatServiceSID == nil || *s.ChatServiceSID != in.ChatServiceSID {
		return in, false, unless(err, core.CodeNotFound)
	}
	made, err := p.flex.ConfiguredTx(r, configuration(&in))
	return in, made, err
}

// configuration is what Flex's pages are told of an instance.
func configuration(in *Instance) flex.Configuration {
	return flex.Configuration{AccountSID: in.AccountSID, WorkspaceSID: in.WorkspaceSID, WorkflowSID: in.WorkflowSID, QueueSID: in.TaskQueueSID,
		ChatServiceSID: in.ChatServiceSID, KeySID: in.APIKeySID}
}

// configuration keeps what Flex's pages are told up to date with the instance.
func (p *provisioner) configuration(tx *store.Tx, in *Instance) error {
	return p.flex.ConfigureTx(tx, configuration(in))
}

// hasWorkspace reports whether the workspace is there: a store from before there was a TaskRouter has only its SID.
func hasWorkspace(r *store.Reader, sid string) (bool, error) {
	var n int
	err := r.One(`SELECT count(*) FROM tr_workspace WHERE sid = $1`, []any{sid}, &n)
	return n > 0, err
}

// account makes the account, or sets the auth token of the one that is there: the token before stays good as the secondary one.
func (p *provisioner) account(tx *store.Tx, in *Instance) error {
	w := &p.wanted
	token := w.AuthToken.Reveal()
	if in.AccountSID == "" {
		in.AccountSID = or(w.AccountSID, core.NewSID("AC"))
		_, err := p.identity.CreateAccountTx(tx, in.AccountSID, "Parley", or(token, identity.NewSecret()))
		return err
	}
	if w.AccountSID != "" && w.AccountSID != in.AccountSID {
		return fmt.Errorf("account-sid is %s, but this store belongs to account %s; leave account-sid out, or use an empty store (--data or --database-url)", w.AccountSID, in.AccountSID)
	}
	if token == "" {
		return nil
	}
	changed, err := p.identity.SetAuthTokenTx(tx, in.AccountSID, token)
	if changed {
		p.log.Warn("the auth token of the configuration is now the primary one; the one before stays good as the secondary", "account", in.AccountSID)
	}
	return err
}

// apiKey makes the key, or adds the configured one to those that are there. A default key that was deleted is made anew.
func (p *provisioner) apiKey(tx *store.Tx, in *Instance) error {
	w := &p.wanted
	sid := or(w.APIKeySID, in.APIKeySID)
	if sid != "" {
		key, err := p.identity.KeyTx(&tx.Reader, sid)
		switch {
		case err != nil:
			return err
		case key != nil && key.AccountSID != in.AccountSID:
			return fmt.Errorf("api-key-sid %s belongs to another account of this store; use another key", sid)
		case key != nil && w.APIKeySID != "" && key.Secret != w.APIKeySecret.Reveal():
			return fmt.Errorf("api-key-secret is not the secret of %s in this store; correct it, or delete that key first (DELETE /2010-04-01/Accounts/%s/Keys/%s.json)", sid, in.AccountSID, sid)
		case key != nil:
			in.APIKeySID = sid
			return nil
		}
	}
	key, err := p.identity.CreateKeyTx(tx, identity.Key{SID: w.APIKeySID, AccountSID: in.AccountSID, FriendlyName: "Default",
		Kind: identity.KindStandard, Secret: w.APIKeySecret.Reveal()})
	if err == nil {
		in.APIKeySID = key.SID
	}
	return err
}

// service makes the chat service. A configured SID that is not there yet becomes a further service, and the default.
func (p *provisioner) service(tx *store.Tx, in *Instance) error {
	sid := or(p.wanted.ChatServiceSID, in.ChatServiceSID)
	if sid != "" {
		_, err := p.chat.ServiceTx(&tx.Reader, in.AccountSID, sid)
		if err == nil {
			in.ChatServiceSID = sid
			return nil
		}
		if !core.HasCode(err, core.CodeServiceNotFound) {
			return err
		}
	}
	svc, err := p.chat.CreateServiceTx(tx, chat.NewService{AccountSID: in.AccountSID, SID: p.wanted.ChatServiceSID, FriendlyName: "Flex Chat Service"})
	if err == nil {
		in.ChatServiceSID = svc.SID
	}
	return err
}

// proxyService makes the Proxy service and ties it to the chat service. Where that is tied to another one, the configured one takes it over.
func (p *provisioner) proxyService(tx *store.Tx, in *Instance) error {
	was, err := p.proxy.TiedTx(&tx.Reader, in.AccountSID, in.ChatServiceSID)
	if err != nil || was != nil && was.SID == in.ProxyServiceSID {
		return err
	}
	if was != nil {
		none := ""
		if _, err := p.proxy.UpdateServiceTx(tx, in.AccountSID, was.SID, proxy.ServicePatch{ChatServiceSID: &none}); err != nil {
			return err
		}
	}
	tie := proxy.ServicePatch{ChatServiceSID: &in.ChatServiceSID}
	_, err = p.proxy.UpdateServiceTx(tx, in.AccountSID, in.ProxyServiceSID, tie)
	if !core.HasCode(err, core.CodeNotFound) {
		return err
	}
	name := "Flex Proxy Service"
	tie.UniqueName = &name
	_, err = p.proxy.CreateServiceTx(tx, in.ProxyServiceSID, in.AccountSID, tie)
	if core.HasCode(err, core.CodeProxyServiceName) {
		name += " " + in.ProxyServiceSID[len(in.ProxyServiceSID)-6:]
		_, err = p.proxy.CreateServiceTx(tx, in.ProxyServiceSID, in.AccountSID, tie)
	}
	return err
}

// unless returns err, or nil if it has the code.
func unless(err error, code int) error {
	if core.HasCode(err, code) {
		return nil
	}
	return err
}

// taskRouter makes the workspace with its queue, workflow and worker.
func (p *provisioner) taskRouter(tx *store.Tx, in *Instance) error {
	return p.tasks.ProvisionTx(tx, taskrouter.Provision{AccountSID: in.AccountSID, WorkspaceSID: in.WorkspaceSID, WorkflowSID: in.WorkflowSID,
		QueueSID: in.TaskQueueSID, WorkerSID: in.WorkerSID, WorkerName: in.WorkerName})
}

// flows makes the two default flows. Both bring the customer to an agent: a widget's chat waits for one from its beginning, a custom
// client's from the customer's first message, for an app may open the channel long before there is anything to say.
func (p *provisioner) flows(tx *store.Tx, in *Instance) error {
	if err := p.flow(tx, in, &in.FlexFlowSID, p.wanted.FlexFlowSID, "custom", "Flex Custom Chat Flow", true); err != nil {
		return fmt.Errorf("flex-flow-sid: %w", err)
	}
	if err := p.flow(tx, in, &in.WebFlowSID, p.wanted.WebFlowSID, "web", "Flex Web Channel Flow", false); err != nil {
		return fmt.Errorf("web-flow-sid: %w", err)
	}
	return nil
}

func (p *provisioner) flow(tx *store.Tx, in *Instance, have *string, wanted, channelType, name string, onMessage bool) error {
	sid := or(wanted, *have)
	if sid != "" {
		f, err := p.flex.FetchFlowTx(&tx.Reader, in.AccountSID, sid)
		switch {
		case err == nil && f.ChannelType != channelType:
			return fmt.Errorf("%s is a flow of ChannelType %s, not %s; use another SID", sid, f.ChannelType, channelType)
		case err == nil && f.ChatServiceSID == in.ChatServiceSID && f.IntegrationType != "":
			*have = sid
			return nil
		case err == nil:
			// The default service is another one now; the default flow follows it. Its channels stay where they are. One from before there
			// was a TaskRouter gets its handler.
			*have = sid
			patch := flex.FlowPatch{}
			if f.IntegrationType == "" {
				patch = handOff(in, onMessage)
			}
			patch.ChatServiceSID = &in.ChatServiceSID
			_, err = p.flex.UpdateFlowTx(tx, in.AccountSID, sid, patch)
			return err
		case !core.HasCode(err, core.CodeFlexFlowNotFound):
			return err
		}
	}
	if err := p.retire(tx, in, *have); err != nil {
		return err
	}
	if wanted == "" {
		wanted = core.NewSID("FO")
	}
	identity, enabled := channelType, true
	patch := handOff(in, onMessage)
	patch.FriendlyName, patch.ChatServiceSID, patch.ChannelType, patch.ContactIdentity = &name, &in.ChatServiceSID, &channelType, &identity
	patch.Enabled, patch.JanitorEnabled = &enabled, &enabled
	_, err := p.flex.CreateFlowTx(tx, wanted, in.AccountSID, patch)
	*have = wanted
	return err
}

// handOff is a flow's handler that makes a task for an agent.
func handOff(in *Instance, onMessage bool) flex.FlowPatch {
	kind, channel := flex.IntegrationTask, "chat"
	return flex.FlowPatch{IntegrationType: &kind, WorkspaceSID: &in.WorkspaceSID, WorkflowSID: &in.WorkflowSID, Channel: &channel, CreationOnMessage: &onMessage}
}

// retire disables the default flow before: only one may be enabled for a channel type and contact identity. A disabled flow
// can still be used by its SID (rest-semantics §4.1).
func (p *provisioner) retire(tx *store.Tx, in *Instance, sid string) error {
	if sid == "" {
		return nil
	}
	off := false
	_, err := p.flex.UpdateFlowTx(tx, in.AccountSID, sid, flex.FlowPatch{Enabled: &off})
	if core.HasCode(err, core.CodeFlexFlowNotFound) {
		return nil
	}
	if err == nil {
		p.log.Warn("a configured flow takes the place of the default one, which is disabled now", "flow", sid)
	}
	return err
}

// reserved takes the configured SIDs of what is made next, or by later engines, and makes up the rest.
func (p *provisioner) reserved(_ *store.Tx, in *Instance) error {
	for _, r := range []struct {
		have   *string
		wanted string
	}{
		{&in.ProxyServiceSID, p.wanted.ProxyServiceSID}, {&in.WorkspaceSID, p.wanted.WorkspaceSID}, {&in.WorkflowSID, p.wanted.WorkflowSID},
		{&in.TaskQueueSID, p.wanted.TaskQueueSID}, {&in.WorkerSID, p.wanted.WorkerSID},
	} {
		*r.have = or(r.wanted, *r.have)
	}
	in.reserve()
	return nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
