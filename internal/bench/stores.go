package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/postgres"
	"github.com/callvault/callvault/internal/sqlite"
)

// The orders of an import.
const (
	timeOrder = "time order"
	noOrder   = "shuffled"
)

// dataset is a store that was imported in one of two orders, and what was
// measured of it.
type dataset struct {
	*sample
	order         string // of its import
	file          string // what is imported
	db            string // a file or a URL
	authorization string

	imported []float64 // calls a second, a value to each round
	bare     []float64
	counted  []float64
	ratio    []float64
	memory   float64 // peak of an import, in MiB

	ready    []float64 // milliseconds from a server's start until it accepts
	answered []float64 // and until the first page is there
	resident float64   // peak of a server under load, in MiB
}

// file is the path of a file of the run.
func (b *bench) file(name string) string { return filepath.Join(b.folder, name) }

// makeSample invents calls, as they are or in other workspaces.
func (b *bench) makeSample(count int, calls iter.Seq[gong.Call]) (*sample, error) {
	b.say("inventing %d calls", count)
	return newSample(calls, b.file(fmt.Sprintf("%d-ordered.ndjson", count)))
}

// makeStores imports every size in both orders, and measures that. Those that
// are small enough for it are filled into PostgreSQL too.
func (b *bench) makeStores(ctx context.Context) (stores, databases []*dataset, err error) {
	for _, count := range b.calls {
		s, err := b.makeSample(count, invent(count))
		if err != nil {
			return nil, nil, err
		}
		shuffled := b.file(fmt.Sprintf("%d-shuffled.ndjson", count))
		if err := shuffle(s.ordered, shuffled); err != nil {
			return nil, nil, err
		}
		for _, d := range []*dataset{
			{sample: s, order: timeOrder, file: s.ordered},
			{sample: s, order: noOrder, file: shuffled},
		} {
			d.db = strings.TrimSuffix(d.file, ".ndjson") + ".db"
			if err := b.measureImports(ctx, d); err != nil {
				return nil, nil, err
			}
			if d.authorization, err = b.newKey(ctx, d.db); err != nil {
				return nil, nil, err
			}
			stores = append(stores, d)
		}
		if databases, err = b.appendDatabase(ctx, databases, s); err != nil {
			return nil, nil, err
		}
		if err := errors.Join(os.Remove(s.ordered), os.Remove(shuffled)); err != nil {
			return nil, nil, err
		}
	}
	return stores, databases, nil
}

// open opens a store of either engine.
func open(ctx context.Context, db string) (callvault.Store, error) {
	if postgres.IsURL(db) {
		return postgres.Open(ctx, db)
	}
	return sqlite.Open(ctx, db)
}

// measureImports imports and inserts in turns. A large store is not imported
// in every round, but at least once. The last import is the store that is
// served.
func (b *bench) measureImports(ctx context.Context, d *dataset) error {
	begun := time.Now()
	for round := range b.rounds {
		if round > 0 && time.Since(begun) > b.imports {
			break
		}
		b.say("importing %d calls, %s", d.count, d.order)
		if err := b.importOnce(ctx, d); err != nil {
			return err
		}
		bare, err := b.insertOnce(ctx, d, bareCommand)
		if err != nil {
			return err
		}
		counted, err := b.insertOnce(ctx, d, countedCommand)
		if err != nil {
			return err
		}
		d.bare = append(d.bare, bare)
		d.counted = append(d.counted, counted)
		d.ratio = append(d.ratio, d.imported[round]/bare)
	}
	return nil
}

// importOnce runs the command as a person would: the time is of the process,
// from its start to its end.
func (b *bench) importOnce(ctx context.Context, d *dataset) error {
	if err := sqlite.Remove(d.db); err != nil {
		return err
	}
	cmd := b.callvault(ctx, d.db, "import", "--quiet", d.file)
	begun := time.Now()
	if _, err := output(cmd); err != nil {
		return err
	}
	d.imported = append(d.imported, float64(d.count)/time.Since(begun).Seconds())
	d.memory = max(d.memory, peak(cmd.ProcessState))
	return checkCount(ctx, d)
}

// checkCount makes sure that the store has the calls.
func checkCount(ctx context.Context, d *dataset) error {
	s, err := open(ctx, d.db)
	if err != nil {
		return err
	}
	got, err := s.Calls(callvault.DefaultCompany).Count(ctx, callvault.Query{Range: callvault.AllTime})
	if err := errors.Join(err, s.Close()); err != nil {
		return err
	}
	if got != d.count {
		return fmt.Errorf("%d calls were imported of %d", got, d.count)
	}
	return nil
}

// insertOnce runs one of the yardsticks in a process of its own, too.
func (b *bench) insertOnce(ctx context.Context, d *dataset, command string) (rate float64, err error) {
	db := b.file("bare.db")
	if err := sqlite.Remove(db); err != nil {
		return 0, err
	}
	cmd, err := itself(ctx, command, db, d.file)
	if err != nil {
		return 0, err
	}
	out, err := output(cmd)
	if err != nil {
		return 0, err
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("bare inserts: %w", err)
	}
	return float64(d.count) / time.Duration(nanoseconds).Seconds(), sqlite.Remove(db)
}
