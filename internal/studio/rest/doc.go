// Package rest is the REST API of Studio, versions 1 and 2: requests and answers as published, and nothing of the rules (package studio).
package rest
