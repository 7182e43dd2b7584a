package rest

import (
	"crypto/subtle"
	"net/url"
	"strconv"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/proxy"
	"parley/internal/webhook"
)

// transportPath is where transports bring messages; below it, each message that they were given has an address for its state.
const transportPath = "/v1/Transports/{AccountSid}/Messages"

// StatusPath is the path at which a transport reports what became of a message.
func StatusPath(accountSID, messageSID string) string {
	return "/v1/Transports/" + accountSID + "/Messages/" + messageSID
}

// admit lets in who speaks for an account: by Basic authentication, or by the account's signature over the address and the form
// (rest-semantics §3.6). Others get 20003.
func (h handlers) admit(r *httpapi.Request) (accountSID string, err error) {
	account := r.Path("AccountSid")
	if user, password, ok := r.BasicAuth(); ok {
		caller, err := h.Auth.Basic(r.Context(), user, password)
		if err == nil && caller.AccountSID != account {
			err = core.E(core.CodeAuthenticate)
		}
		return account, err
	}
	signature := r.Header.Get("X-Twilio-Signature")
	if signature == "" || !core.IsSID("AC", account) {
		return "", core.Ef(core.CodeAuthenticate, "Authenticate by Basic authentication with an API key of the account, or by X-Twilio-Signature")
	}
	token, err := h.AuthToken(r.Context(), account)
	if err != nil {
		return "", core.E(core.CodeAuthenticate).Because(err)
	}
	if err := r.Err(); err != nil {
		return "", err
	}
	address := r.Base.URL(product, r.URL.EscapedPath())
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	if subtle.ConstantTimeCompare([]byte(webhook.Sign(token, address, r.Posted())), []byte(signature)) != 1 {
		h.Log.Warn("a transport's signature does not fit; it must be made over this very address with the account's auth token", "address", r.Base.URL(product, r.URL.Path))
		return "", core.Ef(core.CodeAuthenticate, "The X-Twilio-Signature is not one of this address and form by the account's auth token")
	}
	return account, nil
}

// receive takes a message that somebody sent to one of our addresses.
func (h handlers) receive(r *httpapi.Request) (httpapi.Response, error) {
	account, err := h.admit(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	sid := r.Text("MessageSid")
	if sid == "" {
		sid = r.Text("SmsMessageSid")
	}
	var media []proxy.Media
	if n := r.Int("NumMedia", fault, 0, 100); n != nil {
		for i := range *n {
			at := strconv.FormatInt(i, 10)
			media = append(media, proxy.Media{URL: r.Text("MediaUrl" + at), ContentType: r.Text("MediaContentType" + at)})
		}
	}
	in := proxy.NewIncoming(account, sid, r.Text("From"), r.Text("To"), r.Text("Body"), r.Text("ProfileName"), media, singles(r.Posted()))
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	if err := h.proxy.Receive(r.Context(), in); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

// report takes what became of a message that a transport was given.
func (h handlers) report(r *httpapi.Request) (httpapi.Response, error) {
	account, err := h.admit(r)
	if err != nil {
		return httpapi.Response{}, err
	}
	state := r.Text("MessageStatus")
	if state == "" {
		state = r.Text("SmsStatus")
	}
	if err := r.Err(); err != nil {
		return httpapi.Response{}, err
	}
	if err := h.proxy.Report(r.Context(), account, r.Path("MessageSid"), state); err != nil {
		return httpapi.Response{}, err
	}
	return httpapi.NoContent()
}

// singles are a form's first values.
func singles(form url.Values) map[string]string {
	all := make(map[string]string, len(form))
	for name, v := range form {
		if len(v) > 0 && core.CleanText(name) && core.CleanText(v[0]) {
			all[name] = v[0]
		}
	}
	return all
}
