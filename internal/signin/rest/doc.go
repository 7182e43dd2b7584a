// Package rest is the way in over HTTP: the login page that Flex UI is sent to, the checks and refreshes of its tokens, and the
// passwords of workers as their account sets them (flex-ui-protocol §5.2).
//
// Invariants: a form is taken only from the page that shows it; answers with a token are never cached; the words of a failed sign-in
// do not tell what was wrong with it.
package rest
