// Package rest serves the Flex API, version 1: FlexFlows, Channels, WebChannels and Configuration (rest-semantics §1.2); and what Flex's own
// pages ask for besides (flex-ui-protocol §1.1, §4, §5.2). It translates, and keeps the widget's door; the rules are in package flex.
package rest
