// Package client serves what the chat SDKs ask for through their socket beside the Sync objects: the reads and commands of generation
// A (3.4.0, 4.1.0), the REST calls of generation B (5.0.2, 6.0.0), typing, and registrations for push (chat-sdk-protocol §7–§9).
//
// Invariants:
//   - It decides nothing: each call becomes one use case of chat with the token's identity as actor.
//   - Both generations get one representation of a channel, a user or a message, with the names of both (§8.2).
//   - Who calls, and in which service, is what the token says; a service or identity in a path changes nothing about it.
package client
