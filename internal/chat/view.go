package chat

import (
	"errors"

	"parley/internal/core"
	"parley/internal/store"
)

// The views are what Sync objects are computed from (chat-sdk-protocol §5, §6). They take a snapshot, so that several make one
// consistent answer, and need a constant number of reads for any number of objects.

// UserView is a user with the counters of its maps.
type UserView struct {
	User *User
	Seq  UserSeq
}

// Range asks for items of a list: from From on (inclusive; nil for the beginning, or for the end if Desc), at most Limit.
type Range[K any] struct {
	From  *K
	Limit int
	Desc  bool
}

// ViewRoomsBySID reads channels of a service with their counters, by SID; unknown ones are left out.
func (c *Chat) ViewRoomsBySID(r *store.Reader, serviceID int64, sids []string) (map[string]*Room, error) {
	if len(sids) == 0 {
		return nil, nil
	}
	cond, args := store.In([]any{serviceID}, sids)
	rooms, err := readRooms(r, "WHERE c.service_id = $1 AND c.sid IN "+cond, args)
	out := make(map[string]*Room, len(rooms))
	for _, room := range rooms {
		out[room.Channel.SID] = room
	}
	return out, err
}

// ViewRooms is ViewRoomsBySID by row number, of any service.
func (c *Chat) ViewRooms(r *store.Reader, ids []int64) (map[int64]*Room, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	cond, args := inIDs(nil, ids)
	rooms, err := readRooms(r, "WHERE c.id IN "+cond, args)
	out := make(map[int64]*Room, len(rooms))
	for _, room := range rooms {
		out[room.Channel.ID] = room
	}
	return out, err
}

func readUserViews(r *store.Reader, tail string, args []any) (rows []*UserView, err error) {
	err = r.Query("SELECT "+userTable.Columns("u")+", s.channels, s.info FROM chat_user u JOIN user_seq s ON s.user_id = u.id "+tail, args,
		func(scan func(...any) error) error {
			v := &UserView{}
			v.User, err = userTable.Scan(scan, &v.Seq.Channels, &v.Seq.Info)
			v.Seq.UserID = v.User.ID
			rows = append(rows, v)
			return err
		})
	return rows, err
}

// ViewUsers reads users with their counters, by row number.
func (c *Chat) ViewUsers(r *store.Reader, ids []int64) (map[int64]*UserView, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	cond, args := inIDs(nil, ids)
	rows, err := readUserViews(r, "WHERE u.id IN "+cond, args)
	out := make(map[int64]*UserView, len(rows))
	for _, v := range rows {
		out[v.User.ID] = v
	}
	return out, err
}

// ViewUsersBySID reads users of a service with their counters, by SID; unknown ones are left out.
func (c *Chat) ViewUsersBySID(r *store.Reader, serviceID int64, sids []string) (map[string]*UserView, error) {
	if len(sids) == 0 {
		return nil, nil
	}
	cond, args := store.In([]any{serviceID}, sids)
	rows, err := readUserViews(r, "WHERE u.service_id = $1 AND u.sid IN "+cond, args)
	out := make(map[string]*UserView, len(rows))
	for _, v := range rows {
		out[v.User.SID] = v
	}
	return out, err
}

// ViewSeqs reads the counters of channels; those that are gone are left out.
func (c *Chat) ViewSeqs(r *store.Reader, channelIDs []int64) (map[int64]Seq, error) {
	if len(channelIDs) == 0 {
		return nil, nil
	}
	cond, args := inIDs(nil, channelIDs)
	rows, err := seqTable.All(r, "WHERE channel_id IN "+cond, args...)
	out := make(map[int64]Seq, len(rows))
	for _, s := range rows {
		out[s.ChannelID] = *s
	}
	return out, err
}

// ViewUserSeqs reads the counters of users' maps; those that are gone are left out.
func (c *Chat) ViewUserSeqs(r *store.Reader, userIDs []int64) (map[int64]UserSeq, error) {
	if len(userIDs) == 0 {
		return nil, nil
	}
	cond, args := inIDs(nil, userIDs)
	rows, err := userSeqTable.All(r, "WHERE user_id IN "+cond, args...)
	out := make(map[int64]UserSeq, len(rows))
	for _, s := range rows {
		out[s.UserID] = *s
	}
	return out, err
}

// ViewMessages reads messages that exist, with their media, in the order of the range.
func (c *Chat) ViewMessages(r *store.Reader, ch *Channel, g Range[int64]) ([]*Message, error) {
	tail, args := "WHERE channel_id = $1 AND NOT removed", []any{ch.ID, g.Limit}
	order, bound := " ORDER BY idx", " AND idx >= $3"
	if g.Desc {
		order, bound = " ORDER BY idx DESC", " AND idx <= $3"
	}
	if g.From != nil {
		tail, args = tail+bound, append(args, *g.From)
	}
	rows, err := messageTable.All(r, tail+order+" LIMIT $2", args...)
	if err != nil {
		return nil, err
	}
	return rows, withMedia(r, ch.SID, rows)
}

// ViewRosters reads all members of many channels, in the order of their joining; a channel has at most a thousand.
func (c *Chat) ViewRosters(r *store.Reader, channelIDs []int64) (map[int64][]*Member, error) {
	if len(channelIDs) == 0 {
		return nil, nil
	}
	cond, args := inIDs(nil, channelIDs)
	rows, err := readMembers(r, "WHERE m.channel_id IN "+cond+" AND NOT m.removed ORDER BY m.id", args)
	out := make(map[int64][]*Member, len(channelIDs))
	for _, m := range rows {
		out[m.ChannelID] = append(out[m.ChannelID], m)
	}
	return out, err
}

// ViewMember reads one member of a channel by its SID; nil if there is none.
func (c *Chat) ViewMember(r *store.Reader, ch *Channel, sid string) (*Member, error) {
	if !core.IsSID("MB", sid) {
		return nil, nil
	}
	m, err := c.findMember(r, ch, sid)
	if core.HasCode(err, core.CodeMemberNotFound) {
		return nil, nil
	}
	return m, err
}

// UserItem is an item of a user's channel map with what its JSON shows (chat-sdk-protocol §5.2).
type UserItem struct {
	*UserChannel
	Type          string // of the channel; "" for a tombstone
	ConsumedIndex *int64
}

// readUserItems reads items of channel maps; tail speaks of item i, channel c and member m.
func readUserItems(r *store.Reader, with, tail string, args []any) (rows []*UserItem, err error) {
	err = r.Query(with+"SELECT "+userChannelTable.Columns("i")+`, COALESCE(c.type, ''), m.consumed_index `+tail, args,
		func(scan func(...any) error) error {
			item := &UserItem{}
			item.UserChannel, err = userChannelTable.Scan(scan, &item.Type, &item.ConsumedIndex)
			rows = append(rows, item)
			return err
		})
	return rows, err
}

const userItemJoins = `LEFT JOIN channel c ON c.id = i.channel_id
	LEFT JOIN member m ON m.channel_id = i.channel_id AND m.user_id = i.user_id AND NOT m.removed `

// ViewUserChannels reads items of a user's channel map, by channel SID.
func (c *Chat) ViewUserChannels(r *store.Reader, userID int64, g Range[string]) ([]*UserItem, error) {
	tail, args := "FROM user_channel i "+userItemJoins+"WHERE i.user_id = $1 AND i.status <> 'gone'", []any{userID, g.Limit}
	order, bound := " ORDER BY i.channel_sid", " AND i.channel_sid >= $3"
	if g.Desc {
		order, bound = " ORDER BY i.channel_sid DESC", " AND i.channel_sid <= $3"
	}
	if g.From != nil {
		tail, args = tail+bound, append(args, *g.From)
	}
	return readUserItems(r, "", tail+order+" LIMIT $2", args)
}

// ViewUserItems reads items of a user's channel map by channel number, tombstones left out: also the question who may open a
// channel's objects (chat-sdk-protocol §5) – all for StatusJoined, the document for StatusInvited.
func (c *Chat) ViewUserItems(r *store.Reader, userID int64, channelIDs []int64) (map[int64]*UserItem, error) {
	if len(channelIDs) == 0 {
		return nil, nil
	}
	cond, args := inIDs([]any{userID}, channelIDs)
	rows, err := readUserItems(r, "", "FROM user_channel i "+userItemJoins+
		"WHERE i.user_id = $1 AND i.status <> 'gone' AND i.channel_id IN "+cond, args)
	out := make(map[int64]*UserItem, len(rows))
	for _, item := range rows {
		out[item.ChannelID] = item
	}
	return out, err
}

// ViewUserByIdentity reads a user with its counters by identity; nil if there is none.
func (c *Chat) ViewUserByIdentity(r *store.Reader, serviceID int64, identity string) (*UserView, error) {
	u, err := userTable.One(r, "WHERE service_id = $1 AND identity = $2", serviceID, identity)
	if errors.Is(err, store.ErrNoRow) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := c.ViewUsers(r, []int64{u.ID})
	return all[u.ID], err
}
