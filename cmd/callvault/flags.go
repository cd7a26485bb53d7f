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
// nothing reads, each with the one that was probably meant.
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
			unknown = append(unknown, name+didYouMean(name, known))
		}
	}
	return unknown
}

// finish gives every command what all have in common. Help begins with examples. A wrong or
// empty argument is a usage error. Every flag has an environment variable, which the help
// names, and which is read if the flag is not given.
func (a *app) finish(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		a.finish(sub)
	}
	help := cmd.Short + "."
	if cmd.Example != "" {
		help += "\n\nExamples:\n" + cmd.Example
	}
	cmd.Long, cmd.Example = strings.TrimSpace(help+"\n\n"+cmd.Long), ""
	if cmd.RunE == nil {
		return
	}
	check := checkArguments
	if cmd.HasSubCommands() {
		check = onlyCommands
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usagef("%w", err)
		}
		return nil
	}
	if !cmd.HasParent() {
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

// rivals is the annotation of a flag with those that it excludes.
const rivals = "rivals"

// exclude says that two flags exclude each other. The command line goes before the
// environment: if it has one of them, the variable of the other is not read. A variable that
// all commands share excludes nothing.
func exclude(cmd *cobra.Command, one, other string) {
	for name, rival := range map[string]string{one: other, other: one} {
		f := cmd.Flags().Lookup(name)
		_ = cmd.Flags().SetAnnotation(name, rivals, append(f.Annotations[rivals], rival)) // the flag is there
	}
}

// readVariables reads the variables of flags that the command line does not have.
func (a *app) readVariables(cmd *cobra.Command) (err error) {
	decided := map[string]bool{"help": true}
	cmd.Flags().Visit(func(f *pflag.Flag) { // which are on the command line
		decided[f.Name] = true
		for _, rival := range f.Annotations[rivals] {
			if cmd.Flags().Changed(rival) && err == nil {
				err = usagef("--%s and --%s exclude each other; leave one out", f.Name, rival)
			}
			decided[rival] = true
		}
	})
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		name := variable(cmd, f.Name)
		value, _ := a.env(name)
		if err != nil || decided[f.Name] || value == "" {
			return
		}
		if setErr := cmd.Flags().Set(f.Name, value); setErr != nil {
			err = invalidValue(name, f, value, setErr)
		}
		for _, rival := range f.Annotations[rivals] {
			if cmd.Flags().Changed(rival) && sharedFlags[f.Name] == "" && sharedFlags[rival] == "" {
				err = usagef("%s and %s exclude each other; unset one", variable(cmd, rival), name)
			}
		}
	})
	return err
}

// completeWith lets the shell complete a flag with the values that it takes.
func completeWith(cmd *cobra.Command, flag string, values ...string) {
	// The only errors are an unknown flag and a second function.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// parsed is the value of a flag that a function reads. The function's errors begin with
// what was given, and say what to type.
type parsed[T any] struct {
	to    *T
	text  string
	parse func(string) (T, error)
}

func (v *parsed[T]) String() string { return v.text }
func (v *parsed[T]) Type() string   { return "string" }

func (v *parsed[T]) Set(text string) error {
	read, err := v.parse(text)
	if err != nil {
		return &parseError{err}
	}
	*v.to, v.text = read, text
	return nil
}

type parseError struct{ error }

// shorthands are the letters of parsed flags, which are the same in every command.
var shorthands = map[string]string{"output": "o"}

// parsedFlag adds a flag that parse reads, as its default too.
func parsedFlag[T any](cmd *cobra.Command, to *T, name, value, usage string, parse func(string) (T, error)) {
	v := &parsed[T]{to: to, parse: parse}
	if value != "" && v.Set(value) != nil {
		panic("the default of --" + name)
	}
	cmd.Flags().VarP(v, name, shorthands[name], usage)
}

// choiceFlag adds a flag with a few values, in any case of their letters. No value is the
// default that the usage names.
func choiceFlag(cmd *cobra.Command, to *string, name, value, usage string, choices ...string) {
	parsedFlag(cmd, to, name, value, usage, func(text string) (string, error) {
		if choice := strings.ToLower(text); slices.Contains(choices, choice) {
			return choice, nil
		}
		return "", fmt.Errorf("%.40q: use %s", text, orList(choices))
	})
	completeWith(cmd, name, choices...)
}

func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
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
		return usagef("%w", err)
	}
	if unknown.GetSpecifiedShortnames() != "" {
		return usagef("unknown flag -%s", unknown.GetSpecifiedName())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	name := "--" + unknown.GetSpecifiedName()
	return usagef("unknown flag %.40s%s", name, didYouMean(name, names))
}

// invalidValue says what is wrong with a value of a flag, which a flag or a variable gives.
func invalidValue(given string, f *pflag.Flag, value string, err error) error {
	wrong := (*parseError)(nil)
	switch {
	case errors.Is(err, errEmpty):
		return usagef("%s is empty; %s", given, advice(f))
	case errors.As(err, &wrong):
		return usagef("%s %w", given, wrong.error)
	}
	return usagef("%s %.40q: %s", given, value, advice(f))
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
		return fmt.Errorf("unexpected argument: a URL; type %s", usage) // it may have a password
	}
	return fmt.Errorf("unexpected argument: %.40q; type %s", args[most], usage)
}
