package flex

import (
	"context"

	"parley/internal/chat"
	"parley/internal/core"
	"parley/internal/proxy"
	"parley/internal/store"
)

// Line is what Proxy needs of chat. Keep and Link, which deal with files, may be nil where none are sent.
type Line struct {
	Chat *chat.Chat
	// Keep stores a file that a transport brings a link to, and returns its SID; final says that it cannot be had.
	Keep func(ctx context.Context, service *chat.Service, m proxy.Media) (sid string, final bool, err error)
	// Link is an address at which a file can be fetched for a while.
	Link func(serviceSID, mediaSID string) string
}

// HasServiceTx implements proxy.Chat.
func (l Line) HasServiceTx(r *store.Reader, accountSID, serviceSID string) (bool, error) {
	_, err := l.Chat.ServiceTx(r, accountSID, serviceSID)
	if core.HasCode(err, core.CodeServiceNotFound) {
		return false, nil
	}
	return err == nil, err
}

// open locks a channel.
func (l Line) open(tx *store.Tx, accountSID, serviceSID, channelSID string) (*chat.Service, *chat.Room, error) {
	service, err := l.Chat.ServiceTx(&tx.Reader, accountSID, serviceSID)
	if err != nil {
		return nil, nil, err
	}
	room, err := l.Chat.OpenTx(tx, service, channelSID)
	return service, room, err
}

// JoinTx implements proxy.Chat.
func (l Line) JoinTx(tx *store.Tx, accountSID, serviceSID, channelSID string) error {
	_, room, err := l.open(tx, accountSID, serviceSID, channelSID)
	if err != nil {
		return err
	}
	return l.Chat.AttachRelayTx(tx, room)
}

// PostTx implements proxy.Chat: as the customer's own client would, so that whoever handles the channel hears it.
func (l Line) PostTx(tx *store.Tx, p proxy.Post) (string, error) {
	service, room, err := l.open(tx, p.AccountSID, p.ServiceSID, p.ChannelSID)
	if err != nil {
		return "", err
	}
	in := chat.NewMessage{From: p.From, MediaSID: p.MediaSID}
	if p.MediaSID == "" {
		in.Body = &p.Body
	}
	m, err := l.Chat.SendMessageTx(tx, chat.Actor{Service: service, Source: chat.SourceAPI, Webhooks: true}, room, in)
	if err != nil {
		return "", err
	}
	return l.Chat.MessageSID(m.ID), nil
}

// KeepMedia implements proxy.Chat.
func (l Line) KeepMedia(ctx context.Context, accountSID, serviceSID string, m proxy.Media) (sid string, final bool, err error) {
	service, err := l.Chat.Service(ctx, accountSID, serviceSID)
	if err != nil {
		return "", false, err
	}
	return l.Keep(ctx, service, m)
}

// MediaLink implements proxy.Chat.
func (l Line) MediaLink(serviceSID, mediaSID string) string { return l.Link(serviceSID, mediaSID) }

// HeardTx tells Proxy of a delivery of type chat.HookRelay, in the message's own transaction.
func HeardTx(tx *store.Tx, d chat.Delivery) error {
	p := d.Params
	author := p["From"]
	if d.Flow {
		author = "" // a flow speaks by our own address, as a request of Proxy's does that is not to be brought out
	}
	return proxy.HeardTx(tx, proxy.Heard{AccountSID: d.AccountSID, ChatServiceSID: p["InstanceSid"], ChannelSID: p["ChannelSid"], MessageSID: p["MessageSid"],
		Author: author, Body: p["Body"], MediaSID: p["MediaSid"], ContentType: p["MediaContentType"], Lane: d.Lane, LaneSeq: d.LaneSeq})
}
