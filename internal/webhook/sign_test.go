package webhook

import (
	"net/url"
	"testing"

	"github.com/twilio/twilio-go/client"
)

const token = "0123456789abcdef0123456789abcdef"

// The field's own validator is the oracle.
var oracle = client.NewRequestValidator(token)

func TestSignForms(t *testing.T) {
	form := url.Values{"EventType": {"onMessageSent"}, "Body": {"grüß & 100% 😀 +"}, "Attributes": {"{}"}, "To": {""}, "From": {"a"}}
	params := map[string]string{}
	for k, v := range form {
		params[k] = v[0]
	}
	for _, address := range []string{
		"https://app.example/hook",
		"https://app.example/hook?a=b%20c&d=%2F",
		"https://app.example:8443/a%2fb/?x",
		"http://127.0.0.1:5000/hook",
		"https://user:pass@app.example/hook",
	} {
		if !oracle.Validate(address, params, Sign(token, address, form)) {
			t.Errorf("POST %s: the validator refuses the signature", address)
		}
		query := withQuery(address, form.Encode())
		if !oracle.Validate(query, nil, Sign(token, query, nil)) {
			t.Errorf("GET %s: the validator refuses the signature", query)
		}
		body := []byte(`{"a":1}`)
		signed, signature := SignBody(token, address, body)
		if !oracle.ValidateBody(signed, body, signature) {
			t.Errorf("JSON %s: the validator refuses the signature", signed)
		}
		if oracle.ValidateBody(signed, []byte(`{"a":2}`), signature) {
			t.Errorf("JSON %s: another body passes", signed)
		}
		if oracle.Validate(address, params, Sign("another", address, form)) {
			t.Errorf("%s: another token passes", address)
		}
	}
}

// A receiver may be told of a default port or not; both must validate one signature.
func TestSignLeavesDefaultPortsOut(t *testing.T) {
	for _, pair := range [][2]string{
		{"https://app.example:443/hook", "https://app.example/hook"},
		{"http://app.example:80/hook?x=1", "http://app.example/hook?x=1"},
		{"https://app.example:443", "https://app.example/"},
		{"https://app.example?x=1", "https://app.example/?x=1"},
		{"https://app.example/hook#part", "https://app.example/hook"},
	} {
		if Sign(token, pair[0], nil) != Sign(token, pair[1], nil) {
			t.Errorf("%s and %s have different signatures", pair[0], pair[1])
		}
	}
	signature := Sign(token, "https://app.example:443/hook", nil)
	for _, seen := range []string{"https://app.example:443/hook", "https://app.example/hook"} {
		if !oracle.Validate(seen, nil, signature) {
			t.Errorf("%s: the validator refuses the signature", seen)
		}
	}
	if Sign(token, "https://app.example:80/hook", nil) == Sign(token, "https://app.example/hook", nil) {
		t.Error("port 80 is no default port of https")
	}
}

// A worked example that is known in the field: the vendor's documentation and its helper libraries carry it.
func TestSignKnownVector(t *testing.T) {
	form := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+12349013030"}, "Digits": {"1234"}, "From": {"+12349013030"}, "To": {"+18005551212"}}
	if got := Sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form); got != "0/KCTR6DLpKmkAf8muzZqo1nDgQ=" {
		t.Errorf("signature %s", got)
	}
}

func TestWithQuery(t *testing.T) {
	for _, tt := range [][3]string{
		{"https://h/p", "a=1", "https://h/p?a=1"},
		{"https://h/p?", "a=1", "https://h/p?a=1"},
		{"https://h/p?b=2", "a=1", "https://h/p?b=2&a=1"},
		{"https://h/p?b=2&", "a=1", "https://h/p?b=2&a=1"},
		{"https://h/p#f", "a=1", "https://h/p?a=1"},
		{"https://h/p#f", "", "https://h/p"},
	} {
		if got := withQuery(tt[0], tt[1]); got != tt[2] {
			t.Errorf("withQuery(%q, %q) = %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}
