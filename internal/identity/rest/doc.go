// Package rest is the APIs of accounts, API keys and auth tokens: those of the 2010 API, and the newer ones of the products iam and
// accounts (rest-semantics §1.4). Only who has an account's auth token, or a main key, may use them.
//
// Invariants:
//   - A key's secret is in the answer to its creation and in no other.
//   - An account sees itself and its subaccounts; any other is not there.
package rest
