package machine

import (
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"net/url"
	"strings"

	"parley/internal/core"
	"parley/internal/studio/definition"
)

const (
	maxHops  = 5  // requests of one add-twiml-redirect
	maxSends = 10 // messages of one answer
)

// twimlRedirect is add-twiml-redirect as far as it makes sense in a chat: the URL is told of the message that began the execution and
// answers with TwiML. Its Message elements are sent; a Redirect with FlowEvent=return, or none at all, leaves by return, with what else
// stands in its query as the widget's values; a Redirect to elsewhere is followed. Other verbs are for calls and are passed over.
func (r *run) twimlRedirect(w *definition.State) {
	r.s.Outbox = &Outbox{Redirect: strings.TrimSpace(r.text(w, "url"))}
	r.ask(w)
}

// ask makes the request that the outbox has.
func (r *run) ask(w *definition.State) {
	out := *r.s.Outbox
	if out.Hops++; out.Hops > maxHops {
		r.s.Outbox = nil
		r.warnf(core.CodeStudioHTTP, "the answers redirect more than %d times", maxHops)
		r.leave(w, "fail")
		return
	}
	request := HTTP{Method: "POST", URL: out.Redirect, Form: r.twimlParameters(), Sign: true}
	if strings.EqualFold(strings.TrimSpace(w.Text("method")), "GET") {
		request.Method = "GET"
	}
	out.Redirect = ""
	r.s.Outbox = &out
	r.request(w, request, core.CodeStudioHTTP, "fail")
}

// twimlParameters are those of the message, or From and To of a request.
func (r *run) twimlParameters() url.Values {
	form := url.Values{"AccountSid": {r.s.AccountSID}, "FlowSid": {r.frame().FlowSID}, "ExecutionSid": {r.s.ExecutionSID}}
	trigger := r.frame().Context["trigger"]
	if fields, ok := at(trigger, "message").(map[string]any); ok {
		for _, key := range keysOf(fields) {
			form.Set(key, textOf(fields[key]))
		}
	} else if request, ok := at(trigger, "request").(map[string]any); ok {
		form.Set("From", textOf(request["from"]))
		form.Set("To", textOf(request["to"]))
	}
	return form
}

func (r *run) twimlAnswered(w *definition.State, effect *Effect, a Answer) {
	if a.TimedOut {
		r.s.Outbox = nil
		r.leave(w, "timeout")
		return
	}
	reason := r.unusable(a)
	if reason == "" && a.Status/100 != 2 {
		reason = "the answer has an error's status"
	}
	var out Outbox
	if reason == "" {
		out, reason = r.readTwiML(effect.HTTP.URL, a)
	}
	if reason != "" {
		r.s.Outbox = nil
		r.warn(core.CodeStudioHTTP, reason)
		r.leave(w, "fail")
		return
	}
	out.Hops = r.s.Outbox.Hops
	r.s.Outbox = &out
	r.outbox(w)
}

// outbox does the next of what is left of an answer.
func (r *run) outbox(w *definition.State) {
	out := *r.s.Outbox
	if len(out.Sends) > 0 {
		send := out.Sends[0]
		out.Sends = out.Sends[1:]
		r.s.Outbox = &out
		r.wait(w, Effect{Kind: EffectSend, Send: &send})
		return
	}
	if out.Redirect != "" {
		r.ask(w)
		return
	}
	r.s.Outbox = nil
	if len(out.Fields) > 0 {
		r.setWidget(w, out.Fields)
	}
	r.leave(w, out.Event)
}

// readTwiML reads an answer; an empty one does nothing, and plain text is one message.
func (r *run) readTwiML(from string, a Answer) (Outbox, string) {
	out := Outbox{Event: "return"}
	if strings.TrimSpace(a.Body) == "" {
		return out, ""
	}
	if kind, _, err := mime.ParseMediaType(a.ContentType); err == nil && kind == "text/plain" {
		return Outbox{Event: "return", Sends: r.sends([]twimlMessage{{Text: a.Body}})}, ""
	}
	answer, err := parseTwiML(a.Body)
	if err != nil {
		return out, "the answer is not TwiML: " + err.Error()
	}
	out.Sends = r.sends(answer.messages)
	if answer.redirect == "" {
		return out, ""
	}
	base, err := url.Parse(from)
	if err != nil {
		return out, "the address of the answer is not valid"
	}
	to, err := base.Parse(answer.redirect)
	if err != nil {
		return out, "the Redirect of the answer has no valid address"
	}
	query := to.Query()
	event := query.Get("FlowEvent")
	if event == "" {
		out.Redirect, out.Event = to.String(), ""
		return out, ""
	}
	if event != "return" {
		event = "fail"
	}
	out.Event, out.Fields = event, map[string]any{}
	for key, values := range query {
		if key != "FlowEvent" {
			out.Fields[key] = plain(values[0])
		}
	}
	return out, ""
}

func (r *run) sends(messages []twimlMessage) (list []Send) {
	for _, m := range messages {
		send := Send{Body: strings.ToValidUTF8(strings.TrimSpace(m.Text), "\uFFFD"), MediaURL: strings.TrimSpace(m.Media)}
		if send.Body == "" && send.MediaURL == "" {
			continue
		}
		if len(list) == maxSends {
			r.warnf(core.CodeStudioSend, "the answer has more than %d messages; the rest are left out", maxSends)
			break
		}
		r.prepare(&send)
		list = append(list, send)
	}
	return list
}

// twiml is what of an answer means something in a chat.
type twiml struct {
	messages []twimlMessage
	redirect string
}

type twimlMessage struct{ Text, Media string }

// parseTwiML reads <Response><Message>text</Message><Redirect>URL</Redirect></Response>; a Message may have its text in Body and an
// address in Media. What comes behind a Redirect is never reached.
func parseTwiML(text string) (twiml, error) {
	var t twiml
	var path []string
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if path == nil {
				return t, errors.New("it has no Response")
			}
			return t, nil
		}
		if err != nil {
			return t, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			if len(path) == 0 && name != "Response" {
				return t, errors.New("it begins with " + clip(name) + ", not with Response")
			}
			if path = append(path, name); len(path) > maxDepth {
				return t, errors.New("it is nested too deep")
			}
			if len(path) == 2 && t.redirect == "" && name == "Message" {
				t.messages = append(t.messages, twimlMessage{})
			}
		case xml.EndElement:
			if path = path[:len(path)-1]; len(path) == 1 && token.Name.Local == "Redirect" && t.redirect != "" {
				t.redirect = strings.TrimSpace(t.redirect)
				return t, nil
			}
		case xml.CharData:
			t.add(path, string(token))
		}
	}
}

// add takes text where it means something.
func (t *twiml) add(path []string, text string) {
	if len(path) == 2 && path[1] == "Redirect" {
		t.redirect += text
		return
	}
	if len(path) < 2 || path[1] != "Message" || len(t.messages) == 0 {
		return
	}
	m := &t.messages[len(t.messages)-1]
	switch {
	case len(path) == 2 || len(path) == 3 && path[2] == "Body":
		m.Text += text
	case len(path) == 3 && path[2] == "Media":
		m.Media += text
	}
}
