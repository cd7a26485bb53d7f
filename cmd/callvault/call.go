package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
)

// callOptions are the flags of call.
type callOptions struct {
	tenant
	zone   *time.Location
	output string
}

func (a *app) call() *cobra.Command {
	var o callOptions
	cmd := &cobra.Command{
		Use:   "call ID",
		Short: "Show one call",
		Long: `Show the fields of a call that are set, with the names of its host and workspace if
they were imported, or with -o json its document as stored.`,
		Example: `  callvault call 7782342274025937895
  callvault call 7782342274025937895 -o json`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runCall(cmd.Context(), o, args[0]) },
	}
	o.flags(cmd)
	zoneFlag(cmd, &o.zone, "local")
	outputFlag(cmd, &o.output)
	return cmd
}

func (a *app) runCall(ctx context.Context, o callOptions, digits string) error {
	id, err := callvault.ParseID(digits)
	if err != nil {
		return usagef("%.40q is not an id; use a number of 1 to 20 digits", digits)
	}
	store, err := o.open(ctx, a)
	if err != nil {
		return err
	}
	var document []byte
	err = store.Calls(o.company).Get(ctx, []callvault.ID{id}, func(record callvault.Record) error {
		document = slices.Clone(record.Document)
		return nil
	})
	switch {
	case err != nil:
		return err
	case document == nil:
		return fmt.Errorf("company %q has no call %s", o.company, id)
	case o.output == "json":
		_, err := fmt.Fprintf(a.stdout, "%s\n", document)
		return err
	}
	names, err := callvault.ReadNamesOf(ctx, store.Directory(o.company), document)
	if err != nil {
		return err
	}
	return screen.Columns(a.stdout, screen.Facts(document, o.zone, shownNames(names)))
}
