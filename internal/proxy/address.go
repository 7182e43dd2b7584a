package proxy

import (
	"strings"
	"unicode/utf8"

	"parley/internal/core"
)

// The kinds of addresses; each has a transport of its own.
const (
	KindSMS      = "sms"
	KindWhatsApp = "whatsapp"
	KindFacebook = "facebook"
	KindLine     = "line"
	KindCustom   = "custom" // of any other scheme: what a middleware made up
	KindChannel  = "channel"
)

// Kinds lists those that transports carry.
func Kinds() []string { return []string{KindSMS, KindWhatsApp, KindFacebook, KindLine, KindCustom} }

// Address is where a participant, or we, can be written to: a telephone number in E.164 ("+49301234567"), "whatsapp:+49301234567",
// "messenger:ID" or "facebook:ID", "line:ID", any "scheme:text", or the SID of a chat channel.
type Address string

// Kind says which transport carries to the address; "" for a text that is none.
func (a Address) Kind() string {
	s := string(a)
	if s == "" || utf8.RuneCountInString(s) > maxText || !core.CleanText(s) || strings.TrimSpace(s) != s {
		return ""
	}
	if core.IsSID("CH", s) {
		return KindChannel
	}
	scheme, rest, named := strings.Cut(s, ":")
	switch {
	case !named && isNumber(s):
		return KindSMS
	case !named || rest == "" || scheme == "":
		return ""
	case scheme == "whatsapp":
		if !isNumber(rest) {
			return ""
		}
		return KindWhatsApp
	case scheme == "messenger" || scheme == "facebook":
		return KindFacebook
	case scheme == "line":
		return KindLine
	}
	return KindCustom
}

// Bare is the address without its scheme.
func (a Address) Bare() string {
	if _, rest, named := strings.Cut(string(a), ":"); named {
		return rest
	}
	return string(a)
}

// isNumber reports whether s is a telephone number as E.164 writes it.
func isNumber(s string) bool {
	if len(s) < 6 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return false
	}
	for _, c := range []byte(s[1:]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// code is a telephone number's country code, "" for what is no number. The countries that share +1 and +7 are one.
func (a Address) code() string {
	n := a.Bare()
	if !isNumber(n) {
		return ""
	}
	for length := 3; length > 0; length-- {
		if prefix := n[1 : 1+length]; Country(prefix) != "" {
			return prefix
		}
	}
	return n[1:2]
}

// area is the area code of a number whose country has them all of one length: +1. "" for others.
func (a Address) area() string {
	n := a.Bare()
	if a.code() != "1" || len(n) < 5 {
		return ""
	}
	return n[2:5]
}
