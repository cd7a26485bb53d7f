// Command bench measures callvault against what it could at best be: a server
// that sends a page from memory, inserts without a check, and the queries of
// pages without a server. All of it in one run, in turns, so that the ratios hold
// on a machine whose speed does not.
//
// It prints the tables of docs/performance.md: those of stores of usual sizes, of
// large ones ("bench large"), and where a server's time goes ("bench profile").
// "bench exports" measures the exports alone.
// It fails when an answer is not
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
	staticCommand  = "static"
	bareCommand    = "bare"
	countedCommand = "counted"
	queryCommand   = "query"
)

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if known, err := runProcess(ctx, args, stdout); known {
		return err
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

// runProcess is one of the processes that a run starts of itself.
func runProcess(ctx context.Context, args []string, stdout io.Writer) (known bool, err error) {
	if len(args) == 2 && args[0] == staticCommand {
		return true, serveStatic(ctx, args[1], stdout)
	}
	if len(args) != 3 {
		return false, nil
	}
	switch args[0] {
	case bareCommand:
		return true, insertBare(args[1], args[2], insertCalls, stdout)
	case countedCommand:
		return true, insertBare(args[1], args[2], insertCounted, stdout)
	case queryCommand:
		return true, queryPages(ctx, args[1], args[2], stdout)
	}
	return false, nil
}

// measurement is what a run is of.
type measurement struct {
	calls string // the sizes of stores, unless a flag says otherwise
	run   func(*bench, context.Context, io.Writer) error
}

// measurements by the first argument.
func measurements() map[string]measurement {
	return map[string]measurement{
		"all":     {"10000,1000000", (*bench).measureAll},
		"large":   {"10000,1000000,10000000", (*bench).measureLarge},
		"exports": {"1000000", (*bench).measureOnlyExports},
		"profile": {"1000000", (*bench).measureProfile},
	}
}

// options are the flags.
type options struct {
	measure func(*bench, context.Context, io.Writer) error
	calls   []int         // sizes of stores
	rounds  int           // medians are taken over
	seconds time.Duration // of one measurement
	imports time.Duration // after which no further round of imports begins
	variety int           // requests of a kind to choose from
	most    int           // calls of a store on PostgreSQL
	binary  string        // of callvault; "" builds it
}

func parseOptions(args []string, stderr io.Writer) (o options, err error) {
	chosen := "all"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		chosen, args = args[0], args[1:]
	}
	m, known := measurements()[chosen]
	if !known {
		return o, fmt.Errorf("%q: accepted are all, large, exports and profile", chosen)
	}
	o.measure = m.run
	flags := flag.NewFlagSet("bench "+chosen, flag.ContinueOnError)
	flags.SetOutput(stderr)
	sizes := flags.String("calls", m.calls, "the sizes of stores")
	seconds := flags.Float64("seconds", 0.4, "how long a server is asked for pages of one kind at a time")
	flags.IntVar(&o.rounds, "rounds", 5, "how often everything is measured")
	flags.DurationVar(&o.imports, "imports", 20*time.Second, "when no further round of imports of one store begins; there is always one")
	flags.IntVar(&o.variety, "variety", 2000, "how many requests of a kind there are to choose from")
	flags.IntVar(&o.most, "postgres", 1_000_000, "the most calls of a store that is made on PostgreSQL too; 0: none is")
	flags.StringVar(&o.binary, "binary", "", "the callvault to measure (default: built from this module)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.seconds = time.Duration(*seconds * float64(time.Second))
	if flags.NArg() > 0 || o.rounds < 1 || o.variety < 1 || o.seconds <= 0 {
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
	folder   string   // everything it makes is in it
	database database // nil: there is none
	progress io.Writer
}

func (b *bench) run(ctx context.Context, stdout io.Writer) (err error) {
	if b.binary == "" {
		b.say("building callvault")
		b.binary = filepath.Join(b.folder, "callvault")
		if err := build(ctx, b.binary); err != nil {
			return err
		}
	}
	if b.most > 0 {
		if b.database, err = startDatabase(); err != nil {
			return err
		}
	}
	if b.database == nil {
		fmt.Fprintln(stdout, "\nThere is no PostgreSQL: what is measured on it is left out.")
		return b.measure(b, ctx, stdout)
	}
	return errors.Join(b.measure(b, ctx, stdout), b.database.Stop())
}

// measureAll is what "make bench" measures.
func (b *bench) measureAll(ctx context.Context, stdout io.Writer) error {
	stores, databases, err := b.makeStores(ctx)
	if err != nil {
		return err
	}
	exports, err := b.measureExports(ctx, stores)
	if err != nil {
		return err
	}
	if err := b.measureStarts(ctx, stores); err != nil {
		return err
	}
	series, err := b.measurePages(ctx, stores, (*sample).andSecond)
	if err != nil {
		return err
	}
	if err := b.measureTotals(ctx, series); err != nil {
		return err
	}
	onDatabase, err := b.measureDatabases(ctx, databases)
	if err != nil {
		return err
	}
	printPages(stdout, series)
	printRanges(stdout, series)
	printImports(stdout, stores)
	printExports(stdout, exports)
	printServers(stdout, stores)
	printGzip(stdout, series)
	printDatabases(stdout, onDatabase)
	return nil
}

// say tells a waiting person what is being done.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, format+"\n", args...)
}
