package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
)

// backupOptions are the flags of backup and restore.
type backupOptions struct {
	db    string
	quiet bool
}

func (a *app) backup() *cobra.Command {
	var o backupOptions
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of a SQLite store to a file",
		Long: `Write a copy of a SQLite store, as it is at one moment, to a file. Others read
and write the store meanwhile; what is written after the backup began is not in
it, nor is anything of deleted calls. A 'callvault delete' meanwhile deletes; but
where the backup takes more than half a minute longer it ends with 1, because what
was deleted is still in the store's log: run it again after the backup.

FILE appears under its name only when it is complete and on the disk, and only
its owner may read it. One that is there is not overwritten. What a backup that
was killed has left is removed by the next command that writes in that folder.`,
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
		Short: "Make a store of a backup",
		Long: `Make a SQLite store of a file that 'callvault backup' wrote, after checking that
it is a sound store which this callvault knows. The file is left as it is.

A store that is there is not overwritten: move it away first, with the files
beside it that end in -wal and -shm.`,
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
	cmd.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print nothing but what is wrong")
}

func (a *app) runBackup(ctx context.Context, o backupOptions, file string) error {
	if postgres.IsURL(file) {
		return usagef("FILE: accepted is the path of a file; backup is of SQLite stores")
	}
	if postgres.IsURL(o.db) {
		return usagef("backup is of SQLite stores: accepted are pg_dump for a PostgreSQL database, and 'callvault copy --to %s', with CALLVAULT_COPY_FROM naming the database, for a SQLite store of it", file)
	}
	if err := checkFile(o.db); err != nil {
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
	if postgres.IsURL(file) {
		return usagef("FILE: accepted is the path of a file; restore is of SQLite stores")
	}
	if postgres.IsURL(o.db) {
		return usagef("restore is of SQLite stores: accepted are pg_restore for a PostgreSQL database, and 'callvault copy --from %s', with CALLVAULT_COPY_TO naming the database, for an empty one", file)
	}
	if err := checkFile(o.db); err != nil {
		return err
	}
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no file %s; name one that 'callvault backup' wrote", file)
	}
	if _, err := os.Stat(o.db); err == nil {
		return fmt.Errorf("%s already exists and is not overwritten; move it away with its -wal and -shm, or name another file with --db", o.db)
	}
	return a.copyFile(ctx, o, "restoring", o.db, func(progress sqlite.Progress) error {
		return sqlite.Restore(ctx, file, o.db, progress)
	})
}

// copyFile shows on a terminal how far a copy is, and says what came of it.
func (a *app) copyFile(ctx context.Context, o backupOptions, doing, to string, run func(sqlite.Progress) error) error {
	audience := a.audience()
	if o.quiet {
		audience.hush()
	}
	begun := time.Now()
	err := audience.withBar(doing, run)
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
	_, err = screen.Printf(a.stderr, "wrote %s: %s in %v\n", to, humanize.IBytes(uint64(info.Size())), time.Since(begun).Round(10*time.Millisecond))
	return err
}

// withBar runs what tells of its progress, with a bar where a person sees it.
func (to audience) withBar(doing string, run func(sqlite.Progress) error) error {
	if !to.showBar {
		return run(func(int64, int64) {})
	}
	bar := newBar(to.stderr, -1, to.width, doing, progressbar.OptionShowBytes(true), progressbar.OptionThrottle(drawEvery))
	defer bar.Clear()
	return run(func(written, size int64) {
		bar.ChangeMax64(size)
		bar.Set64(written)
	})
}
