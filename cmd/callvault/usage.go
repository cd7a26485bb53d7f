package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// errEmpty is of a value that is given but empty.
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

// mustBeFilled lets a flag refuse an empty value.
func mustBeFilled(f *pflag.Flag) {
	f.Value = filled{f.Value}
	if f.DefValue == "[]" { // the help shows no default of a kind that it does not know
		f.DefValue = ""
	}
}

// flagError is an error of pflag's in words.
func flagError(err error) error {
	if missing := (*pflag.ValueRequiredError)(nil); errors.As(err, &missing) {
		return usagef("--%s is without its value; %s", missing.GetFlag().Name, advice(missing.GetFlag()))
	}
	if invalid := (*pflag.InvalidValueError)(nil); errors.As(err, &invalid) {
		return invalidValue("--"+invalid.GetFlag().Name, invalid.GetFlag(), invalid.GetValue(), err)
	}
	return &usageError{err}
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
	for i, arg := range args {
		if arg == "" {
			return usagef("argument %d is empty; type %s", i+1, usage)
		}
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
		if check(cmd, args[:n+1]) == nil {
			continue
		}
		return usagef("%s is an argument too many; type %s", quoteArgument(args[n]), usage)
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
