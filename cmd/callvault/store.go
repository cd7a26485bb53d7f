package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/file"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/screen"
	"github.com/callvault/callvault/internal/sqlite"
)

// defaultDB is the store of a person who named none.
const defaultDB = "callvault.db"

func dbFlag(cmd *cobra.Command, db *string) {
	cmd.Flags().StringVar(db, "db", defaultDB, "the store: a SQLite file, or postgres://HOST/DATABASE")
}

func companyFlag(cmd *cobra.Command, company *string) {
	cmd.Flags().StringVar(company, "company", callvault.DefaultCompany, "the company to use")
}

// isFile tells whether a store is a SQLite file, and refuses what can't be a store.
func isFile(db string) (bool, error) {
	scheme, _, isURL := strings.Cut(db, "://")
	switch {
	case postgres.IsURL(db):
		return false, nil
	case db == "" || db == ":memory:":
		return true, usagef("--db %q is not a store; use the path of a SQLite file or postgres://HOST/DATABASE", db)
	case isURL:
		return true, usagef("--db: %.20q is not a kind of store; use the path of a SQLite file or postgres://HOST/DATABASE", scheme)
	case strings.HasPrefix(db, "postgres:") || strings.HasPrefix(db, "postgresql:") || strings.Contains(db, "dbname="):
		return true, usagef("--db: this is not a PostgreSQL URL; use postgres://HOST/DATABASE, or postgres:///DATABASE?host=FOLDER for a socket")
	}
	return true, nil
}

// openStore opens a store and makes it when there is none.
func openStore(ctx context.Context, db string) (callvault.Store, error) {
	switch inFile, err := isFile(db); {
	case err != nil:
		return nil, err
	case inFile:
		return sqlite.Open(ctx, db)
	}
	return postgres.Open(ctx, db)
}

// openExisting opens a store that must be there.
func openExisting(ctx context.Context, db string) (callvault.Store, error) {
	switch inFile, err := isFile(db); {
	case err != nil:
		return nil, err
	case !inFile:
		return postgres.OpenExisting(ctx, db)
	}
	if err := mustExist(db); err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, db)
}

// mustExist refuses the path of a SQLite store that is not there.
func mustExist(db string) error {
	if _, err := os.Stat(db); !errors.Is(err, fs.ErrNotExist) {
		return nil // opening it says what else is wrong
	}
	if err := sqlite.CheckOrphans(db); err != nil {
		return err
	}
	return fmt.Errorf("there is no store at %s; name another with --db, or make one: callvault import FILE", db)
}

// openOrMake opens a store, and calls made when it has made one: the name may be misspelt.
func openOrMake(ctx context.Context, db string, made func()) (callvault.Store, error) {
	_, missing := os.Stat(db)
	store, err := openStore(ctx, db)
	if err == nil && errors.Is(missing, fs.ErrNotExist) && !postgres.IsURL(db) {
		made()
	}
	return store, err
}

func (a *app) saidMade(db string) func() {
	return func() { screen.Printf(a.stderr, "made store %s\n", db) }
}

// openToRead opens a store without writing to it. The store must exist, with the schema
// of this program.
func openToRead(ctx context.Context, db string) (callvault.Store, error) {
	switch inFile, err := isFile(db); {
	case err != nil:
		return nil, err
	case !inFile:
		return postgres.OpenToRead(ctx, db)
	}
	if err := mustExist(db); err != nil {
		return nil, err
	}
	look, err := sqlite.OpenReadOnly(ctx, db)
	if err != nil {
		return nil, err
	}
	have, known, err := look.Schema(ctx)
	if err = errors.Join(err, look.Close()); err != nil {
		return nil, err
	}
	if have < known {
		return nil, fmt.Errorf("%s was written by an older callvault; migrate it first: callvault check --db %s", db, db)
	}
	return sqlite.Open(ctx, db)
}

// refuseFilesOf refuses to read or write a file of the store itself, by whatever name.
// To write it would destroy the store, and to close it drops SQLite's locks.
func refuseFilesOf(db string, names ...string) error {
	if postgres.IsURL(db) {
		return nil
	}
	for _, of := range sqlite.Files(db) {
		for _, name := range names {
			if name != stdinName && file.Same(name, of) {
				return usagef("%s belongs to the store; name another file", name)
			}
		}
	}
	return nil
}

// storeName is the name of a store for people to read.
func storeName(db string) string { return postgres.Redact(db) }

// hidePassword refuses a password among the arguments, which every user of the
// machine can read.
func hidePassword(cmd *cobra.Command, args []string) error {
	for _, arg := range args {
		if strings.Contains(arg, "://") && postgres.HasPassword(arg) {
			return usagef("an argument shows a password to every user of this machine; name a file, and put the URL into CALLVAULT_DB")
		}
	}
	for _, name := range []string{"db", "from", "to"} {
		flag := cmd.Flags().Lookup(name)
		if flag != nil && flag.Changed && postgres.HasPassword(flag.Value.String()) {
			return usagef("--%s shows a password to every user of this machine; put the URL into %s, or the password into a password file (~/.pgpass, or PGPASSFILE) or a service file (?service=NAME)", name, variable(cmd, name))
		}
	}
	return nil
}

// checkCompany refuses what can't be the name of a company.
func checkCompany(company string) error {
	if err := callvault.CheckCompany(company); err != nil {
		return usagef("--company %.80q: %w", company, err)
	}
	return nil
}

// makeCompany makes the company when it is new, and says so.
func (a *app) makeCompany(ctx context.Context, store callvault.Store, company string) error {
	made, err := store.MakeCompany(ctx, company)
	if err != nil || !made {
		return err
	}
	names, err := store.Companies(ctx)
	if err != nil {
		return err
	}
	others := ""
	if names = slices.DeleteFunc(names, func(name string) bool { return name == company }); len(names) > 0 {
		others = "; the store also has " + strings.Join(names, ", ")
	}
	_, err = screen.Printf(a.stderr, "made company %q%s\n", company, others)
	return err
}

// existing opens a store that must be there, with a company that must be in it.
func existing(ctx context.Context, db, company string) (callvault.Store, error) {
	if err := checkCompany(company); err != nil {
		return nil, err
	}
	store, err := openExisting(ctx, db)
	if err != nil {
		return nil, err
	}
	names, err := store.Companies(ctx)
	switch {
	case err == nil && slices.Contains(names, company):
		return store, nil
	case err == nil && len(names) == 0:
		err = errors.New("this store has no calls yet; add some: callvault import FILE")
	case err == nil:
		err = fmt.Errorf("there is no company %q in this store; it has %s", company, strings.Join(names, ", "))
	}
	return nil, errors.Join(err, store.Close())
}

// createKey is the command that makes a key in a store.
func createKey(db string) string { return "callvault key create" + dbArgument(db) }

// dbArgument is what names a store in a command, if it must be named. A URL with a
// password is left out: CALLVAULT_DB has it.
func dbArgument(db string) string {
	if db == defaultDB || postgres.HasPassword(db) {
		return ""
	}
	return " --db '" + strings.ReplaceAll(db, "'", `'\''`) + "'"
}
