// Package query is the language of the desktop's live and instant queries: comparisons of an object's members, joined by AND and OR
// (flex-ui-protocol §5.7).
//
// Invariants:
//   - Parsing and matching are functions of their input alone. No text makes them panic, nest deeper or remember more than the bounds allow.
//   - What [Query.Pins] promises holds for every object that matches, so an index over pins finds all queries that an object may concern.
package query
