package chat

// What callers give to the use cases. In patches nil leaves a value as it is, and an empty string is a value: it clears what
// may be absent (rest-semantics §2.2). Times are microseconds; they exist to restore backups and are refused from SDK users.

// NewService is the input of CreateService.
type NewService struct {
	AccountSID   string
	SID          string // "" makes one
	FriendlyName string
}

// ServicePatch is the input of UpdateService (rest-semantics §1.1).
type ServicePatch struct {
	FriendlyName                                               *string
	DefaultServiceRole, DefaultChannelRole, DefaultCreatorRole *string
	ReadStatus, Reachability                                   *bool
	TypingTimeout, ConsumptionInterval                         *int64 // seconds
	MaxMembers, MaxChannels                                    *int64
	PreWebhookURL, PostWebhookURL, WebhookMethod               *string // "" clears
	WebhookFilters                                             *[]string
	PreWebhookRetries, PostWebhookRetries                      *int64
	MediaMessage                                               *string
	Notifications                                              map[string]any // paths below `notifications`, such as "new_message.enabled"
}

// NewRole is the input of CreateRole.
type NewRole struct {
	FriendlyName, Type string
	Permissions        []string
}

// NewUser is the input of CreateUser and EnsureUserTx.
type NewUser struct {
	Identity     string
	FriendlyName *string
	Attributes   string // "" is "{}"
	RoleSID      string // "" is the service's default
}

// UserPatch is the input of UpdateUser.
type UserPatch struct {
	FriendlyName, Attributes, RoleSID *string
}

// NewChannel is the input of CreateChannel.
type NewChannel struct {
	SID                      string // "" makes one
	FriendlyName, UniqueName *string
	Attributes               string // "" is "{}"
	Type                     string // "" is public
	CreatedBy                string // "" is the actor
	CreatedAt, UpdatedAt     *int64
}

// ChannelPatch is the input of UpdateChannel.
type ChannelPatch struct {
	FriendlyName, UniqueName, Attributes, CreatedBy *string
	CreatedAt, UpdatedAt                            *int64
}

// Horizon is a consumption horizon to set; a nil Index resets it. At is the time of reading, nil for now.
type Horizon struct {
	Index *int64
	At    *int64
	Keep  bool // sets At alone, and nothing where no horizon is set
}

// NewMember is the input of AddMember.
type NewMember struct {
	Identity             string
	RoleSID              string // "" is the service's default for members, or for creators who join their channel
	Attributes           string // "" is "{}"
	Horizon              *Horizon
	CreatedAt, UpdatedAt *int64
}

// MemberPatch is the input of UpdateMember.
type MemberPatch struct {
	RoleSID, Attributes  *string
	Horizon              *Horizon
	CreatedAt, UpdatedAt *int64
}

// NewInvite is the input of CreateInvite.
type NewInvite struct{ Identity, RoleSID string }

// NewMessage is the input of SendMessage.
type NewMessage struct {
	From                 string // servers only; "" is the actor, or "system"
	Body                 *string
	Attributes           string // "" is "{}"
	MediaSID             string // "" for a text
	LastUpdatedBy        *string
	CreatedAt, UpdatedAt *int64
	Quiet                bool // no push
	decreed              bool // From is the word of a pre-event's receiver
}

// MessagePatch is the input of UpdateMessage.
type MessagePatch struct {
	Body, Attributes     *string
	From, LastUpdatedBy  *string // servers only
	CreatedAt, UpdatedAt *int64
	decreed              bool // From is the word of a pre-event's receiver
}

// UserChannelPatch is the input of UpdateUserChannel.
type UserChannelPatch struct {
	NotificationLevel *string
	Horizon           *Horizon
}

// NewWebhook is the input of CreateWebhook and AddWebhookTx (rest-semantics §3.5).
type NewWebhook struct {
	Type, URL, Method string // Method "" is POST
	Filters, Triggers []string
	FlowSID           string
	RetryCount        int64 // 0…3
	CustomersOnly     bool
}

// WebhookPatch is the input of UpdateWebhook.
type WebhookPatch struct {
	URL, Method       *string
	Filters, Triggers *[]string
	RetryCount        *int64
	FlowSID           *string // of type studio only
}

// NewMedia is the input of CreateMedia. ID comes from MediaID, which the uploader asks for before it names the bytes.
type NewMedia struct {
	ID                    int64
	Category, ContentType string
	Filename              *string
	Size                  int64 // bytes
}

// NewBinding is the input of RegisterBinding.
type NewBinding struct {
	Type, Address, Endpoint, CredentialSID string
	MessageTypes                           []string
}
