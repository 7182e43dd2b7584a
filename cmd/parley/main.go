// Command parley is the whole of Parley: the server and the commands that help to run it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"parley/internal/config"
)

// version is set by the build.
var version = "dev"

// commands is the command line.
type commands struct {
	config.File

	Serve       serveCmd       `cmd:"" help:"Run the server."`
	Credentials credentialsCmd `cmd:"" help:"Print what applications need to use the server: account, keys, services. Works beside a running server."`
	Token       tokenCmd       `cmd:"" help:"Print one access token. Works beside a running server."`
	Migrate     migrateCmd     `cmd:"" help:"Bring the store's schema up to date and make what a new instance needs, without serving."`
	Check       checkCmd       `cmd:"" help:"Check the configuration and what it points to, or print all settings."`
	Workflow    workflowCmd    `cmd:"" help:"Work with TaskRouter workflow configurations."`
	Flow        flowCmd        `cmd:"" help:"Work with Studio flows."`
	Devcert     devcertCmd     `cmd:"" help:"Make a private CA and a certificate for HTTPS in development, and say how to use them."`
	Worker      workerCmd      `cmd:"" help:"Work with the people who answer: give one a password for the desktop."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

// world is what a command may use of the process.
type world struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(world{ctx, os.Stdin, os.Stdout, os.Stderr}, os.Args[1:]))
}

// run runs one command and returns the exit code: 0, 1 for a failure, 2 for a command line that cannot be understood.
func run(w world, args []string) int {
	var c commands
	exit := -1
	options := append(config.Options(),
		kong.Name("parley"), kong.Description("A self-hosted home for apps built on the custom chat guide."),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}),
		kong.Writers(w.stdout, w.stderr), kong.Exit(func(code int) { exit = code }), kong.Bind(w))
	parser, err := kong.New(&c, options...)
	if err != nil {
		_, _ = fmt.Fprintln(w.stderr, "parley:", err)
		return 2
	}
	cmd, err := parser.Parse(args) // which calls Validate of what it filled in
	if exit >= 0 {                 // --help has answered
		return exit
	}
	if err != nil {
		_, _ = fmt.Fprintf(w.stderr, "parley: %v\nRun 'parley --help' for the commands, 'parley serve --help' for the settings.\n", err)
		return 2
	}
	if err := cmd.Run(); err != nil {
		report(w.stderr, err)
		return 1
	}
	return 0
}

// report prints an error for people, each of several on its own line.
func report(w io.Writer, err error) {
	if many, ok := err.(interface{ Unwrap() []error }); ok { // only an outermost join is taken apart
		for _, one := range many.Unwrap() {
			report(w, one)
		}
		return
	}
	_, _ = fmt.Fprintln(w, "parley:", err)
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(w world) error {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				commit = " (" + s.Value[:12] + ")"
			}
		}
	}
	_, err := fmt.Fprintf(w.stdout, "parley %s%s %s %s/%s\n", version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
