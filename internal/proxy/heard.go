package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"parley/internal/jobs"
	"parley/internal/store"
)

// Heard is a message that was said in a channel which takes part in a session.
type Heard struct {
	AccountSID, ChatServiceSID, ChannelSID string
	MessageSID, Author, Body               string
	MediaSID, ContentType                  string // "" for a text
	Lane                                   string // what is heard of a channel is handled in the order of LaneSeq
	LaneSeq                                int64
}

// words is the payload of a job: what was heard, and for whom. It is complete when it is written, so that what was said before a session
// ended is delivered.
type words struct {
	message
	AccountSID  string      `json:"account_sid"`
	ServiceSID  string      `json:"service_sid"`
	Session     int64       `json:"session"`
	SessionSID  string      `json:"session_sid"`
	Channel     string      `json:"channel"` // the SID of the channel's participant
	MessageSID  string      `json:"message_sid"`
	Participant Participant `json:"participant"`
}

// HeardTx has a message of a channel brought to the other participant, in the message's own transaction. Nothing comes of the customer's own
// messages, of those that a request sent to the channel, nor where no session is open.
func HeardTx(tx *store.Tx, h Heard) error {
	a, err := participants.One(&tx.Reader, `WHERE account_sid = $1 AND identifier = $2 AND open`, h.AccountSID, h.ChannelSID)
	if err != nil {
		return or(err, nil)
	}
	to, err := participants.One(&tx.Reader, `WHERE session_id = $1 AND id <> $2 AND deleted_at IS NULL`, a.sessionID, a.ID)
	if err != nil || h.Author == to.name() || h.Author == to.Identifier || h.Author == a.ProxyIdentifier {
		return or(err, nil)
	}
	s, err := sessions.One(&tx.Reader, `WHERE id = $1`, a.sessionID)
	if err != nil || s.over(tx.Now()) || s.Mode == ModeVoice {
		return err
	}
	w := words{message{Body: h.Body}, s.AccountSID, s.ServiceSID, s.ID, s.SID, a.SID, h.MessageSID, *to}
	if h.MediaSID != "" {
		w.Media = []Media{{ServiceSID: h.ChatServiceSID, SID: h.MediaSID, ContentType: h.ContentType}}
	}
	payload, err := json.Marshal(w)
	if err != nil {
		return err
	}
	return jobs.Enqueue(tx, jobs.Job{Kind: jobHeard, Lane: h.Lane, LaneSeq: h.LaneSeq, Payload: string(payload)})
}

// runHeard asks whether it may go on, and hands it on.
func (p *Proxy) runHeard(ctx context.Context, job *jobs.Claimed) error {
	var w words
	if err := json.Unmarshal([]byte(job.Payload), &w); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	var service *Service
	err := p.st.View(ctx, func(r *store.Reader) (err error) {
		service, err = services.One(r, `WHERE sid = $1`, w.ServiceSID)
		return err
	})
	if errors.Is(err, store.ErrNoRow) {
		return nil // the service was removed with all of its sessions
	}
	if err != nil {
		return err
	}
	draft := Interaction{SID: tokenSID("KI", job), Data: data(w.Body, w.Media), InboundParticipantSID: &w.Channel, InboundSID: &w.MessageSID, InboundStatus: orNone(stateReceived),
		CreatedAt: job.CreatedAt, UpdatedAt: job.CreatedAt}
	blocked, err := p.blocked(ctx, service, &Session{SID: w.SessionSID, AccountSID: w.AccountSID, ServiceSID: w.ServiceSID}, &draft)
	if err != nil {
		return err
	}
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		s, err := lockByID(tx, w.Session)
		if err != nil {
			return err
		}
		i := draft
		switch {
		case s == nil && !blocked:
			_, err = p.hand(tx, outgoing{w.message, w.AccountSID, Address(w.Participant.ProxyIdentifier), Address(w.Participant.Identifier), messageSID(i.SID), ""})
		case s != nil && blocked:
			err = p.record(tx, service, s, &i)
		case s != nil:
			err = p.dispatch(tx, service, s, &i, &w.Participant, w.message)
		}
		if err != nil {
			return err
		}
		return job.Complete(tx)
	})
	if err == nil && blocked {
		p.o.Observe("out", outcomeBlocked)
	}
	return err
}
