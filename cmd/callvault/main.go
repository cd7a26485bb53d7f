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
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
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

// Exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitSkipped = 3 // done, but incomplete: records were skipped, or a server's list ended early
)

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
		return exitOK
	}
	exit := &exitError{exitFailed, err}
	if !errors.As(err, &exit) && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errInterrupted
	}
	if exit.error == nil {
		return exit.code
	}
	if advice := postgres.Advice(err); advice != "" {
		err = fmt.Errorf("%w; %s", err, advice)
	}
	screen.Printf(a.stderr, "callvault: %v\n", err)
	if exit.code == exitUsage {
		screen.Printf(a.stderr, "See '%s --help'.\n", cmd.CommandPath())
	}
	return exit.code
}

// say prints a line for a person, or logs it.
func (a *app) say(format string, args ...any) {
	if a.log != nil {
		a.log.Info(fmt.Sprintf(format, args...))
		return
	}
	screen.Printf(a.stderr, format+"\n", args...)
}

// exitError ends a command with an exit code. One without an error was reported before.
type exitError struct {
	code int
	error
}

func (e *exitError) Unwrap() error { return e.error }

var (
	errInterrupted = errors.New("interrupted")

	errSkipped = &exitError{exitSkipped, nil}
	errLogged  = &exitError{exitFailed, nil}
)

// usagef is a mistake in how the program was called.
func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
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
	// A command that only holds others can't be run with its flags alone.
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", `{{if and .Runnable (or (not .HasSubCommands) (index .Annotations "`+runsAlone+`"))}}`, 1))
	root.SetFlagErrorFunc(flagError)
	addGroup(root, "Data", a.importCalls(), a.mirror(), a.calls(), a.call(), a.export(), a.changes(), a.info(), a.delete())
	addGroup(root, "Server", a.serve(), a.key(), a.tls(), a.healthcheck())
	addGroup(root, "Care", a.backup(), a.restore(), a.copy(), a.check(), a.doctor())
	root.AddCommand(a.version())
	// Cobra's own commands are made here, and not when the program runs, so that
	// they end like the others.
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	a.finish(root)
	return root
}

// runsAlone is the annotation of a command that holds others and can be run itself.
const runsAlone = "runs alone"

func addGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title + ":"})
	for _, cmd := range commands {
		cmd.GroupID = title
		root.AddCommand(cmd)
	}
}

// onlyCommands refuses an unknown command, and names the likely one.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if strings.Contains(args[0], "://") { // it may have a password
		return fmt.Errorf("unexpected argument: a URL; type %s COMMAND", cmd.CommandPath())
	}
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), didYouMean(args[0], names))
}

// didYouMean asks for those of some names that are nearly spelled like one, by the rule
// that cobra has for commands.
func didYouMean(name string, names []string) string {
	all := cobra.Command{SuggestionsMinimumDistance: 2}
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		all.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	if likely := all.SuggestionsFor(name); len(likely) > 0 {
		return "; did you mean " + strings.Join(likely, " or ") + "?"
	}
	return ""
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
