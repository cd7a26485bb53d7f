package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/command"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
)

// backupOptions are the flags of backup and restore.
type backupOptions struct {
	db           string
	force, quiet bool
	inPlace      bool // of restore
}

func (a *app) backup() *cobra.Command {
	var o backupOptions
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of a SQLite store to a file",
		Long: `Write a snapshot of a SQLite store to a file. Other commands can use the store
meanwhile. The backup contains no later writes and no content of deleted calls. A
'callvault delete' that has to wait more than 30 seconds for a backup exits with 1,
because the store's log still contains the deleted calls: run it again afterwards.

backup checks every call before FILE gets its name. Only its owner may read FILE.`,
		Example: `  callvault backup callvault-$(date +%F).db
  callvault backup --db calls.db --force /mnt/backups/calls.db`,
		RunE: func(cmd *cobra.Command, files []string) error { return a.runBackup(cmd.Context(), o, files[0]) },
	}
	backupFlags(cmd, &o)
	return cmd
}

func (a *app) restore() *cobra.Command {
	var o backupOptions
	cmd := &cobra.Command{
		Use:   "restore [FILE]",
		Short: "Make a store from a backup",
		Long: `Make a SQLite store from a file that 'callvault backup' wrote, and check it call by
call. FILE does not change. An existing store is overwritten only with --force. First
stop 'callvault serve' and every other program that has the store open.

A restored store uses change numbers again. So each company's next change begins a new
timeline, and programs that follow the changes must read them again. If you restore a
store by other means, such as cp, Litestream or pg_restore, run 'callvault restore
--in-place' to begin new timelines.`,
		Example: `  callvault restore callvault-2026-01-31.db
  callvault restore --db calls.db /mnt/backups/calls.db
  callvault restore --in-place --db calls.db`,
		RunE: func(cmd *cobra.Command, files []string) error { return a.runRestore(cmd.Context(), o, files) },
	}
	backupFlags(cmd, &o)
	cmd.Flags().BoolVar(&o.inPlace, "in-place", false, "begin new timelines in the store of --db, without a FILE")
	return cmd
}

func backupFlags(cmd *cobra.Command, o *backupOptions) {
	dbFlag(cmd, &o.db)
	forceFlag(cmd, &o.force)
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only errors")
}

// check refuses PostgreSQL URLs, and says what to use for a database instead.
func (o backupOptions) check(file, instead string) error {
	if postgres.IsURL(file) {
		return command.Usagef("FILE must be the path of a file; backup and restore are for SQLite stores")
	}
	if postgres.IsURL(o.db) {
		return command.Usagef("backup and restore are for SQLite stores; for PostgreSQL use %s", instead)
	}
	return refuseFilesOf(o.db, file)
}

func (a *app) runBackup(ctx context.Context, o backupOptions, file string) error {
	if err := o.check(file, "pg_dump, or 'callvault copy --to "+file+"' with the URL in CALLVAULT_COPY_FROM"); err != nil {
		return err
	}
	return a.copyFile(ctx, o, "backing up", file, func(progress sqlite.Progress) error {
		return sqlite.Backup(ctx, o.db, file, progress)
	})
}

func (a *app) runRestore(ctx context.Context, o backupOptions, files []string) error {
	switch {
	case o.inPlace && len(files) > 0:
		return command.Usagef("--in-place takes no FILE: it begins new timelines in the store of --db")
	case o.inPlace:
		return a.fork(ctx, o)
	case len(files) == 0:
		return command.Usagef("FILE is missing; type callvault restore FILE")
	}
	file := files[0]
	if err := o.check(file, "pg_restore and 'callvault restore --in-place', or 'callvault copy --from "+file+"' with the URL of an empty database in CALLVAULT_COPY_TO"); err != nil {
		return err
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s; name a backup", file)
	}
	return a.copyFile(ctx, o, "restoring", o.db, func(progress sqlite.Progress) error {
		return sqlite.Restore(ctx, file, o.db, progress)
	})
}

// fork begins new timelines in a store that was restored by other means.
func (a *app) fork(ctx context.Context, o backupOptions) error {
	store, err := a.open(ctx, o.db)
	if err != nil {
		return err
	}
	if err := store.Fork(ctx); err != nil {
		return err
	}
	a.progress(o.quiet).Tell("the next change of each company begins a new timeline")
	return nil
}

// copyFile shows the progress of a copy, and then its size and duration.
func (a *app) copyFile(ctx context.Context, o backupOptions, doing, to string, run func(sqlite.Progress) error) error {
	if !o.force {
		if err := mayWrite(to); err != nil {
			return err
		}
	}
	begun, progress := time.Now(), a.progress(o.quiet)
	progress.Begin(doing, "byte", screen.Unknown)
	err := run(func(written, size int64) {
		if progress.Set(written, size); written == size {
			progress.Begin("checking the copy", "", screen.Unknown)
		}
	})
	progress.End()
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted; %s was not written", to)
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(to)
	if err != nil {
		return err
	}
	progress.Tell("wrote %s: %s in %v", to, screen.Size(info.Size()), time.Since(begun).Round(10*time.Millisecond))
	return nil
}
