// Package demo is the back end of the pages: what an application's own server would do with its credentials, so that one can
// try everything without writing one. It is there in demo mode only.
//
// Invariant: only pages of this very server get an answer; whoever reaches those pages may do all that the demo does, so demo
// mode is never for a public server.
package demo
