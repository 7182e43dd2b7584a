// Package plugin knows which scripts the desktop loads: the shipped one, those of a folder, and those of other addresses.
//
// Invariant: what cannot be loaded from this server is never listed. The desktop waits for each script that it is told of, so a slip in
// the configuration costs a warning in the log and one plugin, and never the start of every desktop. Addresses elsewhere are listed as
// they are: only the browser can tell whether it reaches them.
package plugin
