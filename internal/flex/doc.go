// Package flex is Flex's channel orchestration: Flex Flows, which say how a conversation of a channel type is handled, and
// Flex Channels, which make a whole chat by one request (rest-semantics §4). It is the only product that conducts others.
//
// Invariants:
//   - Creating a Flex Channel is one transaction: user, channel, membership, handler, task and record, or nothing.
//   - A Flex Channel's SID is its chat channel's SID, and its state lives in that channel's attributes, where clients write it too.
//   - At most one enabled flow exists for a channel type and contact identity.
//   - Whatever asks for a task or for the janitor is a job that was committed with its cause: a customer's message, a task's end. Its
//     effect and its completion are one transaction too, so each happens once.
//   - A transaction that begins with a task writes only flex_task and jobs; what it means for the chat is done later, under the
//     channel's lock. That is the order of locks: a channel, then a new task, and never a channel after a task.
//   - A visitor of the widget is a random identity that only its token speaks for; a visitor opens chats in enabled web flows, for itself.
//   - What a worker may do comes from its attributes as they are now, never from what its token says that it was.
package flex
