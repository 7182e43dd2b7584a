package proxy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
)

// maxMessageSID bounds a transport's name for a message in bytes.
const maxMessageSID = 255

// Incoming is a message that a transport brings.
type Incoming struct {
	message
	AccountSID string            `json:"account_sid"`
	MessageSID string            `json:"message_sid"` // the transport's name for it: the same when it is brought again
	From       Address           `json:"from"`
	To         Address           `json:"to"`
	Name       string            `json:"name,omitempty"` // of who wrote
	Params     map[string]string `json:"params"`         // as they came, for the out-of-session callback
}

// NewIncoming makes a message that came in.
func NewIncoming(accountSID, messageSID, from, to, body, name string, media []Media, params map[string]string) Incoming {
	return Incoming{message{body, media}, accountSID, messageSID, Address(from), Address(to), name, params}
}

// check refuses what cannot be a message.
func (in *Incoming) check() error {
	kind := in.From.Kind()
	switch {
	case in.MessageSID == "" || len(in.MessageSID) > maxMessageSID:
		return invalid("MessageSid must have 1 to %d bytes", maxMessageSID)
	case kind == "" || kind == KindChannel:
		return core.Ef(core.CodeProxyIdentifier, "From must be an address such as +14155550100, whatsapp:+14155550100, messenger:ID or line:ID")
	case in.To.Kind() != kind:
		return core.Ef(core.CodeProxyNoIdentifier, "To %q is no address of the same kind as From", clip(string(in.To)))
	case len(in.Body) > maxBody:
		return invalid("Body has %d bytes; at most %d are allowed", len(in.Body), maxBody)
	case in.Body == "" && len(in.Media) == 0:
		return invalid("Body or MediaUrl0 is required")
	case len(in.Media) > maxMedia:
		return invalid("NumMedia is above %d", maxMedia)
	}
	for _, m := range in.Media {
		if m.URL == "" {
			return invalid("NumMedia says that there is a MediaUrl which is missing")
		}
		if err := checkURL("MediaUrl", m.URL); err != nil {
			return err
		}
	}
	return nil
}

// Receive takes a message from a transport. When it returns nil the message will be brought on; one that was taken before is not taken
// again. Where nobody is there for it, the error says so.
func (p *Proxy) Receive(ctx context.Context, in Incoming) error {
	if err := in.check(); err != nil {
		return err
	}
	payload, err := json.Marshal(in)
	if err != nil {
		return err
	}
	repeated := false
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`INSERT INTO proxy_receipt (account_sid, message_sid, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, in.AccountSID, in.MessageSID, tx.Now())
		if repeated = n == 0; err != nil || repeated {
			return err
		}
		if err := p.route(&tx.Reader, &in); err != nil {
			return err
		}
		seq, err := next(tx, in.AccountSID, in.To, in.From)
		if err != nil {
			return err
		}
		return jobs.Enqueue(tx, jobs.Job{Kind: jobTake, Lane: lane("take", in.AccountSID, in.To, in.From), LaneSeq: seq, Payload: string(payload)})
	})
	switch {
	case err != nil && core.AsError(err).Status < 500:
		p.log.Info("a message that came in was refused", "kind", in.From.Kind(), "error", err)
		p.o.Observe("in", outcomeRefused)
	case err == nil && repeated:
		p.o.Observe("in", outcomeRepeated)
	}
	return err
}

// route says why nobody is there for a message, or nil (rest-semantics §2.5.4).
func (p *Proxy) route(r *store.Reader, in *Incoming) error {
	at, err := joined(r, in)
	if err != nil || at != nil {
		return err
	}
	owned, err := p.front.OwnsTx(r, in.AccountSID, "", in.To)
	if err != nil || owned {
		return err
	}
	known, err := knownPair(r, in)
	if err != nil {
		return err
	}
	service, pooled, err := outsideService(r, in, known)
	if err != nil || service != nil && service.OutOfSessionURL != nil {
		return err
	}
	var others int
	err = r.One(`SELECT count(*) FROM proxy_participant WHERE account_sid = $1 AND proxy_identifier = $2 AND open`, []any{in.AccountSID, string(in.To)}, &others)
	switch {
	case err != nil:
		return err
	case known != nil && (known.session.ClosedReason == reasonTTL || known.session.ClosedReason == reasonExpiry || known.session.over(r.Now())):
		return core.Ef(core.CodeProxyExpired, "The session %s of %s and %s has expired", known.session.SID, clip(string(in.From)), in.To)
	case others > 0:
		return core.Ef(core.CodeProxyUnknown, "%s is in no open session on %s", clip(string(in.From)), in.To)
	case known != nil || pooled:
		return core.Ef(core.CodeProxyNoSession, "No session is open on %s", in.To)
	}
	return core.Ef(core.CodeProxyNoIdentifier, "%s is in no pool of this account, and no enabled Flex Flow has it as its contact identity", clip(string(in.To)))
}

// place is where a message belongs.
type place struct {
	session     *Session
	from        *Participant
	partner     *Participant // nil for none
	chatService *string      // that the service is tied to
}

// joined finds the open session to which a message belongs; nil for none.
func joined(r *store.Reader, in *Incoming) (*place, error) {
	a, err := participants.One(r, `WHERE account_sid = $1 AND identifier = $2 AND proxy_identifier = $3 AND open`, in.AccountSID, string(in.From), string(in.To))
	if err != nil {
		return nil, or(err, nil)
	}
	at, err := placeOf(r, a)
	if err != nil || at.session.over(r.Now()) || at.session.Mode == ModeVoice {
		return nil, err
	}
	return at, nil
}

// knownPair finds the newest session of a pair of addresses, open or not; nil for none.
func knownPair(r *store.Reader, in *Incoming) (*place, error) {
	a, err := participants.One(r, `WHERE account_sid = $1 AND identifier = $2 AND proxy_identifier = $3 ORDER BY id DESC LIMIT 1`, in.AccountSID, string(in.From), string(in.To))
	if err != nil {
		return nil, or(err, nil)
	}
	return placeOf(r, a)
}

func placeOf(r *store.Reader, a *Participant) (*place, error) {
	at := &place{from: a}
	var err error
	if at.session, err = sessions.One(r, `WHERE id = $1`, a.sessionID); err != nil {
		return nil, err
	}
	at.partner, err = participants.One(r, `WHERE session_id = $1 AND id <> $2 AND deleted_at IS NULL`, a.sessionID, a.ID)
	if errors.Is(err, store.ErrNoRow) {
		at.partner, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = r.One(`SELECT chat_instance_sid FROM proxy_service WHERE sid = $1`, []any{at.session.ServiceSID}, &at.chatService)
	return at, err
}

// errMoved: what a decision was built on has changed; it is made anew.
var errMoved = errors.New("proxy: the session has changed meanwhile")

// maxTurns bounds how often the way of a message is looked for, before the job is tried again later.
const maxTurns = 5

// runTake brings a message on: into its session, or into one that is made for it.
func (p *Proxy) runTake(ctx context.Context, job *jobs.Claimed) error {
	var in Incoming
	if err := json.Unmarshal([]byte(job.Payload), &in); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	for range maxTurns {
		at, err := p.find(ctx, &in)
		if err != nil {
			return err
		}
		if at != nil {
			err = p.bring(ctx, job, &in, at)
		} else {
			err = p.begin(ctx, job, &in)
		}
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return errMoved
}

// find finds the session of a message. One whose chat has ended, although nobody closed it, is closed here: the next message begins anew.
func (p *Proxy) find(ctx context.Context, in *Incoming) (at *place, err error) {
	ended := false
	err = p.st.View(ctx, func(r *store.Reader) error {
		if at, err = joined(r, in); err != nil || at == nil || at.partner == nil || at.partner.kind() != KindChannel || at.chatService == nil {
			return err
		}
		ended, err = p.front.EndedTx(r, in.AccountSID, *at.chatService, at.partner.Identifier)
		return err
	})
	if err != nil || !ended {
		return at, err
	}
	return nil, p.shut(ctx, at.session.ID, reasonGone)
}

// shut closes a session, unless it is.
func (p *Proxy) shut(ctx context.Context, id int64, reason string) error {
	return p.st.Update(ctx, func(tx *store.Tx) error {
		s, err := lockByID(tx, id)
		if err != nil || s == nil || s.ended() {
			return err
		}
		return p.close(tx, s, reason)
	})
}

// begin looks for somebody who answers where no session is. errMoved says that there is a session now.
func (p *Proxy) begin(ctx context.Context, job *jobs.Claimed, in *Incoming) error {
	opened := false
	err := p.st.Update(ctx, func(tx *store.Tx) (err error) {
		if err := closeOver(tx, p, in); err != nil {
			return err
		}
		opened, err = p.front.OpenTx(tx, in.AccountSID, Visitor{From: in.From, To: in.To, Name: in.Name})
		return err
	})
	if err == nil && opened {
		return errMoved
	}
	if err != nil {
		return err
	}
	return p.outside(ctx, job, in)
}

// closeOver closes a session of the pair whose timer is late, so that its addresses are free.
func closeOver(tx *store.Tx, p *Proxy, in *Incoming) error {
	known, err := knownPair(&tx.Reader, in)
	if err != nil || known == nil || !known.session.over(tx.Now()) {
		return err
	}
	s, err := lockByID(tx, known.session.ID)
	if err != nil || s == nil || !s.over(tx.Now()) {
		return err
	}
	return p.close(tx, s, s.expiryReason())
}

// resourceSID is the inbound message's SID: the transport's, where it has the form of one.
func (in *Incoming) resourceSID() string {
	for _, prefix := range []string{"SM", "MM"} {
		if core.IsSID(prefix, in.MessageSID) {
			return in.MessageSID
		}
	}
	sum := sha256.Sum256([]byte(in.AccountSID + "\n" + in.MessageSID))
	return "SM" + hex.EncodeToString(sum[:16])
}

// bring brings a message to the other participant of its session.
func (p *Proxy) bring(ctx context.Context, job *jobs.Claimed, in *Incoming, at *place) error {
	var service *Service
	err := p.st.View(ctx, func(r *store.Reader) (err error) {
		service, err = services.One(r, `WHERE sid = $1`, at.session.ServiceSID)
		return err
	})
	if err != nil {
		return or(err, errMoved)
	}
	draft := Interaction{SID: tokenSID("KI", job), Data: data(in.Body, in.Media), InboundParticipantSID: &at.from.SID, InboundSID: orNone(in.resourceSID()), InboundStatus: orNone(stateReceived),
		CreatedAt: job.CreatedAt, UpdatedAt: job.CreatedAt}
	blocked, err := p.blocked(ctx, service, at.session, &draft)
	if err != nil {
		return err
	}
	outcome := outcomePassed
	switch {
	case blocked:
		outcome = outcomeBlocked
		err = p.within(ctx, job, at, func(tx *store.Tx, s *Session) error { i := draft; return p.record(tx, service, s, &i) })
	case at.partner == nil:
		outcome = outcomeRefused
		p.log.Info("a message reached nobody: its session has one participant", "session", at.session.SID)
		err = p.within(ctx, job, at, func(tx *store.Tx, s *Session) error { i := draft; return p.record(tx, service, s, &i) })
	case at.partner.kind() == KindChannel:
		err = p.post(ctx, job, in, at, service, draft)
	default:
		err = p.within(ctx, job, at, func(tx *store.Tx, s *Session) error {
			i := draft
			return p.dispatch(tx, service, s, &i, at.partner, in.message)
		})
	}
	if err == nil {
		p.o.Observe("in", outcome)
	}
	return err
}

// within runs fn on the locked session and completes the job; errMoved if the session has ended meanwhile.
func (p *Proxy) within(ctx context.Context, job *jobs.Claimed, at *place, fn func(tx *store.Tx, s *Session) error) error {
	return p.st.Update(ctx, func(tx *store.Tx) error {
		s, err := lockByID(tx, at.session.ID)
		if err != nil {
			return err
		}
		if s == nil || s.ended() {
			return errMoved
		}
		if err := fn(tx, s); err != nil {
			return err
		}
		return job.Complete(tx)
	})
}

// post writes a message into a channel: its text, then its media, each as a message of its own.
func (p *Proxy) post(ctx context.Context, job *jobs.Claimed, in *Incoming, at *place, service *Service, draft Interaction) error {
	if service.ChatServiceSID == nil {
		return p.moveOn(ctx, at, errors.New("the service is not tied to a chat service any more"))
	}
	base := Post{AccountSID: in.AccountSID, ServiceSID: *service.ChatServiceSID, ChannelSID: at.partner.Identifier, From: at.from.name()}
	body := in.Body
	var posts []Post
	for _, m := range in.Media {
		one := base
		sid, final, err := p.o.Chat.KeepMedia(ctx, in.AccountSID, base.ServiceSID, m)
		if err != nil && !final {
			return err
		}
		if err != nil { // what cannot be had is left as a link, so that somebody may try
			p.log.Warn("a media of a message could not be fetched", "session", at.session.SID, "error", err)
			body = lines(body, m.URL)
			continue
		}
		one.MediaSID = sid
		posts = append(posts, one)
	}
	if body != "" {
		first := base
		first.Body = body
		posts = append([]Post{first}, posts...)
	}
	err := p.st.Update(ctx, func(tx *store.Tx) error {
		i := draft
		for n, one := range posts {
			sid, err := p.o.Chat.PostTx(tx, one)
			if err != nil {
				return err
			}
			if n == 0 {
				i.OutboundParticipantSID, i.OutboundSID, i.OutboundStatus = &at.partner.SID, &sid, orNone(StateDelivered)
			}
		}
		s, err := lockByID(tx, at.session.ID)
		if err != nil {
			return err
		}
		if s == nil || s.ended() {
			return errMoved
		}
		if err := p.record(tx, service, s, &i); err != nil {
			return err
		}
		return job.Complete(tx)
	})
	if core.HasCode(err, core.CodeChannelNotFound) || core.HasCode(err, core.CodeServiceNotFound) {
		return p.moveOn(ctx, at, err)
	}
	return err
}

// moveOn closes a session whose chat has gone, so that the message begins another one.
func (p *Proxy) moveOn(ctx context.Context, at *place, why error) error {
	p.log.Info("a session was closed, because its chat has gone", "session", at.session.SID, "error", why)
	if err := p.shut(ctx, at.session.ID, reasonGone); err != nil {
		return err
	}
	return errMoved
}
