package server

import (
	"context"
	"errors"

	"parley/internal/config"
	"parley/internal/identity"
	"parley/internal/store"
)

// Credentials is what applications need to use an instance; the JSON is a contract (design §2.1).
type Credentials struct {
	BaseURL         string `json:"base_url"`
	AccountSID      string `json:"account_sid"`
	AuthToken       string `json:"auth_token"`
	APIKeySID       string `json:"api_key_sid"`
	APIKeySecret    string `json:"api_key_secret"`
	ChatServiceSID  string `json:"chat_service_sid"`
	FlexFlowSID     string `json:"flex_flow_sid"`
	WebFlowSID      string `json:"web_flow_sid"`
	ProxyServiceSID string `json:"proxy_service_sid"`
	WorkspaceSID    string `json:"workspace_sid"`
	WorkflowSID     string `json:"workflow_sid"`
	TaskQueueSID    string `json:"task_queue_sid"`
	WorkerSID       string `json:"worker_sid"`
	WorkerName      string `json:"worker_name"`
}

// ErrNotProvisioned: the store is there, but no server has made an account in it yet.
var ErrNotProvisioned = errors.New("the store has no account yet; start 'parley serve' or run 'parley migrate' with the same --data or --database-url first")

// ReadCredentials reads the credentials from the store; it works beside a running server. The base URL is the one under which a
// server last said that it can be reached.
func ReadCredentials(ctx context.Context, st *store.Store) (c Credentials, err error) {
	id := identity.New(st, identity.Options{})
	err = st.View(ctx, func(r *store.Reader) error {
		text, err := readSetting(r, settingInstance)
		if err != nil {
			return err
		}
		in, err := parseInstance(text)
		if err != nil {
			return err
		}
		if in.AccountSID == "" {
			return ErrNotProvisioned
		}
		c = Credentials{
			AccountSID: in.AccountSID, APIKeySID: in.APIKeySID, ChatServiceSID: in.ChatServiceSID, FlexFlowSID: in.FlexFlowSID, WebFlowSID: in.WebFlowSID,
			ProxyServiceSID: in.ProxyServiceSID, WorkspaceSID: in.WorkspaceSID, WorkflowSID: in.WorkflowSID, TaskQueueSID: in.TaskQueueSID,
			WorkerSID: in.WorkerSID, WorkerName: in.WorkerName,
		}
		account, err := id.AccountTx(r, in.AccountSID)
		if err != nil || account == nil {
			return errors.Join(err, errors.New("the store's account is missing; restore the store from a backup"))
		}
		key, err := id.KeyTx(r, in.APIKeySID)
		if err != nil || key == nil {
			return errors.Join(err, errors.New("the default API key was deleted; start 'parley serve' again and it makes a new one"))
		}
		c.AuthToken, c.APIKeySecret = account.AuthToken, key.Secret
		c.BaseURL, err = readSetting(r, settingBaseURL)
		return err
	})
	if c.BaseURL == "" {
		c.BaseURL = config.Default().BaseURL()
	}
	return c, err
}

// keepBaseURL remembers under which URL this server is reached.
func keepBaseURL(ctx context.Context, st *store.Store, url string) error {
	var have string
	err := st.View(ctx, func(r *store.Reader) (err error) {
		have, err = readSetting(r, settingBaseURL)
		return err
	})
	if err != nil || have == url {
		return err
	}
	return st.Update(ctx, func(tx *store.Tx) error { return writeSetting(tx, settingBaseURL, url) })
}
