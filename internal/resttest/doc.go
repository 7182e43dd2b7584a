// Package resttest tests the REST APIs as their clients see them: one request, its whole answer, and all that it caused.
//
// Invariants of every [Scenario]:
//   - The answer equals a golden file, on both engines: times are fixed, SIDs and secrets are made alike ([World.Tidy]).
//   - A successful answer satisfies the vendor's published OpenAPI file: every property is there, none is new.
//   - The commits of the request emitted exactly the named changes and enqueued exactly the named webhook calls.
//   - A refused request changed nothing, in any table.
package resttest
