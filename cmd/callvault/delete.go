package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/when"
)

// deleteBatch is how many calls are deleted in one transaction: few enough
// that other writers hardly wait.
const deleteBatch = 10_000

// deleteOptions are the flags of delete.
type deleteOptions struct {
	db, company, before, tz string
	ids                     []string
	yes, quiet              bool
}

func (a *app) delete() *cobra.Command {
	var o deleteOptions
	cmd := &cobra.Command{
		Use:   "delete --id ID... | --before DATE",
		Short: "Remove calls for good",
		Long: `Remove a company's calls for good: those with the given ids, or all before a date. Of a
call only its id and the number of its deletion stay. At the end a SQLite file is
rewritten, so that no content stays in it: that takes time and room in proportion to the
store, and other writers wait.

Calls are deleted in batches, each completely or not at all. When standard output is not
a terminal, each commit prints "deleted N", the number so far. After an interruption, run
the same command again to finish.`,
		Example: `  callvault delete --id 7782342274025937895
  callvault delete --before 2025-01-01 --company acme
  callvault delete --before 2025-01-01T00:00:00-07:00 --yes`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDelete(cmd.Context(), o) },
	}
	dbFlag(cmd, &o.db)
	companyFlag(cmd, &o.company)
	cmd.Flags().StringSliceVar(&o.ids, "id", nil, "a call to delete; can be repeated")
	cmd.Flags().StringVar(&o.before, "before", "", "delete all calls before this time, such as 2025-01-01, 2025-01-01T08:00:00-07:00 or 90d")
	tzFlag(cmd, &o.tz, "UTC")
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "delete without asking")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only questions and what is wrong")
	return cmd
}

// deletion is what is to be deleted: some ids, or all calls of a query.
type deletion struct {
	asked int            // how many ids; 0 means the query
	ids   []callvault.ID // that are left
	query callvault.Query
}

func (o *deleteOptions) deletion() (d deletion, err error) {
	if (len(o.ids) > 0) == (o.before != "") {
		return d, usagef("say which calls to delete with either --id or --before")
	}
	for _, digits := range o.ids {
		id, err := callvault.ParseID(digits)
		if err != nil {
			return d, usagef("--id %.40q is not an id; use a number of 1 to 20 digits", digits)
		}
		d.ids = append(d.ids, id)
	}
	slices.SortFunc(d.ids, callvault.ID.Compare)
	d.ids = slices.Compact(d.ids)
	d.asked = len(d.ids)
	zone, err := parseZone(o.tz)
	if err != nil {
		return d, err
	}
	if o.before != "" {
		span, err := when.Parse(o.before, time.Now().In(zone))
		if err != nil {
			return d, usagef("--before %w", err)
		}
		d.query.Range = callvault.Range{From: callvault.MinTime, To: callvault.CeilTime(span.From)}
	}
	return d, nil
}

func (a *app) runDelete(ctx context.Context, o deleteOptions) (err error) {
	d, err := o.deletion()
	if err != nil {
		return err
	}
	if !o.yes && !screen.IsTerminal(a.stdin) {
		return usagef("stdin is not a terminal; pass --yes to delete without asking")
	}
	store, err := existing(ctx, o.db, o.company)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	calls := store.Calls(o.company)
	if !o.yes {
		if err := a.confirm(ctx, calls, d, o); err != nil {
			return err
		}
	}
	p := a.progress(o.quiet)
	defer p.End()
	total, err := d.size(ctx, calls)
	if err != nil {
		return err
	}
	p.Begin("deleting", "call", total)
	commits, deleted := a.commits(p, o.quiet), 0
	for more := true; more && err == nil; {
		var n int
		if n, more, err = d.step(ctx, calls); n > 0 {
			deleted += n
			p.Add(n)
			screen.Printf(commits, "deleted %d\n", deleted)
		}
	}
	p.End()
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("interrupted after %s; run it again to finish", plural(deleted, "call"))
	case err != nil:
		return fmt.Errorf("after %s: %w", plural(deleted, "call"), err)
	case !o.quiet:
		screen.Printf(a.stderr, "deleted %s%s\n", plural(deleted, "call"), d.missing(deleted))
	}
	// Even when there was nothing to delete: an earlier run may have been ended before this.
	p.Begin("removing the content of deleted calls", "", screen.Unknown)
	err = store.Purge(ctx)
	if err != nil && ctx.Err() != nil {
		return errors.New("interrupted; the calls are deleted, but the file may still hold their content: run it again to remove it")
	}
	return err
}

// confirm asks a person.
func (a *app) confirm(ctx context.Context, calls callvault.Calls, d deletion, o deleteOptions) error {
	n, err := d.size(ctx, calls)
	if err != nil {
		return err
	}
	what := plural(n, "call") + " by id"
	if d.asked == 0 {
		what = fmt.Sprintf("%s before %s", plural(n, "call"), d.query.To)
	}
	screen.Printf(a.stderr, "Delete %s of company %q from %s for good? [y/N] ", what, o.company, storeName(o.db))
	answer, _ := bufio.NewReader(a.stdin).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was deleted")
}

// size is the number of calls to delete, as far as it is known.
func (d *deletion) size(ctx context.Context, calls callvault.Calls) (int, error) {
	if d.asked > 0 {
		return d.asked, nil
	}
	return calls.Count(ctx, d.query)
}

// step deletes one batch and tells how many calls it had, and whether more may
// follow.
func (d *deletion) step(ctx context.Context, calls callvault.Calls) (deleted int, more bool, err error) {
	if d.asked == 0 {
		n, err := calls.DeleteFirst(ctx, d.query, deleteBatch)
		return n, n == deleteBatch, err
	}
	batch := d.ids[:min(len(d.ids), deleteBatch)]
	d.ids = d.ids[len(batch):]
	n, err := calls.Delete(ctx, batch)
	return n, len(d.ids) > 0, err
}

// missing says how many of the ids were not there.
func (d *deletion) missing(deleted int) string {
	if n := d.asked - deleted; n > 0 {
		return fmt.Sprintf("; %s not found", plural(n, "id"))
	}
	return ""
}
