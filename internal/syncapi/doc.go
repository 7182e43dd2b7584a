// Package syncapi serves the Sync objects that the chat SDKs read: documents, lists and maps that are views of chat rows, never
// copies of them (chat-sdk-protocol §5, §6).
//
// Invariants:
//   - An object's name, SID, items and event numbers are computed from rows; two nodes give the same answer.
//   - Chat objects are read-only here: what changes them are chat's use cases. What is kept here are the plain documents of workers alone.
//   - Who may open an object is decided in the same snapshot that answers, for each request and each subscription; a member who
//     leaves loses its subscriptions after it was told.
//   - A live event and its replay show the same item, and the event is encoded once for all connections.
package syncapi
