package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/upkeep"
)

// copyOptions are the flags of copy.
type copyOptions struct {
	from, to string
	quiet    bool
}

func (a *app) copy() *cobra.Command {
	var o copyOptions
	cmd := &cobra.Command{
		Use:   "copy --from DB --to DB",
		Short: "Copy a store into an empty one",
		Long: `Copy a whole store, as it is at one moment, into an empty one: all companies
with their calls, the numbers of their changes, the tombstones of deleted calls,
keys, used quotas, and the secret that signs cursors. The calls can be read and
written meanwhile; what is written after the copy began is not in it.

Records are committed in batches, each whole or not at all. Off a terminal each
commit prints "copied N records up to number M of company C": they are on the
disk. A copy that was ended half-way goes on when it is run again, and nothing
is copied into a store that has changes of its own. Keys come last: an
unfinished copy serves nobody.`,
		Example: `  callvault copy --from callvault.db --to copy.db
  callvault copy --from callvault.db --to copy.db && callvault check --db copy.db --digest`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCopy(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.from, "from", "", "the store to copy")
	cmd.Flags().StringVar(&o.to, "to", "", "the store to copy it to")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but what is wrong")
	return cmd
}

func (a *app) runCopy(ctx context.Context, o copyOptions) (err error) {
	if o.from == "" || o.to == "" || o.from == o.to {
		return usagef("accepted are two different stores, as --from and --to")
	}
	from, err := openExisting(ctx, o.from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openStore(ctx, o.to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	audience := a.audience()
	if o.quiet {
		audience.hush()
	}
	report := newCopyReport(audience)
	copier := upkeep.Copier{From: from, To: to, Planned: report.planned, Copied: report.copied}
	err = copier.Run(ctx)
	report.clear()
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted; running it again completes it")
	case err != nil:
		return err
	}
	report.end()
	return nil
}

// checkOptions are the flags of check.
type checkOptions struct {
	db             string
	repair, digest bool
}

func (a *app) check() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check that a store is sound",
		Long: `Compare what a store keeps beside its calls with the calls: counts, ids and
numbers; and every document with the form that it is written in. Each difference
is printed, and the exit code is 1 when there is any. --repair makes counts, ids
and numbers right and says what it did.

--digest prints a text that two stores share if and only if they hold the same,
whatever their engines: the calls and the numbers of their changes, the keys, the
counts of requests, and the secret of cursors. A copy and a restored backup have
it of their original; a store that the same files were imported into has another.`,
		Example: `  callvault check
  callvault check --repair
  callvault check --db copy.db --digest`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCheck(cmd.Context(), o) },
	}
	dbFlag(cmd, &o.db)
	cmd.Flags().BoolVar(&o.repair, "repair", false, "make right what is wrong beside the calls")
	cmd.Flags().BoolVar(&o.digest, "digest", false, "print a digest of the store")
	return cmd
}

func (a *app) runCheck(ctx context.Context, o checkOptions) (err error) {
	store, err := openExisting(ctx, o.db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	show := &stages{audience: a.audience()}
	defer show.end()
	if o.repair {
		show.begin("repairing", -1, "")
		err := store.Repair(ctx, func(done string) {
			show.line(func() { screen.Printf(a.stdout, "repaired: %s\n", done) })
		})
		if err != nil {
			return err
		}
	}
	if err := a.findDifferences(ctx, store, show); err != nil {
		return err
	}
	if !o.digest {
		return nil
	}
	digest, err := upkeep.Digest(ctx, store, show.watch("digesting"))
	show.end()
	if err == nil {
		_, err = fmt.Fprintln(a.stdout, digest)
	}
	return err
}

// findDifferences prints what is wrong with a store and returns an error when
// anything is.
func (a *app) findDifferences(ctx context.Context, store callvault.Store, show *stages) error {
	found := 0
	report := func(difference string) {
		found++
		show.line(func() { screen.Printf(a.stderr, "%s\n", difference) })
	}
	show.begin("checking counts, ids and numbers", -1, "")
	if err := store.Check(ctx, report); err != nil {
		return err
	}
	if err := upkeep.CheckDocuments(ctx, store, show.watch("checking documents"), report); err != nil {
		return err
	}
	show.end()
	if found > 0 {
		return fmt.Errorf("%s; 'callvault check --repair' makes counts, ids and numbers right", plural(found, "difference"))
	}
	fmt.Fprintln(a.stderr, "the store is sound")
	return nil
}

// watch makes a stage of reading a whole store.
func (s *stages) watch(doing string) upkeep.Watch {
	return upkeep.Watch{
		Planned: func(records int) { s.begin(doing, records, "record") },
		Read:    s.passed,
	}
}
