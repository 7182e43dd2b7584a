package flex

import (
	"bytes"
	"encoding/json"

	"parley/internal/chat"
)

// The states that a Flex Channel's attribute "status" takes; clients compare the literal words (rest-semantics §4.3).
const (
	StatusActive   = "ACTIVE"
	StatusInactive = "INACTIVE"
)

// attributes are the chat channel's attributes as Flex writes them (rest-semantics §4.1, step 5).
type attributes struct {
	Status        string          `json:"status"`
	LongLived     bool            `json:"long_lived"`
	PreEngagement json.RawMessage `json:"pre_engagement_data,omitempty"`
	From          string          `json:"from"`
	ChannelType   string          `json:"channel_type"`
	TaskSID       string          `json:"task_sid,omitempty"`
	ProxySession  string          `json:"proxySession,omitempty"`
}

// status reads the state from a chat channel's attributes; "" when they bear none.
func status(ch *chat.Channel) string { return field[string](ch.Attributes, "status") }

// longLived reads whether a chat channel outlives its tasks.
func longLived(ch *chat.Channel) bool { return field[bool](ch.Attributes, "long_lived") }

// sessionOf reads which Proxy session joins a chat channel and its customer; "" for none.
func sessionOf(ch *chat.Channel) string { return field[string](ch.Attributes, "proxySession") }

// channelOf reads which channel a task is about from its attributes; "" for none.
func channelOf(task string) string { return field[string](task, "channelSid") }

// field reads a member of a JSON object; the zero value where there is none of that type. Clients write these objects too.
func field[T any](object, name string) (v T) {
	if json.Unmarshal(members(object)[name], &v) != nil {
		var none T
		return none
	}
	return v
}

// members are those of a JSON object; none for anything else.
func members(object string) map[string]json.RawMessage {
	m, ok := parse(object)
	if !ok {
		return map[string]json.RawMessage{}
	}
	return m
}

// parse reads a JSON object.
func parse(object string) (m map[string]json.RawMessage, ok bool) {
	err := json.Unmarshal([]byte(object), &m)
	return m, err == nil && m != nil
}

// with returns a JSON object with further members. What is not an object gives way to one.
func with(object string, further map[string]any) (string, error) {
	m := members(object)
	for name, v := range further {
		text, err := encode(v)
		if err != nil {
			return "", err
		}
		m[name] = json.RawMessage(text)
	}
	return encode(m)
}

// encode writes JSON as short as it can be: clients' texts are bounded, so "<" must not become six characters.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), err
}
