package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"parley/internal/core"
	"parley/internal/store"
)

// Instance is what the first start made, or reserved for engines to come. It is one row of the table setting, so that reading
// it is one read and its lock is the lock of provisioning.
type Instance struct {
	AccountSID      string `json:"account_sid"`
	APIKeySID       string `json:"api_key_sid"`
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

// Names of rows in the table setting.
const (
	settingInstance = "instance"
	settingKeys     = "keys"
	settingBaseURL  = "base_url"
)

// keys are the instance's own secrets. They are made once: SIDs and links that were given out hang on them.
type keys struct {
	SID  []byte // 16 bytes, for core.SIDCodec
	Link []byte // 32 bytes, for signed links to media
}

type keysJSON struct {
	SID  string `json:"sid"`
	Link string `json:"link"`
}

// readSetting returns a setting, or "" when it is not there.
func readSetting(r *store.Reader, name string) (value string, err error) {
	err = r.One(`SELECT value FROM setting WHERE name = $1`, []any{name}, &value)
	if errors.Is(err, store.ErrNoRow) {
		return "", nil
	}
	return value, err
}

// lockSetting reads a setting and keeps others from changing it until the transaction ends. One that is not there becomes first.
func lockSetting(tx *store.Tx, name, first string) (value string, err error) {
	err = tx.One(`INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = setting.value RETURNING value`,
		[]any{name, first}, &value)
	return value, err
}

func writeSetting(tx *store.Tx, name, value string) error {
	_, err := tx.Exec(`INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// loadKeys returns the instance's keys and makes them when there are none. Of several nodes that start at once, the first one's
// are kept.
func loadKeys(ctx context.Context, st *store.Store) (k keys, err error) {
	var text string
	err = st.View(ctx, func(r *store.Reader) error {
		text, err = readSetting(r, settingKeys)
		return err
	})
	if err == nil && text == "" {
		err = st.Update(ctx, func(tx *store.Tx) error {
			fresh, err := json.Marshal(keysJSON{randomHex(16), randomHex(32)})
			if err != nil {
				return err
			}
			text, err = lockSetting(tx, settingKeys, string(fresh))
			return err
		})
	}
	if err != nil {
		return k, err
	}
	var j keysJSON
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return k, errors.New("the store's setting \"keys\" is damaged; restore the store from a backup")
	}
	sid, errSID := hex.DecodeString(j.SID)
	link, errLink := hex.DecodeString(j.Link)
	if errSID != nil || errLink != nil || len(sid) != 16 || len(link) != 32 {
		return k, errors.New("the store's setting \"keys\" is damaged; restore the store from a backup")
	}
	return keys{sid, link}, nil
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// parseInstance reads the setting; the zero Instance for a store in which nothing was made yet.
func parseInstance(text string) (in Instance, err error) {
	if text == "" {
		return in, nil
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return in, fmt.Errorf("the store's setting %q is damaged; restore the store from a backup", settingInstance)
	}
	return in, nil
}

// reserve gives SIDs to what later engines will make, so that credentials hold from the first day.
func (in *Instance) reserve() {
	for _, r := range []struct {
		sid    *string
		prefix string
	}{
		{&in.ProxyServiceSID, "KS"}, {&in.WorkspaceSID, "WS"}, {&in.WorkflowSID, "WW"}, {&in.TaskQueueSID, "WQ"}, {&in.WorkerSID, "WK"},
	} {
		if *r.sid == "" {
			*r.sid = core.NewSID(r.prefix)
		}
	}
	if in.WorkerName == "" {
		in.WorkerName = "agent"
	}
}
