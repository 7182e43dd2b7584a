package rest

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"parley/internal/core"
	"parley/internal/delivery"
	"parley/internal/httpapi"
	"parley/internal/store"
	"parley/internal/store/storetest"
)

// auth takes the account's SID as its password.
type auth struct{}

func (auth) Basic(_ context.Context, user, password string) (httpapi.Caller, error) {
	if user != password {
		return httpapi.Caller{}, core.E(core.CodeAuthenticate)
	}
	return httpapi.Caller{AccountSID: user}, nil
}

func (auth) Token(context.Context, string) (httpapi.Caller, error) {
	return httpapi.Caller{}, core.E(core.CodeTokenInvalid)
}

const (
	account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	other   = "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	first   = "WD00000000000000000000000000000001"
)

// TestResource: pages of failures in the usual envelope, one's own only, and the documented codes for what is wrong.
func TestResource(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		st := open()
		err := st.Update(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(`INSERT INTO account (sid, friendly_name, status, auth_token, secondary_token, created_at, updated_at)
				VALUES ($1, '', 'active', 'x', NULL, 0, 0)`, account); err != nil {
				return err
			}
			for i, sid := range []string{first, "WD00000000000000000000000000000002", "WD00000000000000000000000000000003"} {
				if _, err := tx.Exec(`INSERT INTO webhook_failure (id, sid, account_sid, event, target, method, state, failures, status, error, created_at, updated_at)
					VALUES ($1, $2, $3, 'onMessageSent', 'https://h.test/', 'POST', $4, 1, $5, 'answered', 1000000, 2000000)`,
					i+1, sid, account, []string{"delivered", "passed", "delivered"}[i], []int{500, 0, 503}[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		rt := httpapi.New(httpapi.Options{Auth: auth{}})
		Routes(rt, delivery.New(delivery.Options{Store: st}))
		ask := func(who, method, target string) (int, map[string]any) {
			r := httptest.NewRequest(method, target, strings.NewReader(""))
			r.SetBasicAuth(who, account)
			if who == other {
				r.SetBasicAuth(other, other)
			}
			w := httptest.NewRecorder()
			rt.ServeHTTP(w, r)
			var body map[string]any
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatalf("%s: %s", target, w.Body)
			}
			return w.Code, body
		}
		const path = "http://p.test/monitor/v1/WebhookFailures"
		var sids []string
		for next := any(path + "?PageSize=2"); next != nil; {
			status, body := ask(account, "GET", next.(string))
			if status != 200 {
				t.Fatalf("%v: %d %v", next, status, body)
			}
			for _, f := range body["failures"].([]any) {
				sids = append(sids, f.(map[string]any)["sid"].(string)[31:])
			}
			next = body["meta"].(map[string]any)["next_page_url"]
		}
		if strings.Join(sids, " ") != "003 002 001" {
			t.Errorf("listed %v", sids)
		}
		if _, body := ask(account, "GET", path+"?State=passed"); len(body["failures"].([]any)) != 1 || body["failures"].([]any)[0].(map[string]any)["response_status"] != nil {
			t.Errorf("passed: %v", body)
		}
		if _, body := ask(account, "GET", path+"/"+first); body["response_status"] != 500.0 || body["idempotency_token"] != "00000000-0000-0000-0000-000000000001" ||
			body["date_created"] != "1970-01-01T00:00:01Z" || body["url"] != path+"/"+first {
			t.Errorf("one: %v", body)
		}
		for _, row := range []struct {
			who, method, target string
			status, code        int
		}{
			{account, "GET", "?State=gone", 400, core.CodeInvalidParameter},
			{account, "GET", "?PageToken=PTx", 400, core.CodeInvalidParameter},
			{account, "GET", "?PageSize=0", 400, core.CodeInvalidParameter},
			{account, "GET", "/WDx", 404, core.CodeNotFound},
			{account, "POST", "/" + first + "/Replay", 409, core.CodeConflict},
			{account, "DELETE", "/" + first, 405, core.CodeMethodNotAllowed},
			{other, "GET", "/" + first, 404, core.CodeNotFound},
			{"stranger", "GET", "", 401, core.CodeAuthenticate},
		} {
			status, body := ask(row.who, row.method, path+row.target)
			if status != row.status || body["code"] != float64(row.code) {
				t.Errorf("%s %s: %d %v, want %d and %d", row.method, row.target, status, body, row.status, row.code)
			}
		}
		if _, body := ask(other, "GET", path); len(body["failures"].([]any)) != 0 {
			t.Errorf("another account sees %v", body)
		}
	})
}
