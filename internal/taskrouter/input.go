package taskrouter

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/webhook"
)

// Limits of texts in characters (taskrouter-studio A.2, A.14).
const (
	maxName       = 64
	maxAttributes = 4096
)

// maxURL is the length of a callback's address in bytes; ours, none is documented.
const maxURL = 2048

// checkName refuses a FriendlyName that is empty or too long.
func checkName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > maxName {
		return invalid("FriendlyName must have 1 to %d characters", maxName)
	}
	return nil
}

// checkAttributes returns the attributes to store, "{}" for none: a JSON object as text, whose spaces count.
func checkAttributes(text string) (string, error) {
	if text == "" {
		return "{}", nil
	}
	if utf8.RuneCountInString(text) > maxAttributes {
		return "", invalid("Attributes must have at most %d characters", maxAttributes)
	}
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		return "", invalid("Attributes must be a JSON object such as {\"language\":\"en\"}")
	}
	return text, nil
}

// checkURL refuses what is no address of a callback; "" is none.
func checkURL(name, s string) error {
	if s == "" {
		return nil
	}
	switch {
	case len(s) > maxURL:
		return invalid("%s has %d bytes; at most %d are allowed", name, len(s), maxURL)
	case webhook.CheckURL(s) != nil:
		return invalid("%s must be an absolute http or https URL", name)
	}
	return nil
}

// checkVersion compares an If-Match header with the version of what is to be changed: 0, "0", W/"0" and * are understood, "" asks
// for nothing (taskrouter-studio A.6). A mismatch is 20412.
func checkVersion(ifMatch string, version int64) error {
	want := strings.TrimSpace(ifMatch)
	if want == "" || want == "*" {
		return nil
	}
	want = strings.TrimPrefix(want, "W/")
	if n := len(want); n >= 2 && want[0] == '"' && want[n-1] == '"' {
		want = want[1 : n-1]
	}
	if want == strconv.FormatInt(version, 10) {
		return nil
	}
	return core.Ef(core.CodePreconditionFailed, "If-Match does not name version %d, which the resource has now; fetch it again", version)
}

// setIf sets a value that a patch gives.
func setIf[T any](dst, v *T) {
	if v != nil {
		*dst = *v
	}
}

// clip shortens a text for an error message.
func clip(s string) string {
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:64], "") + "…"
}

// badToken refuses a page token that names no row of the list.
func badToken() error {
	return invalid("PageToken is not one that this list gave")
}

// after returns up to limit of the rows for which keep is true, from the one after the SID after on ("" for the first); 20001 where
// no row has it.
func after[T any](list []*T, sid func(*T) string, last string, limit int, keep func(*T) bool) (page []*T, err error) {
	begun := last == ""
	for _, row := range list {
		if begun && len(page) < limit && keep(row) {
			page = append(page, row)
		}
		begun = begun || sid(row) == last
	}
	if !begun {
		return nil, badToken()
	}
	return page, nil
}
