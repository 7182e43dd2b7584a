package simulator

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"parley/internal/studio/machine"
)

// ErrStop is what a world answers to end a play.
var ErrStop = errors.New("the play was stopped")

// Machine runs flows, as machine.Machine does.
type Machine interface {
	Start(p machine.Program, in machine.Input, now time.Time) machine.Result
	Resume(p machine.Program, s machine.State, e machine.Event, now time.Time) machine.Result
}

// World stands for everything outside of an execution. An error other than [ErrStop] means that the thing went wrong there.
type World interface {
	// Sent takes a message of the flow.
	Sent(s machine.Send) error
	// Reply gives the contact's next message; timeout lets the time run out instead.
	Reply(e machine.Effect) (text string, timeout bool, err error)
	// Answer answers a request.
	Answer(h machine.HTTP) (machine.Answer, error)
	// Task takes a task.
	Task(t machine.Task) error
	// Told hears of each step and warning, in order.
	Told(steps []machine.Step, warnings []machine.Warning)
}

// Chat is where simulated messages are.
const (
	Contact    = "customer"
	FlowName   = "Bot"
	AccountSID = "AC00000000000000000000000000000000"
	ServiceSID = "IS00000000000000000000000000000000"
	ChannelSID = "CH00000000000000000000000000000000"
	execution  = "FN00000000000000000000000000000000"
)

// FromMessage is the input of an execution that a message begins. extra stands among the channel's attributes, as pre_engagement_data.
func FromMessage(body string, extra map[string]any) machine.Input {
	if extra == nil {
		extra = map[string]any{}
	}
	fields := messageFields(body, 1)
	fields["ChannelAttributes"] = map[string]any{"from": Contact, "channel_type": "web", "status": "ACTIVE", "pre_engagement_data": extra}
	return machine.Input{ExecutionSID: execution, AccountSID: AccountSID, Trigger: machine.IncomingMessage, Message: fields,
		ContactAddress: Contact, FlowAddress: FlowName}
}

// FromRequest is the input of an execution that the REST API begins.
func FromRequest(parameters map[string]any) machine.Input {
	return machine.Input{ExecutionSID: execution, AccountSID: AccountSID, Trigger: machine.IncomingRequest, Parameters: parameters,
		ContactAddress: Contact, FlowAddress: FlowName}
}

func messageFields(body string, n int) map[string]any {
	return map[string]any{
		"EventType": "onMessageSent", "AccountSid": AccountSID, "InstanceSid": ServiceSID, "ChannelSid": ChannelSID, "To": ChannelSID,
		"MessageSid": sid("IM", n), "Index": n - 1, "From": Contact, "Body": body, "Source": "SDK", "ClientIdentity": Contact, "Attributes": "{}",
	}
}

func sid(prefix string, n int) string { return fmt.Sprintf("%s%032x", prefix, n) }

// Play runs an execution to its end, or until the world stops it, and returns its last state.
func Play(m Machine, p machine.Program, in machine.Input, world World, now time.Time) (machine.State, error) {
	result := m.Start(p, in, now)
	messages, tasks := 1, 0
	for {
		world.Told(result.Steps, result.Warnings)
		if result.Effect == nil {
			return result.State, nil
		}
		e := *result.Effect
		event := machine.Event{Effect: e.ID}
		var err error
		switch e.Kind {
		case machine.EffectSend:
			messages++
			event.Kind = machine.EventSent
			event.Fields = map[string]any{"Sid": sid("IM", messages), "ChannelSid": e.Send.Channel, "Index": messages - 1}
			if err = world.Sent(*e.Send); err != nil {
				event = machine.Event{Kind: machine.EventSendFailed, Effect: e.ID, Reason: err.Error()}
			}
		case machine.EffectReply:
			var text string
			var timeout bool
			if text, timeout, err = world.Reply(e); timeout {
				event.Kind, now = machine.EventTimeout, e.Deadline
			} else if err == nil {
				messages++
				event = machine.Event{Kind: machine.EventMessage, Fields: messageFields(text, messages)}
			}
		case machine.EffectHTTP:
			event.Kind = machine.EventHTTP
			if event.Answer, err = world.Answer(*e.HTTP); err != nil {
				event.Answer = machine.Answer{Reason: err.Error()}
			}
		case machine.EffectPause:
			event.Kind = machine.EventGoOn
		case machine.EffectTask:
			tasks++
			event.Kind = machine.EventTask
			event.Fields = map[string]any{"sid": sid("WT", tasks), "age": 0, "attributes": e.Task.Attributes, "workflow_sid": e.Task.Workflow,
				"assignment_status": "pending"}
			if err = world.Task(*e.Task); err != nil {
				event = machine.Event{Kind: machine.EventTaskFailed, Effect: e.ID, Reason: err.Error()}
			}
		}
		if errors.Is(err, ErrStop) || e.Kind == machine.EffectReply && err != nil {
			return result.State, err
		}
		result = m.Resume(p, result.State, event, now)
	}
}

// Double is what a receiver answers in place of the real one.
type Double struct {
	Method      string `json:"method,omitempty"` // "" for any
	URL         string `json:"url"`              // whole, or with * for any part of it
	Status      int    `json:"status,omitempty"` // default 200; -1: no answer comes in time
	ContentType string `json:"content_type,omitempty"`
	Body        any    `json:"body,omitempty"`  // text, or JSON that is sent as application/json
	Times       int    `json:"times,omitempty"` // how often it is used, then the next that fits; 0: always
}

// Fits reports whether a double answers a request.
func (d Double) Fits(h machine.HTTP) bool {
	return (d.Method == "" || strings.EqualFold(d.Method, h.Method)) && fits(d.URL, h.URL)
}

// fits matches a pattern in which * stands for any text. It takes the first place of each part, which is enough for patterns without more.
func fits(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return len(s) >= len(last) && strings.HasSuffix(s, last)
}

// Doubles answer requests, each as often as it may, the first that fits.
type Doubles struct {
	list []Double
	used []int
}

// NewDoubles returns doubles.
func NewDoubles(list []Double) *Doubles { return &Doubles{list, make([]int, len(list))} }

// Fresh returns the same doubles, none of them used.
func (d *Doubles) Fresh() *Doubles { return NewDoubles(d.list) }

// Answer answers a request; ok is false when no double fits.
func (d *Doubles) Answer(h machine.HTTP) (a machine.Answer, ok bool) {
	for i, double := range d.list {
		if !double.Fits(h) || double.Times > 0 && d.used[i] >= double.Times {
			continue
		}
		d.used[i]++
		return double.answer(), true
	}
	return machine.Answer{}, false
}

func (d Double) answer() machine.Answer {
	if d.Status < 0 {
		return machine.Answer{TimedOut: true}
	}
	a := machine.Answer{Status: d.Status, ContentType: d.ContentType}
	if a.Status == 0 {
		a.Status = 200
	}
	switch body := d.Body.(type) {
	case nil:
	case string:
		a.Body = body
	default:
		a.Body = jsonText(body)
		if a.ContentType == "" {
			a.ContentType = "application/json"
		}
	}
	if a.ContentType == "" {
		a.ContentType = "text/plain"
	}
	return a
}
