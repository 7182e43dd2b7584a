package proxy

import (
	"parley/internal/core"
	"parley/internal/store"
)

// Link is a session that joins a customer and the chat channel that was made for them (rest-semantics §7.2).
type Link struct {
	SessionSID                 string // that the session gets
	AccountSID, ChatServiceSID string
	ChannelSID                 string
	Contact, Customer          Address
	Name                       string // under which the customer writes in the channel
}

// LinkTx makes the session in the Proxy service that is tied to the chat service; 80618 where there is none, or the two addresses are
// joined elsewhere.
func (p *Proxy) LinkTx(tx *store.Tx, l Link) error {
	service, err := tiedTo(&tx.Reader, l.AccountSID, l.ChatServiceSID)
	if err != nil {
		return err
	}
	if service == nil {
		return core.Ef(core.CodeProxyChat, "No Proxy service is tied to chat service %s: set the ChatInstanceSid of one", l.ChatServiceSID)
	}
	if err := p.release(tx, l); err != nil {
		return err
	}
	_, err = p.createSession(tx, service, NewSession{SID: l.SessionSID, UniqueName: l.ChannelSID, Mode: "message-only", Participants: []NewParticipant{
		{Identifier: string(l.Customer), FriendlyName: l.Name, ProxyIdentifier: string(l.Contact), granted: true},
		{Identifier: l.ChannelSID, ProxyIdentifier: string(l.Contact), granted: true}}})
	return chatCode(err)
}

// release closes a session that still joins the two addresses for a chat that has ended.
func (p *Proxy) release(tx *store.Tx, l Link) error {
	a, err := participants.One(&tx.Reader, `WHERE account_sid = $1 AND identifier = $2 AND proxy_identifier = $3 AND open`, l.AccountSID, string(l.Customer), string(l.Contact))
	if err != nil {
		return or(err, nil)
	}
	at, err := placeOf(&tx.Reader, a)
	if err != nil || at.partner == nil || at.partner.kind() != KindChannel || at.chatService == nil {
		return err
	}
	ended, err := p.front.EndedTx(&tx.Reader, l.AccountSID, *at.chatService, at.partner.Identifier)
	if err != nil || !ended {
		return err
	}
	s, err := lockByID(tx, a.sessionID)
	if err != nil || s == nil || s.ended() {
		return err
	}
	return p.close(tx, s, reasonGone)
}

// ResumeTx opens the session of a chat that goes on again, if it was closed; false where there is none.
func (p *Proxy) ResumeTx(tx *store.Tx, accountSID, sid string) (bool, error) {
	s, err := lockAny(tx, accountSID, sid)
	if err != nil || s == nil || !s.ended() && !s.over(tx.Now()) {
		return s != nil, err
	}
	if !s.ended() {
		if err := p.close(tx, s, s.expiryReason()); err != nil {
			return false, err
		}
	}
	s.DateExpiry = nil // it has passed
	return true, chatCode(p.reopen(tx, s))
}

// chatCode is 80618 for what keeps a chat from being joined.
func chatCode(err error) error {
	if e := core.AsError(err); err != nil && e.Status < 500 && e.Code != core.CodeProxyChat {
		return core.Ef(core.CodeProxyChat, "%s", e.Message).Because(err)
	}
	return simultaneous(err)
}

// RemoveTx removes the session of a chat that has ended. What was said in the chat before still goes out.
func (p *Proxy) RemoveTx(tx *store.Tx, accountSID, sid string) error {
	s, err := lockAny(tx, accountSID, sid)
	if err != nil || s == nil {
		return err
	}
	return removeSession(tx, s)
}

// lockAny locks a session of any service; nil where there is none.
func lockAny(tx *store.Tx, accountSID, sid string) (*Session, error) {
	if !core.IsSID("KC", sid) {
		return nil, nil
	}
	s, err := sessions.One(&tx.Reader, `WHERE sid = $1 AND account_sid = $2 FOR UPDATE`, sid, accountSID)
	if err != nil {
		return nil, or(err, nil)
	}
	return s, nil
}
