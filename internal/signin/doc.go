// Package signin lets workers into the desktop: it proves who somebody is, by a password or at an identity provider, and keeps the
// session from which the desktop draws its access tokens (flex-ui-protocol §5.2).
//
// Invariants:
//   - A token is given only to a worker who exists and has a Flex role in its attribute roles, at sign-in and at each refresh.
//   - What a failed sign-in tells, and how long it takes, does not depend on whether there is such a worker.
//   - Failures count against the address from which they come, and against a worker's name from that address; those in a browser that the
//     worker used before count by themselves. So nobody can lock out somebody at another address, or in a browser of theirs.
//   - A token leaves the server only towards a page of an origin that is trusted.
package signin
