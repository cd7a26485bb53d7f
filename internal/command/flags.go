package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Complete lets the shell complete a flag with the values that it takes.
func Complete[T ~string](cmd *cobra.Command, flag string, values ...T) {
	// The only errors are an unknown flag and a second function.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(texts(values), cobra.ShellCompDirectiveNoFileComp))
}

func texts[T ~string](words []T) (texts []string) {
	for _, word := range words {
		texts = append(texts, string(word))
	}
	return texts
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

// Parsed adds a flag that parse reads, as its default too.
func Parsed[T any](cmd *cobra.Command, to *T, name, value, usage string, parse func(string) (T, error)) {
	v := &parsed[T]{to: to, parse: parse}
	if value != "" && v.Set(value) != nil {
		panic("the default of --" + name)
	}
	cmd.Flags().VarP(v, name, shorthands[name], usage)
}

// Choice adds a flag with a few values, in any case of their letters. No value is the
// default that the usage names.
func Choice[T ~string](cmd *cobra.Command, to *T, name, value, usage string, choices ...T) {
	Parsed(cmd, to, name, value, usage, func(text string) (T, error) {
		if choice := T(strings.ToLower(text)); slices.Contains(choices, choice) {
			return choice, nil
		}
		return "", fmt.Errorf("%.40q: use %s", text, OrList(choices))
	})
	Complete(cmd, name, choices...)
}

// OrList is words with "or" before the last.
func OrList[T ~string](words []T) string {
	last := len(words) - 1
	return strings.Join(texts(words[:last]), ", ") + " or " + string(words[last])
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
