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
	"github.com/callvault/callvault/internal/file"
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
	out := entriesOut{entries: store.Directory(o.company), kind: o.kind}
	where := "on standard output"
	if name == stdinName {
		err = f.Write(p.Before(a.stdout), nil, out.fill(ctx))
	} else {
		where = ""
		err = out.writeFile(name, f, out.fill(ctx))
	}
	p.End()
	switch damage := (*callvault.DamageError)(nil); {
	case ctx.Err() != nil && errors.Join(err, out.early) != nil:
		return errors.New("interrupted; run it again")
	case errors.As(out.early, &damage) && where != "" && out.written > 0:
		return fmt.Errorf("%w; %s before it are %s", out.early, screen.Count(out.written, o.kind.One()), where)
	case errors.As(out.early, &damage):
		return fmt.Errorf("%w; nothing was written", out.early)
	case out.early != nil:
		return fmt.Errorf("export %s: %w", o.kind, out.early)
	case err != nil:
		return fmt.Errorf("export %s: %w", o.kind, err)
	case name == stdinName:
		p.Tell("exported %s", screen.Count(out.written, o.kind.One()))
	default:
		p.Tell("exported %s to %s as %s", screen.Count(out.written, o.kind.One()), name, f.Format)
	}
	return nil
}

// entriesOut is an export of users or workspaces, and what it came to.
type entriesOut struct {
	entries callvault.Entries
	kind    callvault.Kind
	written int
	early   error // what ended the reading
}

// fill writes the entries. What ends the reading early ends the file after a whole entry.
func (o *entriesOut) fill(ctx context.Context) func(bulk.Writer) error {
	return func(w bulk.Writer) (err error) {
		early := o.entries.Scan(ctx, o.kind, callvault.ID{}, -1, func(e callvault.Entry) error {
			if err = w.Write(e.Document); err == nil {
				o.written++
			}
			return err
		})
		if err != nil {
			return err
		}
		if o.early = early; o.written == 0 {
			return early // an empty array would look like a complete one
		}
		return nil
	}
}

// writeFile writes a file, whole or not at all.
func (o *entriesOut) writeFile(name string, f bulk.Form, fill func(bulk.Writer) error) (err error) {
	d, err := file.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Discard()) }()
	if err := f.Write(d, nil, fill); err != nil || o.early != nil {
		return err
	}
	return d.Commit()
}
