// Package config holds everything an operator can set, in one struct whose tags are its manual.
//
// Invariant: each setting has exactly one name. The flag --queue-bytes, the variable PARLEY_QUEUE_BYTES and the key
// queue-bytes of the file given with --config are the same thing, and a flag beats a variable, which beats the file,
// which beats the default. A value is used only after Validate, which names every fault at once. Secrets have types
// that cannot be printed by accident.
package config
