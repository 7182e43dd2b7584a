package rest

import (
	"crypto/hmac"
	"io"
	"net/http"
	"net/url"

	"parley/internal/core"
	"parley/internal/httpapi"
	"parley/internal/studio"
	"parley/internal/webhook"
)

// maxInbound bounds a message from outside, in bytes.
const maxInbound = 64 << 10

// inbound is a flow's webhook_url: it takes a message from outside of the chat in the form in which incoming messages are posted. Who posts
// signs it with the account's auth token (X-Twilio-Signature), or brings the account's credentials.
type inbound struct {
	studio *studio.Studio
	auth   httpapi.Authenticator
}

func (h *inbound) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.take(w, r); err != nil {
		httpapi.WriteError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Response></Response>`) // the flow answers by itself, when it has something to say
}

func (h *inbound) take(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxInbound)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return core.Ef(core.CodeTooLarge, "A message may have at most %d bytes", maxInbound)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return core.Ef(core.CodeInvalidParameter, "The body is not a valid form")
	}
	accountSID := r.PathValue("AccountSid")
	if err := h.admit(r, accountSID, form); err != nil {
		return err
	}
	params := map[string]string{}
	for name, values := range form {
		if !core.CleanText(name) || !core.CleanText(values[0]) {
			return core.Ef(core.CodeInvalidParameter, "%q is not valid UTF-8 text without null bytes", name)
		}
		params[name] = values[0]
	}
	return h.studio.Receive(r.Context(), studio.Inbound{AccountSID: accountSID, FlowSID: r.PathValue("FlowSid"), Params: params})
}

// admit refuses who is not of the account.
func (h *inbound) admit(r *http.Request, accountSID string, form url.Values) error {
	if user, password, ok := r.BasicAuth(); ok {
		caller, err := h.auth.Basic(r.Context(), user, password)
		if err == nil && caller.AccountSID != accountSID {
			err = core.E(core.CodeAuthenticate)
		}
		return err
	}
	signature := r.Header.Get("X-Twilio-Signature")
	if signature == "" || !core.IsSID("AC", accountSID) {
		return core.Ef(core.CodeAuthenticate, "A message needs a signature with the account's auth token in X-Twilio-Signature, or HTTP Basic authentication")
	}
	token, err := h.studio.AuthToken(r.Context(), accountSID)
	if err != nil {
		return core.E(core.CodeAuthenticate).Because(err)
	}
	address := httpapi.BaseOf(r).URL("webhooks", r.URL.EscapedPath())
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	if !hmac.Equal([]byte(signature), []byte(webhook.Sign(token, address, form))) {
		return core.Ef(core.CodeAuthenticate, "The signature is not of this account for %s with these parameters", address)
	}
	return nil
}
