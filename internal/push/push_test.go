package push

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"parley/internal/chat"
)

// Everybody else in the channel is told of a message, in the words of the service's template.
func TestNewMessage(t *testing.T) {
	each(t, func(w *world) {
		w.enable(map[string]any{"new_message.template": "${USER_FRIENDLY_NAME} (${USER}) in ${CHANNEL} ${CHANNEL_SID}: ${MESSAGE}",
			"new_message.sound": "ding", "new_message.badge_count_enabled": true})
		ch := w.channel("ann", "bob", "cat")
		fcm := w.fcmCredential().SID
		for _, name := range []string{"ann", "bob"} {
			w.device(name, TypeFCM, fcm, name+"-fcm")
		}
		w.device("cat", TypeAPN, w.apnKeyCredential().SID, "cat-apn")
		if err := w.horizon(ch, "cat", nil); err != nil {
			t.Fatal(err)
		}
		w.say(ch, "ann", "first ${USER}")
		w.settled()
		calls := w.take()
		if len(calls) != 2 {
			t.Fatalf("%d calls, want one for each of the others: %v", len(calls), calls)
		}
		for _, c := range calls {
			text := fmt.Sprintf("Ann (ann) in room %s: first ${USER}", ch.SID)
			if c.device == "bob-fcm" {
				data := c.data()
				id := data["message_sid"].(string)
				want := map[string]any{"twi_message_type": "twilio.channel.new_message", "twi_body": text, "twi_sound": "ding",
					"channel_sid": ch.SID, "message_sid": id, "message_index": "0"}
				if !maps.Equal(data, want) || !strings.HasPrefix(id, "IM") {
					t.Errorf("FCM got %v", data)
				}
				continue
			}
			aps, _ := c.body["aps"].(map[string]any)
			if c.device != "cat-apn" || aps["alert"] != text || aps["sound"] != "ding" || aps["badge"] != 0.0 ||
				c.body["twi_message_type"] != "twilio.channel.new_message" || c.body["channel_sid"] != ch.SID || c.body["message_index"] != 0.0 {
				t.Errorf("APNs got %s %v", c.device, c.body)
			}
			if !c.http2 || c.header.Get("Apns-Topic") != "com.example.app" || c.header.Get("Apns-Push-Type") != "alert" || len(c.header.Get("Apns-Id")) != 36 {
				t.Errorf("APNs got HTTP/2 %v, headers %v", c.http2, c.header)
			}
		}
		index := int64(0)
		if err := w.horizon(ch, "cat", &index); err != nil {
			t.Fatal(err)
		}
		w.say(ch, "ann", "second")
		w.settled()
		for _, c := range w.take() {
			if aps, ok := c.body["aps"].(map[string]any); ok && aps["badge"] != 1.0 {
				t.Errorf("the badge after a second message is %v, want 1 channel", aps["badge"])
			}
		}
		if got := w.tokens.Load(); got != 1 {
			t.Errorf("%d access tokens for two messages, want one", got)
		}
	})
}

// Who is not told, each for one reason.
func TestWhoIsNotTold(t *testing.T) {
	each(t, func(w *world) {
		w.enable(nil)
		cred := w.fcmCredential().SID
		ch := w.channel("ann", "muted", "online", "deaf", "keyless", "other")
		for _, name := range []string{"ann", "muted", "online", "other", "stranger"} {
			w.device(name, TypeFCM, cred, name)
		}
		w.deviceFor("deaf", TypeFCM, cred, "deaf", "twilio.channel.added_to_channel")
		w.device("keyless", TypeFCM, "", "keyless")
		w.mute(ch, "muted")
		w.online("online")
		w.say(ch, "ann", "hello")
		body := "quiet"
		if _, err := w.chat.SendMessage(t.Context(), w.as("ann"), ch.SID, chat.NewMessage{Body: &body, Quiet: true}); err != nil {
			t.Fatal(err)
		}
		w.settled()
		if calls := w.take(); len(calls) != 1 || calls[0].device != "other" {
			t.Errorf("told: %v, want other only", calls)
		}
	})
}

// What is done to a person's memberships is told to that person, unless they did it.
func TestMemberships(t *testing.T) {
	each(t, func(w *world) {
		w.enable(map[string]any{"removed_from_channel.template": "out of ${CHANNEL}"})
		ch := w.channel("ann")
		w.device("bob", TypeFCM, w.fcmCredential().SID, "bob")
		bob := w.as("bob")
		step := func(name string, err error, want string) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			w.settled()
			got := ""
			for _, c := range w.take() {
				got += fmt.Sprint(c.data()["twi_message_type"], "|", c.data()["twi_body"])
			}
			if got != want {
				t.Errorf("%s: told %q, want %q", name, got, want)
			}
		}
		_, err := w.chat.CreateInvite(t.Context(), w.api(), ch.SID, chat.NewInvite{Identity: "bob"})
		step("invited", err, "twilio.channel.invited_to_channel|system invites you to room")
		_, err = w.chat.AddMember(t.Context(), bob, ch.SID, chat.NewMember{Identity: "bob"})
		step("joined", err, "")
		step("left", w.chat.RemoveMember(t.Context(), bob, ch.SID, "bob"), "")
		_, err = w.chat.AddMember(t.Context(), w.api(), ch.SID, chat.NewMember{Identity: "bob"})
		step("added", err, "twilio.channel.added_to_channel|system added you to room")
		step("removed", w.chat.RemoveMember(t.Context(), w.api(), ch.SID, "bob"), "twilio.channel.removed_from_channel|out of room")
	})
}

// Where nobody is registered, or the service wants no messages, nothing is written.
func TestCostsNothing(t *testing.T) {
	each(t, func(w *world) {
		ch := w.channel("ann", "bob")
		w.hold()
		w.enable(nil)
		w.say(ch, "ann", "nobody is registered")
		if n := w.waiting(); n != 0 {
			t.Errorf("%d jobs without a device", n)
		}
		w.device("bob", TypeFCM, w.fcmCredential().SID, "bob")
		w.say(ch, "ann", "somebody is")
		if n := w.waiting(); n != 1 {
			t.Errorf("%d jobs with a device, want 1", n)
		}
		w.patch(map[string]any{"new_message.enabled": false})
		w.say(ch, "ann", "not wanted")
		if n := w.waiting(); n != 1 {
			t.Errorf("%d jobs after messages were turned off, want no more", n)
		}
	})
}

// What the answers of the push services do to the message and the device.
func TestAnswers(t *testing.T) {
	refused := func(code int, body string) []reply { return []reply{{status: code, body: body}} }
	fcm := func(code string) string {
		return fmt.Sprintf(`{"error":{"status":"X","details":[{"@type":"x"},{"errorCode":%q}]}}`, code)
	}
	rows := []struct {
		name, kind string
		replies    []reply
		calls      int
		stays      bool
	}{
		{"FCM knows the device no more", TypeFCM, refused(404, fcm("UNREGISTERED")), 1, false},
		{"FCM finds a fault", TypeFCM, refused(400, fcm("INVALID_ARGUMENT")), 1, true},
		{"FCM belongs to others", TypeFCM, refused(403, fcm("SENDER_ID_MISMATCH")), 1, true},
		{"FCM is busy", TypeFCM, []reply{{status: 429, after: "1"}}, 2, true},
		{"FCM is broken", TypeFCM, []reply{{status: 503, after: "1"}, {status: 500, body: "<html>"}}, 3, true},
		{"FCM wants another token", TypeFCM, refused(401, "{}"), 2, true},
		{"APNs knows the device no more", TypeAPN, refused(410, `{"reason":"Unregistered"}`), 1, false},
		{"APNs has seen it go later", TypeAPN, refused(410, `{"reason":"Unregistered","timestamp":32503680000000}`), 1, false},
		{"APNs has seen it go before it came again", TypeAPN, refused(410, `{"reason":"Unregistered","timestamp":1000}`), 1, true},
		{"APNs takes it for one of the sandbox", TypeAPN, refused(400, `{"reason":"BadDeviceToken"}`), 1, true},
		{"APNs wants another token", TypeAPN, refused(403, `{"reason":"ExpiredProviderToken"}`), 2, true},
		{"APNs is down", TypeAPN, []reply{{status: 503, after: "1"}}, 2, true},
	}
	each(t, func(w *world) {
		w.enable(nil)
		ch := w.channel("ann", "bob")
		credentials := map[string]string{TypeFCM: w.fcmCredential().SID, TypeAPN: w.apnKeyCredential().SID}
		for _, row := range rows {
			w.device("bob", row.kind, credentials[row.kind], "bob")
			w.answer(row.replies...)
			w.say(ch, "ann", "hello")
			w.settled()
			if calls := w.take(); len(calls) != row.calls {
				t.Errorf("%s: %d calls, want %d", row.name, len(calls), row.calls)
			}
			if got := w.bound("bob"); got != row.stays {
				t.Errorf("%s: the binding is there: %v, want %v", row.name, got, row.stays)
			}
			w.unbind("bob")
		}
	})
}

// Credentials that cannot be used are named in the log, without their secrets, and hold up nothing.
func TestUselessCredentials(t *testing.T) {
	secret := "hidden-" + strings.Repeat("x", 20)
	useless := map[string]struct {
		device, kind string
		patch        Patch
	}{
		"legacy server key":      {TypeFCM, TypeFCM, Patch{Secret: &secret}},
		"api key":                {TypeGCM, TypeGCM, Patch{APIKey: &secret}},
		"no certificate":         {TypeAPN, TypeAPN, Patch{PrivateKey: &secret}},
		"no pair":                {TypeAPN, TypeAPN, Patch{Certificate: &secret, PrivateKey: &secret}},
		"another push service's": {TypeFCM, TypeAPN, Patch{Secret: &secret}},
	}
	each(t, func(w *world) {
		w.enable(nil)
		ch := w.channel("ann", "bob")
		for name, in := range useless {
			c := w.credential(in.kind, in.patch)
			w.device("bob", in.device, c.SID, "bob")
			w.say(ch, "ann", "hello")
			w.settled()
			if calls := w.take(); len(calls) != 0 {
				t.Errorf("%s: calls %v", name, calls)
			}
			if log := w.log.String(); !strings.Contains(log, c.SID) || strings.Contains(log, "hidden") {
				t.Errorf("%s: the log says %s", name, log)
			}
			w.unbind("bob")
		}
	})
}

// With a certificate the connection proves who sends, and the certificate names the app.
func TestCertificate(t *testing.T) {
	each(t, func(w *world) {
		w.enable(nil)
		ch := w.channel("ann", "bob")
		w.device("bob", TypeAPN, w.apnCertificate("com.example.certified").SID, "bob")
		w.say(ch, "ann", "hello")
		w.settled()
		calls := w.take()
		if len(calls) != 1 || calls[0].certificate != "push" || calls[0].header.Get("Apns-Topic") != "com.example.certified" || calls[0].header.Get("Authorization") != "" {
			t.Errorf("calls %+v", calls)
		}
	})
}

// The largest message fits into what both push services take, 4096 bytes.
func TestLargest(t *testing.T) {
	each(t, func(w *world) {
		w.enable(map[string]any{"new_message.template": strings.Repeat("${MESSAGE}", 100)})
		ch := w.channel("ann", "bob")
		w.device("bob", TypeAPN, w.apnKeyCredential().SID, "bob")
		w.say(ch, "ann", strings.Repeat("é\"", 10_000))
		w.settled()
		calls := w.take()
		if len(calls) != 1 {
			t.Fatalf("%d calls", len(calls))
		}
		if b, _ := json.Marshal(calls[0].body); len(b) > 4096 {
			t.Errorf("%d bytes", len(b))
		}
	})
}
