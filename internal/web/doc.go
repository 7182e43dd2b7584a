// Package web serves Parley's own pages: the start page and the chat client of
// the guide, built from the sources in /web and embedded in the binary.
//
// Invariant: every answer is decided by the embedded files and Options alone.
// The package keeps no state, reads no store, and a page asks nothing of any
// host but the one that served it (the Content-Security-Policy says so too).
package web
