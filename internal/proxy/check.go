package proxy

import (
	"errors"
	"net/url"
	"unicode/utf8"

	"parley/internal/core"
	"parley/internal/store"
)

// Bounds (rest-semantics §7.1); those that the published pages leave open are ours.
const (
	maxText         = 191  // characters of unique names and addresses
	maxFriendlyName = 255  // characters
	maxURL          = 2048 // bytes
	maxTTL          = 10 * 365 * 86400
	maxBody         = core.MaxBody
	maxMedia        = 10 // of a message
	maxPool         = 5000
	maxServices     = 1000
)

// invalid is a parameter that cannot be as it is.
func invalid(format string, args ...any) error {
	return core.Ef(core.CodeProxyInvalid, format, args...)
}

// checkName refuses a unique name that cannot be one: of the wrong length, or one that would be taken for a SID.
func checkName(s string) error {
	if s == "" || utf8.RuneCountInString(s) > maxText {
		return invalid("UniqueName must have 1 to %d characters", maxText)
	}
	for _, prefix := range []string{"KS", "KC"} {
		if core.IsSID(prefix, s) {
			return invalid("UniqueName must not look like a SID")
		}
	}
	return nil
}

// checkURL refuses what cannot be called; an empty one clears.
func checkURL(name, s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || len(s) > maxURL {
		return invalid("%s must be an absolute http or https URL of at most %d bytes", name, maxURL)
	}
	return nil
}

// orNone is nil for an empty text.
func orNone(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func set[T any](at *T, v *T) {
	if v != nil {
		*at = *v
	}
}

// text is what a pointer points to, or "".
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// clip shortens a value for an error message.
func clip(s string) string {
	const most = 64
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

func notFound(what, sid string) error {
	return core.Ef(core.CodeNotFound, "%s %q was not found", what, clip(sid))
}

// or returns err, or instead of a missing row what the caller says.
func or(err, missing error) error {
	if errors.Is(err, store.ErrNoRow) {
		return missing
	}
	return err
}

// list reads up to limit rows of a table after the SID after; where narrows them, with its arguments.
func list[T any](r *store.Reader, t *store.Table[T], order func(*T) int64, after, where string, limit int, args ...any) ([]*T, error) {
	var from int64
	if after != "" {
		if !core.CleanText(after) {
			return nil, errPageToken()
		}
		row, err := t.One(r, where+" AND sid = "+mark(len(args)+1), append(args, after)...)
		if err != nil {
			return nil, or(err, errPageToken())
		}
		from = order(row)
	}
	return t.All(r, where+" AND id > "+mark(len(args)+1)+" ORDER BY id LIMIT "+mark(len(args)+2), append(args, from, int64(limit))...)
}

func errPageToken() error {
	return core.Ef(core.CodeInvalidParameter, "PageToken is not one that this list gave")
}
