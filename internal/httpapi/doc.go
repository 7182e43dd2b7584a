// Package httpapi is the one door for requests: it finds the product that a request is for, authenticates the caller, reads
// parameters, and writes answers, errors and pages in the field's own forms (rest-semantics §2). A request that comes
// through a chat socket takes the same way ([Router.Tunnel]).
//
// Invariants:
//   - A handler runs only for a caller that its route admits; it never sees a request whose body is over the limit, nor a path that is no
//     clean text (core.CleanText): nothing is found there.
//   - No caller is served more often than its rate allows, by whatever way it asks; what is counted is bounded ([Options.KeyRate]).
//   - Every answer that is not a stream is JSON; every error is {code, message, more_info, status}.
//   - Every URL in an answer has the scheme, host and prefix style that the request came in with (design §2.2).
package httpapi
