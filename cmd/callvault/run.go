package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/callvault/callvault/internal/screen"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitSkipped = 3 // done, but incomplete: records were skipped, or a server's list ended early
)

// app is the program's surroundings. Commands touch nothing else of the
// process, so a test can run them.
type app struct {
	env    func(string) (string, bool)
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// run is the program: arguments in, exit code out.
func run(ctx context.Context, args []string, env func(string) (string, bool), stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{env: env, stdin: stdin, stdout: screen.Shown(stdout), stderr: screen.Shown(stderr)}
	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	var usage *usageError
	var incomplete *incompleteError
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	switch {
	case errors.Is(err, errSkipped):
		return exitSkipped
	case errors.Is(err, errLogged):
		return exitFailed
	case errors.As(err, &incomplete):
		screen.Printf(a.stderr, "callvault: %v\n", err)
		return exitSkipped
	case errors.As(err, &usage):
		screen.Printf(a.stderr, "callvault: %v\n", err)
		screen.Printf(a.stderr, "See '%s --help'.\n", cmd.CommandPath())
		return exitUsage
	default:
		screen.Printf(a.stderr, "callvault: %v\n", err)
		return exitFailed
	}
}

// errSkipped ends a command that did its work but for some records, which it
// has reported.
var errSkipped = errors.New("some records were skipped")

// errLogged ends a command whose error is in its log.
var errLogged = errors.New("the log says why")

// incompleteError ends a command that kept a part of what it was asked for.
type incompleteError struct{ err error }

func (e *incompleteError) Error() string { return e.err.Error() }
func (e *incompleteError) Unwrap() error { return e.err }

// usageError is a mistake in how the program was called.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "callvault",
		Short: "Keep call records and serve them over the API of Gong's GET /v2/calls",
		Long: `callvault keeps a company's call records and serves them by date range over
the HTTP API GET /v2/calls, so that every client of that API works against it.

Every flag has an environment variable; the help of a command names them.

Exit codes: 0 all done; 1 failed; 2 wrong usage; 3 done, but incomplete: records
were skipped, or a server's list ended early.`,
		Example: `  callvault serve --demo
  callvault import calls.ndjson
  callvault key create
  callvault serve`,
		Version:       buildVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          onlyCommands,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagError(err) })
	root.AddCommand(a.serve(), a.importCalls(), a.calls(), a.export(), a.delete(), a.copy(), a.backup(), a.restore(), a.check(), a.key(), a.doctor(), a.healthcheck(), a.version())
	// Cobra's own commands are made here, and not when the program runs, so that
	// they end like the others.
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	a.finish(root)
	return root
}

// onlyCommands refuses a word that is no command, and names the likely one.
func onlyCommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	if likely := cmd.SuggestionsFor(args[0]); len(likely) > 0 {
		return fmt.Errorf("unknown command %q for %q; did you mean %s?", args[0], cmd.CommandPath(), strings.Join(likely, " or "))
	}
	return fmt.Errorf("unknown command %q for %q", args[0], cmd.CommandPath())
}

// completeWith lets the shell complete a flag with the values it accepts.
func completeWith(cmd *cobra.Command, flag string, values ...string) {
	// The flag is there, and gets its function once: there is no error.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// sharedFlags have one variable for all commands.
var sharedFlags = map[string]string{
	"db":      "CALLVAULT_DB",
	"company": "CALLVAULT_COMPANY",
	"listen":  "CALLVAULT_LISTEN",
	"manage":  "CALLVAULT_MANAGE",

	"tls-cert": "CALLVAULT_TLS_CERT",
	"tls-key":  "CALLVAULT_TLS_KEY",
}

// variable is the name of a flag's environment variable.
func variable(cmd *cobra.Command, flag string) string {
	if name, ok := sharedFlags[flag]; ok {
		return name
	}
	name := cmd.CommandPath() + " " + flag
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(name))
}

// finish gives every command what all have in common: a wrong or empty argument is a
// usage error, and every flag has its environment variable, which the help
// names and which is read where the flag is not given.
func (a *app) finish(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		a.finish(sub)
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error { return checkArguments(cmd, args, check) }
	}
	if cmd.RunE == nil || !cmd.HasParent() {
		return
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		f.Usage += " [" + variable(cmd, f.Name) + "]"
		mustBeFilled(f)
	})
	runE := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := hidePassword(cmd, args); err != nil {
			return err
		}
		if err := a.readVariables(cmd); err != nil {
			return err
		}
		return runE(cmd, args)
	}
}

func (a *app) readVariables(cmd *cobra.Command) (err error) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		name := variable(cmd, f.Name)
		value, ok := a.env(name)
		if err != nil || f.Changed || !ok || value == "" || f.Name == "help" {
			return
		}
		if setErr := cmd.Flags().Set(f.Name, value); setErr != nil {
			err = invalidValue(name, f, value, setErr)
		}
	})
	return err
}
