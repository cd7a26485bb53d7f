package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
)

// backupOptions are the flags of backup and restore.
type backupOptions struct {
	db           string
	force, quiet bool
}

func (a *app) backup() *cobra.Command {
	var o backupOptions
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of a SQLite store to a file",
		Long: `Write a copy of a SQLite store, as it is at one moment, to a file. The store can be
used meanwhile; the backup does not have what is written after it began, nor
anything of deleted calls. A 'callvault delete' that the backup keeps waiting for
more than half a minute ends with 1: what it deleted is still in the store's log.
Run it again after the backup.

FILE gets its name when it is complete and on the disk, and only its owner may read
it. An existing FILE is overwritten only with --force.`,
		Example: `  callvault backup callvault-$(date +%F).db
  callvault backup --db calls.db /mnt/backups/calls.db`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return a.runBackup(cmd.Context(), o, files[0]) },
	}
	backupFlags(cmd, &o)
	return cmd
}

func (a *app) restore() *cobra.Command {
	var o backupOptions
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a store from a backup",
		Long: `Make a SQLite store from a file that 'callvault backup' wrote, after checking that
it is a sound store that this callvault knows. FILE is not changed.

An existing store is overwritten only with --force, after 'callvault serve' and every
other program that has it open has ended.`,
		Example: `  callvault restore callvault-2026-01-31.db
  callvault restore --db calls.db /mnt/backups/calls.db && callvault check --db calls.db`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return a.runRestore(cmd.Context(), o, files[0]) },
	}
	backupFlags(cmd, &o)
	return cmd
}

func backupFlags(cmd *cobra.Command, o *backupOptions) {
	cmd.Flags().StringVar(&o.db, "db", defaultDB, "the store: a SQLite file")
	forceFlag(cmd, &o.force)
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print only errors")
}

// check refuses PostgreSQL URLs, and says how a database is saved and restored instead.
func (o backupOptions) check(file, instead string) error {
	if postgres.IsURL(file) {
		return usagef("FILE must be the path of a file; backup and restore are for SQLite stores")
	}
	if postgres.IsURL(o.db) {
		return usagef("backup and restore are for SQLite stores; for PostgreSQL use %s", instead)
	}
	if _, err := isFile(o.db); err != nil {
		return err
	}
	return refuseFilesOf(o.db, file)
}

func (a *app) runBackup(ctx context.Context, o backupOptions, file string) error {
	if err := o.check(file, "pg_dump, or 'callvault copy --to "+file+"' with the URL in CALLVAULT_COPY_FROM"); err != nil {
		return err
	}
	if err := mustExist(o.db); err != nil {
		return err
	}
	return a.copyFile(ctx, o, "backing up", file, func(progress sqlite.Progress) error {
		return sqlite.Backup(ctx, o.db, file, progress)
	})
}

func (a *app) runRestore(ctx context.Context, o backupOptions, file string) error {
	if err := o.check(file, "pg_restore, or 'callvault copy --from "+file+"' with the URL of an empty database in CALLVAULT_COPY_TO"); err != nil {
		return err
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s; name a backup", file)
	}
	return a.copyFile(ctx, o, "restoring", o.db, func(progress sqlite.Progress) error {
		return sqlite.Restore(ctx, file, o.db, progress)
	})
}

// copyFile shows how far a copy is, and says what came of it.
func (a *app) copyFile(ctx context.Context, o backupOptions, doing, to string, run func(sqlite.Progress) error) error {
	if !o.force {
		if err := mayWrite(to); err != nil {
			return err
		}
	}
	progress := a.progress(o.quiet)
	progress.Begin(doing, "byte", screen.Unknown)
	err := run(progress.Set)
	took := progress.End()
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("interrupted; %s was not written", to)
	}
	if err != nil || o.quiet {
		return err
	}
	info, err := os.Stat(to)
	if err != nil {
		return err
	}
	_, err = screen.Printf(a.stderr, "wrote %s: %s in %v\n", to, humanize.IBytes(uint64(info.Size())), took)
	return err
}
