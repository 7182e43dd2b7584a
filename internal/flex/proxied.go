package flex

import (
	"errors"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/proxy"
	"parley/internal/store"
)

// ConductProxy has Proxy bring what is said to customers outside and back, and answers those who write where it has no session. Call it before
// the first change.
func (x *Flex) ConductProxy(p *proxy.Proxy) {
	x.proxy = p
	p.SetFront(x)
}

// proxied reports whether the customers of a channel type are outside, so that a Proxy session brings what is said to them and back
// (rest-semantics §7.2). These types are named as Proxy names its kinds of addresses.
func proxied(channelType string) bool {
	switch channelType {
	case proxy.KindSMS, proxy.KindWhatsApp, proxy.KindFacebook, proxy.KindLine:
		return true
	}
	return false
}

// address reads an address of a kind whose scheme may have been left out; "" for what is none.
func address(kind, s string) proxy.Address {
	scheme := map[string]string{proxy.KindWhatsApp: "whatsapp:", proxy.KindFacebook: "messenger:", proxy.KindLine: "line:"}[kind]
	for _, a := range []proxy.Address{proxy.Address(s), proxy.Address(scheme + s)} {
		if s != "" && a.Kind() == kind {
			return a
		}
	}
	return ""
}

// spellings are the contact identities that mean an address.
func spellings(a proxy.Address) [4]string {
	return [4]string{string(a), a.Bare(), "messenger:" + a.Bare(), "facebook:" + a.Bare()}
}

// flowAt finds the enabled flow of an address; nil where there is none.
func flowAt(r *store.Reader, accountSID string, a proxy.Address) (*Flow, error) {
	if !proxied(a.Kind()) {
		return nil, nil
	}
	w := spellings(a)
	if a.Kind() != proxy.KindFacebook {
		w[2], w[3] = w[0], w[0]
	}
	f, err := flows.One(r, `WHERE account_sid = $1 AND channel_type = $2 AND enabled AND contact_identity IN ($3, $4, $5, $6) ORDER BY created_at, sid LIMIT 1`,
		accountSID, a.Kind(), w[0], w[1], w[2], w[3])
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil
	}
	return f, err
}

// OwnsTx implements proxy.Front: the contact identities of flows are addresses of the account. Without a chat service it is asked whether
// somebody answers, which only enabled flows do.
func (x *Flex) OwnsTx(r *store.Reader, accountSID, chatServiceSID string, a proxy.Address) (bool, error) {
	if chatServiceSID == "" {
		f, err := flowAt(r, accountSID, a)
		return f != nil, err
	}
	w := spellings(a)
	var n int
	err := r.One(`SELECT count(*) FROM flex_flow WHERE account_sid = $1 AND channel_type = $2 AND chat_service_sid = $3 AND contact_identity IN ($4, $5)`,
		[]any{accountSID, a.Kind(), chatServiceSID, w[0], w[1]}, &n)
	return n > 0, err
}

// EndedTx implements proxy.Front: a channel whose attributes say so is closed to the agents, so nobody would read what is written
// there; one whose task has ended will be in a moment.
func (x *Flex) EndedTx(r *store.Reader, accountSID, chatServiceSID, channelSID string) (bool, error) {
	service, err := x.chat.ServiceTx(r, accountSID, chatServiceSID)
	if err != nil {
		return true, unless(err, core.CodeServiceNotFound)
	}
	ch, err := x.chat.FindChannelTx(r, service, channelSID)
	if err != nil {
		return true, unless(err, core.CodeChannelNotFound)
	}
	if status(ch) == StatusInactive {
		return true, nil
	}
	c, err := channelIn(r, accountSID, channelSID)
	if err != nil {
		return false, unless(err, core.CodeFlexChannelNotFound) // no chat of Flex, so nobody ends it but its session
	}
	flow, err := flowIn(r, accountSID, c.FlowSID)
	if err != nil {
		return false, unless(err, core.CodeFlexFlowNotFound)
	}
	return x.spent(r, flow, c, ch)
}

// OpenTx implements proxy.Front: a message to a flow's contact identity makes the whole chat, or goes into the one that is active
// (rest-semantics §4.3).
func (x *Flex) OpenTx(tx *store.Tx, accountSID string, v proxy.Visitor) (bool, error) {
	flow, err := flowAt(&tx.Reader, accountSID, v.To)
	if err != nil || flow == nil {
		return false, err
	}
	service, err := x.chat.ServiceTx(&tx.Reader, accountSID, flow.ChatServiceSID)
	if err != nil {
		return false, err
	}
	name := v.Name
	if name == "" {
		name = string(v.From)
	}
	n := NewChannel{FlowSID: flow.SID, Identity: string(v.From), ChatUserFriendlyName: name, ChatFriendlyName: name, Target: string(v.From)}
	_, err = x.obtain(tx, chat.Actor{Service: service, Source: chat.SourceAPI}, flow, n)
	return err == nil, err
}

// reach checks that a chat of a proxied flow can reach its customer, and writes the customer's address in full.
func reach(flow *Flow, n *NewChannel) error {
	if !proxied(flow.ChannelType) {
		return nil
	}
	if address(flow.ChannelType, flow.ContactIdentity) == "" {
		return core.Ef(core.CodeProxyContact, "Flex Flow %s has no ContactIdentity that is an address of ChannelType %s", flow.SID, flow.ChannelType)
	}
	to := address(flow.ChannelType, n.target())
	if to == "" {
		return core.Ef(core.CodeFlexValidation, "Target must be the customer's address, of ChannelType %s", flow.ChannelType)
	}
	if n.Target != "" || string(to) != n.Identity {
		n.Target = string(to)
	}
	return nil
}

// link joins a chat and its customer by a session.
func (x *Flex) link(tx *store.Tx, flow *Flow, c *Channel, sid, identity string) error {
	return x.proxy.LinkTx(tx, proxy.Link{SessionSID: sid, AccountSID: c.AccountSID, ChatServiceSID: c.ChatServiceSID, ChannelSID: c.SID,
		Contact: address(flow.ChannelType, flow.ContactIdentity), Customer: proxy.Address(c.Target), Name: identity})
}

// rejoin sees to it that a chat that goes on has an open session.
func (x *Flex) rejoin(tx *store.Tx, flow *Flow, c *Channel, identity string) error {
	if !proxied(flow.ChannelType) {
		return nil
	}
	at, err := x.openChannel(tx, c.AccountSID, c.SID)
	if err != nil || at == nil {
		return err
	}
	if ok, err := x.proxy.ResumeTx(tx, c.AccountSID, sessionOf(at.room.Channel)); err != nil || ok {
		return err
	}
	sid := core.NewSID("KC")
	if err := x.setAttribute(tx, at, "proxySession", sid); err != nil {
		return err
	}
	return x.link(tx, flow, c, sid, identity)
}
