package webhook

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
)

// Sign returns the X-Twilio-Signature of a call (rest-semantics §3.6): the Base64 of an HMAC-SHA1 over the address as
// configured, followed, for a form POST, by each parameter's name and value in the order of names. For a GET the
// parameters are part of rawURL already and form is nil. A name with several values counts with its first one only, as
// validators disagree about the others.
//
// The address is signed in the form in which the receiver sees it: without a default port and without a fragment, and
// with a slash for an empty path.
func Sign(authToken, rawURL string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(authToken))
	mac.Write([]byte(canonical(rawURL)))
	names := make([]string, 0, len(form))
	for name, values := range form {
		if len(values) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		mac.Write([]byte(name))
		mac.Write([]byte(form[name][0]))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// SignBody signs a call whose body is no form, JSON for example: the body's SHA-256 becomes the query parameter
// bodySHA256, and the address with it is signed. It returns the address to call and the signature.
func SignBody(authToken, rawURL string, body []byte) (signedURL, signature string) {
	sum := sha256.Sum256(body)
	signedURL = withQuery(rawURL, "bodySHA256="+hex.EncodeToString(sum[:]))
	return signedURL, Sign(authToken, signedURL, nil)
}

// withQuery appends an encoded query to an address that may have one, and drops the fragment.
func withQuery(rawURL, query string) string {
	rawURL, _, _ = strings.Cut(rawURL, "#")
	if query == "" {
		return rawURL
	}
	switch i := strings.IndexByte(rawURL, '?'); {
	case i < 0:
		return rawURL + "?" + query
	case i == len(rawURL)-1 || strings.HasSuffix(rawURL, "&"):
		return rawURL + query
	default:
		return rawURL + "&" + query
	}
}

// canonical works on the text of the address, because parsing and printing it again could change its escapes, which
// are part of what is signed.
func canonical(rawURL string) string {
	rawURL, _, _ = strings.Cut(rawURL, "#")
	scheme, rest, ok := strings.Cut(rawURL, "://")
	if !ok {
		return rawURL
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	switch {
	case strings.EqualFold(scheme, "https"):
		authority = strings.TrimSuffix(authority, ":443")
	case strings.EqualFold(scheme, "http"):
		authority = strings.TrimSuffix(authority, ":80")
	}
	if !strings.HasPrefix(tail, "/") {
		tail = "/" + tail
	}
	return scheme + "://" + authority + tail
}
