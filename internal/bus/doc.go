// Package bus carries committed changes from the node that made them to the other nodes.
//
// The invariant: a bus is a doorbell, never a source of truth. It may lose what it is given, it never echoes a message to
// its sender, and between one sender and one receiver it keeps the order within a subject. Whoever listens must be able
// to find out what it missed from the store; [Lossy] tells it when that is worth doing at once.
//
// Two implementations stand under one conformance suite (bustest): local, an exchange inside one process, and nats, core
// NATS between machines.
package bus
