package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"parley/internal/config"
	"parley/internal/server"
)

type credentialsCmd struct {
	config.Storage
	JSON bool `name:"json" help:"Print one JSON object."`
}

// Run prints the credentials.
func (c *credentialsCmd) Run(w world) error {
	st, err := server.OpenExisting(w.ctx, c.Storage, server.NewLogger(w.stderr, config.Logging{LogLevel: "warn"}))
	if err != nil {
		return err
	}
	cred, err := server.ReadCredentials(w.ctx, st)
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(w.stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(cred)
	}
	v := reflect.ValueOf(cred)
	for i := range v.NumField() {
		if _, err := fmt.Fprintf(w.stdout, "%-18s %s\n", v.Type().Field(i).Tag.Get("json"), v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

type tokenCmd struct {
	config.Storage
	Identity    string        `required:"" placeholder:"NAME" help:"Who the token is for."`
	TTL         time.Duration `name:"ttl" default:"1h" help:"How long it is good, at most 24h."`
	ChatService string        `placeholder:"IS..." help:"Chat service of the grant; the default one where left out."`
	Worker      string        `placeholder:"WK..." help:"Worker for whom the token is; adds the task_router grant."`
	Role        string        `enum:",agent,supervisor,admin" default:"" placeholder:"ROLE" help:"Flex role of the user: agent, supervisor or admin."`
}

// Run prints a token.
func (c *tokenCmd) Run(w world) error {
	st, err := server.OpenExisting(w.ctx, c.Storage, server.NewLogger(w.stderr, config.Logging{LogLevel: "warn"}))
	if err != nil {
		return err
	}
	jwt, err := server.MintToken(w.ctx, st, server.TokenRequest{Identity: c.Identity, TTL: c.TTL, ChatService: c.ChatService, Worker: c.Worker, Role: c.Role})
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(w.stdout, jwt)
	return err
}

type migrateCmd struct {
	config.Storage
	config.Account
}

// Run makes the store ready without serving.
func (c *migrateCmd) Run(w world) error {
	full := config.Default()
	full.Storage, full.Account = c.Storage, c.Account
	if err := full.Validate(); err != nil {
		return err
	}
	in, err := server.Prepare(w.ctx, full, server.NewLogger(w.stderr, config.Logging{LogLevel: "info"}))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.stdout, "The store is up to date; it belongs to account %s.\n", in.AccountSID)
	return err
}

type checkCmd struct {
	config.Config
	Reference bool `help:"Print every setting with its meaning and default as a settings file, and check nothing."`
}

// Run checks the configuration, and that what it points to can be reached.
func (c *checkCmd) Run(w world) error {
	if c.Reference {
		return config.WriteReference(w.stdout)
	}
	notes, err := server.Check(w.ctx, c.Config)
	for _, n := range notes {
		if _, err := fmt.Fprintln(w.stdout, n); err != nil {
			return err
		}
	}
	return err
}

// flags repeats on the command line where a store is, without its password.
func flags(s config.Storage) string {
	if s.DatabaseURL != "" {
		return fmt.Sprintf("--database-url '%s'", s.DatabaseURL)
	}
	return "--data " + s.Data
}
