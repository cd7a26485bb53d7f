package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// pass is told what is in the sources, one after the other.
type pass interface {
	begin(name string, r *Reader)
	record(r *Record) error // an error ends the pass
	end(left []string)      // the source was read; left names what was dropped
}

// each makes a pass over all sources.
func each(ctx context.Context, sources []Source, w waiting, p pass) error {
	for _, s := range sources {
		if err := eachOf(ctx, s, w, p); err != nil {
			return err
		}
	}
	return nil
}

func eachOf(ctx context.Context, s Source, w waiting, p pass) error {
	file, err := s.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reader, err := open(ctx, file, w)
	if err != nil {
		return located(s.Name, err)
	}
	defer reader.Close()
	if ending := promise(s.Name); reader.empty && ending != "" {
		return fmt.Errorf("%s: the file has 0 bytes, and no %s file has; make or fetch it again", s.Name, ending)
	}
	if reader.names != nil {
		if err := missingColumns(reader.names, reader.delimiter); err != nil && reader.headerLine > 0 {
			return located(s.Name, &LineError{reader.headerLine, err})
		} else if err != nil { // of Parquet
			return located(s.Name, err)
		}
	}
	p.begin(s.Name, reader)
	var record Record // one for all, which escapes to p
	for {
		record, err = reader.Read()
		if err == io.EOF {
			p.end(reader.left())
			return nil
		}
		if err != nil {
			return located(s.Name, err)
		}
		if err := p.record(&record); err != nil {
			return err
		}
	}
}

// open begins to read a file: Parquet at once, if it can be read from anywhere,
// and everything else from its beginning.
func open(ctx context.Context, file io.Reader, w waiting) (*Reader, error) {
	if f, ok := file.(parquetSource); ok && isParquet(f) {
		return newFileReader(ctx, f)
	}
	return NewReader(newPatient(ctx, file, w))
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

// check is the pass that only reports.
type check struct {
	*Import
	batch  batch
	name   string
	result Result
}

func (c *check) begin(name string, r *Reader) {
	c.name = name
	c.noteColumns(r, name)
}

func (c *check) record(r *Record) error {
	c.result.Read++
	c.batch.reset()
	if err := c.fill(&c.batch, r); err != nil {
		c.result.Skipped++
		c.tell(placeOf(c.name, r), err)
	}
	return nil
}

func (c *check) end([]string) {}

// intake is the pass that fills batches, and knows of each source up to which
// line it has all records.
type intake struct {
	*Import
	putter *putter
	result Result

	name string
	line int // of the last record
	told int // the last line that a batch acknowledges
}

func (in *intake) begin(name string, r *Reader) {
	in.name, in.line, in.told = name, 0, 0
	if !in.checked {
		in.noteColumns(r, name)
	}
}

func (in *intake) record(r *Record) error {
	in.result.Read++
	if r.Line > in.line {
		in.complete(in.line)
	}
	in.line = r.Line
	// Only now is it known whether the last line of a full batch is complete.
	if in.putter.current.isFull() {
		if err := in.putter.flush(); err != nil {
			return err
		}
	}
	if err := in.fill(in.putter.current, r); err != nil {
		in.result.Skipped++
		in.tell(placeOf(in.name, r), err)
	}
	if r.Through >= r.Line {
		in.complete(r.Line)
	}
	return nil
}

// end is the end of the last line too.
func (in *intake) end(left []string) {
	in.complete(in.line)
	if len(left) > 0 {
		in.Report.Note(Place{File: in.name, Line: 1}, "only metaData of each call is kept, without "+some(left))
	}
}

// complete notes that all records of a line were read, and of all before it.
func (in *intake) complete(line int) {
	if line > in.told {
		in.told = line
		in.putter.current.reached(Place{File: in.name, Line: line})
	}
}
