package chat

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"parley/internal/store"
)

// The kinds of push messages: keys of a service's notifications object (rest-semantics §2.7).
const (
	pushNewMessage = "new_message"
	pushAdded      = "added_to_channel"
	pushRemoved    = "removed_from_channel"
	pushInvited    = "invited_to_channel"
)

// pushTypePrefix begins the names that devices register for (chat-sdk-protocol §9.3).
const pushTypePrefix = "twilio.channel."

// Bounds of a push message's text in bytes: both push services take 4096 for the whole of a message.
const (
	maxPushMessage = 1000 // of what a person wrote
	maxPushText    = 2000
)

// Notice is something of which devices are to be told. UserID is whom it concerns, 0 for a new message: that concerns all other members.
type Notice struct {
	Kind      string `json:"kind"`
	ServiceID int64  `json:"service_id"`
	ChannelID int64  `json:"channel_id"`
	MessageID int64  `json:"message_id,omitempty"`
	UserID    int64  `json:"user_id,omitempty"`
	By        string `json:"by"` // the identity whose doing it was
}

// Notifier takes the notices that a transaction causes, inside that transaction: they are due exactly when it commits.
type Notifier interface {
	Notify(tx *store.Tx, n Notice) error
}

// notification is how a service tells of one kind.
type notification struct {
	Enabled  bool   `json:"enabled"`
	Template string `json:"template"`
	Sound    string `json:"sound"`
	Badge    bool   `json:"badge_count_enabled"`
}

// notification reads the service's settings for a kind; the zero value for settings that cannot be read.
func (s *Service) notification(kind string) (n notification) {
	var all map[string]json.RawMessage
	if json.Unmarshal([]byte(s.Notifications), &all) == nil {
		_ = json.Unmarshal(all[kind], &n) // what is not there is not enabled
	}
	return n
}

// notify hands a notice over where the service wants such and any device is registered; anywhere else it costs a look at a flag.
func (c *Chat) notify(tx *store.Tx, a *Actor, n Notice) error {
	if c.notifier == nil || !a.Service.Bound || !a.Service.notification(n.Kind).Enabled {
		return nil
	}
	n.ServiceID, n.By = a.Service.ID, a.name()
	return c.notifier.Notify(tx, n)
}

// notifyOther is notify for something that was done to another person.
func (c *Chat) notifyOther(tx *store.Tx, a *Actor, kind string, ch *Channel, u userKey) error {
	if a.Identity == u.identity {
		return nil
	}
	return c.notify(tx, a, Notice{Kind: kind, ChannelID: ch.ID, UserID: u.id})
}

// Announcement is a notice as devices are told of it.
type Announcement struct {
	AccountSID   string   `json:"account_sid"`
	Type         string   `json:"type"` // what the SDKs know the kind by
	ChannelSID   string   `json:"channel_sid"`
	MessageSID   string   `json:"message_sid,omitempty"`
	MessageIndex int64    `json:"message_index"` // means something with a message only
	Text         string   `json:"text"`
	Sound        string   `json:"sound,omitempty"`
	Devices      []Device `json:"-"`
}

// Device is one that an announcement goes to. Badge is how many channels of its user have unread messages, nil where that is not wanted.
type Device struct {
	BindingSID, CredentialSID string
	Badge                     *int64
}

// Announce says who is to be told of a notice now, and what; nil when what happened is gone again. Nobody is told of what they did or wrote
// themselves, of messages in a channel that they muted, or while they are known to be connected (rest-semantics §2.7).
func (c *Chat) Announce(r *store.Reader, n Notice) (*Announcement, error) {
	svc, err := serviceTable.One(r, "WHERE id = $1", n.ServiceID)
	if err != nil {
		return nil, orGone(err)
	}
	ch, err := channelTable.One(r, "WHERE id = $1", n.ChannelID)
	if err != nil {
		return nil, orGone(err)
	}
	how := svc.notification(n.Kind)
	out := &Announcement{AccountSID: svc.AccountSID, Type: pushTypePrefix + n.Kind, ChannelSID: ch.SID, Sound: how.Sound}
	message := ""
	if n.MessageID != 0 {
		m, err := messageTable.One(r, "WHERE id = $1", n.MessageID)
		if err != nil || m.Removed {
			return nil, orGone(err)
		}
		out.MessageSID, out.MessageIndex, message, n.By = c.MessageSID(m.ID), m.Index, m.Body, m.Author
	}
	devices, err := devicesFor(r, n)
	if err != nil || len(devices) == 0 {
		return nil, err
	}
	if how.Badge {
		if err := countBadges(r, devices); err != nil {
			return nil, err
		}
	}
	for _, d := range devices {
		out.Devices = append(out.Devices, d.Device)
	}
	out.Text, err = pushText(r, svc, ch, how.Template, n, message)
	return out, err
}

// orGone takes "there is no such row" for no error.
func orGone(err error) error {
	if errors.Is(err, store.ErrNoRow) {
		return nil
	}
	return err
}

// addressee is a device with its user's number.
type addressee struct {
	Device
	userID int64
}

// devicesFor reads the devices that asked for the notice's kind.
func devicesFor(r *store.Reader, n Notice) (out []addressee, err error) {
	query, args := `FROM member m JOIN user_channel i ON i.user_id = m.user_id AND i.channel_id = m.channel_id JOIN chat_user u ON u.id = m.user_id
		JOIN binding b ON b.service_id = $1 AND b.user_id = m.user_id
		WHERE m.channel_id = $2 AND NOT m.removed AND i.notification_level = 'default' AND u.identity <> $3`, []any{n.ServiceID, n.ChannelID, n.By}
	if n.UserID != 0 {
		query, args = `FROM binding b JOIN chat_user u ON u.id = b.user_id WHERE b.service_id = $1 AND b.user_id = $2`, []any{n.ServiceID, n.UserID}
	}
	err = r.Query(`SELECT b.sid, b.credential_sid, b.message_types, b.user_id `+query+` AND NOT u.online AND b.credential_sid <> '' ORDER BY b.id`, args,
		func(scan func(...any) error) error {
			var d addressee
			var types string
			if err := scan(&d.BindingSID, &d.CredentialSID, &types, &d.userID); err != nil {
				return err
			}
			if slices.Contains(decodeStrings(types), pushTypePrefix+n.Kind) {
				out = append(out, d)
			}
			return nil
		})
	return out, err
}

// countBadges counts for each device its user's joined channels with messages after the horizon. A channel without a horizon does not count,
// as its number of unread messages is not known.
func countBadges(r *store.Reader, devices []addressee) error {
	const block = 500 // users of one query
	counts := map[int64]int64{}
	var users []int64
	for i := range devices {
		if _, seen := counts[devices[i].userID]; !seen {
			counts[devices[i].userID] = 0
			users = append(users, devices[i].userID)
		}
	}
	for part := range slices.Chunk(users, block) {
		list, args := store.In(nil, part)
		err := r.Query(`SELECT i.user_id, count(*) FROM user_channel i JOIN channel_seq s ON s.channel_id = i.channel_id
			JOIN member m ON m.channel_id = i.channel_id AND m.user_id = i.user_id AND NOT m.removed
			WHERE i.user_id IN `+list+` AND s.last_index > m.consumed_index GROUP BY i.user_id`, args,
			func(scan func(...any) error) error {
				var user, n int64
				err := scan(&user, &n)
				counts[user] = n
				return err
			})
		if err != nil {
			return err
		}
	}
	for i := range devices {
		n := counts[devices[i].userID]
		devices[i].Badge = &n
	}
	return nil
}

// defaultTemplate is the text of a kind for which the service has none of its own. The published pages do not give the hosted service's.
func defaultTemplate(kind string) string {
	switch kind {
	case pushNewMessage:
		return "${CHANNEL}: ${USER_FRIENDLY_NAME}: ${MESSAGE}"
	case pushAdded:
		return "${USER_FRIENDLY_NAME} added you to ${CHANNEL}"
	case pushRemoved:
		return "${USER_FRIENDLY_NAME} removed you from ${CHANNEL}"
	}
	return "${USER_FRIENDLY_NAME} invites you to ${CHANNEL}"
}

// pushText fills a template in one pass, so that what people wrote is never taken for a placeholder.
func pushText(r *store.Reader, svc *Service, ch *Channel, template string, n Notice, message string) (string, error) {
	if template == "" {
		template = defaultTemplate(n.Kind)
	}
	name := n.By
	u, err := userTable.One(r, "WHERE service_id = $1 AND identity = $2", svc.ID, n.By)
	if orGone(err) != nil {
		return "", err
	}
	if err == nil && u.FriendlyName != nil && *u.FriendlyName != "" {
		name = *u.FriendlyName
	}
	text := strings.NewReplacer("${USER}", n.By, "${USER_FRIENDLY_NAME}", name, "${CHANNEL}", ch.title(), "${CHANNEL_SID}", ch.SID,
		"${MESSAGE}", shorten(message, maxPushMessage)).Replace(template)
	return shorten(text, maxPushText), nil
}

// title is what people know a channel by.
func (ch *Channel) title() string {
	for _, name := range []*string{ch.FriendlyName, ch.UniqueName} {
		if name != nil && *name != "" {
			return *name
		}
	}
	return ch.SID
}

// shorten cuts a text at a character's end, and says so by an ellipsis.
func shorten(s string, most int) string {
	const ellipsis = "…"
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len(ellipsis)], "") + ellipsis
}

// BindingTx reads a binding; store.ErrNoRow when it is gone.
func (c *Chat) BindingTx(r *store.Reader, sid string) (*Binding, error) {
	return bindingTable.One(r, "WHERE sid = $1", sid)
}

// DropBindingTx removes a binding whose device was gone at a time in microseconds. A device that registered again since stays.
func (c *Chat) DropBindingTx(tx *store.Tx, sid string, goneAt int64) error {
	_, err := tx.Exec("DELETE FROM binding WHERE sid = $1 AND updated_at <= $2", sid, goneAt)
	return err
}
