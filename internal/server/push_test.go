package server_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/lxzan/gws"

	"parley/internal/config"
)

// TestPush goes the way of an application: a credential, a token that names it, a device that registers through the socket, and a message
// that reaches the device.
func TestPush(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{"project_id": "ours", "client_email": "push@example.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))})
	if err != nil {
		t.Fatal(err)
	}
	eachStore(t, func(t *testing.T, c config.Config) {
		got := make(chan string, 8)
		fcm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/token" {
				_, _ = io.WriteString(w, `{"access_token":"x","expires_in":3600}`)
				return
			}
			body, _ := io.ReadAll(r.Body)
			got <- r.URL.Path + " " + string(body)
		}))
		t.Cleanup(fcm.Close)
		c.FCMURL, c.FCMTokenURL = fcm.URL, fcm.URL+"/token"
		r := start(t, c)
		service := "/chat/v2/Services/" + r.cred.ChatServiceSID
		credential := r.call(201, "POST", "/chat/v2/Credentials", url.Values{"Type": {"fcm"}, "Secret": {string(file)}})
		r.call(200, "POST", service, url.Values{"Notifications.NewMessage.Enabled": {"true"}, "Notifications.NewMessage.Template": {"${USER}: ${MESSAGE}"}})
		dial(t, r, r.tokenFor("bob", credential["sid"].(string))).register("device-of-bob")

		ch := r.call(201, "POST", service+"/Channels", nil)
		r.call(201, "POST", service+"/Channels/"+ch["sid"].(string)+"/Members", url.Values{"Identity": {"bob"}})
		r.call(201, "POST", service+"/Channels/"+ch["sid"].(string)+"/Messages", url.Values{"From": {"ann"}, "Body": {"hello"}})
		select {
		case call := <-got:
			path, body, _ := strings.Cut(call, " ")
			var sent struct {
				Message struct {
					Token string
					Data  map[string]string
				}
			}
			if err := json.Unmarshal([]byte(body), &sent); err != nil || path != "/v1/projects/ours/messages:send" || sent.Message.Token != "device-of-bob" ||
				sent.Message.Data["twi_body"] != "ann: hello" || sent.Message.Data["channel_sid"] != ch["sid"] {
				t.Errorf("FCM got %s", call)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("nothing was sent; the log says %s", r.log)
		}
		if l := r.call(200, "GET", service+"/Users/bob/Bindings", nil); len(l["bindings"].([]any)) != 1 {
			t.Errorf("bindings %v", l)
		}
	})
}

// tokenFor signs an access token that names a push credential.
func (r *running) tokenFor(identity, credentialSID string) string {
	r.t.Helper()
	now := time.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"jti": r.cred.APIKeySID + "-1", "iss": r.cred.APIKeySID, "sub": r.cred.AccountSID,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "grants": map[string]any{"identity": identity,
			"chat": map[string]string{"service_sid": r.cred.ChatServiceSID, "push_credential_sid": credentialSID}}})
	t.Header["cty"] = "twilio-fpa;v=1"
	signed, err := t.SignedString([]byte(r.cred.APIKeySecret))
	if err != nil {
		r.t.Fatal(err)
	}
	return signed
}

// register does what the SDK's setPushRegistrationId does (chat-sdk-protocol §9.3).
func (s *socket) register(address string) {
	s.t.Helper()
	body := fmt.Sprintf(`{"endpoint_platform":"web","channel_type":"fcm","version":"3","message_types":["twilio.channel.new_message"],"data":{"registration_id":%q}}`, address)
	header := fmt.Sprintf(`{"id":"TM1","method":"message","active_grant":"ip_messaging","payload_type":"application/json","payload_size":%d,
		"http_request":{"host":"ers.us1.twilio.com","path":"/v1/registrations","params":{"productId":"ip_messaging"},"method":"POST","headers":{"Content-Type":"application/json"}}}`, len(body))
	if err := s.ws.WriteMessage(gws.OpcodeBinary, fmt.Appendf(nil, "TWILSOCK V3.0 %d\r\n%s\r\n%s", len(header), header, body)); err != nil {
		s.t.Fatal(err)
	}
	if f := s.wait("reply"); code(f.header, "http_status") != 201 {
		s.t.Fatalf("the registration was answered %v %s", f.header, f.payload)
	}
}
