package machine

import (
	"strconv"
	"strings"
	"time"

	"parley/internal/core"
	"parley/internal/studio/definition"
)

// sendMessage is send-message, and the first half of send-and-wait-for-reply.
func (r *run) sendMessage(w *definition.State) {
	send := Send{
		From: r.text(w, "from"), To: r.text(w, "to"), Service: strings.TrimSpace(r.text(w, "service")), Channel: strings.TrimSpace(r.text(w, "channel")),
		Body: r.text(w, "body"), MediaURL: strings.TrimSpace(r.text(w, "media_url")), Attributes: strings.TrimSpace(r.text(w, "attributes")),
	}
	if r.prepare(&send); send.Body == "" && send.MediaURL == "" {
		r.warn(core.CodeStudioSend, "the message has neither text nor media")
		r.leave(w, sendFailed(w))
		return
	}
	r.wait(w, Effect{Kind: EffectSend, Send: &send})
}

// prepare fills what a message leaves open from the trigger.
func (r *run) prepare(send *Send) {
	c := r.frame().Context
	fill := func(to *string, path ...string) {
		if *to == "" {
			*to = textOf(at(c, path...))
		}
	}
	fill(&send.From, "flow", "channel", "address")
	fill(&send.To, "contact", "channel", "address")
	fill(&send.Service, "trigger", "message", "InstanceSid")
	fill(&send.Channel, "trigger", "message", "ChannelSid")
	if send.Attributes != "" && parseObject(send.Attributes) == nil {
		r.warn(core.CodeStudioTemplate, "attributes: they are not a JSON object, and are left out")
		send.Attributes = ""
	}
}

func sendFailed(w *definition.State) string {
	if w.Type == "send-and-wait-for-reply" {
		return "deliveryFailure"
	}
	return "failed"
}

// sent takes what became of a message.
func (r *run) sent(w *definition.State, effect *Effect, e Event) {
	if e.Kind == EventSendFailed {
		r.warnf(core.CodeStudioSend, "the message could not be sent: %s", reasonOr(e.Reason, "no reason is known"))
	}
	if r.s.Outbox != nil {
		r.outbox(w)
		return
	}
	if e.Kind == EventSendFailed {
		r.leave(w, sendFailed(w))
		return
	}
	outbound := merged(map[string]any{"Body": effect.Send.Body, "From": effect.Send.From, "To": effect.Send.To}, e.Fields)
	r.setWidget(w, map[string]any{"outbound": outbound})
	if w.Type == "send-message" {
		r.leave(w, "sent")
		return
	}
	r.wait(w, Effect{Kind: EffectReply, Deadline: r.deadline(w)})
}

// deadline is when a reply must have come, at the latest with the end of the execution.
func (r *run) deadline(w *definition.State) time.Time {
	wait := r.m.settings.ReplyTimeout
	if n, err := strconv.ParseInt(strings.TrimSpace(r.text(w, "timeout")), 10, 32); err == nil && n >= 0 {
		wait = time.Duration(n) * time.Second
	}
	due := r.now.Add(wait)
	if last := r.m.Expires(&r.s); due.After(last) {
		return last
	}
	return due
}

// replied takes a reply, or that there was none.
func (r *run) replied(w *definition.State, e Event) {
	if e.Kind == EventTimeout {
		r.leave(w, "timeout")
		return
	}
	inbound, _ := message(e.Fields)
	r.setWidget(w, map[string]any{"inbound": inbound})
	if name := strings.TrimSpace(w.Text("save_response_as")); name != "" {
		r.set(inbound["Body"], "flow", "variables", name)
	}
	r.leave(w, "incomingMessage")
}
