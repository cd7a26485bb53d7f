package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

// commitEvery is how long a record of a slow source waits for others to be
// committed with.
const commitEvery = 2 * time.Second

// Source is a file of calls. Open begins a pass over it.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Place is a file and the number of a line in it, and where several records share that
// line, the record.
type Place struct {
	File   string
	Line   int
	Record string // such as call 57 (id "57"), or empty
}

func (p Place) String() string {
	if p.Record != "" {
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Record)
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// placeOf is the place of a record of a file.
func placeOf(file string, r *Record) Place {
	at := Place{File: file, Line: r.Line}
	switch {
	case r.Number > 0 && r.Call.ID != "":
		at.Record = fmt.Sprintf("call %d (id %.40q)", r.Number, r.Call.ID)
	case r.Number > 0:
		at.Record = fmt.Sprintf("call %d", r.Number)
	}
	return at
}

// Report is told what an import comes to. Committed is called from a goroutine
// of its own.
type Report interface {
	// Skipped is called once for each record that is skipped. A problem without a field
	// is one of the whole record.
	Skipped(at Place, problems []gong.FieldError)

	// Note is told what a person should know though nothing is wrong.
	Note(at Place, text string)

	// Doubt is told what is kept as it is, but was probably meant otherwise.
	Doubt(at Place, text string)

	// Committed is told that a batch is kept, or that lines are whose records
	// all are bad or were kept before. A place acknowledges that every record
	// which begins at or before its line is kept. There is none for a file of
	// which no further line is complete.
	Committed(last []Place, result callvault.PutResult)
}

// Result is what an import came to.
type Result struct {
	callvault.PutResult
	Read    int // records, good and bad
	Skipped int // bad records
}

// Repeated is how many records gave way to a later one of the same batch with
// the same id.
func (r Result) Repeated() int {
	return r.Read - r.Skipped - r.Created - r.Changed - r.Unchanged
}

// Import puts the calls of files into a store.
type Import struct {
	Calls  callvault.Calls
	Report Report

	// What a record leaves unset is filled from here, where it is not empty.
	AppURL    string // url becomes AppURL/call?id=<id>
	Workspace string // workspaceId

	checked bool
}

// Run reads all sources in their order and puts their calls in batches, each
// of which is kept or absent as a whole. Bad records are reported and skipped.
// On an error, what was committed stays; to run the import again completes it.
func (im *Import) Run(ctx context.Context, sources []Source) (Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &putter{full: make(chan *batch), free: make(chan *batch, 2), done: make(chan struct{}), current: new(batch)}
	p.free <- new(batch)
	go func() {
		// A reader that waits for its source notices when nothing can be put.
		defer cancel()
		p.run(ctx, im.Calls, im.Report)
	}()
	ticker := time.NewTicker(commitEvery)
	defer ticker.Stop()

	in := &intake{Import: im, putter: p}
	err := each(ctx, sources, waiting{ticker.C, p.offer}, in)
	if ctx.Err() == nil {
		// What came before the error of a source is kept.
		err = errors.Join(err, p.flush())
	}
	close(p.full)
	<-p.done
	in.result.PutResult = p.result
	if p.err != nil {
		return in.result, p.err
	}
	return in.result, err
}

// Check reads all sources as Run does, reports what is wrong, and puts nothing. A
// later Run tells nothing of the columns again.
func (im *Import) Check(ctx context.Context, sources []Source) (Result, error) {
	defer func() { im.checked = true }()
	c := &check{Import: im}
	err := each(ctx, sources, waiting{}, c)
	return c.result, err
}

// fill checks a record and adds its call to a batch. An error is of the record.
func (im *Import) fill(b *batch, r *Record) error {
	if r.Err != nil {
		return r.Err
	}
	if r.Call.URL == nil && im.AppURL != "" && r.Call.ID != "" {
		url := im.AppURL + "/call?id=" + r.Call.ID
		r.Call.URL = &url
	}
	if r.Call.WorkspaceID == nil && im.Workspace != "" {
		r.Call.WorkspaceID = &im.Workspace
	}
	return b.add(&r.Call)
}

// tell reports what is wrong with a record.
func (im *Import) tell(at Place, err error) {
	problems := []gong.FieldError{{Problem: err.Error()}}
	if e := (*gong.CallError)(nil); errors.As(err, &e) {
		problems = e.Problems
	}
	im.Report.Skipped(at, problems)
}

// noteColumns tells what a person should know of a table's columns.
func (im *Import) noteColumns(r *Reader, name string) {
	at := Place{File: name, Line: 1}
	doubts, note := columnNotes(r.names, r.Unknown)
	for _, text := range doubts {
		im.Report.Doubt(at, text)
	}
	if note != "" {
		im.Report.Note(at, note)
	}
}
