// Package push tells devices of what happens in chat, through Firebase Cloud Messaging and the Apple Push Notification service: the accounts'
// credentials with them, the jobs that send, and what their answers mean.
//
// Invariants:
//   - A device is told at least once of what was committed, unless its push service refuses or an hour passes; then nobody wants it any more.
//   - Who is told, and what, is chat's to say at the time of sending (chat.Announce); one job asks, and each device has a job of its own.
//   - A device that its push service no longer knows loses its binding, unless it registered again meanwhile.
//   - A credential's secrets leave the package towards its push service only: no answer, error or log holds them.
//   - Calls go to the addresses of the configuration, never to one that a credential names.
package push
