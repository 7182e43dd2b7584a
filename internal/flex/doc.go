// Package flex is Flex's channel orchestration: Flex Flows, which say how a conversation of a channel type is handled, and
// Flex Channels, which make a whole chat by one request (rest-semantics §4). It is the only product that conducts others.
//
// Invariants:
//   - Creating a Flex Channel is one transaction: user, channel, membership, handler and record, or nothing.
//   - A Flex Channel's SID is its chat channel's SID, and its state lives in that channel's attributes, where clients write it too.
//   - At most one enabled flow exists for a channel type and contact identity.
package flex
