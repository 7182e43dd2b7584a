// Package twilsock speaks the chat SDKs' socket protocol: it frames messages, authenticates a connection, serves the HTTP
// requests that are tunnelled through it, and ends it when its token does (chat-sdk-protocol §2, §3).
//
// Invariants:
//   - Nothing but `init` is served before the token of `init` was verified, and nothing after it expired.
//   - Every request gets exactly one reply, or the connection ends. Requests that change something take effect in the
//     order of arrival: one begins when the one before it is done, or, for messages, has its place in the order of commits, so that
//     many share one. GET requests run beside them.
//   - All that a verified connection sends goes through its realtime.Conn, in whole WebSocket frames; so frames that many
//     connections get are built once.
//   - What a client can make the server hold is bounded: frame size, requests waiting, frames per second, connections.
//   - An idle connection costs one goroutine with a small stack, its read buffer, and a place in the wheel: no timer, no map,
//     no second goroutine.
package twilsock
