package definition

// support says how far a type of widget goes here.
type support int

const (
	unknown support = iota // a type that nobody has published: kept
	runs
	voice   // it needs a call
	foreign // it needs a service that Parley is not
)

// kind is what is known of a type of widget (taskrouter-studio B.3).
type kind struct {
	support  support
	required []string // properties; a key that is there and empty is a warning only, as old exports have them
	events   []string
	failing  []string // those of events that mean that something went wrong
	waits    bool     // it waits for somebody: a loop through it ends nothing
}

func kindOf(t string) kind {
	switch t {
	case "trigger":
		return kind{support: runs, events: []string{"incomingMessage", "incomingCall", "incomingConversationMessage", "incomingRequest", "incomingParent"}}
	case "send-message":
		return kind{support: runs, required: []string{"from"}, events: []string{"sent"}, failing: []string{"failed"}}
	case "send-and-wait-for-reply":
		return kind{support: runs, required: []string{"from"}, events: []string{"incomingMessage", "timeout"}, failing: []string{"deliveryFailure"}, waits: true}
	case "split-based-on":
		return kind{support: runs, required: []string{"input"}, events: []string{"noMatch", "match"}}
	case "set-variables":
		return kind{support: runs, events: []string{"next"}}
	case "make-http-request":
		return kind{support: runs, required: []string{"url"}, events: []string{"success"}, failing: []string{"failed"}}
	case "run-function", "run-function-v2":
		return kind{support: runs, required: []string{"url"}, events: []string{"success"}, failing: []string{"fail"}}
	case "send-to-flex":
		return kind{support: runs, required: []string{"workflow"}, events: []string{"callComplete"}, failing: []string{"failedToEnqueue", "callFailure"}}
	case "create-task":
		return kind{support: runs, required: []string{"workflow"}, events: []string{"created"}, failing: []string{"failedToCreate"}}
	case "run-subflow":
		return kind{support: runs, required: []string{"flow_sid"}, events: []string{"completed"}, failing: []string{"failed"}, waits: true}
	case "add-twiml-redirect":
		return kind{support: runs, required: []string{"url"}, events: []string{"return", "timeout"}, failing: []string{"fail"}}
	case "capture-payments", "connect-call-to", "connect-virtual-agent", "connect-virtual-agent-v2", "enqueue-call", "fork-stream",
		"gather-input-on-call", "make-outgoing-call-v1", "make-outgoing-call-v2", "record-call", "record-voicemail",
		"run-conversation-relay", "say-play":
		return kind{support: voice}
	case "add-member-to-chat-channel", "create-chat-channel", "resume-conversation", "send-to-auto-pilot", "start-conversation",
		"understand", "update-sync-object":
		return kind{support: foreign}
	}
	return kind{}
}

// Runs reports whether an execution can go on through a type of widget. Voice widgets and unknown ones end it.
func Runs(widgetType string) bool { return kindOf(widgetType).support == runs }

// conditionKnown reports whether a type of condition is one of taskrouter-studio B.3.
func conditionKnown(t string) bool {
	switch t {
	case "equal_to", "not_equal_to", "matches_any_of", "does_not_match_any_of", "contains", "does_not_contain", "starts_with",
		"does_not_start_with", "is_blank", "is_not_blank", "regex", "less_than", "greater_than", "is_before_time", "is_after_time",
		"is_before_date", "is_after_date":
		return true
	}
	return false
}
