package core

import (
	"strings"
	"time"
)

// Times are kept as microseconds since 1970 in UTC (design §3) and written in three forms (rest-semantics §2.4, §3.3).

// FromMicros reads a time as stored.
func FromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }

// ISO writes a time as the REST resources do: seconds, `2015-07-30T20:00:00Z`.
func ISO(us int64) string { return FromMicros(us).Format("2006-01-02T15:04:05Z") }

// ISOMillis writes a time as sockets and webhooks do: `2021-04-17T12:52:31.295Z`.
func ISOMillis(us int64) string { return FromMicros(us).Format("2006-01-02T15:04:05.000Z") }

// RFC2822 writes a time as the 2010 API does: `Mon, 13 Jun 2016 22:50:08 +0000`.
func RFC2822(us int64) string { return FromMicros(us).Format("Mon, 02 Jan 2006 15:04:05 -0700") }

// ParseTime reads the dates that helper libraries send: RFC 3339 with an optional fraction and any offset
// (rest-semantics §2.2).
func ParseTime(s string) (us int64, ok bool) {
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(s))
	if err != nil {
		return 0, false
	}
	return t.UnixMicro(), true
}
