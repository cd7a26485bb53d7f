// Command callvault keeps a company's call records and serves them by date
// range over the HTTP API that clients of Gong's GET /v2/calls speak.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upstream"
	"github.com/callvault/callvault/internal/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the program at once. The first may come twice: some
	// supervisors signal a process and its group.
	context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, stop) })
	web.LimitMemory(os.DirFS("/"), os.LookupEnv)
	for _, warning := range unknownVariables(os.Environ()) {
		fmt.Fprintf(os.Stderr, "callvault: warning: unknown environment variable %s\n", screen.Clean(warning))
	}
	os.Exit(run(ctx, os.Args[1:], os.LookupEnv, os.Stdin, os.Stdout, os.Stderr))
}

// app is the program's surroundings and what a command has opened. Commands touch nothing
// else of the process, so a test can run them.
type app struct {
	env    func(string) (string, bool)
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer

	log  *slog.Logger   // of serve, in place of lines on standard error
	ends []func() error // closes each thing that the command has opened
}

// run is the program: arguments in, exit code out. It closes what the command has opened.
func run(ctx context.Context, args []string, env func(string) (string, bool), stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{env: env, stdin: stdin, stdout: screen.Shown(stdout), stderr: screen.Shown(stderr)}
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	for _, end := range slices.Backward(a.ends) {
		err = errors.Join(err, end())
	}
	if err == nil {
		return command.ExitOK
	}
	exit := &command.ExitError{Code: command.ExitFailed, Err: err}
	if !errors.As(err, &exit) && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted
	}
	if exit.Err == nil {
		return exit.Code
	}
	if advice := postgres.Advice(err); advice != "" {
		err = fmt.Errorf("%w; %s", err, advice)
	}
	screen.Printf(a.stderr, "callvault: %v\n", err)
	if exit.Code == command.ExitUsage {
		screen.Printf(a.stderr, "See '%s --help'.\n", cmd.CommandPath())
	}
	return exit.Code
}

// say prints a line for a person, or logs it.
func (a *app) say(format string, args ...any) {
	if a.log != nil {
		a.log.Info(fmt.Sprintf(format, args...))
		return
	}
	screen.Printf(a.stderr, format+"\n", args...)
}

var (
	errInterrupted = errors.New("interrupted")

	errSkipped = &command.ExitError{Code: command.ExitSkipped}
	errLogged  = &command.ExitError{Code: command.ExitFailed}
)

// program is what all commands have in common.
func (a *app) program() command.Program {
	return command.Program{
		Env: a.env,
		Shared: map[string]string{ // flags that have one variable for all commands
			"db":       "CALLVAULT_DB",
			"company":  "CALLVAULT_COMPANY",
			"listen":   "CALLVAULT_LISTEN",
			"manage":   "CALLVAULT_MANAGE",
			"tls-cert": "CALLVAULT_TLS_CERT",
			"tls-key":  "CALLVAULT_TLS_KEY",
		},
		Advise: map[string]func([]string) error{"calls": adviseCalls},
		Before: a.hidePassword,
	}
}

// unknownVariables are the variables of an environment that were probably meant for callvault,
// and that nothing reads.
func unknownVariables(environment []string) []string {
	a := &app{env: os.LookupEnv}
	return a.program().UnknownVariables(a.root(), environment, upstream.Variables)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "callvault",
		Short: "Keep your Gong calls in a database you own, and serve Gong's call API from it",
		Long: `Each flag also has an environment variable, in brackets in the help of its command.

Exit codes: 0 all done; 1 failed; 2 wrong usage; 3 done, but incomplete: records were
skipped, or a server's list ended early.`,
		Example: `  callvault serve --demo
  callvault import calls.ndjson
  callvault calls --from 7d
  callvault key create
  callvault serve`,
		Version:       buildVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	command.AddGroup(root, "Data", a.importCalls(), a.mirror(), a.calls(), a.call(), a.export(), a.changes(), a.info(), a.delete())
	command.AddGroup(root, "Server", a.serve(), a.key(), a.tls(), a.healthcheck())
	command.AddGroup(root, "Care", a.backup(), a.restore(), a.copy(), a.check(), a.doctor())
	root.AddCommand(a.version())
	// Cobra's own commands are made here, and not when the program runs, so that
	// they end like the others.
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	a.program().Finish(root)
	return root
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.stdout, "callvault", buildVersion(), runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
			return err
		},
	}
}

// buildVersion is what the Go command recorded: the tag of a release, or a version made of
// the time and the commit, with +dirty when something was not committed. It is "unknown"
// where there was no repository, such as in an unpacked archive of the source.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "unknown"
	}
	return info.Main.Version
}
