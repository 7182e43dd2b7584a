package rest

import (
	"strconv"
	"time"

	"parley/internal/core"
	"parley/internal/httpapi"
)

// maxRelayTTL is the longest life of a token for relays, and its default, in seconds (rest-semantics §1.4).
const maxRelayTTL = 86400

// relayToken is api.v2010.account.token. Nothing of it is stored, so it cannot be read again.
type relayToken struct {
	AccountSID string      `json:"account_sid"`
	Username   string      `json:"username"`
	Password   string      `json:"password"`
	TTL        string      `json:"ttl"` // seconds
	Servers    []iceServer `json:"ice_servers"`
	Created    string      `json:"date_created"`
	Updated    string      `json:"date_updated"`
}

// iceServer names a server under both names that browsers have had for it.
type iceServer struct {
	URL        string `json:"url"`
	URLs       string `json:"urls"`
	Username   string `json:"username"`
	Credential string `json:"credential"`
}

func (a *api) createRelayToken(r *httpapi.Request) (httpapi.Response, error) {
	account, err := a.account(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	ttl := int64(maxRelayTTL)
	if n := r.Int("Ttl", core.CodeInvalidParameter, 1, maxRelayTTL); n != nil {
		ttl = *n
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	p := a.id.NewRelayPass(account, time.Duration(ttl)*time.Second)
	made := core.RFC2822(p.Made.UnixMicro())
	v := relayToken{AccountSID: account, Username: p.Username, Password: p.Password, TTL: strconv.FormatInt(ttl, 10), Servers: []iceServer{}, Created: made, Updated: made}
	for _, url := range p.URLs {
		v.Servers = append(v.Servers, iceServer{URL: url, URLs: url, Username: p.Username, Credential: p.Password})
	}
	return httpapi.Created(v)
}
