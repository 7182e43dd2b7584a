package proxy

import (
	"context"
	"net/http"

	"parley/internal/core"
	"parley/internal/store"
)

// callback tells the service's receiver what became of an interaction, in the order of the session (rest-semantics §7.3).
func (p *Proxy) callback(tx *store.Tx, service *Service, s *Session, i *Interaction) error {
	if service.CallbackURL == nil || p.o.Outbox == nil {
		return nil
	}
	s.seq++
	return p.o.Outbox.Enqueue(tx, Call{AccountSID: s.AccountSID, Lane: s.SID, LaneSeq: s.seq, URL: *service.CallbackURL, Params: i.params(s)})
}

// params describes an interaction for callbacks.
func (i *Interaction) params(s *Session) map[string]string {
	all := map[string]string{
		"interactionAccountSid": s.AccountSID, "interactionServiceSid": s.ServiceSID, "interactionSessionSid": s.SID, "interactionSid": i.SID,
		"interactionType": "message", "interactionData": i.Data,
		"interactionDateCreated": core.ISOMillis(i.CreatedAt), "interactionDateUpdated": core.ISOMillis(i.UpdatedAt),
	}
	for name, v := range map[string]*string{
		"inboundParticipantSid": i.InboundParticipantSID, "inboundResourceSid": i.InboundSID, "inboundResourceStatus": i.InboundStatus,
		"inboundResourceType": i.InboundType(), "outboundParticipantSid": i.OutboundParticipantSID, "outboundResourceSid": i.OutboundSID,
		"outboundResourceStatus": i.OutboundStatus, "outboundResourceType": i.OutboundType(),
	} {
		if v != nil {
			all[name] = *v
		}
	}
	return all
}

// blocked asks the service whether what came in may go on: 403 says no, anything else, silence too, says yes (rest-semantics §7.3). Call it
// outside any transaction.
func (p *Proxy) blocked(ctx context.Context, service *Service, s *Session, i *Interaction) (bool, error) {
	if service.InterceptURL == nil {
		return false, nil
	}
	status, _ := p.o.Courier.Ask(ctx, Call{AccountSID: s.AccountSID, URL: *service.InterceptURL, Params: i.params(s)})
	if err := ctx.Err(); err != nil {
		return false, err // who asks is to stop, and silence was not the receiver's
	}
	if status != http.StatusForbidden {
		return false, nil
	}
	p.log.Info("a message was blocked by the intercept callback", "session", s.SID, "interaction", i.SID, "error", core.E(core.CodeProxyRejected))
	return true, nil
}
