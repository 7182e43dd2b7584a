package chat

import (
	"errors"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/webhook"
)

// reservedIdentity is the author and creator of what servers make without naming anybody (rest-semantics §2.1).
const reservedIdentity = "system"

// checkIdentity refuses what cannot be an identity (rest-semantics §2.1, §2.8).
func checkIdentity(s string) error {
	switch {
	case s == "":
		return core.E(core.CodeIdentityRequired)
	case len(s) > core.MaxIdentity:
		return core.Ef(core.CodeIdentityTooLong, "Identity has %d bytes; at most %d are allowed", len(s), core.MaxIdentity)
	case s == reservedIdentity:
		return core.Ef(core.CodeIdentityReserved, "The identity %q is reserved", s)
	case core.IsSID("US", s):
		return core.E(core.CodeIdentityLooksLikeSID)
	}
	return checkText("Identity", s)
}

// checkText refuses text that the store cannot keep.
func checkText(field, s string) error {
	if !core.CleanText(s) {
		return core.Ef(core.CodeInvalidParameter, "%s must be UTF-8 text without null bytes", field)
	}
	return nil
}

// checkName checks an optional friendly name; an empty one is none.
func checkName(s *string) (*string, error) {
	if s == nil || *s == "" {
		return nil, nil
	}
	if len(*s) > core.MaxName {
		return nil, core.Ef(core.CodeChatNameTooLong, "FriendlyName has %d bytes; at most %d are allowed", len(*s), core.MaxName)
	}
	return s, checkText("FriendlyName", *s)
}

// checkUniqueName checks an optional unique name of a channel; an empty one is none.
func checkUniqueName(s *string) (*string, error) {
	if s == nil || *s == "" {
		return nil, nil
	}
	if len(*s) > core.MaxName {
		return nil, core.Ef(core.CodeChatUniqueNameTooLong, "UniqueName has %d bytes; at most %d are allowed", len(*s), core.MaxName)
	}
	if core.IsSID("CH", *s) {
		return nil, core.E(core.CodeUniqueNameLooksLikeSID)
	}
	return s, checkText("UniqueName", *s)
}

// checkDates checks the dates of a restored backup, which lie in the past (rest-semantics §1.1), and fills them in.
func checkDates(a *Actor, now int64, created, updated *int64, createdAt, updatedAt *int64) error {
	if created != nil {
		if !a.server() || *created < 0 || *created > now {
			return core.Ef(core.CodeInvalidDateCreated, "DateCreated must be a time in the past, since 1970")
		}
		*createdAt, *updatedAt = *created, *created
	}
	if updated != nil {
		if !a.server() || *updated < *createdAt || *updated > now {
			return core.Ef(core.CodeInvalidDateUpdated, "DateUpdated must be a time in the past, and not before DateCreated, which is %s", core.ISO(*createdAt))
		}
		*updatedAt = *updated
	}
	return nil
}

// checkEditDates is checkDates for a change: it happens now, unless another date of update is given.
func checkEditDates(a *Actor, now int64, created, updated *int64, createdAt, updatedAt *int64) error {
	if updated == nil {
		if created == nil {
			*updatedAt = now
			return nil
		}
		updated = &now
	}
	return checkDates(a, now, created, updated, createdAt, updatedAt)
}

// checkHorizon checks a consumption horizon.
func checkHorizon(h *Horizon, now int64) error {
	if h == nil {
		return nil
	}
	if h.Index != nil && *h.Index < 0 {
		return core.Ef(core.CodeInvalidConsumedIndex, "LastConsumedMessageIndex must not be negative")
	}
	if h.At != nil && (*h.At < 0 || *h.At > now) {
		return core.Ef(core.CodeInvalidConsumptionTime, "LastConsumptionTimestamp must be a time in the past")
	}
	return nil
}

// maxURL bounds the addresses of webhooks in bytes (rest-semantics §2.8).
const maxURL = 512

// webURL reports whether s is an absolute http or https address.
func webURL(s string) bool { return webhook.CheckURL(s) == nil && core.CleanText(s) }

// or returns err, but for a row that is not there (or a key that is there already) the documented error of the given code.
func or(err error, code int) error {
	if errors.Is(err, store.ErrNoRow) || errors.Is(err, store.ErrUnique) {
		return core.E(code).Because(err)
	}
	return err
}

func same(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
