// Package rest serves the Flex API, version 1: FlexFlows and Channels (rest-semantics §1.2). It only translates; the rules are
// in package flex.
package rest
