package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upstream"
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

// noun is what one record of a kind is called.
func noun(kind callvault.Kind) string {
	if kind == "" {
		return "call"
	}
	return kind.One()
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

// exportKind writes users or workspaces.
func (a *app) exportKind(ctx context.Context, o exportOptions, name string) error {
	f, err := a.checkExport(o, name)
	if err != nil {
		return err
	}
	if f.Format != bulk.NDJSON && f.Format != bulk.JSON {
		return command.Usagef("%s are written as ndjson or json, not as %s; change the name of FILE or --output", o.kind, f.Format)
	}
	p := a.progress(o.quiet)
	defer p.End()
	source, err := o.open(ctx, a, p)
	if err != nil {
		return err
	}
	e := exported{where: "on standard output"}
	err = e.write(p.Before(a.stdout), name, f, nil, func(w bulk.Writer) (err error) {
		e.Skipped, e.early = source.Entries(ctx, o.kind, func(entry callvault.Entry) error {
			if err = w.Write(entry.Document); err == nil {
				e.Met++
			}
			return err
		})
		if err == nil && e.Met == 0 {
			return e.early // an empty array would look like a complete one
		}
		return err
	})
	p.End()
	if err == nil {
		err = e.early
	}
	switch damage := (*callvault.DamageError)(nil); {
	case ctx.Err() != nil && err != nil:
		return errors.New("interrupted; run it again")
	case errors.As(e.early, &damage):
		return e.damaged(o.kind.One())
	case e.early != nil && o.url != "":
		return errors.New(upstream.Text(e.early))
	case err != nil:
		return fmt.Errorf("export %s: %w", o.kind, err)
	case name == stdinName:
		p.Tell("exported %s", screen.Count(e.Met, o.kind.One()))
	default:
		p.Tell("exported %s to %s as %s", screen.Count(e.Met, o.kind.One()), name, f.Format)
	}
	return skipped(e.Skipped)
}
