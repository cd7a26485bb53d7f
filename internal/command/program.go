// Package command is what all commands of a program have in common: flags with an environment
// variable each, their errors in words, suggestions for what is misspelled, and exit codes.
package command

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Program is what a program's commands share.
type Program struct {
	Env    func(string) (string, bool)
	Shared map[string]string                    // the variables of flags that have one for all commands
	Advise map[string]func(args []string) error // by the command: a better error for arguments that it does not take, or nil
	Before func(*cobra.Command, []string) error // runs before any command, on its arguments; its error ends it
}

// Variable is the name of a flag's environment variable.
func (p Program) Variable(cmd *cobra.Command, flag string) string {
	if name, ok := p.Shared[flag]; ok {
		return name
	}
	name := cmd.CommandPath() + " " + flag
	return strings.ToUpper(strings.NewReplacer(" ", "_", "-", "_").Replace(name))
}

// UnknownVariables are the names in an environment that begin with that of the program and that
// neither a flag nor others have, each with the one that was probably meant.
func (p Program) UnknownVariables(root *cobra.Command, environment, others []string) (unknown []string) {
	prefix := strings.ToUpper(root.Name()) + "_"
	known := slices.Clone(others)
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { known = append(known, p.Variable(cmd, f.Name)) })
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	for _, pair := range environment {
		name, _, _ := strings.Cut(pair, "=")
		rest, ours := strings.CutPrefix(name, prefix)
		// Kubernetes sets the others for a service of this name.
		if !ours || strings.HasPrefix(rest, "SERVICE_") || strings.HasPrefix(rest, "PORT") {
			continue
		}
		if !slices.Contains(known, name) && !strings.HasPrefix(rest, "TEST_") {
			unknown = append(unknown, name+didYouMean(name, known))
		}
	}
	return unknown
}

// Finish gives every command what all have in common. Help begins with examples. A wrong or
// empty argument is a usage error. Every flag has an environment variable, which the help
// names, and which is read if the flag is not given.
func (p Program) Finish(root *cobra.Command) {
	// A command that only holds others can't be run with its flags alone.
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", `{{if and .Runnable (or (not .HasSubCommands) (index .Annotations "`+RunsAlone+`"))}}`, 1))
	root.SetFlagErrorFunc(flagError)
	p.finish(root)
}

func (p Program) finish(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		p.finish(sub)
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
	advise := p.Advise[cmd.Name()]
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		if err != nil && advise != nil {
			err = cmp.Or(advise(args), err)
		}
		if err != nil {
			return Usagef("%w", err)
		}
		return nil
	}
	if !cmd.HasParent() {
		return
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		f.Usage += " [" + p.Variable(cmd, f.Name) + "]"
		f.Value = filled{f.Value}
		if f.DefValue == "[]" { // the help shows no default of a kind that it does not know
			f.DefValue = ""
		}
	})
	runE := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := p.Before(cmd, args); err != nil {
			return err
		}
		if err := p.readVariables(cmd); err != nil {
			return err
		}
		if err := checkNeeds(cmd); err != nil {
			return err
		}
		return runE(cmd, args)
	}
}

// rivals is the annotation of a flag with those that it excludes.
const rivals = "rivals"

// Exclude says that a flag and others exclude each other. The command line goes before the
// environment: if it has one of them, the variable of the other is not read. A variable that
// all commands share excludes nothing.
func Exclude(cmd *cobra.Command, one string, others ...string) {
	for _, other := range others {
		for name, rival := range map[string]string{one: other, other: one} {
			f := cmd.Flags().Lookup(name)
			_ = cmd.Flags().SetAnnotation(name, rivals, append(f.Annotations[rivals], rival)) // the flag is there
		}
	}
}

// needs is the annotation of a flag with the one that gives it a meaning.
const needs = "needs"

// Need says that flags mean something only with another one.
func Need(cmd *cobra.Command, other string, flags ...string) {
	for _, flag := range flags {
		_ = cmd.Flags().SetAnnotation(flag, needs, []string{other}) // the flag is there
	}
}

// checkNeeds refuses flags without those that they need.
func checkNeeds(cmd *cobra.Command) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		for _, other := range f.Annotations[needs] {
			if !cmd.Flags().Changed(other) {
				err = Usagef("--%s is for --%s; add --%[2]s, or leave it out", f.Name, other)
			}
		}
	})
	return err
}

// readVariables reads the variables of flags that the command line does not have.
func (p Program) readVariables(cmd *cobra.Command) (err error) {
	decided := map[string]bool{"help": true}
	cmd.Flags().Visit(func(f *pflag.Flag) { // which are on the command line
		decided[f.Name] = true
		for _, rival := range f.Annotations[rivals] {
			if cmd.Flags().Changed(rival) && err == nil {
				err = Usagef("--%s and --%s exclude each other; leave one out", f.Name, rival)
			}
			decided[rival] = true
		}
	})
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		name := p.Variable(cmd, f.Name)
		value, _ := p.Env(name)
		if err != nil || decided[f.Name] || value == "" {
			return
		}
		if setErr := cmd.Flags().Set(f.Name, value); setErr != nil {
			err = invalidValue(name, f, value, setErr)
		}
		for _, rival := range f.Annotations[rivals] {
			if cmd.Flags().Changed(rival) && p.Shared[f.Name] == "" && p.Shared[rival] == "" {
				err = Usagef("%s and %s exclude each other; unset one", p.Variable(cmd, rival), name)
			}
		}
	})
	return err
}
