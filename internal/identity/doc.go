// Package identity knows who may ask: accounts with their auth tokens, API keys, and the access tokens that applications sign with
// those keys.
//
// Invariants:
//   - A check of credentials reads memory, not the store; what it reads is at most [Options.Fresh] old. A key that is deleted here
//     is dead here at once, and on other nodes within that time.
//   - An access token is checked in one fixed order, and every failure has its own code (rest-semantics §5).
//   - Secrets leave the package in two ways only: once, to the creator of a key, and to whoever signs with an auth token.
package identity
