package chat

// Service is a chat service ("IS…"), the scope of users, roles and channels.
type Service struct {
	ID                                                         int64
	SID, AccountSID, FriendlyName                              string
	DefaultServiceRole, DefaultChannelRole, DefaultCreatorRole string // SIDs of roles
	ReadStatus, Reachability                                   bool
	TypingTimeout, ConsumptionInterval                         int64 // seconds
	MaxMembers, MaxChannels                                    int64
	PreWebhookURL, PostWebhookURL, WebhookMethod               *string
	WebhookFilters                                             string // JSON array of event names
	PreWebhookRetries, PostWebhookRetries                      int64
	Notifications                                              string // JSON object, rest-semantics §2.7
	MediaMessage                                               string
	Bound                                                      bool  // a device is registered; read along with a service that acts, no column
	CreatedAt, UpdatedAt                                       int64 // microseconds, here and below
}

// Role names what its bearers may do, in the service or in a channel (rest-semantics §2.9).
type Role struct {
	ID                   int64
	SID                  string
	ServiceID            int64
	FriendlyName, Type   string // Type: "channel" or "deployment"
	Permissions          string // JSON array
	CreatedAt, UpdatedAt int64
}

// User is an identity known to a service. Its info map (chat-sdk-protocol §5.5) has one event number for each item.
type User struct {
	ID                            int64
	SID                           string
	ServiceID                     int64
	Identity                      string
	FriendlyName                  *string
	Attributes, RoleSID           string
	NameEv, AttributesEv, ReachEv int64
	Online                        bool
	CreatedAt, UpdatedAt          int64
}

// UserSeq holds the event counters of a user's two maps.
type UserSeq struct{ UserID, Channels, Info int64 }

// Channel is a chat channel ("CH…") without its counters.
type Channel struct {
	ID                          int64
	SID                         string
	ServiceID                   int64
	FriendlyName, UniqueName    *string
	Attributes, Type, CreatedBy string // Type: "public" or "private"
	CreatedAt, UpdatedAt        int64
}

// Seq holds a channel's counters (see the table channel_seq).
type Seq struct {
	ChannelID                                      int64
	NextIndex, Edits, Doc, Roster, Horizons, Hooks int64
	Removed, Members                               int64
	LastIndex, LastAt                              int64 // of the newest message that still exists; LastIndex is -1 for none
}

// Room is a channel with its counters as one transaction or snapshot saw them. Inside a transaction that opened it
// ([Chat.OpenTx], [Chat.CreateChannelTx]) it also stands for the lock of the channel, and the use cases keep it up to date.
type Room struct {
	Channel *Channel
	Seq     Seq
}

// ListEvent is the event number of the message list: every message and every edit or removal raises it.
func (s *Seq) ListEvent() int64 { return s.NextIndex + s.Edits }

// DocumentEvent is the event number of the channel document: every message and every change of the channel raises it.
func (s *Seq) DocumentEvent() int64 { return s.NextIndex + s.Doc }

// RosterEvent is the event number of the roster: memberships and roles count in Roster, what no rule depends on (horizons,
// attributes) in Horizons, so that a horizon leaves cached memberships valid.
func (s *Seq) RosterEvent() int64 { return s.Roster + s.Horizons }

// Order rises with every change of the channel in the order of commits; it numbers the lanes of the channel's webhooks.
func (s *Seq) Order() int64 { return s.NextIndex + s.Edits + s.Doc + s.Roster + s.Horizons + s.Hooks }

// MessagesCount is the number of messages that exist.
func (s *Seq) MessagesCount() int64 { return s.NextIndex - s.Removed }

// Member is a user's membership of a channel. Removed ones stay as tombstones of the roster. ChannelSID and UserSID are read
// along, here and below, where one channel is asked for; they are no columns.
type Member struct {
	ChannelSID, UserSID           string
	ID, ChannelID, UserID         int64
	Identity, RoleSID, Attributes string
	ConsumedIndex, ConsumedAt     *int64
	CreatedEv, LastEv             int64
	Removed                       bool
	CreatedAt, UpdatedAt          int64
}

// UserChannel is an item of a user's my-channels map (chat-sdk-protocol §5.2).
type UserChannel struct {
	UserID, ChannelID         int64
	ChannelSID                string
	Status, NotificationLevel string // Status: StatusJoined, StatusInvited, or StatusGone for a tombstone
	CreatedEv, LastEv         int64
}

// The states of a UserChannel.
const (
	StatusJoined  = "joined"
	StatusInvited = "invited"
	StatusGone    = "gone"

	StatusStranger = "notParticipating" // shown, never stored
)

// The notification levels of a UserChannel.
const (
	LevelDefault = "default"
	LevelMuted   = "muted"
)

// The types of channels, and of roles.
const (
	TypePublic     = "public"
	TypePrivate    = "private"
	RoleChannel    = "channel"
	RoleDeployment = "deployment"
)

// Invite asks a user into a channel.
type Invite struct {
	ChannelSID                   string
	ID, ChannelID, UserID        int64
	Identity, RoleSID, CreatedBy string
	CreatedAt, UpdatedAt         int64
}

// Message is a message; its SID is SIDCodec.Encode("IM", SIDMessage, ID). MemberID and MediaID are 0 for none. A removed one keeps
// its row and index, without its content.
type Message struct {
	ChannelSID           string
	ID, ChannelID, Index int64
	Author               string
	MemberID             int64
	Body, Attributes     string
	MediaID              int64
	CreatedEv, LastEv    int64
	Removed, WasEdited   bool
	LastUpdatedBy        *string
	CreatedAt, UpdatedAt int64
	Media                *Media // read along where a message is shown
	Quiet                bool   // of a new one: it makes no push (rest-semantics §3.4); no column
}

// Media describes an uploaded file; the bytes are in the blob store. ChannelID and MessageID are 0 until it is sent.
type Media struct {
	ChannelSID           string
	ID, ServiceID        int64
	Author, Category     string
	ContentType          string
	Filename             *string
	Size                 int64
	ChannelID, MessageID int64
	CreatedAt, UpdatedAt int64
}

// Webhook is a channel webhook (rest-semantics §3.5). CustomersOnly leaves out messages of agents (§3.7, §4.2).
type Webhook struct {
	ChannelSID                 string
	ID                         int64
	SID                        string
	ChannelID                  int64
	Type, URL, Method          string
	Filters, Triggers, FlowSID string // Filters and Triggers: JSON arrays
	RetryCount                 int64
	CustomersOnly              bool
	CreatedAt, UpdatedAt       int64
}

// Binding is a device that asked for push messages ("BS…", chat-sdk-protocol §9.3).
type Binding struct {
	UserSID, Identity    string // of its user, read along
	ID                   int64
	SID                  string
	ServiceID, UserID    int64
	Type, Address        string
	Endpoint             string
	CredentialSID        string
	MessageTypes         string // JSON array
	CreatedAt, UpdatedAt int64
}

// Standing is where a user stands to a channel: what a channel's description says of its reader, and a row of the user's
// channels (rest-semantics §2.7). Item and Member are nil for a stranger; Member is set while joined. Unread is nil while no horizon is set.
type Standing struct {
	Room
	Item   *UserChannel
	Member *Member
	Unread *int64
}

// Status is joined, invited or notParticipating.
func (s *Standing) Status() string {
	if s.Item == nil || s.Item.Status == StatusGone {
		return StatusStranger
	}
	return s.Item.Status
}

// Level is the notification level.
func (s *Standing) Level() string {
	if s.Item == nil {
		return LevelDefault
	}
	return s.Item.NotificationLevel
}

// Horizon is the last consumed message index.
func (s *Standing) Horizon() *int64 {
	if s.Member == nil {
		return nil
	}
	return s.Member.ConsumedIndex
}
