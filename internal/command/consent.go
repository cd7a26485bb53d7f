package command

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/screen"
)

// Consent is a person's yes to what can't be undone.
type Consent bool

// Flag adds the flag that gives it.
func (yes *Consent) Flag(cmd *cobra.Command, usage string) {
	cmd.Flags().BoolVarP((*bool)(yes), "yes", "y", false, usage)
}

// Ask asks a person, unless the flag answers. Without a terminal its error says what to pass.
func (yes Consent) Ask(in io.Reader, out io.Writer, question, doing, refused string) error {
	switch {
	case bool(yes):
		return nil
	case !screen.IsTerminal(in):
		return Usagef("stdin is not a terminal; pass --yes to %s without asking", doing)
	case !screen.Asks(in, out, question):
		return errors.New(refused)
	}
	return nil
}
