package client

import "strings"

// Labels: the addresses of calls that come back through the socket. Clients want absolute ones and never resolve them (chat-sdk-protocol §1.1).
const (
	labelHost = "https://aim.us1.twilio.com"
	servicesB = labelHost + "/Client/v1/Services/"
	servicesA = "/v1/Services/" // generation A puts its own label in front
)

// mediaB is the address of the media service for generation B: where the client came in.
func (in *call) mediaB() string { return in.Base.URL("mcs", in.mediaPath()) }

func (in *call) mediaPath() string { return "/v1/Services/" + in.actor.Service.SID + "/Media" }

// mediaA is what generation A appends to "https://mcs.us1.twilio.com": beginning with "@", it makes that name user information
// of an address of ours (chat-sdk-protocol §1.3). Clients that came without TLS are sent to the TLS listener.
func (in *call) mediaA() string {
	base := in.Base
	if !base.Secure() && in.c.tlsPort != "" {
		base.Host = hostName(base.Host) + ":" + in.c.tlsPort
	}
	_, rest, _ := strings.Cut(base.URL("mcs", in.mediaPath()), "://")
	return "@" + rest
}

// hostName is a host without its port; the brackets of an IPv6 address stay.
func hostName(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		return host[:i]
	}
	return host
}
