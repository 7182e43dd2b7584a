// Package web serves the pages: the start page, the chat client of the guide, the graphs of flows, the agents' desktop, the chat widget and the scripts that
// other sites load, all built from the sources in /web and embedded in the binary; the operator's plugins; and the pages about error codes ([Errors]).
//
// Invariant: every answer is decided by the embedded files, the catalogue of errors, Options and the
// plugins' files alone. The package keeps no state, reads no store, and a page
// asks nothing of any host but the one that served it and those that the
// operator named for plugins (the Content-Security-Policy says so too).
package web
