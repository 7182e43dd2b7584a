package chat

import (
	"bytes"
	"context"
	"encoding/json"

	"parley/internal/core"
)

// Asker puts questions to a service's receiver of pre-events.
type Asker interface {
	// Ask makes a call, with its repeats, and returns the receiver's last word: its status and the body; status 0 when none came in time.
	Ask(ctx context.Context, d Delivery) (status int, body []byte)
}

// The pre-events (rest-semantics §3.3): questions to the service's receiver before a user of an SDK does something.
const (
	preMessageSend      = "onMessageSend"
	preMediaMessageSend = "onMediaMessageSend"
	preMessageUpdate    = "onMessageUpdate"
	preMessageRemove    = "onMessageRemove"
	preChannelAdd       = "onChannelAdd"
	preChannelUpdate    = "onChannelUpdate"
	preChannelDestroy   = "onChannelDestroy"
	preMemberAdd        = "onMemberAdd"
	preMemberUpdate     = "onMemberUpdate"
	preMemberRemove     = "onMemberRemove"
	preUserUpdate       = "onUserUpdate"
)

func isPreEvent(name string) bool {
	switch name {
	case preMessageSend, preMediaMessageSend, preMessageUpdate, preMessageRemove, preChannelAdd, preChannelUpdate, preChannelDestroy,
		preMemberAdd, preMemberUpdate, preMemberRemove, preUserUpdate:
		return true
	}
	return false
}

// asks reports whether a question comes before what the actor does: never for REST, which webhook handlers use themselves (rest-semantics
// §3.2).
func (c *Chat) asks(a *Actor, event string) bool {
	return a.Source == SourceSDK && c.asker != nil && a.Service.wants(a.Service.PreWebhookURL, event)
}

// verdict is what the receiver of a pre-event wants changed (rest-semantics §3.4); nil is what it leaves as it is.
type verdict struct {
	Body         *string    `json:"body"`
	From         *string    `json:"from"`
	Author       *string    `json:"author"`
	Attributes   *jsonText  `json:"attributes"`
	FriendlyName *string    `json:"friendly_name"`
	UniqueName   *string    `json:"unique_name"`
	RoleSID      *string    `json:"role_sid"`
	Mute         *stringish `json:"mute_notification"`
}

// jsonText is JSON that comes as a text which holds it, or as it is.
type jsonText string

func (t *jsonText) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = jsonText(s)
		return nil
	}
	*t = jsonText(b)
	return nil
}

// stringish is a word that may come as a text or bare.
type stringish string

func (t *stringish) UnmarshalJSON(b []byte) error {
	*t = stringish(bytes.Trim(b, `"`))
	return nil
}

// ask puts the question and reads the answer (rest-semantics §3.4): 4xx and 5xx refuse, an object in a 2xx changes, and silence lets the
// actor go on. It is called outside any transaction.
func (c *Chat) ask(ctx context.Context, a *Actor, event string, describe func(p params)) (v verdict, err error) {
	p := a.params(event)
	describe(p)
	svc := a.Service
	status, body := c.asker.Ask(ctx, Delivery{AccountSID: svc.AccountSID, URL: *svc.PreWebhookURL, Method: svc.method(), Retries: svc.PreWebhookRetries, Params: p})
	switch {
	case ctx.Err() != nil:
		return v, ctx.Err() // who asked is gone, and silence was not the receiver's
	case status >= 400:
		return v, core.E(core.CodeWebhookRefused)
	case status/100 != 2 || !json.Valid(body) || bytes.TrimSpace(body)[0] != '{':
		return v, nil
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, core.Ef(core.CodeInvalidParameter, "The webhook's answer has a value of a wrong type")
	}
	if v.From == nil {
		v.From = v.Author
	}
	return v, nil
}

// attributes returns the attributes that the receiver wants, or those that were meant.
func (v *verdict) attributes(meant *string) *string {
	if v.Attributes == nil {
		return meant
	}
	text := string(*v.Attributes)
	return &text
}

// orMeant returns what the receiver wants, or what was meant.
func orMeant(wanted, meant *string) *string {
	if wanted == nil {
		return meant
	}
	return wanted
}
