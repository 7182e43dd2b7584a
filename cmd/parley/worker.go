package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"parley/internal/config"
	"parley/internal/server"
)

type workerCmd struct {
	Password workerPasswordCmd `cmd:"" help:"Set a worker's password for the desktop and print it, or take it from standard input. Works beside a running server."`
}

type workerPasswordCmd struct {
	config.Storage
	Name  string `arg:"" help:"The worker's name."`
	Stdin bool   `name:"stdin" help:"Read the password from standard input, one line, instead of making one."`
}

// Run sets the password. One that was made is all that is printed, so that a script can take it.
func (c *workerPasswordCmd) Run(w world) error {
	password := ""
	if c.Stdin {
		line, err := bufio.NewReader(io.LimitReader(w.stdin, 4<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if password = strings.TrimRight(line, "\r\n"); password == "" {
			return errors.New("standard input has no password")
		}
	}
	st, err := server.OpenExisting(w.ctx, c.Storage, server.NewLogger(w.stderr, config.Logging{LogLevel: "warn"}))
	if err != nil {
		return err
	}
	set, err := server.SetPassword(w.ctx, st, c.Name, password)
	if err := errors.Join(err, st.Close()); err != nil {
		return err
	}
	if c.Stdin {
		_, err = fmt.Fprintf(w.stdout, "The password of %s is set.\n", c.Name)
	} else {
		_, err = fmt.Fprintln(w.stdout, set)
	}
	return err
}
