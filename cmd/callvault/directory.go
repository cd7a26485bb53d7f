package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/command"
)

// ofCalls is what --kind takes for calls.
const ofCalls = "calls"

// kindFlag adds a flag for calls, users or workspaces; the kind of calls is empty.
func kindFlag(cmd *cobra.Command, kind *callvault.Kind, usage string) {
	choices := []string{ofCalls}
	for _, k := range callvault.Kinds() {
		choices = append(choices, string(k))
	}
	command.Parsed(cmd, kind, "kind", ofCalls, usage, func(text string) (callvault.Kind, error) {
		switch choice := strings.ToLower(text); {
		case choice == ofCalls:
			return "", nil
		case slices.Contains(choices, choice):
			return callvault.Kind(choice), nil
		}
		return "", fmt.Errorf("%.40q: use %s", text, command.OrList(choices))
	})
	command.Complete(cmd, "kind", choices...)
}

// refuseFor refuses flags that only calls have, for another kind.
func refuseFor(kind callvault.Kind, cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if kind != "" && cmd.Flags().Changed(name) {
			return command.Usagef("--%s is for calls; leave it out with --kind %s", name, kind)
		}
	}
	return nil
}
