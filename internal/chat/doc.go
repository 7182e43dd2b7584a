// Package chat is Programmable Chat: services, roles, users, channels, members, invites, messages, media and webhooks, and the
// rules that bind them. One method of [Chat] is one use case and one transaction.
//
// Invariants:
//   - A message takes the channel's next index and event numbers in the transaction that appends it; indexes are never reused.
//   - Every write to a live object (channel document, message list, roster, a user's channel map and info map) raises that
//     object's event counter and stamps what it wrote, so that "what changed after n" is a query (chat-sdk-protocol §6.6).
//   - A channel's transaction begins by updating its row in channel_seq: that row's lock is the channel's order.
//   - What a rule depends on (the channel's row, memberships and their roles, webhooks) raises the counter Doc, Roster or Hooks in the
//     transaction that changes it, so that a snapshot in memory is true exactly while these stand where it was read.
//   - Locks are taken in the order channel_seq, user_seq; where that cannot be kept, PostgreSQL's deadlock is retried.
//   - What happened is emitted as a [Change]; sockets, other nodes and webhooks learn of it after the commit only.
package chat
