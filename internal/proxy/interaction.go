package proxy

import (
	"bytes"
	"context"
	"encoding/json"

	"parley/internal/core"
	"parley/internal/store"
)

// The states of a message on its way, as interactions show them (rest-semantics §1.3).
const (
	StateQueued      = "queued"
	StateSending     = "sending"
	StateSent        = "sent"
	StateDelivered   = "delivered"
	StateFailed      = "failed"
	StateUndelivered = "undelivered"
	stateReceived    = "received"
)

// rank orders the states: only a higher one takes the place of another.
func rank(state string) int {
	switch state {
	case StateQueued:
		return 1
	case StateSending:
		return 2
	case StateSent:
		return 3
	case StateFailed, StateUndelivered:
		return 4
	case StateDelivered:
		return 5
	}
	return 0
}

// Interaction is a message that went through a session ("KI…"): what came in from one participant, and what went out to the other. A message
// that a request made has no inbound side; one that was blocked, or had nobody to go to, no outbound side.
type Interaction struct {
	ID                          int64
	SID                         string
	sessionID                   int64
	Data                        string // a JSON object with the text as body
	InboundParticipantSID       *string
	InboundSID, InboundStatus   *string // of the message
	OutboundParticipantSID      *string
	OutboundSID, OutboundStatus *string
	CreatedAt, UpdatedAt        int64
}

var interactions = store.NewTable("proxy_interaction",
	store.Col[Interaction]{Name: "id", Ptr: func(i *Interaction) any { return &i.ID }},
	store.Col[Interaction]{Name: "sid", Ptr: func(i *Interaction) any { return &i.SID }},
	store.Col[Interaction]{Name: "session_id", Ptr: func(i *Interaction) any { return &i.sessionID }},
	store.Col[Interaction]{Name: "data", Ptr: func(i *Interaction) any { return &i.Data }},
	store.Col[Interaction]{Name: "inbound_participant_sid", Ptr: func(i *Interaction) any { return &i.InboundParticipantSID }},
	store.Col[Interaction]{Name: "inbound_resource_sid", Ptr: func(i *Interaction) any { return &i.InboundSID }},
	store.Col[Interaction]{Name: "inbound_resource_status", Ptr: func(i *Interaction) any { return &i.InboundStatus }},
	store.Col[Interaction]{Name: "outbound_participant_sid", Ptr: func(i *Interaction) any { return &i.OutboundParticipantSID }},
	store.Col[Interaction]{Name: "outbound_resource_sid", Ptr: func(i *Interaction) any { return &i.OutboundSID }},
	store.Col[Interaction]{Name: "outbound_resource_status", Ptr: func(i *Interaction) any { return &i.OutboundStatus }},
	store.Col[Interaction]{Name: "created_at", Ptr: func(i *Interaction) any { return &i.CreatedAt }},
	store.Col[Interaction]{Name: "updated_at", Ptr: func(i *Interaction) any { return &i.UpdatedAt }})

// resourceType is what interactions are about here.
const resourceType = "Message"

// InboundType is the type of the inbound resource; nil for none.
func (i *Interaction) InboundType() *string { return typeOf(i.InboundSID) }

// OutboundType is the type of the outbound resource; nil for none.
func (i *Interaction) OutboundType() *string { return typeOf(i.OutboundSID) }

func typeOf(sid *string) *string {
	if sid == nil {
		return nil
	}
	return orNone(resourceType)
}

// data is what an interaction keeps of a message.
func data(body string, media []Media) string {
	var d struct {
		Body  string   `json:"body"`
		Media []string `json:"media,omitempty"`
	}
	d.Body = body
	for _, m := range media {
		d.Media = append(d.Media, m.URL+m.SID)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(d) // texts can always be written
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// NewMessage is a message that a request has sent to a participant.
type NewMessage struct {
	Body     string
	MediaURL []string
}

// SendMessage sends a participant a message from its proxy address, as from nobody (rest-semantics §1.3).
func (p *Proxy) SendMessage(ctx context.Context, accountSID, serviceSID, sessionRef, participantSID string, in NewMessage) (s *Session, i *Interaction, err error) {
	if err := in.check(); err != nil {
		return nil, nil, err
	}
	// A channel's lock comes before the session's, so who is written to is looked up first.
	_, to, err := p.FetchParticipant(ctx, accountSID, serviceSID, sessionRef, participantSID)
	if err != nil {
		return nil, nil, err
	}
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		s, i, err = p.sendMessage(tx, accountSID, serviceSID, sessionRef, to, in)
		return err
	})
	return s, i, err
}

func (in NewMessage) check() error {
	if in.Body == "" && len(in.MediaURL) == 0 {
		return invalid("Body or MediaUrl is required")
	}
	if len(in.Body) > maxBody {
		return invalid("Body has %d bytes; at most %d are allowed", len(in.Body), maxBody)
	}
	if len(in.MediaURL) > maxMedia {
		return invalid("A message has at most %d MediaUrl", maxMedia)
	}
	for _, u := range in.MediaURL {
		if u == "" {
			return invalid("MediaUrl is empty")
		}
		if err := checkURL("MediaUrl", u); err != nil {
			return err
		}
	}
	return nil
}

func (p *Proxy) sendMessage(tx *store.Tx, accountSID, serviceSID, sessionRef string, to *Participant, in NewMessage) (*Session, *Interaction, error) {
	service, err := serviceIn(&tx.Reader, accountSID, serviceSID)
	if err != nil {
		return nil, nil, err
	}
	var posted string
	if to.kind() == KindChannel {
		if posted, err = p.postRequest(tx, service, to, in); err != nil {
			return nil, nil, err
		}
	}
	s, err := lockSession(tx, accountSID, serviceSID, sessionRef)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case s.ended() || s.over(tx.Now()):
		return nil, nil, core.Ef(core.CodeProxySessionClosed, "Session %s is closed", s.SID)
	case s.Mode == ModeVoice:
		return nil, nil, core.Ef(core.CodeProxyVoiceOnly, "The session's Mode is %s", ModeVoice)
	}
	if to, err = participantIn(&tx.Reader, s, to.SID); err != nil {
		return nil, nil, err
	}
	if to.DeletedAt != nil {
		return nil, nil, notFound("Participant", to.SID)
	}
	i := &Interaction{SID: core.NewSID("KI"), OutboundParticipantSID: &to.SID}
	m := message{Body: in.Body}
	for _, u := range in.MediaURL {
		m.Media = append(m.Media, Media{URL: u})
	}
	i.Data = data(m.Body, m.Media)
	if posted != "" {
		i.OutboundSID, i.OutboundStatus = &posted, orNone(StateDelivered)
		return s, i, p.record(tx, service, s, i)
	}
	return s, i, p.dispatch(tx, service, s, i, to, m)
}

// postRequest writes a request's message into a channel, under the name of the service: it is from none of the participants.
func (p *Proxy) postRequest(tx *store.Tx, service *Service, to *Participant, in NewMessage) (string, error) {
	if service.ChatServiceSID == nil {
		return "", core.Ef(core.CodeProxyNoChatService, "The service is not tied to a chat service")
	}
	body := in.Body
	for _, u := range in.MediaURL {
		body = lines(body, u)
	}
	sid, err := p.o.Chat.PostTx(tx, Post{AccountSID: service.AccountSID, ServiceSID: *service.ChatServiceSID, ChannelSID: to.Identifier, From: to.ProxyIdentifier, Body: body})
	if e := core.AsError(err); err != nil && e.Status < 500 {
		err = core.Ef(core.CodeProxyChat, "Channel %s: %s", to.Identifier, e.Message).Because(err)
	}
	return sid, err
}

// lines puts one text below another.
func lines(above, below string) string {
	if above == "" || below == "" {
		return above + below
	}
	return above + "\n" + below
}

// record writes a new interaction in a locked session and tells the service's receiver.
func (p *Proxy) record(tx *store.Tx, service *Service, s *Session, i *Interaction) error {
	i.ID, i.sessionID, i.CreatedAt, i.UpdatedAt = tx.NextID(), s.ID, tx.Now(), tx.Now()
	if err := interactions.Insert(tx, i); err != nil {
		return err
	}
	if err := s.interact(tx); err != nil {
		return err
	}
	if err := p.callback(tx, service, s, i); err != nil {
		return err
	}
	return sessions.Update(tx, s)
}

// advance sets the outbound state of an interaction, if that is further than the one it has.
func (p *Proxy) advance(tx *store.Tx, sid, state string) error {
	var id int64
	err := tx.One(`SELECT session_id FROM proxy_interaction WHERE sid = $1`, []any{sid}, &id)
	if err != nil {
		return or(err, nil) // it was deleted
	}
	s, err := lockByID(tx, id)
	if err != nil || s == nil {
		return err
	}
	i, err := interactions.One(&tx.Reader, `WHERE sid = $1`, sid)
	if err != nil || rank(state) <= rank(text(i.OutboundStatus)) {
		return or(err, nil)
	}
	i.OutboundStatus, i.UpdatedAt = &state, tx.Now()
	if err := interactions.Update(tx, i); err != nil {
		return err
	}
	service, err := services.One(&tx.Reader, `WHERE sid = $1`, s.ServiceSID)
	if err != nil {
		return err
	}
	if err := p.callback(tx, service, s, i); err != nil {
		return err
	}
	return sessions.Update(tx, s)
}

// DeleteInteraction forgets what was said.
func (p *Proxy) DeleteInteraction(ctx context.Context, accountSID, serviceSID, sessionRef, sid string) error {
	return p.st.Update(ctx, func(tx *store.Tx) error {
		s, err := lockSession(tx, accountSID, serviceSID, sessionRef)
		if err != nil {
			return err
		}
		i, err := interactionIn(&tx.Reader, s, sid)
		if err != nil {
			return err
		}
		return or(interactions.Delete(tx, i), notFound("Interaction", sid))
	})
}

// FetchInteraction returns an interaction or 20404.
func (p *Proxy) FetchInteraction(ctx context.Context, accountSID, serviceSID, sessionRef, sid string) (s *Session, i *Interaction, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		if s, err = sessionIn(r, accountSID, serviceSID, sessionRef); err != nil {
			return err
		}
		i, err = interactionIn(r, s, sid)
		return err
	})
	return s, i, err
}

// ListInteractions returns up to limit interactions after the SID after ("" for the first), oldest first.
func (p *Proxy) ListInteractions(ctx context.Context, accountSID, serviceSID, sessionRef, after string, limit int) (s *Session, all []*Interaction, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		if s, err = sessionIn(r, accountSID, serviceSID, sessionRef); err != nil {
			return err
		}
		all, err = list(r, interactions, interactionID, after, `WHERE session_id = $1`, limit, s.ID)
		return err
	})
	return s, all, err
}

// FetchMessage returns a message that a request had sent to a participant, or 20404.
func (p *Proxy) FetchMessage(ctx context.Context, accountSID, serviceSID, sessionRef, participantSID, sid string) (s *Session, i *Interaction, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		if s, err = sessionIn(r, accountSID, serviceSID, sessionRef); err != nil {
			return err
		}
		if _, err := participantIn(r, s, participantSID); err != nil {
			return err
		}
		i, err = interactionIn(r, s, sid)
		if err == nil && (text(i.OutboundParticipantSID) != participantSID || i.InboundParticipantSID != nil) {
			err = notFound("MessageInteraction", sid)
		}
		return err
	})
	return s, i, err
}

// ListMessages returns those that requests had sent to a participant.
func (p *Proxy) ListMessages(ctx context.Context, accountSID, serviceSID, sessionRef, participantSID, after string, limit int) (s *Session, all []*Interaction, err error) {
	err = p.st.View(ctx, func(r *store.Reader) error {
		if s, err = sessionIn(r, accountSID, serviceSID, sessionRef); err != nil {
			return err
		}
		if _, err := participantIn(r, s, participantSID); err != nil {
			return err
		}
		all, err = list(r, interactions, interactionID, after, `WHERE outbound_participant_sid = $1 AND inbound_participant_sid IS NULL`, limit, participantSID)
		return err
	})
	return s, all, err
}

func interactionID(i *Interaction) int64 { return i.ID }

func interactionIn(r *store.Reader, s *Session, sid string) (*Interaction, error) {
	if !core.IsSID("KI", sid) {
		return nil, notFound("Interaction", sid)
	}
	i, err := interactions.One(r, `WHERE sid = $1 AND session_id = $2`, sid, s.ID)
	return i, or(err, notFound("Interaction", sid))
}
