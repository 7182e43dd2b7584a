package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
)

// patience is how long a transport that does not take a message is asked again.
const patience = time.Hour

// Outcomes are what becomes of messages, as Options.Observe is told.
func Outcomes() map[string][]string {
	return map[string][]string{
		"in":  {outcomePassed, outcomeRepeated, outcomeBlocked, outcomeRefused, outcomeAnswered},
		"out": {outcomePassed, outcomeBlocked, outcomeRetried, outcomeFailed},
	}
}

const (
	outcomePassed   = "passed"   // on to the other side
	outcomeRepeated = "repeated" // was taken before
	outcomeBlocked  = "blocked"  // by the intercept callback
	outcomeRefused  = "refused"  // nobody was there for it
	outcomeAnswered = "answered" // by the out-of-session callback, with a text
	outcomeRetried  = "retried"  // the transport did not take it yet
	outcomeFailed   = "failed"
)

// message is what is to be sent.
type message struct {
	Body  string  `json:"body"`
	Media []Media `json:"media,omitempty"`
}

// outgoing is the payload of a job: a message for a transport. It needs no session, so that it goes out although that has gone.
type outgoing struct {
	message
	AccountSID  string  `json:"account_sid"`
	From        Address `json:"from"`
	To          Address `json:"to"`
	MessageSID  string  `json:"message_sid"`
	Interaction string  `json:"interaction_sid,omitempty"`
}

// messageSID is the SID that a transport knows an interaction's message by, and back.
func messageSID(interactionSID string) string { return "SM" + interactionSID[2:] }

func interactionSID(messageSID string) string { return "KI" + messageSID[2:] }

// tokenSID makes a SID from a job's token: the same at each attempt.
func tokenSID(prefix string, job *jobs.Claimed) string {
	return prefix + strings.ReplaceAll(job.Token(), "-", "")
}

// dispatch records an interaction in a locked session and has a message brought to a participant.
func (p *Proxy) dispatch(tx *store.Tx, service *Service, s *Session, i *Interaction, to *Participant, m message) error {
	sid := messageSID(i.SID)
	i.OutboundParticipantSID, i.OutboundSID, i.OutboundStatus = &to.SID, &sid, orNone(StateQueued)
	sent, err := p.hand(tx, outgoing{m, s.AccountSID, Address(to.ProxyIdentifier), Address(to.Identifier), sid, i.SID})
	if err != nil {
		return err
	}
	if !sent {
		i.OutboundStatus = orNone(StateFailed)
	}
	return p.record(tx, service, s, i)
}

// hand makes a message due for its transport, after those to the same address; false where there is no transport.
func (p *Proxy) hand(tx *store.Tx, m outgoing) (bool, error) {
	if p.o.Transports[m.To.Kind()] == "" {
		p.log.Warn("a message cannot be sent: no transport is configured for its kind of address", "kind", m.To.Kind(), "message", m.MessageSID)
		p.o.Observe("out", outcomeFailed)
		return false, nil
	}
	payload, err := json.Marshal(m)
	if err != nil {
		return false, err
	}
	seq, err := next(tx, m.AccountSID, m.From, m.To)
	if err != nil {
		return false, err
	}
	return true, jobs.Enqueue(tx, jobs.Job{Kind: jobSend, Lane: lane("send", m.AccountSID, m.From, m.To), LaneSeq: seq, Key: jobSend + " " + m.To.Kind(), Payload: string(payload)})
}

// lane names the order of what goes one way between two addresses.
func lane(way, accountSID string, ours, theirs Address) string {
	return way + " " + accountSID + " " + string(ours) + " " + string(theirs)
}

// next numbers what happens between two addresses, in the order of commits.
func next(tx *store.Tx, accountSID string, ours, theirs Address) (seq int64, err error) {
	err = tx.One(`INSERT INTO proxy_lane (account_sid, ours, theirs, seq, at) VALUES ($1, $2, $3, 1, $4)
		ON CONFLICT (account_sid, ours, theirs) DO UPDATE SET seq = proxy_lane.seq + 1, at = excluded.at RETURNING seq`,
		[]any{accountSID, string(ours), string(theirs), tx.Now()}, &seq)
	return seq, err
}

// runSend makes one attempt at handing a message to its transport.
func (p *Proxy) runSend(ctx context.Context, job *jobs.Claimed) error {
	var m outgoing
	if err := json.Unmarshal([]byte(job.Payload), &m); err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	state, final, err := StateSent, true, error(nil)
	if url := p.o.Transports[m.To.Kind()]; url == "" {
		err = core.Ef(core.CodeInternal, "no transport is configured any more for %s", m.To.Kind())
	} else {
		final, err = p.o.Courier.Attempt(ctx, Call{AccountSID: m.AccountSID, URL: url, Params: p.form(m)}, job)
	}
	if err != nil {
		if ctx.Err() != nil {
			return err
		}
		if !final && p.st.Now()-job.CreatedAt < patience.Microseconds() {
			p.o.Observe("out", outcomeRetried)
			return err
		}
		p.log.Warn("a message was not taken by its transport", "kind", m.To.Kind(), "message", m.MessageSID, "error", err)
		state = StateFailed
	}
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		if m.Interaction != "" {
			if err := p.advance(tx, m.Interaction, state); err != nil {
				return err
			}
		}
		return job.Complete(tx)
	})
	if err == nil {
		p.o.Observe("out", map[string]string{StateSent: outcomePassed, StateFailed: outcomeFailed}[state])
	}
	return err
}

// form is how a transport is told of a message: the names are those of the classic message API (docs/proxy.md). Links to media are made for
// each attempt, because they are good for a while only.
func (p *Proxy) form(m outgoing) map[string]string {
	all := map[string]string{"AccountSid": m.AccountSID, "MessageSid": m.MessageSID, "From": string(m.From), "To": string(m.To), "Body": m.Body,
		"NumMedia": strconv.Itoa(len(m.Media)), "StatusCallback": p.o.StatusURL(m.AccountSID, m.MessageSID)}
	for n, f := range m.Media {
		at := f.URL
		if f.SID != "" {
			at = p.o.Chat.MediaLink(f.ServiceSID, f.SID)
		}
		all["MediaUrl"+strconv.Itoa(n)] = at
		if f.ContentType != "" {
			all["MediaContentType"+strconv.Itoa(n)] = f.ContentType
		}
	}
	return all
}
