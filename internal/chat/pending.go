package chat

import (
	"context"

	"parley/internal/core"
	"parley/internal/store"
)

var errPending = core.E(core.CodeUnavailable)

type serviceCache struct{}

func newServiceCache(any) *serviceCache { return &serviceCache{} }
func (*serviceCache) forget(int64)      {}

type roomCache struct{}

func newRoomCache(int) *roomCache { return &roomCache{} }

const reservedIdentity = "system"

// Outbox takes webhook deliveries inside the transaction that caused them.
type Outbox interface {
	Enqueue(tx *store.Tx, d Delivery) error
}

// Delivery is a webhook call that is due after the commit.
type Delivery struct {
	Lane       string // deliveries of a lane go out in the order of LaneSeq
	LaneSeq    int64
	AccountSID string // whose auth token signs
	URL        string
	Method     string            // GET or POST
	Retries    int64             // how often to try again
	Params     map[string]string // form parameters without RetryCount, which the sender adds
}

func (c *Chat) CreateService(ctx context.Context, in NewService) (*Service, error) {
	return nil, errPending
}
func (c *Chat) CreateServiceTx(tx *store.Tx, in NewService) (*Service, error) { return nil, errPending }
func (c *Chat) Service(ctx context.Context, accountSID, sid string) (*Service, error) {
	return nil, errPending
}
func (c *Chat) ServiceByID(ctx context.Context, id int64) (*Service, error) { return nil, errPending }
func (c *Chat) ListServices(ctx context.Context, accountSID string, p Page) (List[*Service], error) {
	return List[*Service]{}, errPending
}
func (c *Chat) UpdateService(ctx context.Context, svc *Service, in ServicePatch) (*Service, error) {
	return nil, errPending
}
func (c *Chat) DeleteService(ctx context.Context, svc *Service) error { return errPending }

func (c *Chat) CreateRole(ctx context.Context, svc *Service, in NewRole) (*Role, error) {
	return nil, errPending
}
func (c *Chat) FetchRole(ctx context.Context, svc *Service, sid string) (*Role, error) {
	return nil, errPending
}
func (c *Chat) RoleByName(r *store.Reader, svc *Service, kind, name string) (*Role, error) {
	return nil, errPending
}
func (c *Chat) ListRoles(ctx context.Context, svc *Service, p Page) (List[*Role], error) {
	return List[*Role]{}, errPending
}
func (c *Chat) UpdateRole(ctx context.Context, svc *Service, sid string, permissions []string) (*Role, error) {
	return nil, errPending
}
func (c *Chat) DeleteRole(ctx context.Context, svc *Service, sid string) error { return errPending }

// EnsureUser returns the user of an identity and makes it at its first token login.
func (c *Chat) EnsureUser(ctx context.Context, svc *Service, identity string) (*User, error) {
	return nil, errPending
}
func (c *Chat) EnsureUserTx(tx *store.Tx, svc *Service, in NewUser) (u *User, created bool, err error) {
	return nil, false, errPending
}
func (c *Chat) CreateUser(ctx context.Context, a Actor, in NewUser) (*User, error) {
	return nil, errPending
}
func (c *Chat) FetchUser(ctx context.Context, svc *Service, ref string) (*User, error) {
	return nil, errPending
}
func (c *Chat) FindUserTx(r *store.Reader, svc *Service, ref string) (*User, error) {
	return nil, errPending
}
func (c *Chat) ListUsers(ctx context.Context, svc *Service, p Page) (List[*User], error) {
	return List[*User]{}, errPending
}
func (c *Chat) UsersOfChannel(ctx context.Context, a Actor, ref string, p Page) (List[*User], error) {
	return List[*User]{}, errPending
}
func (c *Chat) UpdateUser(ctx context.Context, a Actor, ref string, in UserPatch) (*User, error) {
	return nil, errPending
}
func (c *Chat) DeleteUser(ctx context.Context, a Actor, ref string) error { return errPending }

// JoinedCounts returns the number of joined channels of many users, by user id.
func (c *Chat) JoinedCounts(ctx context.Context, userIDs []int64) (map[int64]int64, error) {
	return nil, errPending
}

func (c *Chat) CreateChannel(ctx context.Context, a Actor, in NewChannel) (*Room, error) {
	return nil, errPending
}
func (c *Chat) CreateChannelTx(tx *store.Tx, a Actor, in NewChannel) (*Room, error) {
	return nil, errPending
}

// OpenTx locks a channel for the rest of the transaction.
func (c *Chat) OpenTx(tx *store.Tx, svc *Service, ref string) (*Room, error) { return nil, errPending }

// FindChannelTx reads a channel without locking it.
func (c *Chat) FindChannelTx(r *store.Reader, svc *Service, ref string) (*Channel, error) {
	return nil, errPending
}

// FetchChannel reads a channel that the actor may see (Standing of a server has no Item).
func (c *Chat) FetchChannel(ctx context.Context, a Actor, ref string) (*Standing, error) {
	return nil, errPending
}

// ListChannels lists a service's channels; types is empty for all.
func (c *Chat) ListChannels(ctx context.Context, svc *Service, types []string, p Page) (List[*Room], error) {
	return List[*Room]{}, errPending
}

// PublicChannels is the directory of public channels with the actor's standing.
func (c *Chat) PublicChannels(ctx context.Context, a Actor, p Page) (List[*Standing], error) {
	return List[*Standing]{}, errPending
}
func (c *Chat) UpdateChannel(ctx context.Context, a Actor, ref string, in ChannelPatch) (*Room, error) {
	return nil, errPending
}
func (c *Chat) UpdateChannelTx(tx *store.Tx, a Actor, room *Room, in ChannelPatch) error {
	return errPending
}
func (c *Chat) DeleteChannel(ctx context.Context, a Actor, ref string) error { return errPending }
func (c *Chat) DeleteChannelTx(tx *store.Tx, a Actor, room *Room) error      { return errPending }

// AddMember adds an identity, or lets the actor join when it is its own.
func (c *Chat) AddMember(ctx context.Context, a Actor, ref string, in NewMember) (*Member, error) {
	return nil, errPending
}
func (c *Chat) AddMemberTx(tx *store.Tx, a Actor, room *Room, in NewMember) (*Member, error) {
	return nil, errPending
}
func (c *Chat) FetchMember(ctx context.Context, a Actor, ref, memberRef string) (*Member, error) {
	return nil, errPending
}
func (c *Chat) ListMembers(ctx context.Context, a Actor, ref string, identities []string, p Page) (List[*Member], error) {
	return List[*Member]{}, errPending
}
func (c *Chat) UpdateMember(ctx context.Context, a Actor, ref, memberRef string, in MemberPatch) (*Member, error) {
	return nil, errPending
}

// RemoveMember removes a member, or lets the actor leave when it is its own.
func (c *Chat) RemoveMember(ctx context.Context, a Actor, ref, memberRef string) error {
	return errPending
}
func (c *Chat) RemoveMemberTx(tx *store.Tx, a Actor, room *Room, memberRef string) error {
	return errPending
}

func (c *Chat) CreateInvite(ctx context.Context, a Actor, ref string, in NewInvite) (*Invite, error) {
	return nil, errPending
}
func (c *Chat) FetchInvite(ctx context.Context, a Actor, ref, inviteRef string) (*Invite, error) {
	return nil, errPending
}
func (c *Chat) ListInvites(ctx context.Context, a Actor, ref string, identities []string, p Page) (List[*Invite], error) {
	return List[*Invite]{}, errPending
}

// DeleteInvite revokes an invite, or declines it when it is the actor's own. inviteRef is a SID or an identity.
func (c *Chat) DeleteInvite(ctx context.Context, a Actor, ref, inviteRef string) error {
	return errPending
}

func (c *Chat) SendMessage(ctx context.Context, a Actor, ref string, in NewMessage) (*Message, error) {
	return nil, errPending
}

// FetchMessage reads a message; msgRef is a SID or an index, here and below.
func (c *Chat) FetchMessage(ctx context.Context, a Actor, ref, msgRef string) (*Message, error) {
	return nil, errPending
}
func (c *Chat) ListMessages(ctx context.Context, a Actor, ref string, p Page) (List[*Message], error) {
	return List[*Message]{}, errPending
}
func (c *Chat) UpdateMessage(ctx context.Context, a Actor, ref, msgRef string, in MessagePatch) (*Message, error) {
	return nil, errPending
}
func (c *Chat) DeleteMessage(ctx context.Context, a Actor, ref, msgRef string) error {
	return errPending
}

// SetHorizon sets the actor's own horizon and returns its unread count.
func (c *Chat) SetHorizon(ctx context.Context, a Actor, ref string, index *int64) (unread *int64, err error) {
	return nil, errPending
}

// SetNotificationLevel sets the actor's own level for a channel.
func (c *Chat) SetNotificationLevel(ctx context.Context, a Actor, ref, level string) error {
	return errPending
}

// UserChannels lists the channels that a user joined or is invited to, by channel SID.
func (c *Chat) UserChannels(ctx context.Context, a Actor, userRef string, p Page) (List[*Standing], error) {
	return List[*Standing]{}, errPending
}
func (c *Chat) UserChannel(ctx context.Context, a Actor, userRef, ref string) (*Standing, error) {
	return nil, errPending
}
func (c *Chat) UpdateUserChannel(ctx context.Context, a Actor, userRef, ref string, in UserChannelPatch) (*Standing, error) {
	return nil, errPending
}

func (c *Chat) CreateWebhook(ctx context.Context, svc *Service, ref string, in NewWebhook) (*Webhook, error) {
	return nil, errPending
}
func (c *Chat) AddWebhookTx(tx *store.Tx, room *Room, in NewWebhook) (*Webhook, error) {
	return nil, errPending
}
func (c *Chat) FetchWebhook(ctx context.Context, svc *Service, ref, sid string) (*Webhook, error) {
	return nil, errPending
}
func (c *Chat) ListWebhooks(ctx context.Context, svc *Service, ref string, p Page) (List[*Webhook], error) {
	return List[*Webhook]{}, errPending
}
func (c *Chat) DeleteWebhook(ctx context.Context, svc *Service, ref, sid string) error {
	return errPending
}

// MediaID reserves the number, and with it the SID, of a media to be uploaded.
func (c *Chat) MediaID(ctx context.Context) (int64, error) { return 0, errPending }

// CreateMedia records an upload after its bytes are stored.
func (c *Chat) CreateMedia(ctx context.Context, a Actor, in NewMedia) (*Media, error) {
	return nil, errPending
}

// FetchMedia reads a media that the actor uploaded, or that was sent to a channel of the actor.
func (c *Chat) FetchMedia(ctx context.Context, a Actor, sid string) (*Media, error) {
	return nil, errPending
}

func (c *Chat) RegisterBinding(ctx context.Context, a Actor, in NewBinding) (*Binding, error) {
	return nil, errPending
}
func (c *Chat) UnregisterBinding(ctx context.Context, a Actor, sid string) error { return errPending }

// SetPresence records that a node has, or has no longer, a live connection of a user.
func (c *Chat) SetPresence(ctx context.Context, svc *Service, identity string, nodeID int64, online bool) error {
	return errPending
}

// SweepPresence takes the users of nodes that were last seen before a time offline, and removes those nodes.
func (c *Chat) SweepPresence(ctx context.Context, seenBefore int64) error { return errPending }

// Reads for Sync views. All take a snapshot or transaction, so that several make one consistent answer.

// ViewRoomsBySID reads channels of a service with their counters, by SID; unknown ones are left out.
func (c *Chat) ViewRoomsBySID(r *store.Reader, serviceID int64, sids []string) (map[string]*Room, error) {
	return nil, errPending
}

// ViewRooms is ViewRoomsBySID by row number, of any service.
func (c *Chat) ViewRooms(r *store.Reader, ids []int64) (map[int64]*Room, error) {
	return nil, errPending
}

// ViewUsers reads users with their counters, by row number.
func (c *Chat) ViewUsers(r *store.Reader, ids []int64) (map[int64]*UserView, error) {
	return nil, errPending
}

// ViewUsersBySID reads users of a service with their counters, by SID.
func (c *Chat) ViewUsersBySID(r *store.Reader, serviceID int64, sids []string) (map[string]*UserView, error) {
	return nil, errPending
}

// UserView is a user with the counters of its maps.
type UserView struct {
	User *User
	Seq  UserSeq
}

// ViewSeqs reads the counters of channels; those that are gone are left out.
func (c *Chat) ViewSeqs(r *store.Reader, channelIDs []int64) (map[int64]Seq, error) {
	return nil, errPending
}

// ViewUserSeqs reads the counters of users' maps; those that are gone are left out.
func (c *Chat) ViewUserSeqs(r *store.Reader, userIDs []int64) (map[int64]UserSeq, error) {
	return nil, errPending
}

// Range asks for items of a list: from From on (inclusive; nil for the beginning, or for the end if Desc), at most Limit.
type Range[K any] struct {
	From  *K
	Limit int
	Desc  bool
}

// ViewMessages reads messages that exist, with their media, in the order of the range.
func (c *Chat) ViewMessages(r *store.Reader, ch *Channel, g Range[int64]) ([]*Message, error) {
	return nil, errPending
}

// ViewRosters reads all members of many channels.
func (c *Chat) ViewRosters(r *store.Reader, channelIDs []int64) (map[int64][]*Member, error) {
	return nil, errPending
}

// ViewUserChannels reads items of a user's channel map, by channel SID.
func (c *Chat) ViewUserChannels(r *store.Reader, userID int64, g Range[string]) ([]*UserItem, error) {
	return nil, errPending
}

// ViewUserItems reads single items of a user's channel map, by channel id; those that are gone are left out.
func (c *Chat) ViewUserItems(r *store.Reader, userID int64, channelIDs []int64) (map[int64]*UserItem, error) {
	return nil, errPending
}

// UserItem is an item of a user's channel map with what its JSON shows (chat-sdk-protocol §5.2).
type UserItem struct {
	*UserChannel
	Type          string // of the channel; "" for a tombstone
	ConsumedIndex *int64
}

// Since asks what happened to an object after an event number, up to Upto (its present number, or less to read in parts).
type Since struct{ ID, After, Upto int64 }

// Kind says what happened to an item.
type Kind uint8

// The kinds of Events.
const (
	Added Kind = iota
	Updated
	Removed
)

// Event is what a reader who knows an object up to an event number must learn of one item (chat-sdk-protocol §6.6). Value is the
// item as it is now; of a removed message only ID, Index and the event numbers are left.
type Event[T any] struct {
	Ev    int64
	Kind  Kind
	Value T
}

// ViewMessagesSince reads what happened to message lists, by channel id, in the order of event numbers.
func (c *Chat) ViewMessagesSince(r *store.Reader, at []Since) (map[int64][]Event[*Message], error) {
	return nil, errPending
}

// ViewRostersSince reads what happened to rosters, by channel id, in the order of event numbers.
func (c *Chat) ViewRostersSince(r *store.Reader, at []Since) (map[int64][]Event[*Member], error) {
	return nil, errPending
}

// ViewUserChannelsSince reads what happened to users' channel maps, by user id, in the order of event numbers.
func (c *Chat) ViewUserChannelsSince(r *store.Reader, at []Since) (map[int64][]Event[*UserItem], error) {
	return nil, errPending
}
