package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/callvault/callvault/internal/upstream"
)

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

// unknownVariables are the names in an environment that begin with CALLVAULT_ and that
// nothing reads, such as those of a misspelled flag.
func unknownVariables(environment []string) (unknown []string) {
	known := slices.Clone(upstream.Variables)
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { known = append(known, variable(cmd, f.Name)) })
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit((&app{env: os.LookupEnv}).root())
	for _, pair := range environment {
		name, _, _ := strings.Cut(pair, "=")
		// Kubernetes sets the others for a service of this name.
		if !strings.HasPrefix(name, "CALLVAULT_") || strings.HasPrefix(name, "CALLVAULT_SERVICE_") || strings.HasPrefix(name, "CALLVAULT_PORT") {
			continue
		}
		if !slices.Contains(known, name) && !strings.HasPrefix(name, "CALLVAULT_TEST_") {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// finish gives every command what all have in common. A wrong or empty argument is a usage
// error. Every flag has an environment variable, which the help names, and which is read
// if the flag is not given.
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
		f.Value = filled{f.Value}
		if f.DefValue == "[]" { // the help shows no default of a kind that it does not know
			f.DefValue = ""
		}
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

// completeWith lets the shell complete a flag with the values that it takes.
func completeWith(cmd *cobra.Command, flag string, values ...string) {
	// The only errors are an unknown flag and a second function.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// errEmpty is for a flag with an empty value.
var errEmpty = errors.New("the value is empty")

// filled refuses an empty value of a flag: an unset variable of a script would
// otherwise mean the flag's default.
type filled struct{ pflag.Value }

func (v filled) Set(s string) error {
	if s == "" {
		return errEmpty
	}
	return v.Value.Set(s)
}

// flagError is an error of pflag's in words. A misspelled flag gets a suggestion.
func flagError(cmd *cobra.Command, err error) error {
	if missing := (*pflag.ValueRequiredError)(nil); errors.As(err, &missing) {
		return usagef("--%s needs a value; %s", missing.GetFlag().Name, advice(missing.GetFlag()))
	}
	if invalid := (*pflag.InvalidValueError)(nil); errors.As(err, &invalid) {
		return invalidValue("--"+invalid.GetFlag().Name, invalid.GetFlag(), invalid.GetValue(), err)
	}
	unknown := (*pflag.NotExistError)(nil)
	if !errors.As(err, &unknown) {
		return &usageError{err}
	}
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		return usagef("unknown flag -%s", unknown.GetSpecifiedName())
	}
	var flags cobra.Command // knows which names are near to each other
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: "--" + f.Name, Run: func(*cobra.Command, []string) {}})
	})
	name := "--" + unknown.GetSpecifiedName()
	return usagef("unknown flag %.40s%s", name, didYouMean(&flags, name))
}

// invalidValue says what is wrong with a value of a flag, which a flag or a variable gives.
func invalidValue(given string, f *pflag.Flag, value string, err error) error {
	if errors.Is(err, errEmpty) {
		return usagef("%s is empty; %s", given, advice(f))
	}
	return usagef("%s %.40q: %s", given, value, advice(f))
}

// advice is what to give a flag.
func advice(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "uint64":
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

// checkArguments asks check, and says in words what is wrong with the arguments.
func checkArguments(cmd *cobra.Command, args []string, check cobra.PositionalArgs) error {
	usage := strings.TrimSuffix(cmd.UseLine(), " [flags]")
	if i := slices.Index(args, ""); i >= 0 {
		return usagef("argument %d is empty; type %s", i+1, usage)
	}
	err := check(cmd, args)
	switch {
	case err == nil:
		return nil
	case cmd.HasSubCommands(): // says which there are
		return &usageError{err}
	case len(args) == 0:
		_, name, _ := strings.Cut(usage, cmd.CommandPath()+" ")
		return usagef("%s is missing; type %s", strings.TrimSuffix(name, "..."), usage)
	}
	for n := range args {
		if check(cmd, args[:n+1]) != nil {
			return usagef("unexpected argument: %s; type %s", quoteArgument(args[n]), usage)
		}
	}
	return usagef("%w; type %s", err, usage)
}

// quoteArgument repeats an argument, but not a URL: it may have a password.
func quoteArgument(arg string) string {
	if strings.Contains(arg, "://") {
		return "a URL"
	}
	return fmt.Sprintf("%.40q", arg)
}
