package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"parley/internal/config"
	"parley/internal/server"
)

type serveCmd struct{ config.Config }

// Run serves until a signal comes or something essential fails.
func (c *serveCmd) Run(w world) error {
	log := server.NewLogger(w.stderr, c.Logging)
	s, err := server.Start(w.ctx, c.Config, server.Options{Version: version, Log: log})
	if err != nil {
		return err
	}
	if err := c.welcome(w, s); err != nil {
		log.Warn("the credentials could not be printed", "error", err)
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	var failure error
	for waiting := true; waiting; {
		select {
		case <-reload:
			reloadCertificate(s, log)
		case failure = <-s.Failed():
			log.Error("the server cannot go on", "error", failure)
			waiting = false
		case <-w.ctx.Done():
			waiting = false
		}
	}
	log.Info("stopping", "within", c.DrainTimeout)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), c.DrainTimeout)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		log.Warn("not everything ended in time", "error", err)
	}
	log.Info("stopped")
	return failure
}

func reloadCertificate(s *server.Server, log *slog.Logger) {
	if err := s.ReloadCertificate(); err != nil {
		log.Error("the certificate was not reloaded; the one before stays in use", "error", err)
		return
	}
	log.Info("the certificate was reloaded")
}

// welcome prints where to click and, in demo mode, what to use.
func (c *serveCmd) welcome(w world, s *server.Server) error {
	base := s.BaseURL()
	rows := [][2]string{{"Start page", base + "/"}, {"Guide chat", base + "/guide/"}, {"Widget", base + "/webchat/"}, {"Desktop", base + "/desktop/"}, {"Flows", base + "/flows/"}}
	if !c.Demo {
		var b strings.Builder
		fmt.Fprintf(&b, "\nParley %s is up on %s\n\n", version, base)
		table(&b, rows)
		fmt.Fprintf(&b, "\nCredentials: parley credentials %s\n\n", flags(c.Storage))
		_, err := io.WriteString(w.stdout, b.String())
		return err
	}
	cred, err := s.Credentials(w.ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nParley %s is up on %s (demo mode: whoever reaches it may use it)\n\n", version, base)
	table(&b, rows)
	b.WriteString("\nCredentials for your own programs (parley credentials --json prints all):\n\n")
	table(&b, [][2]string{{"Account SID", cred.AccountSID}, {"Auth token", cred.AuthToken}, {"API key SID", cred.APIKeySID}, {"API key secret", cred.APIKeySecret},
		{"Chat service SID", cred.ChatServiceSID}, {"Flex Flow SID", cred.FlexFlowSID}})
	b.WriteString("\nStop with Ctrl+C.\n\n")
	_, err = io.WriteString(w.stdout, b.String())
	return err
}

// table writes rows of a name and a value.
func table(b *strings.Builder, rows [][2]string) {
	for _, r := range rows {
		fmt.Fprintf(b, "  %-17s %s\n", r[0], r[1])
	}
}
