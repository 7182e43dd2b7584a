// Package rest serves Programmable Chat's REST API, version 2 (rest-semantics §1.1). It only translates between the wire's names
// and package chat: one file for each resource, each with its representation (show…) and its handlers.
package rest
