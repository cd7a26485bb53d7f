package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes.
const (
	ExitOK      = 0
	ExitFailed  = 1
	ExitUsage   = 2
	ExitSkipped = 3 // done, but incomplete: records were skipped, or a server's list ended early
)

// ExitError ends a command with an exit code. One without an error was reported before.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string { return e.Err.Error() }

func (e *ExitError) Unwrap() error { return e.Err }

// Usagef is a mistake in how the program was called.
func Usagef(format string, args ...any) error {
	return &ExitError{ExitUsage, fmt.Errorf(format, args...)}
}

// RunsAlone is the annotation of a command that holds others and can be run itself.
const RunsAlone = "runs alone"

// AddGroup adds commands under a title.
func AddGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
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
	if strings.Contains(args[0], "://") {
		return aURL(cmd, cmd.CommandPath()+" COMMAND")
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

// flagError is an error of pflag's in words. A misspelled flag gets a suggestion.
func flagError(cmd *cobra.Command, err error) error {
	if missing := (*pflag.ValueRequiredError)(nil); errors.As(err, &missing) {
		return Usagef("--%s needs a value; %s", missing.GetFlag().Name, advice(missing.GetFlag()))
	}
	if invalid := (*pflag.InvalidValueError)(nil); errors.As(err, &invalid) {
		return invalidValue("--"+invalid.GetFlag().Name, invalid.GetFlag(), invalid.GetValue(), err)
	}
	unknown := (*pflag.NotExistError)(nil)
	if !errors.As(err, &unknown) {
		return Usagef("%w", err)
	}
	if unknown.GetSpecifiedShortnames() != "" {
		return Usagef("unknown flag -%s", unknown.GetSpecifiedName())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	name := "--" + unknown.GetSpecifiedName()
	return Usagef("unknown flag %.40s%s", name, didYouMean(name, names))
}

// invalidValue says what is wrong with a value of a flag, which a flag or a variable gives.
func invalidValue(given string, f *pflag.Flag, value string, err error) error {
	wrong := (*parseError)(nil)
	switch {
	case errors.Is(err, errEmpty):
		return Usagef("%s is empty; %s", given, advice(f))
	case errors.As(err, &wrong):
		return Usagef("%s %w", given, wrong.error)
	}
	return Usagef("%s %.40q: %s", given, value, advice(f))
}

// advice is what to give a flag.
func advice(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "uint", "uint64":
		return "use a whole number, such as 100"
	case "bool":
		return "use true or false"
	case "duration":
		return "use a duration with its unit, such as 5s or 1m30s"
	}
	if f.Name == "url" {
		return "give the server's address, such as https://us-12345.api.gong.io"
	}
	return "give a value, or leave the flag out"
}

// checkArguments compares the arguments with those that the usage of a command names: none,
// FILE, [FILE] or FILE...
func checkArguments(cmd *cobra.Command, args []string) error {
	usage := strings.TrimSuffix(cmd.UseLine(), " [flags]")
	_, name, _ := strings.Cut(cmd.Use, " ")
	least, most := 1, 1
	switch {
	case name == "" || strings.HasPrefix(name, "-"):
		least, most = 0, 0
	case strings.HasPrefix(name, "["):
		least = 0
	case strings.HasSuffix(name, "..."):
		most = max(1, len(args))
	}
	switch i := slices.Index(args, ""); {
	case i >= 0:
		return fmt.Errorf("argument %d is empty; type %s", i+1, usage)
	case len(args) < least:
		return fmt.Errorf("%s is missing; type %s", strings.TrimSuffix(name, "..."), usage)
	case len(args) <= most:
		return nil
	case strings.Contains(args[most], "://"):
		return aURL(cmd, usage)
	}
	return fmt.Errorf("unexpected argument: %.40q; type %s", args[most], usage)
}

// aURL is the error of an argument that is a URL. It does not repeat it: it may have a password.
func aURL(cmd *cobra.Command, usage string) error {
	if cmd.Flags().Lookup("url") != nil {
		usage = cmd.CommandPath() + " --url URL"
	}
	return errors.New("unexpected argument: a URL; type " + usage)
}
