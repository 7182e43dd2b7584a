// Package rest is the 2010 API of accounts and API keys (rest-semantics §1.4).
//
// Invariant: a key's secret is in the answer to its creation and in no other.
package rest
