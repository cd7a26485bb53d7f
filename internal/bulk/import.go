package bulk

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
)

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

// Report is told what an import comes to. Committed is called from another goroutine
// than the rest. Nothing is called when Run has returned.
type Report interface {
	// Skipped is called once for each record that is skipped. A problem without a field
	// is one of the whole record.
	Skipped(at Place, problems []gong.FieldError)

	// Note is told what a person should know though nothing is wrong.
	Note(at Place, text string)

	// Committed is called after each batch, and after lines with only bad or known records.
	// Each place says that every record which begins at or before its line is kept; a file
	// without another complete line has none. Read is the bytes read for it.
	Committed(last []Place, result callvault.PutResult, read int64)
}

// Result is what an import came to.
type Result struct {
	callvault.PutResult
	Read    int // records, good and bad
	Skipped int // bad records
}

// Import puts the calls, users and workspaces of files into a store.
type Import struct {
	Calls     callvault.Calls
	Directory callvault.Directory
	Report    Report
	Read      func() int64 // how many bytes of the sources were read; may be nil

	// Kind is that of the records of JSON outside of saved pages, which say what they have.
	// It is empty for calls. If it is not, a table is an error.
	Kind callvault.Kind

	// What a record leaves unset is filled from here, where it is not empty.
	AppURL    string // url becomes AppURL/call?id=<id>
	Workspace string // workspaceId

	checked bool
}

// fill sets what a record leaves unset.
func (im *Import) fill(c *gong.Call) {
	if c.URL == nil && im.AppURL != "" && c.ID != "" {
		c.URL = new(im.AppURL + "/call?id=" + c.ID)
	}
	if c.WorkspaceID == nil && im.Workspace != "" {
		c.WorkspaceID = &im.Workspace
	}
}

// Check reads all sources as Run does, reports what is wrong, and puts nothing. A
// later Run tells nothing of the columns again.
func (im *Import) Check(ctx context.Context, sources []Source) (Result, error) {
	defer func() { im.checked = true }()
	in := newIntake(im)
	in.onlyChecks = true
	err := in.readAll(ctx, sources)
	return in.result, err
}

// Run reads all sources in their order and puts their calls in batches, each
// of which is kept or absent as a whole. Bad records are reported and skipped.
// On an error, what was committed stays; to run the import again completes it.
func (im *Import) Run(ctx context.Context, sources []Source) (Result, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	in := newIntake(im)
	read := make(chan error, 1)
	go func() { read <- in.readAll(ctx, sources) }()
	kept, err := im.put(ctx, in, read)
	// A Read that waits for a pipe may outlive this, and finds the intake closed.
	result := in.close()
	result.PutResult = kept
	return result, err
}

// commitEvery is how long a record waits for others to be committed with.
const commitEvery = time.Second

// put puts what is read until all is, and what came before an error of a source too.
func (im *Import) put(ctx context.Context, in *intake, read <-chan error) (kept callvault.PutResult, err error) {
	ticker := time.NewTicker(commitEvery)
	defer ticker.Stop()
	for isRead := false; !isRead; {
		select {
		case <-in.full:
		case <-ticker.C:
		case err = <-read:
			isRead = true
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return kept, context.Cause(ctx)
		}
		b, read := in.take(), int64(0)
		if im.Read != nil {
			read = im.Read()
		}
		result, putErr := im.putOne(ctx, b, read)
		if putErr != nil {
			return kept, putErr
		}
		kept = kept.Add(result)
		in.recycle(b)
	}
	return kept, err
}

// putOne puts records and acknowledges them. Without any it acknowledges lines whose
// records are bad, or were put before.
func (im *Import) putOne(ctx context.Context, p *pending, read int64) (result callvault.PutResult, err error) {
	if p.isEmpty() {
		return result, nil
	}
	if len(p.calls) > 0 {
		result, err = im.Calls.Put(ctx, callvault.NewBatch(p.calls))
		if err != nil {
			return result, err
		}
	}
	for _, kind := range callvault.Kinds() {
		if len(p.entries[kind]) > 0 {
			put, err := im.Directory.Put(ctx, kind, p.entries[kind])
			if err != nil {
				return result, err
			}
			result = result.Add(put)
		}
	}
	im.Report.Committed(p.places, result, read)
	return result, nil
}
