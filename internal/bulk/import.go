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

// Place is where a record begins: a file and the number of a line in it.
type Place struct {
	File string
	Line int
}

func (p Place) String() string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// Report is told what an import comes to. Committed is called from a goroutine
// of its own.
type Report interface {
	// Problem is told what is wrong with a record, which is skipped. Field is
	// empty when it is the record as a whole.
	Problem(at Place, field, problem string)

	// Note is told what a person should know though nothing is wrong.
	Note(at Place, text string)

	// Committed is told that a batch is kept. Its last place acknowledges
	// everything up to there; there is one place for each file that the batch
	// has records of.
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

	result := Result{}
	err := im.each(ctx, sources, waiting{ticker.C, p.offer}, func(at Place, r *Record) error {
		result.Read++
		bad, err := im.add(p, at, r)
		if bad {
			result.Skipped++
		}
		return err
	})
	if ctx.Err() == nil {
		// What came before the error of a source is kept.
		err = errors.Join(err, p.flush())
	}
	close(p.full)
	<-p.done
	result.PutResult = p.result
	if p.err != nil {
		return result, p.err
	}
	return result, err
}

// Check reads all sources as Run does, reports what is wrong, and puts nothing.
func (im *Import) Check(ctx context.Context, sources []Source) (Result, error) {
	var result Result
	var b batch
	err := im.each(ctx, sources, waiting{}, func(at Place, r *Record) error {
		result.Read++
		b.reset()
		if err := im.take(&b, r); err != nil {
			result.Skipped++
			im.tell(at, err)
		}
		return nil
	})
	return result, err
}

// add puts a record into the current batch, or reports that it is bad.
func (im *Import) add(p *putter, at Place, r *Record) (bad bool, err error) {
	if err := im.take(p.current, r); err != nil {
		im.tell(at, err)
		p.current.reached(at)
		return true, nil
	}
	p.current.reached(at)
	if p.current.isFull() {
		return false, p.flush()
	}
	return false, nil
}

// take checks a record and adds its call to a batch. An error is of the record.
func (im *Import) take(b *batch, r *Record) error {
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
	var e *gong.CallError
	if !errors.As(err, &e) {
		im.Report.Problem(at, "", err.Error())
		return
	}
	for _, p := range e.Problems {
		im.Report.Problem(at, p.Field, p.Problem)
	}
}

// each visits the records of all sources. An error of visit ends it.
func (im *Import) each(ctx context.Context, sources []Source, w waiting, visit func(Place, *Record) error) error {
	for _, s := range sources {
		if err := im.eachOf(ctx, s, w, visit); err != nil {
			return err
		}
	}
	return nil
}

func (im *Import) eachOf(ctx context.Context, s Source, w waiting, visit func(Place, *Record) error) error {
	file, err := s.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reader, err := NewReader(newPatient(ctx, file, w))
	if err != nil {
		return located(s.Name, err)
	}
	defer reader.Close()
	if len(reader.Unknown) > 0 {
		im.Report.Note(Place{s.Name, 1}, fmt.Sprintf("columns that are not fields of the contract are kept as further fields: %q", reader.Unknown))
	}
	for {
		record, err := reader.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return located(s.Name, err)
		}
		if err := visit(Place{s.Name, record.Line}, &record); err != nil {
			return err
		}
	}
}

// located is the error of a source with the name of its file, and its line
// where that is known.
func located(name string, err error) error {
	var e *LineError
	if errors.As(err, &e) {
		return fmt.Errorf("%v: %w", Place{name, e.Line}, e.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}
