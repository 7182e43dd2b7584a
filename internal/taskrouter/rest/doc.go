// Package rest serves the TaskRouter API, version 1 (taskrouter-studio A). It only translates; the rules are in package taskrouter.
package rest
