package proxy

import (
	"context"
	"errors"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/store"
)

// maxParticipants is how many a session joins.
const maxParticipants = 2

// Participant is one of the two that a session joins ("KP…"): a person's address, or a chat channel. It writes to its proxy address, from
// which it also gets what the other says (rest-semantics §7.1, §7.2).
type Participant struct {
	ID                   int64
	SID                  string
	sessionID            int64
	AccountSID           string
	Identifier           string
	FriendlyName         *string
	ProxyIdentifier      string
	ProxyIdentifierSID   *string // of the pool; nil for an address of no pool
	open                 bool
	DeletedAt            *int64
	CreatedAt, UpdatedAt int64
}

var participants = store.NewTable("proxy_participant",
	store.Col[Participant]{Name: "id", Ptr: func(a *Participant) any { return &a.ID }},
	store.Col[Participant]{Name: "sid", Ptr: func(a *Participant) any { return &a.SID }},
	store.Col[Participant]{Name: "session_id", Ptr: func(a *Participant) any { return &a.sessionID }},
	store.Col[Participant]{Name: "account_sid", Ptr: func(a *Participant) any { return &a.AccountSID }},
	store.Col[Participant]{Name: "identifier", Ptr: func(a *Participant) any { return &a.Identifier }},
	store.Col[Participant]{Name: "friendly_name", Ptr: func(a *Participant) any { return &a.FriendlyName }},
	store.Col[Participant]{Name: "proxy_identifier", Ptr: func(a *Participant) any { return &a.ProxyIdentifier }},
	store.Col[Participant]{Name: "proxy_identifier_sid", Ptr: func(a *Participant) any { return &a.ProxyIdentifierSID }},
	store.Col[Participant]{Name: "open", Ptr: func(a *Participant) any { return &a.open }},
	store.Col[Participant]{Name: "deleted_at", Ptr: func(a *Participant) any { return &a.DeletedAt }},
	store.Col[Participant]{Name: "created_at", Ptr: func(a *Participant) any { return &a.CreatedAt }},
	store.Col[Participant]{Name: "updated_at", Ptr: func(a *Participant) any { return &a.UpdatedAt }})

// kind is that of the participant's address.
func (a *Participant) kind() string { return Address(a.Identifier).Kind() }

// name is under which what the participant says is posted in a channel (rest-semantics §7.2).
func (a *Participant) name() string {
	if name := text(a.FriendlyName); name != "" {
		return name
	}
	return a.Identifier
}

// NewParticipant is the request for a participant. Without a proxy address it gets one of the pool.
type NewParticipant struct {
	Identifier, FriendlyName            string
	ProxyIdentifier, ProxyIdentifierSID string
	granted                             bool // ProxyIdentifier is known to be the account's
}

func (n NewParticipant) rank() int {
	if Address(n.Identifier).Kind() == KindChannel {
		return 1
	}
	return 0
}

// AddParticipant adds a participant to a session.
func (p *Proxy) AddParticipant(ctx context.Context, accountSID, serviceSID, sessionRef string, in NewParticipant) (s *Session, a *Participant, err error) {
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		service, err := serviceIn(&tx.Reader, accountSID, serviceSID)
		if err != nil {
			return err
		}
		if in.rank() > 0 { // the channel's lock comes before the session's
			if err := p.listen(tx, service, in.Identifier); err != nil {
				return err
			}
		}
		if s, err = lockSession(tx, accountSID, serviceSID, sessionRef); err != nil {
			return err
		}
		a, err = p.addParticipant(tx, service, s, in)
		return err
	})
	return s, a, simultaneous(err)
}

func (p *Proxy) addParticipant(tx *store.Tx, service *Service, s *Session, in NewParticipant) (*Participant, error) {
	if err := in.check(s.Mode); err != nil {
		return nil, err
	}
	if s.ended() {
		return nil, core.Ef(core.CodeProxySessionClosed, "Session %s is closed", s.SID)
	}
	all, err := participants.All(&tx.Reader, `WHERE session_id = $1 ORDER BY id`, s.ID)
	if err != nil {
		return nil, err
	}
	var partner *Participant
	for _, other := range all {
		switch {
		case other.Identifier == in.Identifier && other.DeletedAt != nil:
			return nil, core.Ef(core.CodeProxyDuplicate, "%s was in this session and cannot come back; make a new session", clip(in.Identifier))
		case other.Identifier == in.Identifier:
			return nil, core.Ef(core.CodeProxyInSession, "%s is in this session already, as %s", clip(in.Identifier), other.SID)
		case other.DeletedAt == nil && partner != nil:
			return nil, core.Ef(core.CodeProxyTooMany, "A session joins at most %d participants", maxParticipants)
		case other.DeletedAt == nil:
			partner = other
		}
	}
	a := &Participant{ID: tx.NextID(), SID: core.NewSID("KP"), sessionID: s.ID, AccountSID: s.AccountSID, Identifier: in.Identifier, FriendlyName: orNone(in.FriendlyName),
		open: true, CreatedAt: tx.Now(), UpdatedAt: tx.Now()}
	if a.kind() == KindChannel {
		if err := p.join(tx, service, in.Identifier); err != nil {
			return nil, err
		}
	}
	if err := p.assign(tx, service, a, partner, in); err != nil {
		return nil, err
	}
	return a, participants.Insert(tx, a)
}

// check refuses what is wrong with a participant in itself.
func (n NewParticipant) check(mode string) error {
	kind := Address(n.Identifier).Kind()
	switch {
	case kind == "":
		return core.Ef(core.CodeProxyIdentifier, "Identifier must be a telephone number such as +14155550100, a chat channel's SID, or an address such as whatsapp:+14155550100, of at most %d characters", maxText)
	case mode == ModeVoice && kind != KindSMS:
		return core.Ef(core.CodeProxyUnsupported, "A session of Mode %s joins telephone numbers only", ModeVoice)
	case utf8.RuneCountInString(n.FriendlyName) > maxFriendlyName || !core.CleanText(n.FriendlyName):
		return invalid("FriendlyName must be a text of at most %d characters", maxFriendlyName)
	case n.ProxyIdentifierSID != "" && !core.IsSID("PN", n.ProxyIdentifierSID):
		return core.Ef(core.CodeProxyNumberSID, "ProxyIdentifierSid is not the SID of a phone number (PN…)")
	case n.ProxyIdentifier == "":
		return nil
	}
	ours := Address(n.ProxyIdentifier).Kind()
	switch {
	case ours == "" || ours == KindChannel || n.ProxyIdentifier == n.Identifier, kind != KindChannel && kind != ours:
		return core.Ef(core.CodeProxyPair, "ProxyIdentifier %q is not an address that Identifier %q can write to", clip(n.ProxyIdentifier), clip(n.Identifier))
	}
	return nil
}

// listen locks a channel and has its messages told to Proxy.
func (p *Proxy) listen(tx *store.Tx, service *Service, channelSID string) error {
	if service.ChatServiceSID == nil {
		return core.Ef(core.CodeProxyNoChatService, "A chat channel can take part where the service is tied to its chat service: set ChatInstanceSid of %s", service.SID)
	}
	err := p.o.Chat.JoinTx(tx, service.AccountSID, *service.ChatServiceSID, channelSID)
	if e := core.AsError(err); err != nil && e.Status < 500 {
		return core.Ef(core.CodeProxyChat, "Channel %s: %s", channelSID, e.Message).Because(err)
	}
	return err
}

// join is listen for a channel that takes part from now on. It is in one session at a time.
func (p *Proxy) join(tx *store.Tx, service *Service, channelSID string) error {
	if err := p.listen(tx, service, channelSID); err != nil {
		return err
	}
	var other string
	err := tx.One(`SELECT s.sid FROM proxy_participant a JOIN proxy_session s ON s.id = a.session_id WHERE a.account_sid = $1 AND a.identifier = $2 AND a.open`,
		[]any{service.AccountSID, channelSID}, &other)
	if err == nil {
		return core.Ef(core.CodeProxyChat, "Channel %s is in session %s already", channelSID, other)
	}
	return or(err, nil)
}

// assign gives a participant its proxy address: the one that is named, the other participant's for a channel, or one of the pool.
func (p *Proxy) assign(tx *store.Tx, service *Service, a, partner *Participant, in NewParticipant) error {
	var n *Number
	var err error
	switch {
	case in.ProxyIdentifierSID != "":
		n, err = numbers.One(&tx.Reader, `WHERE sid = $1 AND service_sid = $2`, in.ProxyIdentifierSID, service.SID)
		if err = or(err, core.Ef(core.CodeProxyNoNumber, "ProxyIdentifierSid %s is not in the service's pool", in.ProxyIdentifierSID)); err == nil && in.ProxyIdentifier != "" && in.ProxyIdentifier != string(n.Address) {
			err = core.Ef(core.CodeProxyPair, "ProxyIdentifierSid is that of %s, not of ProxyIdentifier", n.Address)
		}
		if err == nil {
			err = NewParticipant{Identifier: in.Identifier, ProxyIdentifier: string(n.Address)}.check("")
		}
	case in.ProxyIdentifier != "":
		n, err = p.named(tx, service, Address(in.ProxyIdentifier), in.granted)
	case a.kind() == KindChannel && partner != nil:
		a.ProxyIdentifier, a.ProxyIdentifierSID = partner.ProxyIdentifier, partner.ProxyIdentifierSID
	default:
		n, err = choose(&tx.Reader, service, Address(in.Identifier))
	}
	if err != nil {
		return err
	}
	if n != nil {
		a.ProxyIdentifier, a.ProxyIdentifierSID = string(n.Address), orNone(n.SID)
	}
	other, err := holder(&tx.Reader, a.AccountSID, a.Identifier, a.ProxyIdentifier)
	if err == nil && other != "" {
		err = core.Ef(core.CodeProxyInUse, "%s writes to %s in session %s already", clip(a.Identifier), a.ProxyIdentifier, other)
	}
	return err
}

// named finds a proxy address that a request names: one of the pool, or, without a SID, one of the account's beside it.
func (p *Proxy) named(tx *store.Tx, service *Service, ours Address, owned bool) (*Number, error) {
	n, err := numbers.One(&tx.Reader, `WHERE address = $1 AND service_sid = $2`, string(ours), service.SID)
	if !errors.Is(err, store.ErrNoRow) {
		return n, err
	}
	if !owned && service.ChatServiceSID != nil {
		if owned, err = p.front.OwnsTx(&tx.Reader, service.AccountSID, *service.ChatServiceSID, ours); err != nil {
			return nil, err
		}
	}
	if !owned {
		return nil, core.Ef(core.CodeProxyNotInService, "ProxyIdentifier %s is not in the service's pool, and no Flex Flow has it as its contact identity", ours)
	}
	return &Number{Address: ours}, nil
}

// holder is the SID of the open session in which a participant has the pair of addresses; "" for none.
func holder(r *store.Reader, accountSID, identifier, ours string) (sid string, err error) {
	err = r.One(`SELECT s.sid FROM proxy_participant a JOIN proxy_session s ON s.id = a.session_id
		WHERE a.account_sid = $1 AND a.identifier = $2 AND a.proxy_identifier = $3 AND a.open`, []any{accountSID, identifier, ours}, &sid)
	return sid, or(err, nil)
}

// choose picks an address of the pool for a participant.
func choose(r *store.Reader, service *Service, a Address) (*Number, error) {
	var pool []candidate
	rows, err := numbers.All(r, `WHERE service_sid = $1 ORDER BY created_at, sid`, service.SID)
	if err != nil {
		return nil, err
	}
	byAddress := make(map[string]*candidate, len(rows))
	for _, n := range rows {
		pool = append(pool, candidate{Number: n})
	}
	for i := range pool {
		byAddress[string(pool[i].Address)] = &pool[i]
	}
	err = r.Query(`SELECT n.address, count(DISTINCT a.session_id) FROM proxy_number n JOIN proxy_participant a
		ON a.account_sid = n.account_sid AND a.proxy_identifier = n.address AND a.open WHERE n.service_sid = $1 GROUP BY n.address`, []any{service.SID},
		func(scan func(...any) error) error {
			var address string
			var n int64
			err := scan(&address, &n)
			if c := byAddress[address]; c != nil {
				c.InUse = n
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	const newest = 1000
	err = r.Query(`SELECT proxy_identifier, open FROM proxy_participant WHERE account_sid = $1 AND identifier = $2 ORDER BY id DESC LIMIT $3`,
		[]any{service.AccountSID, string(a), newest}, func(scan func(...any) error) error {
			var address string
			var open bool
			err := scan(&address, &open)
			if c := byAddress[address]; c != nil {
				c.used, c.busy = true, c.busy || open
			}
			return err
		})
	if err != nil {
		return nil, err
	}
	return pick(pool, service.GeoMatchLevel, service.NumberSelection, a)
}

// DeleteParticipant takes a participant out of its session, for good.
func (p *Proxy) DeleteParticipant(ctx context.Context, accountSID, serviceSID, sessionRef, sid string) error {
	return p.st.Update(ctx, func(tx *store.Tx) error {
		s, err := lockSession(tx, accountSID, serviceSID, sessionRef)
		if err != nil {
			return err
		}
		a, err := participantIn(&tx.Reader, s, sid)
		if err != nil {
			return err
		}
		if a.DeletedAt != nil {
			return notFound("Participant", sid)
		}
		now := tx.Now()
		a.open, a.DeletedAt, a.UpdatedAt = false, &now, now
		return participants.Update(tx, a)
	})
}

// FetchParticipant returns a participant, also one that was removed, or 20404.
func (p *Proxy) FetchParticipant(ctx context.Context, accountSID, serviceSID, sessionRef, sid string) (s *Session, a *Participant, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		if s, err = sessionIn(r, accountSID, serviceSID, sessionRef); err != nil {
			return err
		}
		a, err = participantIn(r, s, sid)
		return err
	})
	return s, a, err
}

// ListParticipants returns up to limit participants after the SID after ("" for the first), oldest first, with those that were removed.
func (p *Proxy) ListParticipants(ctx context.Context, accountSID, serviceSID, sessionRef, after string, limit int) (s *Session, all []*Participant, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		if s, err = sessionIn(r, accountSID, serviceSID, sessionRef); err != nil {
			return err
		}
		all, err = list(r, participants, func(a *Participant) int64 { return a.ID }, after, `WHERE session_id = $1`, limit, s.ID)
		return err
	})
	return s, all, err
}

func participantIn(r *store.Reader, s *Session, sid string) (*Participant, error) {
	if !core.IsSID("KP", sid) {
		return nil, notFound("Participant", sid)
	}
	a, err := participants.One(r, `WHERE sid = $1 AND session_id = $2`, sid, s.ID)
	return a, or(err, notFound("Participant", sid))
}
