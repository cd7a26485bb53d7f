// Command bench measures the built callvault beside yardsticks, in turns, and
// prints one table: pages, imports and exports by the second and by the processor
// time of each. docs/performance.md explains its rows and has figures.
//
// It fails when an answer is wrong, never because something is slow. The load
// comes from this process and shares the cores with the server.
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
	"regexp"
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 2 && args[0] == bytesCommand {
		return serveBytes(ctx, args[1], stdout)
	}
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return measure(ctx, o, stdout, stderr)
}

// options are what the flags say.
type options struct {
	calls    []int // the sizes of stores
	rounds   int
	seconds  time.Duration // that a server is asked for pages in one turn
	within   time.Duration // after which a group of rows begins no further round
	postgres int           // the most calls of a store that is made on PostgreSQL too
	rows     *regexp.Regexp
	binary   string // the callvault that is measured; "" builds it
	beside   string // the callvault that is the yardstick; "" takes the usual ones
	manage   string // the operator's address of servers
	variety  int    // pages of a kind
}

func parseOptions(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	sizes := flags.String("calls", "10000,1000000", "the `sizes` of stores")
	rows := flags.String("rows", "", "measure only rows whose name matches this `pattern`")
	flags.IntVar(&o.rounds, "rounds", 5, "how often each row is measured")
	flags.DurationVar(&o.seconds, "seconds", time.Second, "how long a server is asked for pages in one turn")
	flags.DurationVar(&o.within, "within", 2*time.Minute, "after this time a group of rows begins no further round; one is always measured")
	flags.IntVar(&o.postgres, "postgres", 1_000_000, "the most calls of a store that is made on PostgreSQL too; 0 leaves PostgreSQL out")
	flags.IntVar(&o.variety, "variety", 5000, "how many pages of each kind there are to ask for; with enough of them none is asked for twice")
	flags.StringVar(&o.binary, "binary", "", "the `callvault` to measure (default: built from this module)")
	flags.StringVar(&o.beside, "beside", "", "another `callvault`, such as an older one, as the yardstick of all rows, on stores of its own")
	flags.StringVar(&o.manage, "manage", "off", "the operator's `address` of the measured server, for go tool pprof")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unknown argument %q; see -help", flags.Arg(0))
	}
	if o.rounds < 1 || o.seconds <= 0 || o.variety < 1 {
		return o, errors.New("-rounds, -seconds and -variety must be above 0")
	}
	if o.rows, err = regexp.Compile(*rows); err != nil {
		return o, fmt.Errorf("-rows: %w", err)
	}
	for text := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < leastCalls {
			return o, fmt.Errorf("-calls %s: each size must be a number from %d", text, leastCalls)
		}
		o.calls = append(o.calls, n)
	}
	return o, nil
}

// bench is one run.
type bench struct {
	options
	folder   string     // has everything that the run makes
	programs []*program // the measured one, and the yardstick where that is a callvault
	table    table
	progress io.Writer
}

// file is the path of a file of the run.
func (b *bench) file(name string) string { return filepath.Join(b.folder, name) }

func measure(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	if _, err := usage(os.Getpid()); err != nil {
		return fmt.Errorf("processor time is read from /proc; run this on Linux: %w", err)
	}
	folder, err := os.MkdirTemp("", "callvault-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	b := &bench{options: o, folder: folder, progress: stderr}
	if b.binary == "" {
		b.say("building callvault")
		b.binary = b.file("callvault")
		if err := build(ctx, b.binary); err != nil {
			return err
		}
	}
	b.programs = []*program{{name: "measured", binary: b.binary, manage: b.manage}}
	if b.beside != "" {
		b.programs = append(b.programs, &program{name: "beside", binary: b.beside, manage: "off"})
	}
	b.table = newTable(stdout)
	for _, count := range b.calls {
		if err := b.measureSize(ctx, count); err != nil {
			return err
		}
	}
	return nil
}

// measureSize measures everything with so many calls.
func (b *bench) measureSize(ctx context.Context, count int) error {
	b.say("inventing %d calls", count)
	s, err := newSample(count, b.folder)
	if err != nil {
		return err
	}
	if err := b.compareImports(ctx, s); err != nil {
		return err
	}
	if err := b.compareExports(ctx, s); err != nil {
		return err
	}
	if err := b.comparePages(ctx, s, "SQLite", b.besideBytes); err != nil {
		return err
	}
	if count <= b.postgres {
		if err := b.compareOnPostgres(ctx, s); err != nil {
			return err
		}
	}
	return errors.Join(os.Remove(s.ordered), os.Remove(s.shuffled))
}

// say tells a waiting person what is being done.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, format+"\n", args...)
}
