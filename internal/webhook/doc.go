// Package webhook makes signed HTTP calls to receivers that customers configured.
//
// Invariant: a call reaches only addresses that the operator permits, whatever a name resolves to and whenever it
// does; it carries a signature that the field's own validators accept; it ends within its time limit with at most
// 64 KiB of answer in memory; and a receiver that hangs holds up nobody's calls but its own.
//
// The package makes one attempt and says whether another one makes sense. Repeating, ordering and remembering calls is
// the business of package jobs.
package webhook
