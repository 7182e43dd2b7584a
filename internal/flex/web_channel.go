package flex

import (
	"context"
	"encoding/json"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/identity"
	"parley/internal/store"
)

// TypeWeb is the channel type of the chat widget: WebChannels are the Flex Channels of such flows.
const TypeWeb = "web"

// NewWebChannel is the request for a web channel. The first four are required.
type NewWebChannel struct {
	FlowSID, Identity, CustomerFriendlyName, ChatFriendlyName string
	ChatUniqueName, PreEngagementData                         string
}

// WebChannelPatch is what an update says of a web channel.
type WebChannelPatch struct {
	End            bool
	PostEngagement *string // JSON; goes into the channel's attributes
}

// CreateWebChannel makes a web channel, or returns the one that is still active for the same identity. by is the token of the visitor who
// asks, nil for a server: a visitor may only speak for itself, in a flow that is enabled.
func (x *Flex) CreateWebChannel(ctx context.Context, accountSID string, n NewWebChannel, by *identity.Token) (*Channel, error) {
	if n.CustomerFriendlyName == "" {
		return nil, core.Ef(core.CodeFlexValidation, "Missing required parameter CustomerFriendlyName")
	}
	request := NewChannel{FlowSID: n.FlowSID, Identity: n.Identity, ChatUserFriendlyName: n.CustomerFriendlyName, ChatFriendlyName: n.ChatFriendlyName,
		ChatUniqueName: n.ChatUniqueName, PreEngagementData: n.PreEngagementData}
	if err := request.check(); err != nil {
		return nil, err
	}
	flow, err := x.FetchFlow(ctx, accountSID, n.FlowSID)
	if err != nil {
		return nil, err
	}
	if flow.ChannelType != TypeWeb {
		return nil, core.Ef(core.CodeFlexValidation, "FlexFlowSid %s is a flow of ChannelType %s; the widget needs one of ChannelType %s", flow.SID, flow.ChannelType, TypeWeb)
	}
	if by != nil {
		if err := mayOpen(flow, n.Identity, by); err != nil {
			return nil, err
		}
	}
	return x.CreateChannel(ctx, accountSID, request)
}

// mayOpen checks a visitor's token.
func mayOpen(flow *Flow, who string, by *identity.Token) error {
	switch {
	case by.ChatServiceSID != flow.ChatServiceSID:
		return forbidden("the token is not for the chat service of Flex Flow " + flow.SID)
	case by.Identity != who:
		return forbidden("a visitor may open a chat for its own identity only")
	case !flow.Enabled:
		return forbidden("Flex Flow " + flow.SID + " is disabled")
	}
	return nil
}

// FetchWebChannel returns a web channel or 45204.
func (x *Flex) FetchWebChannel(ctx context.Context, accountSID, sid string) (c *Channel, err error) {
	err = x.store.View(ctx, func(r *store.Reader) error {
		c, err = webChannelIn(r, accountSID, sid)
		return err
	})
	return c, err
}

func webChannelIn(r *store.Reader, accountSID, sid string) (*Channel, error) {
	c, err := channelIn(r, accountSID, sid)
	if err == nil && c.ChannelType != TypeWeb {
		return nil, notFound(sid)
	}
	return c, err
}

// ListWebChannels returns up to limit web channels after the SID after ("" for the first), oldest first.
func (x *Flex) ListWebChannels(ctx context.Context, accountSID, after string, limit int) ([]*Channel, error) {
	return x.listChannels(ctx, webChannelIn, ` AND channel_type = '`+TypeWeb+`'`, accountSID, after, limit)
}

// UpdateWebChannel ends a chat for its customer, as its agent's wrap-up does, and notes what the customer said afterwards. A task about it
// stays with its agent.
func (x *Flex) UpdateWebChannel(ctx context.Context, accountSID, sid string, p WebChannelPatch) (c *Channel, err error) {
	further := map[string]any{}
	if p.PostEngagement != nil {
		text, err := core.CheckAttributes(*p.PostEngagement, core.MaxChannelAttributes)
		if err != nil {
			return nil, core.Ef(core.CodeFlexValidation, "PostEngagementData: %s", core.AsError(err).Message)
		}
		further["post_engagement_data"] = json.RawMessage(text)
	}
	err = x.store.Update(ctx, func(tx *store.Tx) error {
		if c, err = webChannelIn(&tx.Reader, accountSID, sid); err != nil {
			return err
		}
		service, err := x.chat.ServiceTx(&tx.Reader, accountSID, c.ChatServiceSID)
		if err != nil {
			return err
		}
		room, err := x.chat.OpenTx(tx, service, sid)
		if core.HasCode(err, core.CodeChannelNotFound) {
			return notFound(sid)
		}
		if err != nil {
			return err
		}
		if c, err = webChannelIn(&tx.Reader, accountSID, sid); err != nil { // it may have changed before the lock
			return err
		}
		if p.End {
			if err := x.chat.DetachHandlerTx(tx, room); err != nil {
				return err
			}
			if status(room.Channel) != StatusInactive {
				further["status"] = StatusInactive
			}
		}
		if len(further) == 0 {
			return nil
		}
		text, err := with(room.Channel.Attributes, further)
		if err != nil {
			return err
		}
		by := chat.Actor{Service: service, Source: chat.SourceAPI, Webhooks: true}
		err = x.chat.UpdateChannelTx(tx, by, room, chat.ChannelPatch{Attributes: &text})
		if core.HasCode(err, core.CodeAttributesTooLong) {
			return core.Ef(core.CodeFlexValidation, "PostEngagementData do not fit into the channel: %s", core.AsError(err).Message)
		}
		if err != nil {
			return err
		}
		c.UpdatedAt = tx.Now()
		return channels.Update(tx, c)
	})
	return c, err
}

// DeleteWebChannel removes a web channel with its chat channel.
func (x *Flex) DeleteWebChannel(ctx context.Context, accountSID, sid string) error {
	if _, err := x.FetchWebChannel(ctx, accountSID, sid); err != nil {
		return err
	}
	return x.DeleteChannel(ctx, accountSID, sid)
}
