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

// exportKind writes the users or workspaces that were imported, by id.
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
	store, err := o.tenant.open(ctx, a)
	if err != nil {
		return err
	}
	e := exported{where: "on standard output"}
	err = e.write(p.Before(a.stdout), name, f, nil, func(w bulk.Writer) (err error) {
		early := store.Directory(o.company).Scan(ctx, o.kind, callvault.ID{}, -1, func(entry callvault.Entry) error {
			if err = w.Write(entry.Document); err == nil {
				e.Met++
			}
			return err
		})
		if err != nil {
			return err
		}
		if e.early = early; e.Met == 0 {
			return early // an empty array would look like a complete one
		}
		return nil
	})
	p.End()
	switch damage := (*callvault.DamageError)(nil); {
	case ctx.Err() != nil && errors.Join(err, e.early) != nil:
		return errors.New("interrupted; run it again")
	case errors.As(e.early, &damage) && e.where != "" && e.Met > 0:
		return fmt.Errorf("%w; %s before it are %s", e.early, screen.Count(e.Met, o.kind.One()), e.where)
	case errors.As(e.early, &damage):
		return fmt.Errorf("%w; nothing was written", e.early)
	case e.early != nil:
		return fmt.Errorf("export %s: %w", o.kind, e.early)
	case err != nil:
		return fmt.Errorf("export %s: %w", o.kind, err)
	case name == stdinName:
		p.Tell("exported %s", screen.Count(e.Met, o.kind.One()))
	default:
		p.Tell("exported %s to %s as %s", screen.Count(e.Met, o.kind.One()), name, f.Format)
	}
	return nil
}
