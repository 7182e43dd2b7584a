// Package studio is the bot of a chat: flows, their revisions and their executions (taskrouter-studio B).
//
// Its heart is three pure packages, each without I/O, clock or randomness of its own: definition reads and checks the document of a
// flow, template renders the texts in it, and machine runs it, one event at a time.
package studio
