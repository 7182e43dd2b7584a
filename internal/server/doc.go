// Package server makes one running Parley out of all the parts: it opens the store, makes what a new instance needs, starts the
// parts in order, answers health and metrics, and ends all of it without losing what was promised.
//
// It is the only package that knows everyone; nobody knows it but the command line.
//
// Invariants:
//   - Nothing listens before everything behind it works.
//   - A stop ends in the order of the flow of requests: first nothing new comes in, then what is in comes out, then the
//     store is closed. It ends within the drain time.
//   - What the first start makes is made whole or not at all, however many nodes start at once; a later start with more values
//     in its configuration adds, and never takes away.
package server
