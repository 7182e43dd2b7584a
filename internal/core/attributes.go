package core

import (
	"encoding/json"
	"unicode/utf8"
)

// Limits of texts in bytes (rest-semantics §2.8).
const (
	MaxName              = 256
	MaxIdentity          = 256
	MaxChannelAttributes = 16 << 10
	MaxAttributes        = 4 << 10 // of messages, members and users
	MaxBody              = 32 << 10
)

// CheckAttributes returns the attributes to store: any JSON value as text, "{}" for none. Text that is not JSON is 50304,
// text longer than max bytes 50303 (rest-semantics §2.4).
func CheckAttributes(s string, max int) (string, error) {
	if s == "" {
		return "{}", nil
	}
	if len(s) > max {
		return "", Ef(CodeAttributesTooLong, "Attributes have %d bytes; at most %d are allowed", len(s), max)
	}
	if !json.Valid([]byte(s)) || !utf8.ValidString(s) {
		return "", Ef(CodeAttributesInvalid, "Attributes are not valid JSON")
	}
	return s, nil
}

// CleanText reports whether s may be stored as text: valid UTF-8 without null bytes, which PostgreSQL refuses.
func CleanText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for i := range len(s) {
		if s[i] == 0 {
			return false
		}
	}
	return true
}
