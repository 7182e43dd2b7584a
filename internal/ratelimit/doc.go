// Package ratelimit bounds how often something may happen for each of many keys, such as client addresses.
//
// Invariants: its memory is bounded whatever keys come; a key that was quiet for as long as its bucket needs to fill is forgotten
// without a trace, so that forgetting never gives more than remembering would; nobody ever waits.
package ratelimit
