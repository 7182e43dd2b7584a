package proxy

import (
	"context"
	"fmt"
	"strconv"

	"parley/internal/jobs"
	"parley/internal/store"
)

// schedule computes when the session ends by itself and sees to it that a timer runs then. A timer that runs too early, because the session
// was used meanwhile, sets the next one; so there is about one for each session, however much is said.
func (s *Session) schedule(tx *store.Tx) error {
	s.expiresAt = 0
	switch {
	case s.ended():
	case s.DateExpiry != nil:
		s.expiresAt = *s.DateExpiry
		if s.expiresAt <= tx.Now() {
			return invalid("DateExpiry must lie in the future")
		}
	case s.TTL > 0:
		from := s.CreatedAt
		set(&from, s.LastAt)
		s.expiresAt = max(from+s.TTL*1e6, tx.Now())
	}
	if s.expiresAt == 0 || s.timerAt != 0 && s.timerAt <= s.expiresAt {
		return nil
	}
	s.timerAt = s.expiresAt
	return jobs.Enqueue(tx, jobs.Job{Kind: jobExpire, RunAt: s.timerAt, Payload: strconv.FormatInt(s.ID, 10)})
}

// runExpire closes a session whose time is over.
func (p *Proxy) runExpire(ctx context.Context, job *jobs.Claimed) error {
	id, err := strconv.ParseInt(job.Payload, 10, 64)
	if err != nil {
		return jobs.Dead(fmt.Errorf("the payload is damaged: %w", err))
	}
	return p.st.Update(ctx, func(tx *store.Tx) error {
		s, err := lockByID(tx, id)
		if err != nil {
			return err
		}
		if s != nil {
			if err := p.expire(tx, s); err != nil {
				return err
			}
		}
		return job.Complete(tx)
	})
}

func (p *Proxy) expire(tx *store.Tx, s *Session) error {
	s.timerAt = 0
	if s.ended() || s.expiresAt == 0 {
		return sessions.Update(tx, s)
	}
	if s.over(tx.Now()) {
		return p.close(tx, s, s.expiryReason())
	}
	if err := s.schedule(tx); err != nil {
		return err
	}
	return sessions.Update(tx, s)
}

// over reports whether the session's time has passed: its timer may be late.
func (s *Session) over(now int64) bool { return !s.ended() && s.expiresAt != 0 && s.expiresAt <= now }

func (s *Session) expiryReason() string {
	if s.DateExpiry != nil {
		return reasonExpiry
	}
	return reasonTTL
}
