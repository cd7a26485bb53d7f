// Command bench measures callvault against what it could at best be: a server
// that sends a page from memory, and inserts without a check. All of it in one
// run, in turns, so that the ratios hold on a machine whose speed does not.
//
// It prints the tables of docs/performance.md. It fails when an answer is not
// as it must be, never because something is slow. The load comes from this
// process and shares the cores with the server; where there are more than two,
// run it under "taskset -c 0,1".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// The first argument of the processes that a run starts of itself.
const (
	staticCommand = "static"
	bareCommand   = "bare"
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 3 {
		switch args[0] {
		case staticCommand:
			return serveStatic(ctx, args[1], args[2], stdout)
		case bareCommand:
			return insertBare(args[1], args[2], stdout)
		}
	}
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "callvault-bench-")
	if err != nil {
		return err
	}
	b := &bench{options: o, folder: folder, progress: stderr}
	err = b.run(ctx, stdout)
	return errors.Join(err, os.RemoveAll(folder))
}

// options are the flags.
type options struct {
	calls   []int         // sizes of stores
	rounds  int           // medians are taken over
	seconds time.Duration // of one measurement
	imports time.Duration // after which no further round of imports begins
	binary  string        // of callvault; "" builds it
}

func parseOptions(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	sizes := flags.String("calls", "10000,1000000", "the sizes of stores")
	seconds := flags.Float64("seconds", 0.4, "how long a server is asked for pages of one kind at a time")
	flags.IntVar(&o.rounds, "rounds", 5, "how often everything is measured")
	flags.DurationVar(&o.imports, "imports", 20*time.Second, "when no further round of imports of one store begins; there is always one")
	flags.StringVar(&o.binary, "binary", "", "the callvault to measure (default: built from this module)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.seconds = time.Duration(*seconds * float64(time.Second))
	if flags.NArg() > 0 || o.rounds < 1 || o.seconds <= 0 {
		return o, errors.New("wrong usage; see -help")
	}
	for text := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < leastCalls {
			return o, fmt.Errorf("-calls %s: accepted are numbers from %d", text, leastCalls)
		}
		o.calls = append(o.calls, n)
	}
	return o, nil
}

// bench is one run.
type bench struct {
	options
	folder   string // everything it makes is in it
	progress io.Writer
}

func (b *bench) run(ctx context.Context, stdout io.Writer) error {
	if b.binary == "" {
		b.say("building callvault")
		b.binary = filepath.Join(b.folder, "callvault")
		if err := build(ctx, b.binary); err != nil {
			return err
		}
	}
	stores, err := b.makeStores(ctx)
	if err != nil {
		return err
	}
	if err := b.measureStarts(ctx, stores); err != nil {
		return err
	}
	series, err := b.measurePages(ctx, stores)
	if err != nil {
		return err
	}
	if err := b.measureTotals(ctx, series); err != nil {
		return err
	}
	printPages(stdout, series)
	printRanges(stdout, series)
	printImports(stdout, stores)
	printServers(stdout, stores)
	return nil
}

// say tells a waiting person what is being done.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, format+"\n", args...)
}
