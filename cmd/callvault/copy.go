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
		Short: "Copy a store into an empty one, also to another engine",
		Long: `Copy a whole store, as it is at one moment, into an empty one: all companies
with their calls, the numbers of their changes, the tombstones of deleted calls,
keys, used quotas, and the secret that signs cursors. The store can be used
meanwhile; the copy does not have what is written after it began.

If the copy is interrupted, run it again: it empties the unfinished copy and starts
again. An unfinished copy has no keys, so it serves nobody. copy never changes any
other store that is not empty.`,
		Example: `  callvault copy --from callvault.db --to copy.db
  callvault copy --from callvault.db --to copy.db && callvault check --db copy.db --digest
  CALLVAULT_COPY_TO=postgres://me:secret@db.example.com/callvault callvault copy --from callvault.db`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCopy(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.from, "from", "", "the store to copy")
	cmd.Flags().StringVar(&o.to, "to", "", "the empty store to copy it to")
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only errors")
	return cmd
}

func (a *app) runCopy(ctx context.Context, o copyOptions) (err error) {
	if o.from == "" || o.to == "" || o.from == o.to {
		return usagef("copy needs two different stores; type callvault copy --from DB --to DB")
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
	progress := a.progress(o.quiet)
	err = upkeep.Copy(ctx, from, to, progress)
	took := progress.End()
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted; run the same command again to start the copy again")
	case err == nil && !o.quiet:
		_, err = screen.Printf(a.stderr, "copied the store in %v\n", took)
	}
	return err
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
	progress := a.progress(false)
	defer progress.End()
	if o.repair {
		progress.Begin("repairing", "", screen.Unknown)
		err := store.Repair(ctx, callvault.NoLoss, func(done string) {
			progress.End()
			screen.Printf(a.stdout, "repaired: %s\n", done)
		})
		if err != nil {
			return err
		}
	}
	found := 0
	report := func(difference string) {
		found++
		progress.Note("%s", difference)
	}
	progress.Begin("checking counts, ids and numbers", "", screen.Unknown)
	if err := store.Check(ctx, report); err != nil {
		return err
	}
	digest := ""
	if found == 0 { // damaged records can't be read
		digest, err = upkeep.Check(ctx, store, progress, report)
	}
	progress.End()
	switch {
	case err != nil:
		return err
	case found > 0:
		return fmt.Errorf("%s; 'callvault check --repair' makes counts, ids and numbers right", plural(found, "difference"))
	}
	screen.Printf(a.stderr, "the store is sound\n")
	if o.digest {
		_, err = screen.Printf(a.stdout, "%s\n", digest)
	}
	return err
}
