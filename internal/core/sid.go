package core

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// sidLen is the length of every SID: a prefix of two letters and 32 hexadecimal digits (rest-semantics §2.1).
const sidLen = 34

// NewSID returns a random SID with the given two-letter prefix.
func NewSID(prefix string) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return prefix + hex.EncodeToString(b[:])
}

// IsSID reports whether s has the form of a SID with the given prefix. Upper-case digits are accepted, as the
// published patterns do; Parley itself writes lower-case ones.
func IsSID(prefix, s string) bool {
	if len(s) != sidLen || s[:2] != prefix {
		return false
	}
	for _, c := range []byte(s[2:]) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}

// SIDKind separates the number spaces of a SIDCodec: a SID made for one kind is not found under another.
type SIDKind uint8

// The kinds of things whose SID is computed from their row number. The values are part of every SID: append only.
const (
	SIDMessage     SIDKind = 1
	SIDMember      SIDKind = 2
	SIDDocument    SIDKind = 3 // a channel's document, of the channel's number
	SIDMessageList SIDKind = 4
	SIDRoster      SIDKind = 5
	SIDMyChannels  SIDKind = 6 // a user's channel map, of the user's number
	SIDUserInfo    SIDKind = 7
	SIDSession     SIDKind = 8 // a generation A session list, of the user's number
	SIDMedia       SIDKind = 9
	SIDInvite      SIDKind = 10
	SIDPage        SIDKind = 11 // a position in a list, of the last row's number (rest-semantics §2.6)

	SIDTask          SIDKind = 12
	SIDReservation   SIDKind = 13
	SIDTransfer      SIDKind = 14
	SIDTaskEvent     SIDKind = 15
	SIDWorkerChannel SIDKind = 16

	SIDPlainDocument SIDKind = 17

	SIDExecution SIDKind = 18 // of a Studio flow
)

// SIDCodec turns row numbers into SIDs that look random and back, so that hot tables need no index on a random key
// (design §3). It is a keyed permutation: without the key neither order nor number shows, and a SID that nobody
// was given decodes to nothing, without asking the store.
type SIDCodec struct{ block cipher.Block }

// NewSIDCodec makes a codec from the instance's 16-byte key.
func NewSIDCodec(key []byte) (*SIDCodec, error) {
	if len(key) != 16 {
		return nil, fmt.Errorf("the SID key must have 16 bytes, not %d", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return &SIDCodec{block}, nil
}

// Encode returns the SID of number n of the given kind.
func (c *SIDCodec) Encode(prefix string, kind SIDKind, n int64) string {
	var b [16]byte
	b[0] = byte(kind)
	binary.BigEndian.PutUint64(b[8:], uint64(n))
	c.block.Encrypt(b[:], b[:])
	var s [sidLen]byte
	copy(s[:], prefix)
	hex.Encode(s[2:], b[:])
	return string(s[:])
}

// Decode returns the number behind a SID; ok is false when the SID was not made by Encode for this prefix and kind.
func (c *SIDCodec) Decode(prefix string, kind SIDKind, sid string) (n int64, ok bool) {
	got, n, ok := c.DecodeAny(prefix, sid)
	return n, ok && got == kind
}

// DecodeAny is Decode for a prefix that several kinds share, such as MP.
func (c *SIDCodec) DecodeAny(prefix, sid string) (kind SIDKind, n int64, ok bool) {
	if !IsSID(prefix, sid) {
		return 0, 0, false
	}
	var b [16]byte
	if _, err := hex.Decode(b[:], []byte(sid[2:])); err != nil {
		return 0, 0, false
	}
	c.block.Decrypt(b[:], b[:])
	if [7]byte(b[1:8]) != [7]byte{} {
		return 0, 0, false // seven zero bytes are the proof that the number is ours
	}
	return SIDKind(b[0]), int64(binary.BigEndian.Uint64(b[8:])), true
}
