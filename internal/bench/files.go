package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/callvault/callvault"
)

// compareImports measures imports in both orders, beside reading and checking the
// calls of the file and writing them to another: what an import takes more is what
// the store takes. In the end each program has a store that was imported in the
// order of time.
func (b *bench) compareImports(ctx context.Context, s *sample) error {
	var ordered *row
	for _, in := range []struct{ order, file string }{{"shuffled", s.shuffled}, {"in order", s.ordered}} {
		importing := func(p *program) turn { return b.importing(p, s, in.file) }
		checking := spending(os.Getpid(), func(context.Context) (cost, error) {
			begun := time.Now()
			err := checkFile(in.file, b.file("yardstick"))
			return cost{done: s.count, took: time.Since(begun)}, err
		})
		ordered = b.newRow(s, "import, "+in.order, importing, checking)
		if err := b.compare(ctx, ordered); err != nil {
			return err
		}
	}
	if len(ordered.costs) > 0 {
		return nil
	}
	for _, p := range b.programs { // the row was not chosen
		if _, err := b.importing(p, s, s.ordered)(ctx); err != nil {
			return err
		}
	}
	return nil
}

// importing makes a store, alone in a folder with what belongs to it, and imports
// a file, as a person would.
func (b *bench) importing(p *program, s *sample, file string) turn {
	return func(ctx context.Context) (cost, error) {
		folder := b.file(p.name)
		if err := errors.Join(os.RemoveAll(folder), os.Mkdir(folder, 0o700)); err != nil {
			return cost{}, err
		}
		p.store = filepath.Join(folder, "calls.db")
		return making(p.command(ctx, "import", file), s.count, " created", p.store)
	}
}

// checkFile reads and checks the call of each line and writes its document to a
// file that is on the disk in the end.
func checkFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, callvault.MaxDocument+1)
	for lines.Scan() {
		call, err := callvault.ParseCall(lines.Bytes())
		if err != nil {
			return err
		}
		w.Write(append(call.Document, '\n')) // Flush returns its error
	}
	return errors.Join(lines.Err(), w.Flush(), out.Sync(), out.Close())
}

// compareExports measures exports to files, beside copying the file that was
// written, so that the copy is on the disk in the end.
func (b *bench) compareExports(ctx context.Context, s *sample) error {
	var rows []*row
	for _, format := range []string{"ndjson", "csv"} {
		exporting := func(p *program) turn {
			return func(ctx context.Context) (cost, error) {
				file := b.file(p.name + "." + format)
				if err := os.RemoveAll(file); err != nil {
					return cost{}, err
				}
				return making(p.command(ctx, "export", file), s.count, " calls", file)
			}
		}
		copying := func(ctx context.Context) (cost, error) {
			_, c, err := finish(exec.CommandContext(ctx, "dd", "bs=1M", "conv=fsync", "if="+b.file("measured."+format), "of="+b.file("yardstick")))
			c.done = s.count
			return c, err
		}
		rows = append(rows, b.newRow(s, "export, "+strings.ToUpper(format), exporting, copying))
	}
	return b.compare(ctx, rows...)
}

// making runs a command that makes a file and says of how many calls.
func making(cmd *exec.Cmd, count int, unit, file string) (cost, error) {
	said, c, err := finish(cmd)
	if err != nil {
		return c, err
	}
	if want := humanize.Comma(int64(count)) + unit; !strings.Contains(said, want) {
		return c, fmt.Errorf("%s said %q, not %q", strings.Join(cmd.Args, " "), said, want)
	}
	info, err := os.Stat(file)
	if err != nil {
		return c, err
	}
	c.done, c.size = count, info.Size()
	return c, nil
}
