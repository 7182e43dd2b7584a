package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"parley/internal/core"
	"parley/internal/jobs"
	"parley/internal/store"
)

// outsideService is the service that an address belongs to where no session is: that of the pool, or of the pair's last session; nil for none.
func outsideService(r *store.Reader, in *Incoming, known *place) (s *Service, pooled bool, err error) {
	n, err := numbers.One(r, `WHERE address = $1 AND account_sid = $2`, string(in.To), in.AccountSID)
	sid := ""
	switch {
	case err == nil:
		sid, pooled = n.ServiceSID, true
	case !errors.Is(err, store.ErrNoRow):
		return nil, false, err
	case known != nil:
		sid = known.session.ServiceSID
	default:
		return nil, false, nil
	}
	s, err = services.One(r, `WHERE sid = $1`, sid)
	return s, pooled, err
}

// outside asks the service's receiver what to do with a message that belongs to no session (rest-semantics §7.3).
func (p *Proxy) outside(ctx context.Context, job *jobs.Claimed, in *Incoming) error {
	var service *Service
	var known *place
	err := p.st.View(ctx, func(r *store.Reader) (err error) {
		if known, err = knownPair(r, in); err == nil {
			service, _, err = outsideService(r, in, known)
		}
		return err
	})
	if err != nil {
		return err
	}
	if service == nil || service.OutOfSessionURL == nil {
		p.log.Warn("a message that came in has lost its receiver", "kind", in.From.Kind(), "error", core.E(core.CodeProxyNoSession))
		p.o.Observe("in", outcomeRefused)
		return nil
	}
	status, body := p.o.Courier.Ask(ctx, Call{AccountSID: in.AccountSID, URL: *service.OutOfSessionURL, Params: in.strange(known)})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case status == 0 || status >= 500 || status == 429:
		return fmt.Errorf("the out-of-session callback of %s did not answer well: %d", service.SID, status)
	case status/100 != 2:
		return p.drop(service, core.Ef(core.CodeProxyCallback, "The out-of-session callback answered %d", status))
	}
	body = bytes.TrimSpace(body)
	switch {
	case len(body) > 0 && body[0] == '{':
		return p.found(ctx, service, in, body)
	case len(body) > 0 && body[0] == '<':
		return p.answer(ctx, job, service, in, body)
	}
	p.o.Observe("in", outcomeAnswered) // it took note
	return nil
}

// drop leaves a message to itself.
func (p *Proxy) drop(service *Service, why error) error {
	p.log.Warn("a message outside of sessions was not handled", "service", service.SID, "error", why)
	p.o.Observe("in", outcomeRefused)
	return nil
}

// strange are the parameters of the callback: those of the message, and the session that the two had.
func (in *Incoming) strange(known *place) map[string]string {
	all := map[string]string{}
	for name, v := range in.Params {
		all[name] = v
	}
	if known == nil {
		return all
	}
	s := known.session
	for name, v := range map[string]string{"AccountSid": s.AccountSID, "ClosedReason": s.ClosedReason, "DateCreated": core.ISOMillis(s.CreatedAt), "DateUpdated": core.ISOMillis(s.UpdatedAt),
		"Mode": s.Mode, "ServiceSid": s.ServiceSID, "Sid": s.SID, "Status": s.Status, "UniqueName": text(s.UniqueName)} {
		all["session"+name] = v
	}
	if s.EndedAt != nil {
		all["sessionDateEnded"] = core.ISOMillis(*s.EndedAt)
	}
	for prefix, a := range map[string]*Participant{"inboundParticipant": known.from, "outboundParticipant": known.partner} {
		if a == nil {
			continue
		}
		for name, v := range map[string]string{"AccountSid": a.AccountSID, "DateCreated": core.ISOMillis(a.CreatedAt), "DateUpdated": core.ISOMillis(a.UpdatedAt),
			"FriendlyName": text(a.FriendlyName), "Identifier": a.Identifier, "ProxyIdentifier": a.ProxyIdentifier, "ProxyIdentifierSid": text(a.ProxyIdentifierSID),
			"ServiceSid": s.ServiceSID, "SessionSid": s.SID, "Sid": a.SID} {
			all[prefix+name] = v
		}
	}
	return all
}

// found makes the session that the receiver asks for; errMoved says that there is one now.
func (p *Proxy) found(ctx context.Context, service *Service, in *Incoming, body []byte) error {
	var wish struct {
		UniqueName  string `json:"uniqueName"`
		TTL         *int64 `json:"ttl"`
		Mode        string `json:"mode"`
		Participant string `json:"participantIdentifier"`
	}
	if err := json.Unmarshal(body, &wish); err != nil {
		return p.drop(service, core.Ef(core.CodeProxyOutside, "The out-of-session callback's JSON cannot be read: %v", err))
	}
	if wish.Participant == "" || wish.Mode != "" && !slices.Contains(Modes(), wish.Mode) || wish.TTL != nil && (*wish.TTL < 0 || *wish.TTL > maxTTL) {
		return p.drop(service, core.Ef(core.CodeProxyOutside, "The out-of-session callback's JSON needs participantIdentifier, and ttl and mode, if any, as a session has them"))
	}
	err := p.st.Update(ctx, func(tx *store.Tx) error {
		if err := closeOver(tx, p, in); err != nil {
			return err
		}
		_, err := p.createSession(tx, service, NewSession{UniqueName: wish.UniqueName, TTL: wish.TTL, Mode: wish.Mode, Participants: []NewParticipant{
			{Identifier: string(in.From), FriendlyName: in.Name, ProxyIdentifier: string(in.To), granted: true}, {Identifier: wish.Participant}}})
		return err
	})
	if errors.Is(err, store.ErrUnique) {
		return errMoved
	}
	if e := core.AsError(err); err != nil && e.Status < 500 {
		return p.drop(service, core.Ef(core.CodeProxyOutside, "The session that the out-of-session callback asks for cannot be made: %s", e.Message).Because(err))
	}
	if err != nil {
		return err
	}
	return errMoved
}

// maxReplies bounds what one answer sends.
const maxReplies = 10

// answer sends the texts of a TwiML answer back: <Response><Message>text</Message></Response>, or <Message><Body>text</Body></Message>.
func (p *Proxy) answer(ctx context.Context, job *jobs.Claimed, service *Service, in *Incoming, body []byte) error {
	replies, err := replies(body)
	if err != nil {
		return p.drop(service, core.Ef(core.CodeProxyOutside, "The out-of-session callback's TwiML cannot be read: %v", err))
	}
	err = p.st.Update(ctx, func(tx *store.Tx) error {
		for n, reply := range replies {
			sid := tokenSID("SM", job)
			if n > 0 {
				sid = core.NewSID("SM")
			}
			if _, err := p.hand(tx, outgoing{message{Body: reply}, in.AccountSID, in.To, in.From, sid, ""}); err != nil {
				return err
			}
		}
		return job.Complete(tx)
	})
	if err == nil {
		p.o.Observe("in", outcomeAnswered)
	}
	return err
}

// replies reads the texts of a TwiML answer.
func replies(body []byte) (all []string, err error) {
	var in struct {
		XMLName  xml.Name `xml:"Response"`
		Messages []struct {
			Text string `xml:",chardata"`
			Body string `xml:"Body"`
		} `xml:"Message"`
	}
	if err := xml.NewDecoder(io.LimitReader(bytes.NewReader(body), 64<<10)).Decode(&in); err != nil {
		return nil, err
	}
	for _, m := range in.Messages {
		if t := strings.TrimSpace(m.Text + m.Body); t != "" && len(all) < maxReplies {
			all = append(all, t)
		}
	}
	return all, nil
}
