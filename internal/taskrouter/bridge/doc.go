// Package bridge is the event bridge of the TaskRouter worker SDK: a socket that tells a worker what happens to it, and one address
// to which the SDK posts its commands (flex-ui-protocol §3).
//
// Invariants:
//   - A socket gets every event of its worker that was committed after its init, once and in order, or it is closed. The SDK has
//     no positions: upon a close it connects again and reads everything anew, so a gap is mended by closing.
//   - No event is lost to the start of the SDK, which hears none until it has read its worker, channels and reservations: the socket
//     keeps events back until those answers have gone out, and leaves out what the answers show already.
//   - A command acts for the worker of its token, who must still exist, and changes what that worker holds; more needs the role supervisor or
//     admin. Nobody gives a role that is higher than their own.
//   - What a client can make the server hold is bounded: sockets, handshakes, bytes that wait, bytes that it sends.
//
// Who wires it makes it before the store's first Update ([New]), mounts it ([Bridge.Routes]), gives it this node's number once it
// has one ([Bridge.Start]), asks it now and then whether the keys of its sockets are still good ([Bridge.Revoke]), and ends it before
// the store and the bus ([Bridge.Stop]).
package bridge
