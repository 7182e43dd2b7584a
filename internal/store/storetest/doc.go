// Package storetest defines what a store.Engine is: a conformance suite that runs on both databases, and the means to run any
// other test on both.
//
// Invariant: each test has a database of its own, which is gone when the test ends; a machine without PostgreSQL fails the
// tests that need it, it does not skip them.
package storetest
