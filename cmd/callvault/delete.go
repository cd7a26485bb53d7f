package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upkeep"
	"github.com/callvault/callvault/internal/when"
)

// deleteOptions are the flags of delete.
type deleteOptions struct {
	tenant
	kind   callvault.Kind
	before string
	zone   *time.Location
	ids    []string
	yes    command.Consent
	quiet  bool
}

func (a *app) delete() *cobra.Command {
	var o deleteOptions
	cmd := &cobra.Command{
		Use:   "delete --id ID... | --before DATE",
		Short: "Remove calls, users or workspaces for good",
		Long: `Remove a company's calls for good: those with the given ids, or all before a date. Only
a call's id and the number of its deletion remain. --kind removes imported users or
workspaces by id, and nothing of them remains. At the end delete rewrites a SQLite file,
so that no content stays in it. That takes time and disk space in proportion to the
store, and other writers wait.

Calls are deleted in batches, each completely or not at all. When standard output is not
a terminal, each commit prints "deleted N", the number so far. After an interruption, run
the same command again to finish.`,
		Example: `  callvault delete --id 7782342274025937895
  callvault delete --kind users --id 234599484848423
  callvault delete --before 2025-01-01 --company acme
  callvault delete --before 2025-01-01T00:00:00-07:00 --yes`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := refuseFor(o.kind, cmd, "before"); err != nil {
				return err
			}
			return a.runDelete(cmd.Context(), o)
		},
	}
	o.flags(cmd)
	cmd.Flags().StringSliceVar(&o.ids, "id", nil, "the id of what to delete; can be repeated")
	kindFlag(cmd, &o.kind, "what to delete: calls, or imported users or workspaces")
	cmd.Flags().StringVar(&o.before, "before", "", "delete all calls before this time, such as 2025-01-01, 2025-01-01T08:00:00-07:00 or 90d")
	zoneFlag(cmd, &o.zone, "UTC")
	o.yes.Flag(cmd, "delete without asking")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only questions and errors")
	command.Exclude(cmd, "id", "before")
	return cmd
}

// deletion is what the flags name.
func (o *deleteOptions) deletion() (d upkeep.Deletion, err error) {
	switch {
	case len(o.ids) > 0 || o.before != "":
	case o.kind != "":
		return d, command.Usagef("say which %s to delete with --id", o.kind)
	default:
		return d, command.Usagef("say which calls to delete with either --id or --before")
	}
	d.Kind = o.kind
	if o.before != "" {
		span, err := when.Parse(o.before, time.Now().In(o.zone))
		if err != nil {
			return d, command.Usagef("--before %w", err)
		}
		d.Query.Range = callvault.Range{From: callvault.MinTime, To: callvault.CeilTime(span.From)}
		return d, nil
	}
	d.IDs = make(map[callvault.ID]bool)
	for _, digits := range o.ids {
		id, err := parseID(digits)
		if err != nil {
			return d, command.Usagef("--id %w", err)
		}
		d.IDs[id] = true
	}
	return d, nil
}

func (a *app) runDelete(ctx context.Context, o deleteOptions) error {
	d, err := o.deletion()
	if err != nil {
		return err
	}
	store, err := o.open(ctx, a)
	if err != nil {
		return err
	}
	if d.Kind != "" {
		if err := o.checkUnmirrored(ctx, store); err != nil {
			return err
		}
	}
	total, err := d.Count(ctx, store.Calls(o.company))
	if err != nil {
		return err
	}
	if total > 0 {
		what := screen.Count(total, d.Kind.One()) + " by id"
		if d.IDs == nil {
			what = fmt.Sprintf("%s before %s", screen.Count(total, "call"), d.Query.To)
		}
		question := fmt.Sprintf("Delete %s of company %q from %s for good?", what, o.company, storeName(o.db))
		if err := o.yes.Ask(a.stdin, a.stderr, question, "delete", "nothing was deleted"); err != nil {
			return err
		}
	}
	p := a.progress(o.quiet)
	defer p.End()
	p.Begin("deleting", d.Kind.One(), total)
	commits, deleted := p.Commits(a.stdout), 0
	err = d.Run(ctx, store, o.company, func(n int) {
		deleted += n
		p.Add(n)
		screen.Printf(commits, "deleted %d\n", deleted)
	})
	p.End()
	switch missing := len(d.IDs) - deleted; {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("interrupted after %s; run it again to finish", screen.Count(deleted, d.Kind.One()))
	case err != nil:
		return fmt.Errorf("after %s: %w", screen.Count(deleted, d.Kind.One()), o.ofMirror(err))
	case missing > 0:
		p.Tell("deleted %s; %s not found", screen.Count(deleted, d.Kind.One()), screen.Count(missing, "id"))
	default:
		p.Tell("deleted %s", screen.Count(deleted, d.Kind.One()))
	}
	// Even when there was nothing to delete: an earlier run may have been ended before this.
	p.Begin("removing the content of what was deleted", "", screen.Unknown)
	err = store.Purge(ctx)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted; the %ss are deleted, but the file may still hold their content: run it again to remove it", d.Kind.One())
	}
	return err
}
