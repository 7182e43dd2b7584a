package chat

// Change is what a transaction did, as its receivers see it after the commit (store.Store.OnCommit). The values are
// snapshots that nobody changes afterwards; each carries the event numbers of the live objects that it moved.
type Change interface{ chatChange() }

// ChannelChanged: the channel's document is new (created, edited, or its last message was removed). Event number: Seq.DocumentEvent().
type ChannelChanged struct {
	Channel *Channel
	Seq     Seq
}

// ChannelDeleted: the channel is gone, with its document, message list and roster. Seq are its last counters; the removal of each
// object is the event after them.
type ChannelDeleted struct {
	Channel *Channel
	Seq     Seq
}

// MessageAdded: a message was appended. Event numbers: list Message.CreatedEv, document Seq.DocumentEvent().
type MessageAdded struct {
	Channel *Channel
	Seq     Seq
	Message *Message
}

// MessageChanged: a message was edited, or removed (Message.Removed; Before then holds its last value). Event number: Message.LastEv.
// If the channel's last message changed with it, a ChannelChanged follows.
type MessageChanged struct {
	Channel *Channel
	Message *Message
	Before  *Message
}

// MemberChanged: a member was added (CreatedEv == LastEv), changed, or removed (Member.Removed). Event number: Member.LastEv.
type MemberChanged struct {
	Channel *Channel
	Member  *Member
	UserSID string
}

// UserChannelChanged: an item of a user's my-channels map was added (CreatedEv == LastEv), changed, or removed (Status gone).
// Event number: Item.LastEv. ConsumedIndex is the member's horizon.
type UserChannelChanged struct {
	Channel       *Channel
	UserSID       string
	Identity      string
	Item          *UserChannel
	ConsumedIndex *int64
}

// UserChanged: items of a user's info map changed: those of User.NameEv, AttributesEv, ReachEv that are greater than Since.
type UserChanged struct {
	User  *User
	Since int64
}

// ServiceChanged: a service or its roles changed or went; caches of it are stale.
type ServiceChanged struct{ ServiceID int64 }

func (ChannelChanged) chatChange()     {}
func (ChannelDeleted) chatChange()     {}
func (MessageAdded) chatChange()       {}
func (MessageChanged) chatChange()     {}
func (MemberChanged) chatChange()      {}
func (UserChannelChanged) chatChange() {}
func (UserChanged) chatChange()        {}
func (ServiceChanged) chatChange()     {}
