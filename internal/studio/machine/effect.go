package machine

import (
	"net/url"
	"time"
)

// EffectKind is what an execution waits for.
type EffectKind string

// The kinds of effects. A runtime performs Send and Task in the transaction that stores the state, and feeds the result back at once.
const (
	EffectSend  EffectKind = "send"  // put a message into the chat, answered by EventSent or EventSendFailed
	EffectReply EffectKind = "reply" // wait for the contact, answered by EventMessage or EventTimeout
	EffectHTTP  EffectKind = "http"  // make a request outside of any transaction, answered by EventHTTP
	EffectTask  EffectKind = "task"  // create a task, answered by EventTask or EventTaskFailed
	EffectPause EffectKind = "pause" // let others run: it has done much at once; answered by EventGoOn, in another transaction
)

// Effect is the one thing that an execution waits for. The member of its kind is set, if it has one.
type Effect struct {
	ID       int64      `json:"id"` // counts the effects of an execution from 1: with the execution's SID it is an idempotency key
	Kind     EffectKind `json:"kind"`
	Widget   string     `json:"widget"`            // the state that wants it
	FlowSID  string     `json:"flow_sid"`          // the flow of that state, which may be a subflow
	Deadline time.Time  `json:"deadline,omitzero"` // of EffectReply: when EventTimeout is due
	Send     *Send      `json:"send,omitempty"`
	HTTP     *HTTP      `json:"http,omitempty"`
	Task     *Task      `json:"task,omitempty"`
}

// Send is a message of the flow. All values are rendered.
type Send struct {
	From       string `json:"from"`    // the author
	To         string `json:"to"`      // the contact's address
	Service    string `json:"service"` // chat service SID; the trigger's where the widget names none
	Channel    string `json:"channel"` // chat channel SID; the trigger's where the widget names none; "" after a REST trigger
	Body       string `json:"body"`
	MediaURL   string `json:"media_url,omitempty"`
	Attributes string `json:"attributes,omitempty"` // JSON of the message's attributes, as written
}

// HTTP is a request. Form is sent as the body of a POST or the query of a GET; Body, with ContentType, in its place where it is not "".
type HTTP struct {
	Method      string        `json:"method"` // GET or POST
	URL         string        `json:"url"`    // http or https; not checked for where it leads
	Form        url.Values    `json:"form,omitempty"`
	Body        string        `json:"body,omitempty"`
	ContentType string        `json:"content_type,omitempty"`
	Sign        bool          `json:"sign,omitempty"` // with the account's X-Twilio-Signature (functions, TwiML)
	Auth        bool          `json:"auth,omitempty"` // with the account's SID and auth token as Basic authentication (add_twilio_auth)
	Timeout     time.Duration `json:"timeout"`
	MaxBytes    int           `json:"max_bytes"` // of the answer
}

// Task is a task to create.
type Task struct {
	Workflow   string `json:"workflow"`              // SID
	Channel    string `json:"channel,omitempty"`     // task channel: SID or unique name; "" for the default
	Attributes string `json:"attributes"`            // JSON object; it has channelSid where the trigger came from a chat channel
	Timeout    *int64 `json:"timeout,omitempty"`     // seconds; nil for the default
	Priority   *int64 `json:"priority,omitempty"`    // nil for the default
	Handover   bool   `json:"handover,omitempty"`    // send-to-flex: in the same transaction remove the channel's studio webhook and write taskSid into its attributes (B.6.5)
	ChannelSID string `json:"channel_sid,omitempty"` // the chat channel to hand over; "" when there is none
}
