// Package blob keeps the bytes of media files.
//
// Invariant: a blob is there whole or not at all. Put returns only when the bytes would survive a power cut; one that
// fails, is cut off or is too long leaves nothing behind and leaves what was under the key before as it was. Bytes are
// streamed: no call holds more than a small buffer in memory, however large the blob.
//
// What a blob is called, who may see it and what type it has is kept in the store; this package knows keys only.
package blob
