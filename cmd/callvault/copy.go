package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/command"
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
		Long: `Copy a snapshot of a whole store into an empty one: all companies with their
calls, the numbers of their changes, the tombstones of deleted calls, imported users
and workspaces, keys, used quotas, and the secret that signs cursors. The store stays in use meanwhile; the
copy contains no later writes.

If the copy is interrupted, run it again: it empties the unfinished copy and starts
again. An unfinished copy has no keys, so it serves nobody. copy never changes any
other store that is not empty.`,
		Example: `  callvault copy --from callvault.db --to copy.db
  callvault copy --from callvault.db --to copy.db && callvault check --db copy.db --digest
  CALLVAULT_COPY_TO=postgres://me:secret@db.example.com/callvault callvault copy --from callvault.db`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCopy(cmd.Context(), o) },
	}
	command.Parsed(cmd, &o.from, "from", "", "the store to copy", parseDB)
	command.Parsed(cmd, &o.to, "to", "", "the empty store to copy it to", parseDB)
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only errors")
	return cmd
}

func (a *app) runCopy(ctx context.Context, o copyOptions) error {
	if o.from == "" || o.to == "" || o.from == o.to {
		return command.Usagef("copy needs two different stores; type callvault copy --from DB --to DB")
	}
	from, err := a.open(ctx, o.from)
	if err != nil {
		return err
	}
	to, err := a.openOrMake(ctx, o.to)
	if err != nil {
		return err
	}
	progress := a.progress(o.quiet)
	err = upkeep.Copy(ctx, from, to, progress)
	took := progress.End()
	switch {
	case err != nil && ctx.Err() != nil:
		return errors.New("interrupted; run the same command again to start the copy again")
	case err == nil:
		progress.Tell("copied the store in %v", took)
	}
	return err
}

// checkOptions are the flags of check.
type checkOptions struct {
	db                     string
	repair, accept, digest bool
}

func (a *app) check() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check that a store is sound",
		Long: `Read a whole store: compare every call, user, workspace and key with its checksum, and
the counts, ids and numbers with the calls. Print the first 100 differences, and how many there
are; the exit code is 1 if there is any.

--repair corrects counts, ids and numbers to match the calls, and prints what it did.
It can't bring back what is damaged or lost: restore a backup, or give it up with
--accept-loss.

--digest prints a text that is the same for two stores if and only if their calls,
numbers of changes, users, workspaces, keys, used quotas and cursor secret are the same,
whatever their engines. A copy and a restored backup have the digest of their original; two imports
of the same file do not.`,
		Example: `  callvault check
  callvault check --repair
  callvault check --db copy.db --digest`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runCheck(cmd.Context(), o) },
	}
	dbFlag(cmd, &o.db)
	cmd.Flags().BoolVar(&o.repair, "repair", false, "correct counts, ids and numbers to match the calls")
	cmd.Flags().BoolVar(&o.accept, "accept-loss", false, "with --repair: give up what is damaged or lost")
	command.Need(cmd, "repair", "accept-loss")
	cmd.Flags().BoolVar(&o.digest, "digest", false, "print a digest of the store")
	return cmd
}

// mostDifferences is how many differences check prints. A lost page can make a million.
const mostDifferences = 100

func (a *app) runCheck(ctx context.Context, o checkOptions) error {
	store, err := a.open(ctx, o.db)
	if err != nil {
		return err
	}
	progress := a.progress(false)
	defer progress.End()
	if o.repair {
		if err := a.repair(ctx, store, o, progress); err != nil {
			return err
		}
	}
	found := 0
	progress.Begin("checking", "", screen.Unknown)
	err = store.Check(ctx, func(difference string) {
		if found++; found <= mostDifferences {
			progress.Note("%s", difference)
		}
	})
	progress.End()
	if found > mostDifferences {
		progress.Note("%s", screen.Count(found-mostDifferences, "more difference"))
	}
	switch {
	case err != nil:
		return err
	case found > 0:
		return fmt.Errorf("%s; 'callvault check --repair' corrects counts, ids and numbers", screen.Count(found, "difference"))
	}
	a.say("the store is sound")
	if !o.digest {
		return nil
	}
	digest, err := upkeep.Digest(ctx, store, progress)
	progress.End()
	if err == nil {
		_, err = screen.Printf(a.stdout, "%s\n", digest)
	}
	return err
}

// repair repairs a store and prints what it did.
func (a *app) repair(ctx context.Context, store callvault.Store, o checkOptions, progress *screen.Progress) error {
	accept := callvault.NoLoss
	if o.accept {
		accept = callvault.AcceptLoss
	}
	progress.Begin("repairing", "", screen.Unknown)
	err := store.Repair(ctx, accept, func(done string) {
		progress.End()
		screen.Printf(a.stdout, "repaired: %s\n", done)
	})
	if errors.Is(err, callvault.ErrLoss) {
		return fmt.Errorf("%w; restore a backup, or go on without what is lost: callvault check --repair --accept-loss", err)
	}
	return err
}
