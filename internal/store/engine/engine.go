// Package engine holds what the engines under it have in common.
//
// Invariant: whatever a transaction's function does (returns an error, panics, ignores the error of a statement), the engine
// answers with an error and lives on, and both engines answer alike.
package engine

import (
	"errors"
	"fmt"
	"runtime/debug"

	"parley/internal/store"
)

// ErrBusy: a statement was run inside the row function of a query; PostgreSQL cannot, so SQLite does not either.
var ErrBusy = errors.New("store: the connection is busy with a query; collect its rows first")

// Panicked is the error of a transaction whose function panicked. Stack is for the log.
type Panicked struct {
	Value any
	Stack []byte
}

func (p *Panicked) Error() string { return fmt.Sprintf("store: panic in a transaction: %v", p.Value) }

// Call runs fn and turns a panic into an error.
func Call(fn func(store.Conn) error, c store.Conn) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Panicked{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn(c)
}

// Unsupported is the error for an argument or scan target of a type outside of store.Conn's contract.
func Unsupported(what string, v any) error {
	return fmt.Errorf("store: %s of type %T; use string, []byte, bool, int, int64, *string or *int64", what, v)
}
