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
	parsedFlag(cmd, kind, "kind", ofCalls, usage, func(text string) (callvault.Kind, error) {
		switch choice := strings.ToLower(text); {
		case choice == ofCalls:
			return "", nil
		case slices.Contains(choices, choice):
			return callvault.Kind(choice), nil
		}
		return "", fmt.Errorf("%.40q: use %s", text, orList(choices))
	})
	completeWith(cmd, "kind", choices...)
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
			return usagef("--%s is for calls; leave it out with --kind %s", name, kind)
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
		return usagef("%s are written as ndjson or json, not as %s; change the name of FILE or --output", o.kind, f.Format)
	}
	p := a.progress(o.quiet)
	defer p.End()
	store, err := o.tenant.open(ctx, a)
	if err != nil {
		return err
	}
	written := 0
	fill := func(w bulk.Writer) error {
		return store.Directory(o.company).Scan(ctx, o.kind, callvault.ID{}, -1, func(e callvault.Entry) error {
			written++
			return w.Write(e.Document)
		})
	}
	if name == stdinName {
		err = f.Write(p.Before(a.stdout), nil, fill)
	} else {
		err = writeWhole(f, name, fill)
	}
	p.End()
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted; run it again")
	case err != nil:
		return fmt.Errorf("export %s: %w", o.kind, err)
	case name == stdinName:
		p.Tell("exported %s", screen.Count(written, o.kind.One()))
	default:
		p.Tell("exported %s to %s as %s", screen.Count(written, o.kind.One()), name, f.Format)
	}
	return nil
}

// writeWhole writes a file, whole or not at all.
func writeWhole(f bulk.Form, name string, fill func(bulk.Writer) error) (err error) {
	d, err := file.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Discard()) }()
	if err := f.Write(d, nil, fill); err != nil {
		return err
	}
	return d.Commit()
}
