// Package proxy is Proxy: services with pools of addresses, sessions that join two participants (two people, or a person and a chat
// channel), and the way of a message between them through transports (rest-semantics §7).
//
// Invariants:
//   - Of an account, at most one open session has a pair of an address and the proxy address that it writes to; so a message that comes in
//     belongs to one session, or to none. A channel is in at most one.
//   - A message that was taken from a transport or said in a joined channel is brought on: what is still to do is a job of the same
//     transaction. What is said in a channel carries its own destination, so that it goes out although the session is closed meanwhile.
//   - What comes from one address to another is handled in its order, and so is what goes out in a session.
//   - Within the store a message is taken, posted and recorded once. A transport may be told of one again, with the same idempotency token.
//   - The states of what was sent only advance, so that late and repeated reports do no harm.
//   - What is needed of chat, and who answers where no session is, are interfaces; foreign servers are called outside transactions.
//   - Locks are taken in the order channel, session.
package proxy
