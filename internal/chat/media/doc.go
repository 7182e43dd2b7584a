// Package media is the media service that chat SDKs and servers upload to and download from, directly over HTTP
// (chat-sdk-protocol §10, rest-semantics §2.10).
//
// Invariants:
//   - Bytes are streamed between the network and the blob store; no request holds more than a small buffer, and none may
//     stand still for long.
//   - A media's row exists only when its bytes are stored.
//   - Whatever was uploaded, no browser runs it: content that could is offered as a download, and all of it is sandboxed.
package media
