// Package devcert makes a private certificate authority and a server certificate for development, so that clients which
// insist on https, or on the vendor's own host names, can be led to a Parley without a change (flex-ui-protocol 1.3, option C).
//
// Invariants: the authority can sign only for the names that it was made for, because whoever trusts it trusts it with nothing
// else; what must be trusted is never replaced unasked; a file that this package did not make is never written.
package devcert
