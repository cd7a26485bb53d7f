package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/internal/sqlite"
)

// dataset is a store that was imported in one of two orders, and what was
// measured of it.
type dataset struct {
	*sample
	order         string // of its import
	file          string // what is imported
	db            string
	authorization string

	imported []float64 // calls a second, a value to each round
	bare     []float64
	ratio    []float64
	memory   float64 // peak of an import, in MiB

	ready    []float64 // milliseconds from a server's start until it accepts
	answered []float64 // and until the first page is there
	resident float64   // peak of a server under load, in MiB
}

// file is the path of a file of the run.
func (b *bench) file(name string) string { return filepath.Join(b.folder, name) }

// makeStores imports every size in both orders, and measures that.
func (b *bench) makeStores(ctx context.Context) ([]*dataset, error) {
	var stores []*dataset
	for _, count := range b.calls {
		b.say("inventing %d calls", count)
		s, err := newSample(count, b.file(strconv.Itoa(count)))
		if err != nil {
			return nil, err
		}
		for _, d := range []*dataset{
			{sample: s, order: "time order", file: s.ordered},
			{sample: s, order: "shuffled", file: s.shuffled},
		} {
			d.db = strings.TrimSuffix(d.file, ".ndjson") + ".db"
			if err := b.measureImports(ctx, d); err != nil {
				return nil, err
			}
			if d.authorization, err = newKey(ctx, b.binary, d.db); err != nil {
				return nil, err
			}
			if err := os.Remove(d.file); err != nil {
				return nil, err
			}
			stores = append(stores, d)
		}
	}
	return stores, nil
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
		imported, err := b.importOnce(ctx, d)
		if err != nil {
			return err
		}
		bare, err := b.insertOnce(ctx, d)
		if err != nil {
			return err
		}
		d.imported = append(d.imported, imported)
		d.bare = append(d.bare, bare)
		d.ratio = append(d.ratio, imported/bare)
	}
	return nil
}

// importOnce runs the command as a person would: the time is of the process,
// from its start to its end.
func (b *bench) importOnce(ctx context.Context, d *dataset) (rate float64, err error) {
	if err := sqlite.Remove(d.db); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, b.binary, "import", "--db", d.db, "--quiet", d.file)
	begun := time.Now()
	if _, err := output(cmd); err != nil {
		return 0, err
	}
	spent := time.Since(begun)
	d.memory = max(d.memory, peak(cmd.ProcessState))
	return float64(d.count) / spent.Seconds(), checkCount(ctx, d)
}

// checkCount makes sure that the store has the calls.
func checkCount(ctx context.Context, d *dataset) error {
	s, err := sqlite.Open(ctx, d.db)
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

// insertOnce runs the yardstick in a process of its own, too.
func (b *bench) insertOnce(ctx context.Context, d *dataset) (rate float64, err error) {
	db := b.file("bare.db")
	if err := sqlite.Remove(db); err != nil {
		return 0, err
	}
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	out, err := output(exec.CommandContext(ctx, program, bareCommand, db, d.file))
	if err != nil {
		return 0, err
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("bare inserts: %w", err)
	}
	return float64(d.count) / time.Duration(nanoseconds).Seconds(), sqlite.Remove(db)
}
