package chat

import (
	"strconv"

	"parley/internal/core"
)

// params are the parameters of a webhook call (rest-semantics §3.3). What is not set is left out.
type params map[string]string

// params begins the parameters of an event that the actor causes with those that all have.
func (a *Actor) params(event string) params {
	p := params{"EventType": event, "AccountSid": a.Service.AccountSID, "InstanceSid": a.Service.SID, "Source": string(a.Source)}
	if a.Source == SourceSDK {
		p["ClientIdentity"] = a.Identity
	}
	return p
}

func (p params) at(name string, us int64) { p[name] = core.ISOMillis(us) }

func (p params) optional(name string, value *string) {
	if value != nil {
		p[name] = *value
	}
}

func (p params) count(name string, n int64) { p[name] = strconv.FormatInt(n, 10) }

// channel describes a channel that exists.
func (p params) channel(ch *Channel) {
	p["ChannelSid"] = ch.SID
	p.draftChannel(ch)
	p.at("DateCreated", ch.CreatedAt)
	p.at("DateUpdated", ch.UpdatedAt)
}

// draftChannel describes a channel that is to be.
func (p params) draftChannel(ch *Channel) {
	p["Attributes"], p["ChannelType"], p["CreatedBy"] = ch.Attributes, ch.Type, ch.CreatedBy
	p.optional("FriendlyName", ch.FriendlyName)
	p.optional("UniqueName", ch.UniqueName)
}

func (p params) user(u *User) {
	p["UserSid"], p["Identity"], p["RoleSid"], p["Attributes"] = u.SID, u.Identity, u.RoleSID, u.Attributes
	p.optional("FriendlyName", u.FriendlyName)
	p.at("DateCreated", u.CreatedAt)
	p.at("DateUpdated", u.UpdatedAt)
	p["IsOnline"] = strconv.FormatBool(u.Online)
}

// draftMessage describes a message that is to be; f is its media, or nil.
func (c *Chat) draftMessage(p params, ch *Channel, m *Message, f *Media) {
	p["ChannelSid"], p["From"], p["Body"], p["Attributes"] = ch.SID, m.Author, m.Body, m.Attributes
	p.at("DateCreated", m.CreatedAt)
	if f != nil {
		p["MediaSid"], p["MediaContentType"] = c.MediaSID(f.ID), f.ContentType
		p.count("MediaSize", f.Size)
		p.optional("MediaFilename", f.Filename)
	}
}

func (c *Chat) describeMessage(p params, ch *Channel, m *Message) {
	c.draftMessage(p, ch, m, m.Media)
	p["MessageSid"] = c.MessageSID(m.ID)
	p.count("Index", m.Index)
}

// describeEdit describes a message that the actor changes.
func (c *Chat) describeEdit(p params, a *Actor, ch *Channel, m *Message) {
	c.describeMessage(p, ch, m)
	p["ModifiedBy"] = a.name()
	p.optional("ModifiedBy", m.LastUpdatedBy)
	p.at("DateUpdated", m.UpdatedAt)
}

// describeRemoval describes a message that the actor removes, as it was.
func (c *Chat) describeRemoval(p params, a *Actor, ch *Channel, before *Message) {
	c.describeMessage(p, ch, before)
	p["RemovedBy"], p["ModifiedBy"] = a.name(), a.name()
	p.at("DateUpdated", before.UpdatedAt)
}

func (c *Chat) describeMember(p params, ch *Channel, m *Member) {
	p["ChannelSid"], p["MemberSid"], p["Identity"], p["RoleSid"], p["Attributes"] = ch.SID, c.MemberSID(m.ID), m.Identity, m.RoleSID, m.Attributes
	p.at("DateCreated", m.CreatedAt)
	p.at("DateUpdated", m.UpdatedAt)
	if m.ConsumedIndex != nil {
		p.count("LastConsumedMessageIndex", *m.ConsumedIndex)
	}
	if m.ConsumedAt != nil {
		p.at("LastConsumptionTimestamp", *m.ConsumedAt)
	}
}
