// Command callvault keeps a company's call records and serves them by date
// range over the HTTP API that clients of Gong's GET /v2/calls speak.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
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
	for _, name := range unknownVariables(os.Environ()) {
		fmt.Fprintf(os.Stderr, "callvault: warning: unknown environment variable %s\n", screen.Clean(name))
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
	code := exitFailed
	var usage *usageError
	var incomplete *incompleteError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSkipped):
		return exitSkipped
	case errors.Is(err, errLogged):
		return exitFailed
	case errors.As(err, &incomplete):
		code = exitSkipped
	case errors.As(err, &usage):
		code = exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		err = errors.New("interrupted")
	}
	if advice := postgres.Advice(err); advice != "" {
		err = fmt.Errorf("%w; %s", err, advice)
	}
	screen.Printf(a.stderr, "callvault: %v\n", err)
	if code == exitUsage {
		screen.Printf(a.stderr, "See '%s --help'.\n", cmd.CommandPath())
	}
	return code
}

// errSkipped ends a command that did its work except for some records, which it
// has reported.
var errSkipped = errors.New("some records were skipped")

// errLogged ends a command whose error is in its log.
var errLogged = errors.New("the log says why")

// incompleteError ends a command that kept a part of its result.
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

// help shows examples first, and usage what help ends with.
const (
	help = `{{.Short}}.

{{if .HasExample}}Examples:
{{.Example}}

{{end}}{{with .Long}}{{.}}

{{end}}{{.UsageString}}`

	usage = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} [command]{{else}}{{.UseLine}}{{end}}
{{range $group := .Groups}}
{{.Title}}
{{range $.Commands}}{{if eq .GroupID $group.ID}}  {{rpad .Name .NamePadding}}  {{.Short}}
{{end}}{{end}}{{end}}{{if .HasAvailableSubCommands}}
{{if .Groups}}Others:{{else}}Commands:{{end}}
{{range .Commands}}{{if and (eq .GroupID "") .IsAvailableCommand}}  {{rpad .Name .NamePadding}}  {{.Short}}
{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}
Flags:
{{.LocalFlags.FlagUsages}}{{end}}{{if .HasAvailableSubCommands}}
Use "{{.CommandPath}} [command] --help" for more.
{{end}}`
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "callvault",
		Short: "Keep your Gong calls in a database you own, and serve Gong's GET /v2/calls from it",
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
		Args:          onlyCommands,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetHelpTemplate(help)
	root.SetUsageTemplate(usage)
	root.SetFlagErrorFunc(flagError)
	addGroup(root, "Data", a.importCalls(), a.calls(), a.call(), a.export(), a.info(), a.delete())
	addGroup(root, "Server", a.serve(), a.key(), a.healthcheck())
	addGroup(root, "Care", a.backup(), a.restore(), a.copy(), a.check(), a.doctor())
	root.AddCommand(a.version())
	// Cobra's own commands are made here, and not when the program runs, so that
	// they end like the others.
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	a.finish(root)
	return root
}

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
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), didYouMean(cmd, args[0]))
}

// didYouMean asks for a command of cmd that is nearly so called.
func didYouMean(cmd *cobra.Command, name string) string {
	cmd.SuggestionsMinimumDistance = 2
	if likely := cmd.SuggestionsFor(name); len(likely) > 0 {
		return "; did you mean " + strings.Join(likely, " or ") + "?"
	}
	return ""
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.stdout, "callvault", buildVersion(), runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
			return err
		},
	}
}

// buildVersion is the version of this program, for people and for metrics.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return versionOf(info)
}

// versionOf is what the Go command recorded: the tag of a release, or a version made of
// the time and the commit, with +dirty when something was not committed. It is "unknown"
// where there was no repository, such as in an unpacked archive of the source.
func versionOf(info *debug.BuildInfo) string {
	if info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "unknown"
	}
	return info.Main.Version
}
