// Package scenario tests what users rely on, against the built binary, on one node with SQLite and on three nodes with PostgreSQL
// and NATS: delivery in order and exactly once, catching up after an absence, the death of a node, a graceful stop, webhooks that
// arrive whatever dies. Its client speaks the chat socket as the SDKs do (chat-sdk-protocol §2, §6); the SDKs themselves are tested
// in test/conformance.
package scenario
