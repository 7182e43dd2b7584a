package machine

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseTwiML(t *testing.T) {
	for _, c := range []struct {
		text string
		want twiml
		ok   bool
	}{
		{`<Response/>`, twiml{}, true},
		{`<?xml version="1.0" encoding="UTF-8"?><!-- x --><Response><Message to="x">a <b>bold</b> b</Message></Response>`, twiml{messages: []twimlMessage{{Text: "a  b"}}}, true},
		{`<Response><Message><Body>t</Body><Media> http://m </Media></Message><Say>no</Say><Message><![CDATA[<x>]]></Message></Response>`,
			twiml{messages: []twimlMessage{{Text: "t", Media: " http://m "}, {Text: "<x>"}}}, true},
		{`<Response><Redirect> /a?b=1&amp;c=2 </Redirect><Message>late</Message>`, twiml{redirect: "/a?b=1&c=2"}, true},
		{`<Response><Redirect></Redirect><Message>m</Message></Response>`, twiml{messages: []twimlMessage{{Text: "m"}}}, true},
		{``, twiml{}, false}, {`text`, twiml{}, false}, {`<html/>`, twiml{}, false}, {`<Response>`, twiml{}, false}, {`<Response>&x;</Response>`, twiml{}, false},
		{"<Response>" + strings.Repeat("<a>", 100), twiml{}, false},
		{`<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Response><Message>&b;</Message></Response>`, twiml{}, false},
	} {
		got, err := parseTwiML(c.text)
		if (err == nil) != c.ok || c.ok && !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", c.text, got, err)
		}
	}
}

func FuzzTwiML(f *testing.F) {
	for _, s := range []string{`<Response><Message>a<Body>b</Body><Media>c</Media></Message><Redirect>http://x?FlowEvent=return&amp;a=1</Redirect></Response>`, `<Response/>`, `{`} {
		f.Add(s, "text/xml")
	}
	f.Fuzz(func(t *testing.T, body, kind string) {
		p := flow(t, `a add-twiml-redirect return>b timeout>b fail>b {"url":"http://x.example.com/app"}`, `b send-and-wait-for-reply {"from":"x","body":"{{widgets.a | to_json}}"}`)
		m := New(Settings{})
		r := m.Start(p, hello, now)
		for i := 0; r.Effect != nil && r.Effect.Kind != EffectReply; i++ {
			if i > 100 {
				t.Fatalf("no end: %+v", r)
			}
			kindOfEvent := EventSent
			if r.Effect.Kind == EffectHTTP {
				kindOfEvent = EventHTTP
			}
			r = m.Resume(p, r.State, Event{Kind: kindOfEvent, Effect: r.Effect.ID, Answer: Answer{Status: 200, ContentType: kind, Body: body}}, now)
		}
		if r.Effect == nil {
			t.Errorf("%+v", r.State.End)
		}
	})
}
