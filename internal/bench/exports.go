package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"
)

// exported is what was measured of the export of a store in a format.
type exported struct {
	*dataset
	format  string
	nowhere []float64 // calls a second, a value to each round
	file    []float64 // to a file that is on the disk in the end
	size    float64   // of the file, in MiB
	memory  float64   // peak, in MiB
}

// exportFormats are the formats by the endings of files.
func exportFormats() []string { return []string{"ndjson", "csv", "parquet"} }

// measureExports exports every store in every format, in turns.
func (b *bench) measureExports(ctx context.Context, stores []*dataset) ([]*exported, error) {
	var all []*exported
	for _, d := range stores {
		var ofStore []*exported
		for _, format := range exportFormats() {
			ofStore = append(ofStore, &exported{dataset: d, format: format})
		}
		b.say("exporting %d calls, imported in %s", d.count, d.order)
		begun := time.Now()
		for round := range b.rounds {
			if round > 0 && time.Since(begun) > b.imports {
				break
			}
			for _, e := range ofStore {
				if err := b.exportOnce(ctx, e); err != nil {
					return nil, err
				}
			}
		}
		all = append(all, ofStore...)
	}
	return all, nil
}

// exportOnce runs the command as a person would, once with its output thrown away,
// so that it is not the disk that is measured, and once to a file. The times are of
// the process, from its start to its end.
func (b *bench) exportOnce(ctx context.Context, e *exported) error {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer nowhere.Close()
	rate, err := b.export(ctx, e, nowhere, "--format", e.format)
	if err != nil {
		return err
	}
	e.nowhere = append(e.nowhere, rate)
	file := b.file("exported." + e.format)
	if rate, err = b.export(ctx, e, nil, file); err != nil {
		return err
	}
	e.file = append(e.file, rate)
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	e.size = float64(info.Size()) / (1 << 20)
	return os.Remove(file)
}

// export runs one export and returns how many calls it wrote a second.
func (b *bench) export(ctx context.Context, e *exported, to io.Writer, args ...string) (float64, error) {
	cmd := b.callvault(ctx, e.db, append([]string{"export"}, args...)...)
	said := &firstLine{found: make(chan string, 1)}
	cmd.Stdout, cmd.Stderr = to, said
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	rate := float64(e.count) / time.Since(begun).Seconds()
	e.memory = max(e.memory, peak(cmd.ProcessState))
	if got, want := <-said.found, "exported "+number(e.count)+" calls"; got != want {
		return 0, fmt.Errorf("the export said %q, not %q", got, want)
	}
	return rate, nil
}

// measureOnlyExports is "bench exports".
func (b *bench) measureOnlyExports(ctx context.Context, stdout io.Writer) error {
	var stores []*dataset
	for _, count := range b.calls {
		s, err := b.makeSample(count, invent(count))
		if err != nil {
			return err
		}
		d, err := b.makeStore(ctx, s)
		if err != nil {
			return err
		}
		stores = append(stores, d)
	}
	all, err := b.measureExports(ctx, stores)
	if err != nil {
		return err
	}
	printExports(stdout, all)
	return nil
}

func printExports(w io.Writer, all []*exported) {
	t := newTable(w, "(n) Exports", "calls", "imported", "format", "calls a second, thrown away", "target",
		"to a file on the disk", "MiB of the file", "rounds", "peak MiB")
	for _, e := range all {
		target := ""
		if e.format == exportFormats()[0] {
			target = "≥ " + number(leastExported)
		}
		t.row(number(e.count), e.order, e.format, whole(e.nowhere), target, whole(e.file), mebibytes(e.size),
			fmt.Sprint(len(e.nowhere)), mebibytes(e.memory))
	}
}
