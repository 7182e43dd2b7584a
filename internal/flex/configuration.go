package flex

import (
	"context"
	"encoding/json"
	"errors"

	"parley/internal/core"
	"parley/internal/store"
	"parley/internal/taskrouter"
)

// Configuration is what Flex's pages are told of an account: the parts of the instance that they work with, and what was saved.
type Configuration struct {
	AccountSID                          string
	WorkspaceSID, WorkflowSID, QueueSID string
	ChatServiceSID                      string
	KeySID                              string // signs the tokens of visitors
	Settings                            string // JSON object of what was saved over the defaults
	CreatedAt, UpdatedAt                int64
}

var configurations = store.NewTable("flex_configuration",
	store.Col[Configuration]{Name: "account_sid", Ptr: func(c *Configuration) any { return &c.AccountSID }},
	store.Col[Configuration]{Name: "workspace_sid", Ptr: func(c *Configuration) any { return &c.WorkspaceSID }},
	store.Col[Configuration]{Name: "workflow_sid", Ptr: func(c *Configuration) any { return &c.WorkflowSID }},
	store.Col[Configuration]{Name: "queue_sid", Ptr: func(c *Configuration) any { return &c.QueueSID }},
	store.Col[Configuration]{Name: "chat_service_sid", Ptr: func(c *Configuration) any { return &c.ChatServiceSID }},
	store.Col[Configuration]{Name: "key_sid", Ptr: func(c *Configuration) any { return &c.KeySID }},
	store.Col[Configuration]{Name: "settings", Ptr: func(c *Configuration) any { return &c.Settings }},
	store.Col[Configuration]{Name: "created_at", Ptr: func(c *Configuration) any { return &c.CreatedAt }},
	store.Col[Configuration]{Name: "updated_at", Ptr: func(c *Configuration) any { return &c.UpdatedAt }},
)

// maxSettings bounds what is saved, in bytes: each start of a desktop reads it several times.
const maxSettings = 256 << 10

// parts are the SIDs that the instance decides.
type parts struct{ workspace, workflow, queue, chatService, key string }

func (c *Configuration) parts() parts {
	return parts{c.WorkspaceSID, c.WorkflowSID, c.QueueSID, c.ChatServiceSID, c.KeySID}
}

// ConfiguredTx reports whether an account's configuration names the parts that want does.
func (x *Flex) ConfiguredTx(r *store.Reader, want Configuration) (bool, error) {
	c, err := configurations.One(r, `WHERE account_sid = $1`, want.AccountSID)
	if errors.Is(err, store.ErrNoRow) {
		return false, nil
	}
	return err == nil && c.parts() == want.parts(), err
}

// ConfigureTx makes the configuration of an account, or has it name other parts of the instance. What was saved stays.
func (x *Flex) ConfigureTx(tx *store.Tx, want Configuration) error {
	c, err := configurations.One(&tx.Reader, `WHERE account_sid = $1 FOR UPDATE`, want.AccountSID)
	switch {
	case errors.Is(err, store.ErrNoRow):
		want.Settings, want.CreatedAt, want.UpdatedAt = "{}", tx.Now(), tx.Now()
		return configurations.Insert(tx, &want)
	case err != nil || c.parts() == want.parts():
		return err
	}
	want.Settings, want.CreatedAt, want.UpdatedAt = c.Settings, c.CreatedAt, tx.Now()
	return configurations.Update(tx, &want)
}

// FetchConfiguration returns an account's configuration, or 45101.
func (x *Flex) FetchConfiguration(ctx context.Context, accountSID string) (c *Configuration, err error) {
	err = x.store.View(ctx, func(r *store.Reader) error {
		c, err = configurationOf(r, accountSID, "")
		return err
	})
	return c, err
}

// FirstConfiguration returns the configuration of the server's first account, for pages that know no account yet; 45101 where none is.
func (x *Flex) FirstConfiguration(ctx context.Context) (c *Configuration, err error) {
	err = x.store.View(ctx, func(r *store.Reader) error {
		c, err = configurations.One(r, `ORDER BY created_at, account_sid LIMIT 1`)
		return err
	})
	if errors.Is(err, store.ErrNoRow) {
		return nil, core.Ef(core.CodeFlexNotConfigured, "This server has no account with a Flex configuration")
	}
	return c, err
}

func configurationOf(r *store.Reader, accountSID, lock string) (*Configuration, error) {
	if core.IsSID("AC", accountSID) { // other text may be such as the store refuses
		c, err := configurations.One(r, `WHERE account_sid = $1`+lock, accountSID)
		if !errors.Is(err, store.ErrNoRow) {
			return c, err
		}
	}
	return nil, core.Ef(core.CodeFlexNotConfigured, "Account %s has no Flex configuration", clip(accountSID))
}

// UpdateConfiguration saves the given fields and leaves the others; null takes a field back to its default. A field that is unknown, of
// another form, or decided elsewhere is 45004, and then nothing is saved.
func (x *Flex) UpdateConfiguration(ctx context.Context, accountSID string, fields map[string]json.RawMessage) (c *Configuration, err error) {
	err = x.store.Update(ctx, func(tx *store.Tx) error {
		if c, err = configurationOf(&tx.Reader, accountSID, ` FOR UPDATE`); err != nil {
			return err
		}
		space, err := x.tr.SpaceTx(&tx.Reader, accountSID, c.WorkspaceSID)
		if err != nil {
			return err
		}
		saved := members(c.Settings)
		for name, value := range fields {
			if err := c.check(space, name, value); err != nil {
				return err
			}
			if _, ok := settings[name]; !ok {
				continue // decided elsewhere, and as it is
			}
			if string(value) == "null" {
				delete(saved, name)
			} else {
				saved[name] = value
			}
		}
		if c.Settings, err = encode(saved); err != nil {
			return err
		}
		if len(c.Settings) > maxSettings {
			return core.Ef(core.CodeFlexValidation, "The configuration would have %d bytes; at most %d are allowed", len(c.Settings), maxSettings)
		}
		c.UpdatedAt = tx.Now()
		return configurations.Update(tx, c)
	})
	return c, err
}

// Fields are the configuration's fields as Flex's pages read them (rest-semantics §1.2), but for those that depend on the request. The
// activity of who signs out is the workspace's default one where none was saved.
func (x *Flex) Fields(ctx context.Context, c *Configuration) (map[string]json.RawMessage, error) {
	space, err := x.tr.Space(ctx, c.AccountSID, c.WorkspaceSID)
	if err != nil {
		return nil, err
	}
	fields := members(c.Settings)
	for name, s := range settings {
		if _, ok := fields[name]; !ok {
			fields[name] = json.RawMessage(s.initial)
		}
	}
	for name, v := range c.decided() {
		fields[name] = v
	}
	if string(fields[offlineActivity]) == "null" {
		fields[offlineActivity] = quoted(defaultActivity(space))
	}
	// Without this word the desktop refuses to start.
	ui, err := with(`{"version_compatibility":"yes"}`, asAny(members(string(fields["ui_attributes"]))))
	fields["ui_attributes"] = json.RawMessage(ui)
	return fields, err
}

// PluginsEnabled reports whether the desktop loads plugins at all.
func (c *Configuration) PluginsEnabled() bool {
	return string(members(c.Settings)["plugin_service_enabled"]) != "false"
}

func defaultActivity(space *taskrouter.Space) string {
	if a := space.Activity(space.Workspace.DefaultActivityID); a != nil {
		return a.SID
	}
	return ""
}

func asAny(m map[string]json.RawMessage) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		out[name] = v
	}
	return out
}

// quoted is a text as JSON; null for none.
func quoted(s string) json.RawMessage {
	if s == "" {
		return json.RawMessage("null")
	}
	text, err := encode(s)
	if err != nil {
		panic(err) // a string has always a form
	}
	return json.RawMessage(text)
}
