package chat

import (
	"container/list"
	"sync"

	"parley/internal/store"
)

// snapshot is what sending to a channel needs to know beside its counters: the channel, who is in it, and its webhooks. Each
// part bears the counter that it was read at and is true exactly while the counter stands there, because every change of the
// part raises it in the same transaction (Doc, Roster, Hooks). Snapshots are immutable.
type snapshot struct {
	channel *Channel
	doc     int64
	seats   map[string]seat // by identity
	roster  int64
	hooks   []*Webhook
	hooksAt int64
}

// seat is a member as far as rules need it.
type seat struct {
	memberID, userID int64
	roleSID, userSID string
}

// fits reports which parts are true at the counters.
func (s *snapshot) fits(seq *Seq) (channel, seats, hooks bool) {
	return s.doc == seq.Doc, s.roster == seq.Roster, s.hooksAt == seq.Hooks
}

// refresh returns the snapshot at the counters of seq, reading what is out of date; s itself if nothing is. The counters
// must have been read (or locked) by the same transaction.
func (s *snapshot) refresh(r *store.Reader, channelID int64, seq *Seq) (*snapshot, error) {
	channel, seats, hooks := s.fits(seq)
	if channel && seats && hooks {
		return s, nil
	}
	next := *s
	var err error
	if !channel {
		if next.channel, err = channelTable.One(r, "WHERE id = $1", channelID); err != nil {
			return nil, err
		}
		next.doc = seq.Doc
	}
	if !seats {
		if next.seats, err = readSeats(r, channelID); err != nil {
			return nil, err
		}
		next.roster = seq.Roster
	}
	if !hooks {
		if next.hooks, err = webhookTable.All(r, "WHERE channel_id = $1 ORDER BY id", channelID); err != nil {
			return nil, err
		}
		next.hooksAt = seq.Hooks
	}
	return &next, nil
}

func readSeats(r *store.Reader, channelID int64) (map[string]seat, error) {
	seats := map[string]seat{}
	err := r.Query(`SELECT m.identity, m.id, m.user_id, m.role_sid, u.sid FROM member m JOIN chat_user u ON u.id = m.user_id
		WHERE m.channel_id = $1 AND NOT m.removed`, []any{channelID}, func(scan func(...any) error) error {
		var identity string
		var s seat
		err := scan(&identity, &s.memberID, &s.userID, &s.roleSID, &s.userSID)
		seats[identity] = s
		return err
	})
	return seats, err
}

// readSnapshot reads a channel from a snapshot of what is committed.
func readSnapshot(r *store.Reader, channelID int64) (*snapshot, error) {
	seq, err := seqTable.One(r, "WHERE channel_id = $1", channelID)
	if err != nil {
		return nil, err
	}
	return (&snapshot{doc: -1, roster: -1, hooksAt: -1}).refresh(r, channelID, seq)
}

// roomCache remembers snapshots of channels by SID, bounded by the number of members, the least recently used going first.
// What it holds was committed when it was put in; whether it is true still is for the reader to prove (snapshot.fits).
type roomCache struct {
	mu          sync.Mutex
	max, weight int
	bySID       map[string]*list.Element
	recent      *list.List // of *snapshot, newest first
}

func newRoomCache(max int) *roomCache {
	return &roomCache{max: max, bySID: map[string]*list.Element{}, recent: list.New()}
}

func (k *roomCache) get(sid string) *snapshot {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.bySID[sid]; e != nil {
		k.recent.MoveToFront(e)
		return e.Value.(*snapshot)
	}
	return nil
}

func (k *roomCache) put(s *snapshot) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(s.channel.SID)
	k.bySID[s.channel.SID] = k.recent.PushFront(s)
	k.weight += s.weight()
	for k.weight > k.max && k.recent.Len() > 1 {
		k.drop(k.recent.Back().Value.(*snapshot).channel.SID)
	}
}

func (k *roomCache) forget(sid string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(sid)
}

// drop removes an entry; the caller holds mu.
func (k *roomCache) drop(sid string) {
	if e := k.bySID[sid]; e != nil {
		k.weight -= e.Value.(*snapshot).weight()
		k.recent.Remove(e)
		delete(k.bySID, sid)
	}
}

// weight counts a channel as a few members, for its own fields.
func (s *snapshot) weight() int { return 4 + len(s.seats) }
