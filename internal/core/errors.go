package core

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Error is the one error that callers of Parley ever see: a documented code with the HTTP status that belongs to it and
// words that are safe to show (rest-semantics §2.5). What really went wrong inside is the cause; it is logged, never sent.
type Error struct {
	Code    int
	Status  int
	Message string
	Details map[string]any
	Retry   time.Duration // after which it may go well; 0 when nothing is known
	cause   error
}

// E makes an error of a catalogued code with the catalogue's own words.
func E(code int) *Error {
	entry := lookup(code)
	return &Error{Code: code, Status: entry.Status, Message: entry.Title}
}

// Ef makes an error of a catalogued code with words of its own, which should say what was wrong and what to do.
func Ef(code int, format string, args ...any) *Error {
	err := E(code)
	err.Message = fmt.Sprintf(format, args...)
	return err
}

// Internal hides cause behind the general server error (20500).
func Internal(cause error) *Error { return E(CodeInternal).Because(cause) }

// AsError returns err as an Error; anything that is not one becomes an internal error with err as its cause.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Internal(err)
}

// HasCode reports whether err is, or wraps, an Error with the given code.
func HasCode(err error, code int) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// Because returns a copy of e that carries cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// WithStatus returns a copy of e with another HTTP status: a few codes stand for two (20003 is 401 and 403).
func (e *Error) WithStatus(status int) *Error {
	c := *e
	c.Status = status
	return &c
}

// RetryAfter returns a copy of e that tells its caller when to try again.
func (e *Error) RetryAfter(wait time.Duration) *Error {
	c := *e
	c.Retry = wait
	return &c
}

func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%d %s: %v", e.Code, e.Message, e.cause)
	}
	return fmt.Sprintf("%d %s", e.Code, e.Message)
}

// Unwrap gives the hidden cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

func lookup(code int) Entry {
	if found, ok := Lookup(code); ok {
		return found
	}
	return Entry{Status: http.StatusInternalServerError, Title: "Internal Server Error"}
}
