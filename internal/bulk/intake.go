package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/callvault/callvault/gong"
)

// intake reads records into a batch that another goroutine may take at any time. It
// knows of each source up to which line all records are in a batch.
type intake struct {
	*Import
	onlyChecks bool
	full       chan struct{} // has one when the batch is full
	taken      chan struct{} // has one when the batch was taken

	mu      sync.Mutex // around all below
	closed  bool
	result  Result
	pending *pending // the batch that is being filled
	spare   *pending

	name string // of the source
	line int    // of the last record
	told int    // the last line that a batch acknowledges
}

func newIntake(im *Import) *intake {
	return &intake{
		Import: im, full: make(chan struct{}, 1), taken: make(chan struct{}, 1),
		pending: new(pending), spare: new(pending),
	}
}

// take takes the batch.
func (in *intake) take() *pending {
	in.mu.Lock()
	defer in.mu.Unlock()
	p := in.pending
	in.pending, in.spare = in.spare, nil
	select {
	case in.taken <- struct{}{}:
	default:
	}
	return p
}

// recycle gives back what take took.
func (in *intake) recycle(p *pending) {
	in.mu.Lock()
	defer in.mu.Unlock()
	p.reset()
	in.spare = p
}

// close ends the reading at the next record.
func (in *intake) close() Result {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	return in.result
}

// readAll makes a pass over all sources.
func (in *intake) readAll(ctx context.Context, sources []Source) error {
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
	reader, err := open(ctx, file)
	if err != nil {
		return located(s.Name, err)
	}
	defer reader.Close()
	if format, z := ByName(s.Name); reader.empty && (format == Parquet || z != Uncompressed) {
		return fmt.Errorf("%s: the file is empty; make or fetch it again", s.Name)
	}
	reader.Kind = in.Kind
	if reader.names != nil {
		if in.Kind != "" {
			return located(s.Name, fmt.Errorf("it is a table; %s are read from NDJSON, JSON and saved response pages", in.Kind))
		}
		if err := missingColumns(reader.names); err != nil {
			return located(s.Name, err)
		}
	}
	if err := in.locked(func() { in.begin(s.Name, reader.names) }); err != nil {
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

// open begins to read a file: Parquet at once, if it can be read from anywhere,
// and everything else from its beginning.
func open(ctx context.Context, file io.Reader) (*Reader, error) {
	if f, ok := file.(parquetSource); ok && isParquet(f) {
		return newFileReader(ctx, f)
	}
	return NewReader(file)
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
func (in *intake) begin(name string, columns []string) {
	in.name, in.line, in.told = name, 0, 0
	if note := columnNote(columns); note != "" && !in.checked {
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
		case in.full <- struct{}{}:
		default:
		}
		select {
		case <-in.taken:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tryAdd is false if the batch is full. Only with the next record is it known whether
// the last line of a batch is complete.
func (in *intake) tryAdd(r *Record) bool {
	if r.Line > in.line {
		in.complete(in.line)
		in.line = r.Line
	}
	if in.pending.isFull() {
		return false
	}
	in.result.Read++
	if err := in.read(r); err != nil {
		in.result.Skipped++
		in.tell(r, err)
	}
	if in.onlyChecks {
		in.pending.reset()
	} else if r.Through >= r.Line {
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
	in.fill(&r.Call)
	return in.pending.add(&r.Call)
}

// tell reports what is wrong with a record.
func (in *intake) tell(r *Record, err error) {
	at := Place{File: in.name, Line: r.Line}
	switch {
	case r.Number > 0 && r.Call.ID != "":
		at.Record = fmt.Sprintf("call %d (id %.40q)", r.Number, r.Call.ID)
	case r.Number > 0:
		at.Record = fmt.Sprintf("%s %d", r.noun(), r.Number)
	}
	problems := []gong.FieldError{{Problem: err.Error()}}
	if e := (*gong.CallError)(nil); errors.As(err, &e) {
		problems = e.Problems
	}
	in.Report.Skipped(at, problems)
}

// complete notes that all records of a line were read, and of all before it.
func (in *intake) complete(line int) {
	if line > in.told {
		in.told = line
		in.pending.reached(Place{File: in.name, Line: line})
	}
}
