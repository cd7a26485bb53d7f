package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// intake reads records into a batch that another goroutine may take at any time. It
// knows of each source up to which line all records are in a batch.
type intake struct {
	*Import
	onlyChecks bool
	full       chan struct{} // has one when the batch is full
	taken      chan struct{} // has one when there is room again

	// Of the goroutine that puts.
	pace   pace
	order  order
	kept   callvault.PutResult
	failed bool // it did, and nothing more is put

	mu      sync.Mutex // around all below
	closed  bool
	result  Result
	pending *pending // the batch that is being filled; nil while there is no room for one
	spare   *pending

	name string // of the source
	line int    // of the last record
	told int    // the last line that a batch acknowledges
}

func newIntake(im *Import) *intake {
	return &intake{
		Import: im, full: make(chan struct{}, 1), taken: make(chan struct{}, 1),
		pending: im.newPending(), spare: im.newPending(), pace: pace{now: time.Now},
	}
}

func (im *Import) newPending() *pending { return &pending{most: cmp.Or(im.most, maxCalls)} }

// take takes the batch.
func (in *intake) take() *pending {
	in.mu.Lock()
	defer in.mu.Unlock()
	p := in.pending
	in.pending, in.spare = in.spare, nil
	in.wake()
	return p
}

// recycle gives the memory of a batch back.
func (in *intake) recycle(p *pending) {
	in.mu.Lock()
	defer in.mu.Unlock()
	p.reset()
	switch {
	case in.pending == nil:
		in.pending = p
		in.wake()
	case in.spare == nil:
		in.spare = p
	}
}

// wake has a record that waits for room try again.
func (in *intake) wake() {
	select {
	case in.taken <- struct{}{}:
	default:
	}
}

// close ends the reading at the next record.
func (in *intake) close() Result {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	in.result.PutResult = in.kept
	return in.result
}

// commitEvery is how long a record of an endless source waits for others to be committed with.
const commitEvery = time.Second

// readAll reads all sources, and has take take what is read, also before an error of a source.
func (in *intake) readAll(ctx context.Context, sources []Source, take func(context.Context, *pending) error) (err error) {
	read := make(chan error, 1)
	go func() { read <- in.readSources(ctx, sources) }()
	var tick <-chan time.Time
	if in.Endless && !in.onlyChecks {
		ticker := time.NewTicker(commitEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	for isRead := false; !isRead; {
		select {
		case <-in.full:
		case <-tick:
		case err = <-read:
			isRead = true
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := take(ctx, in.take()); err != nil {
			in.failed = true
			return err
		}
	}
	return err
}

func (in *intake) readSources(ctx context.Context, sources []Source) error {
	for _, s := range sources {
		if err := in.readSource(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (in *intake) readSource(ctx context.Context, s Source) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	file, err := s.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	reader, err := open(ctx, file, in.Mapping)
	if columns := (*columnError)(nil); in.Kind != "" && errors.As(err, &columns) {
		return located(s.Name, errTable(in.Kind))
	}
	if err != nil {
		return located(s.Name, err)
	}
	defer reader.Close()
	if format, z := ByName(s.Name); reader.empty && (format == Parquet || z != Uncompressed) {
		return fmt.Errorf("%s: the file is empty; make or fetch it again", s.Name)
	}
	reader.Kind = in.Kind
	if reader.header.names != nil {
		if in.Kind != "" {
			return located(s.Name, errTable(in.Kind))
		}
		if err := reader.header.lacks(); err != nil {
			return located(s.Name, err)
		}
	}
	if err := in.locked(func() { in.begin(s.Name, reader.header) }); err != nil {
		return err
	}
	var record Record // one for all, which escapes
	for {
		record, err = reader.Read()
		if err == io.EOF {
			return in.locked(func() { in.complete(in.line) }) // of its last line too
		}
		if err != nil {
			return located(s.Name, err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := in.add(ctx, &record); err != nil {
			return err
		}
	}
}

func errTable(kind callvault.Kind) error {
	return fmt.Errorf("it is a table; %s are read from NDJSON, JSON and saved response pages", kind)
}

// open begins to read a file: Parquet at once, if it can be read from anywhere,
// and everything else from its beginning.
func open(ctx context.Context, file io.Reader, m Mapping) (*Reader, error) {
	if f, ok := file.(parquetSource); ok && m.isEmpty() && isParquet(f) {
		return newFileReader(ctx, f)
	}
	return newReader(file, m)
}

// located is the error of a source with the name of its file, and its line
// where that is known.
func located(name string, err error) error {
	var e *LineError
	if errors.As(err, &e) {
		return fmt.Errorf("%v: %w", Place{File: name, Line: e.Line}, e.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// errClosed ends a pass that nobody waits for any more.
var errClosed = errors.New("the import has ended")

// locked calls f unless the intake is closed.
func (in *intake) locked(f func()) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.closed {
		return errClosed
	}
	f()
	return nil
}

// begin begins a source, and tells of the columns of a table.
func (in *intake) begin(name string, h header) {
	in.name, in.line, in.told = name, 0, 0
	for _, note := range h.notes() {
		in.Report.Note(Place{File: name, Line: 1}, note)
	}
}

// add adds a record to the batch, when there is room, or reports what is wrong with it.
func (in *intake) add(ctx context.Context, r *Record) error {
	for isAdded := false; ; {
		err := in.locked(func() { isAdded = in.tryAdd(r) })
		if err != nil || isAdded {
			return err
		}
		select {
		case <-in.taken:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tryAdd is false if there is no room. Only with the next record is it known whether
// the last line of a batch is complete.
func (in *intake) tryAdd(r *Record) bool {
	if in.pending == nil {
		return false
	}
	if r.Line > in.line {
		in.complete(in.line)
		in.line = r.Line
	}
	if in.pending.isFull() {
		select {
		case in.full <- struct{}{}:
		default:
		}
		return false
	}
	in.result.Read++
	sent := r.Call.ID
	if err := in.read(r); err != nil {
		in.result.Skipped++
		in.Report.Skipped(place(in.name, r.Line, r.Number, r.Kind.One(), sent), problemsOf(in.advised(err, sent, r)))
	}
	if r.Through >= r.Line {
		in.complete(r.Line)
	}
	return true
}

// read puts a record into the batch. The error is of the record.
func (in *intake) read(r *Record) error {
	if r.Err != nil {
		return r.Err
	}
	if r.Kind != "" {
		in.pending.addEntry(r.Kind, r.Entry)
		return nil
	}
	if err := in.fill(&r.Call); err != nil {
		return err
	}
	return in.pending.add(&r.Call, in.name, r)
}

// place is where a record stands, which is named by its id if it shares its line.
func place(file string, line, number int, noun, id string) Place {
	at := Place{File: file, Line: line}
	switch {
	case number > 0 && id != "":
		at.Record = fmt.Sprintf("%s %d (id %.40q)", noun, number, id)
	case number > 0:
		at.Record = fmt.Sprintf("%s %d", noun, number)
	}
	return at
}

// problemsOf are what is wrong with a record.
func problemsOf(err error) []gong.FieldError {
	if e := (*gong.CallError)(nil); errors.As(err, &e) {
		return e.Problems
	}
	return []gong.FieldError{{Problem: err.Error()}}
}

// complete notes that all records of a line were read, and of all before it.
func (in *intake) complete(line int) {
	if line > in.told {
		in.told = line
		in.pending.reached(Place{File: in.name, Line: line})
	}
}
