package proxy

import (
	"context"
	"time"

	"parley/internal/core"
	"parley/internal/store"
)

// Report takes what a transport says became of a message: queued, sending, sent, delivered, read, failed or undelivered. That a message was
// read shows as delivered, because interactions have no further state. One whose session is gone changes nothing.
func (p *Proxy) Report(ctx context.Context, accountSID, sid, state string) error {
	if !core.IsSID("SM", sid) {
		return notFound("Message", sid)
	}
	if state == "read" {
		state = StateDelivered
	}
	if rank(state) == 0 {
		return invalid("MessageStatus must be one of queued, sending, sent, delivered, read, failed, undelivered, not %q", clip(state))
	}
	return p.st.Update(ctx, func(tx *store.Tx) error {
		var owner string
		err := tx.One(`SELECT s.account_sid FROM proxy_interaction i JOIN proxy_session s ON s.id = i.session_id WHERE i.sid = $1`,
			[]any{interactionSID(sid)}, &owner)
		if err != nil || owner != accountSID {
			return or(err, nil)
		}
		return p.advance(tx, interactionSID(sid), state)
	})
}

// remember is how long a message that a transport handed in is known, and the order between two addresses that fell silent.
const remember = 7 * 24 * time.Hour

// Clean forgets what is older, a part at a time.
func (p *Proxy) Clean(ctx context.Context) error {
	const part = 1000
	before := p.st.Now() - remember.Microseconds()
	for _, text := range []string{
		`DELETE FROM proxy_receipt WHERE (account_sid, message_sid) IN (SELECT account_sid, message_sid FROM proxy_receipt WHERE at < $1 ORDER BY at LIMIT $2)`,
		`DELETE FROM proxy_lane WHERE (account_sid, ours, theirs) IN (SELECT account_sid, ours, theirs FROM proxy_lane WHERE at < $1 ORDER BY at LIMIT $2)`,
	} {
		for n := int64(part); n == part; {
			err := p.st.Update(ctx, func(tx *store.Tx) (err error) {
				n, err = tx.Exec(text, before, part)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
