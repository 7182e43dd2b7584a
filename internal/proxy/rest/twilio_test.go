package rest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"
	proxyv1 "github.com/twilio/twilio-go/rest/proxy/v1"

	"parley/internal/resttest"
)

// rewrite sends what is meant for proxy.twilio.com to a base, with the product as the first segment of the path (rest-semantics §6).
type rewrite struct{ base *url.URL }

func (to rewrite) RoundTrip(r *http.Request) (*http.Response, error) {
	if product, vendor := strings.CutSuffix(r.URL.Hostname(), ".twilio.com"); vendor {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host, r.Host = to.base.Scheme, to.base.Host, to.base.Host
		r.URL.Path = "/" + product + r.URL.Path
	}
	return http.DefaultTransport.RoundTrip(r)
}

// ok ends the test where the library reports an error.
func ok[T any](v T, err error) func(w *resttest.World) T {
	return func(w *resttest.World) T {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		return v
	}
}

// refused wants an error with a code.
func refused[T any](w *resttest.World, code int) func(T, error) {
	return func(_ T, err error) {
		w.Helper()
		if e, is := errors.AsType[*client.TwilioRestError](err); !is || e.Code != code {
			w.Errorf("got %v, want code %d", err, code)
		}
	}
}

// The official library lives the whole life: a service with its pool, a session made in one call, messages, the end and what comes after.
func TestTwilioGo(t *testing.T) {
	resttest.Each(t, func(w *resttest.World) {
		server := httptest.NewServer(w.Router)
		defer server.Close()
		base, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		c := &client.Client{Credentials: client.NewCredentials(resttest.Account, resttest.Token), HTTPClient: &http.Client{Transport: rewrite{base}}}
		c.SetAccountSid(resttest.Account)
		life(w, proxyv1.NewApiService(client.NewRequestHandler(c)))
	})
}

func life(w *resttest.World, api *proxyv1.ApiService) {
	service := *ok(api.CreateService((&proxyv1.CreateServiceParams{}).SetUniqueName("taxi").SetDefaultTtl(60).SetGeoMatchLevel("area-code").SetNumberSelectionBehavior("avoid-sticky")))(w).Sid
	if s := ok(api.UpdateService(service, (&proxyv1.UpdateServiceParams{}).SetCallbackUrl("https://cb.example.org/").SetDefaultTtl(0)))(w); s.DefaultTtl != 0 || *s.GeoMatchLevel != "area-code" || *s.CallbackUrl != "https://cb.example.org/" {
		w.Errorf("the service is %+v", s)
	}
	var pool []string
	for _, n := range []string{"+14155550100", "+12125550101"} {
		made := ok(api.CreatePhoneNumber(service, (&proxyv1.CreatePhoneNumberParams{}).SetPhoneNumber(n)))(w)
		if *made.PhoneNumber != n || !made.Capabilities.Sms || made.InUse != 0 {
			w.Errorf("the number is %+v", made)
		}
		pool = append(pool, *made.Sid)
	}
	if n := ok(api.UpdatePhoneNumber(service, pool[1], (&proxyv1.UpdatePhoneNumberParams{}).SetIsReserved(true)))(w); !*n.IsReserved {
		w.Errorf("the number is %+v", n)
	}
	made := ok(api.CreateSession(service, (&proxyv1.CreateSessionParams{}).SetUniqueName("ride 1").SetMode("message-only").SetDateExpiry(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)).
		SetParticipants([]any{map[string]any{"Identifier": "+14155550199", "FriendlyName": "Anna"}, map[string]any{"Identifier": "+14155550198", "ProxyIdentifier": "+12125550101"}})))(w)
	session := *made.Sid
	if *made.Status != "open" || *made.Mode != "message-only" || made.DateExpiry.Year() != 2030 {
		w.Errorf("the session is %+v", made)
	}
	people := ok(api.ListParticipant(service, session, (&proxyv1.ListParticipantParams{}).SetPageSize(1)))(w)
	if len(people) != 2 || *people[0].ProxyIdentifier != "+14155550100" || *people[1].ProxyIdentifierSid != pool[1] {
		w.Fatalf("the participants are %+v", people)
	}
	refused[*proxyv1.ProxyV1Participant](w, 80609)(api.CreateParticipant(service, session, (&proxyv1.CreateParticipantParams{}).SetIdentifier("+14155550197")))
	if n := ok(api.FetchPhoneNumber(service, pool[0]))(w); n.InUse != 1 {
		w.Errorf("the number is %+v", n)
	}
	anna := *people[0].Sid
	said := ok(api.CreateMessageInteraction(service, session, anna, (&proxyv1.CreateMessageInteractionParams{}).SetBody("hello").SetMediaUrl([]string{"https://x.example.org/a"})))(w)
	if *said.OutboundResourceStatus != "queued" || *said.ParticipantSid != anna || said.InboundResourceSid != nil {
		w.Errorf("the message is %+v", said)
	}
	ok(api.FetchMessageInteraction(service, session, anna, *said.Sid))(w)
	if all := ok(api.ListMessageInteraction(service, session, anna, nil))(w); len(all) != 1 {
		w.Errorf("the messages are %+v", all)
	}
	if i := ok(api.FetchInteraction(service, session, *said.Sid))(w); *i.Data != `{"body":"hello","media":["https://x.example.org/a"]}` {
		w.Errorf("the interaction is %+v", i)
	}
	ok(true, api.DeleteInteraction(service, session, *said.Sid))(w)
	if all := ok(api.ListInteraction(service, session, nil))(w); len(all) != 0 {
		w.Errorf("the interactions are %+v", all)
	}
	if s := ok(api.UpdateSession(service, session, (&proxyv1.UpdateSessionParams{}).SetStatus("closed")))(w); *s.ClosedReason != "api" || s.DateEnded == nil {
		w.Errorf("the session is %+v", s)
	}
	refused[*proxyv1.ProxyV1MessageInteraction](w, 80607)(api.CreateMessageInteraction(service, session, anna, (&proxyv1.CreateMessageInteractionParams{}).SetBody("late")))
	ok(api.UpdateSession(service, session, (&proxyv1.UpdateSessionParams{}).SetStatus("in-progress")))(w)
	ok(true, api.DeleteParticipant(service, session, anna))(w)
	refused[*proxyv1.ProxyV1Participant](w, 80612)(api.CreateParticipant(service, session, (&proxyv1.CreateParticipantParams{}).SetIdentifier("+14155550199")))
	var names []string
	for _, s := range ok(api.ListSession(service, nil))(w) {
		names = append(names, *s.UniqueName)
	}
	if !slices.Equal(names, []string{"ride 1"}) {
		w.Errorf("the sessions are %q", names)
	}
	ok(true, api.DeleteSession(service, session))(w)
	refused[*proxyv1.ProxyV1Session](w, 20404)(api.FetchSession(service, session))
	ok(true, api.DeletePhoneNumber(service, pool[0]))(w)
	ok(true, api.DeleteService(service))(w)
	refused[*proxyv1.ProxyV1Service](w, 20404)(api.FetchService(service))
}
