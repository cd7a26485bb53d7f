package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
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
// than the rest, and so is Skipped for records that the store refuses. Nothing is called
// when Run has returned.
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
	Calls     callvault.Calls // of a Check they are only read, and may be nil
	Directory callvault.Directory
	Report    Report
	Read      func() int64 // how many bytes of the sources were read; may be nil

	// Kind is that of the records of JSON outside of saved pages, which say what they have.
	// It is empty for calls. If it is not, a table is an error.
	Kind callvault.Kind

	// What a record leaves unset is filled from here, where it is not empty.
	AppURL    string // url becomes AppURL/call?id=<id>
	Workspace string // workspaceId

	Mapping Mapping               // of tables
	Source  string                // the system whose ids the records have, if any: see callvault.SourceID
	Show    func(document []byte) // is shown each record that Check finds sound and that Run would keep; may be nil

	checked bool
}

// fill sets what a record leaves unset, and gives it the id of its source's id.
func (im *Import) fill(c *gong.Call) error {
	if im.Source != "" {
		if err := identify(c, im.Source); err != nil {
			return err
		}
		if c.System == nil {
			c.System = &im.Source
		}
	}
	if c.URL == nil && im.AppURL != "" && c.ID != "" {
		c.URL = new(im.AppURL + "/call?id=" + c.ID)
	}
	if c.WorkspaceID == nil && im.Workspace != "" {
		c.WorkspaceID = &im.Workspace
	}
	return nil
}

// Check reads all sources as Run does, reports what is wrong, and puts nothing. A
// later Run tells nothing of the columns again.
func (im *Import) Check(ctx context.Context, sources []Source) (Result, error) {
	defer func() { im.checked = true }()
	in := newIntake(im)
	in.onlyChecks = true
	err := in.readAll(ctx, sources)
	if err == nil {
		err = in.compare(ctx)
	}
	return in.result, err
}

// Run reads all sources in their order and puts their calls in batches, each
// of which is kept or absent as a whole; they are shorter while others write. Bad records are reported and skipped.
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
		result, putErr := in.putOne(ctx, b, read)
		kept = kept.Add(result) // of calls, also if users fail
		if putErr != nil {
			return kept, putErr
		}
		in.recycle(b)
	}
	return kept, err
}

// pace finds how many calls are put at once. While nobody waits it is a whole batch, of which the
// store keeps nothing if it has to yield to another writer. Short parts follow for a while then.
type pace struct {
	now   func() time.Time
	calls int       // of a part, while others write
	until time.Time // when they are taken to have ended
}

const (
	shortPart  = 150 * time.Millisecond // it takes about so long
	shortFor   = time.Minute
	leastCalls = 1000 // of a part: of fewer calls most of the time is the disk's
)

// cut takes what is put next from a batch.
func (p *pace) cut(batch callvault.Batch) (next, rest callvault.Batch) {
	if p.now().Before(p.until) {
		return batch.Cut(p.calls)
	}
	next, rest = batch.Cut(batch.Len())
	return next.Yielding(), rest
}

// yielded notes that others wait.
func (p *pace) yielded() {
	p.until = p.now().Add(shortFor)
	p.calls = leastCalls
}

// put notes how long n calls took. Fewer than a part tell little.
func (p *pace) put(n int, took time.Duration) {
	if n >= leastCalls {
		p.calls = max(leastCalls, min(maxCalls, int(float64(n)*float64(shortPart)/float64(max(took, 1)))))
	}
}

// identify keeps the id that a record has in its source as its clientUniqueId, and gives it
// the call's id.
func identify(c *gong.Call, source string) error {
	switch {
	case c.ID == "":
		return &gong.CallError{Problems: []gong.FieldError{{Field: "id", Problem: "is missing or empty"}}}
	case c.ClientUniqueID != nil && *c.ClientUniqueID != c.ID:
		return &gong.CallError{Problems: []gong.FieldError{{Field: "clientUniqueId", Problem: fmt.Sprintf("%.40q is not the id, which --source keeps here; leave one of them out", *c.ClientUniqueID)}}}
	}
	c.ClientUniqueID = new(c.ID)
	c.ID = callvault.SourceID(source, c.ID).String()
	return nil
}

// advised is an error of a record with what to do about the id of another system, or about a
// record of another kind.
func (im *Import) advised(err error, sent string, r *Record) error {
	e := (*gong.CallError)(nil)
	if !errors.As(err, &e) {
		return err
	}
	if kind := otherKind(&r.Call); r.Bare && kind != "" {
		return wholly(fmt.Sprintf("it looks like a %s; to import %s, pass --kind %[2]s", kind.One(), kind))
	}
	for i := range e.Problems {
		if p := &e.Problems[i]; p.Field == "id" && im.Source == "" && sent != "" {
			p.Problem += "; to import ids of another system, pass --source and its name"
		}
	}
	return err
}

// putOne puts records and acknowledges them. Calls that would replace one of another client are
// reported, and the rest is put. Without records it acknowledges lines whose records are bad,
// or were put before.
func (in *intake) putOne(ctx context.Context, p *pending, read int64) (result callvault.PutResult, err error) {
	if p.isEmpty() {
		return result, nil
	}
	if result, err = in.putCalls(ctx, p); err != nil {
		return result, err
	}
	for _, kind := range callvault.Kinds() {
		if len(p.entries[kind]) > 0 {
			put, err := in.Directory.Put(ctx, kind, p.entries[kind])
			if err != nil {
				return result, err
			}
			result = result.Add(put)
		}
	}
	in.Report.Committed(p.places, result, read)
	return result, nil
}

// putCalls puts the calls, all at once or in the parts that others who write leave room for.
func (in *intake) putCalls(ctx context.Context, p *pending) (result callvault.PutResult, err error) {
	for batch := in.guarded(p); batch.Len() > 0; {
		next, rest := in.pace.cut(batch)
		begun := in.pace.now()
		put, err := in.Calls.Put(ctx, next)
		refused := (*callvault.ClientError)(nil)
		switch {
		case errors.Is(err, callvault.ErrYielded):
			in.pace.yielded()
		case errors.As(err, &refused):
			batch, _ = callvault.NewGuardedBatch(in.refuse(p, batch, refused.IDs))
		case err != nil:
			return result, err
		default:
			in.pace.put(next.Len(), in.pace.now().Sub(begun))
			result, batch = result.Add(put), rest
		}
	}
	return result, nil
}

// compare reports the calls of the batch that a Put would refuse, shows the others, and forgets
// the batch.
func (in *intake) compare(ctx context.Context) error {
	defer in.pending.reset()
	batch := in.guarded(in.pending)
	refused, err := in.refused(ctx, batch)
	in.showCalls(in.pending, in.refuse(in.pending, batch, refused))
	return err
}

// refused are the calls of a batch that a Put would refuse.
func (in *intake) refused(ctx context.Context, batch callvault.Batch) (refused []callvault.ID, err error) {
	calls := make(map[callvault.ID]*callvault.Call)
	for i := range batch.Calls() {
		if c := &batch.Calls()[i]; in.Calls != nil && c.Client() != nil {
			calls[c.ID] = c
		}
	}
	if len(calls) == 0 {
		return nil, nil
	}
	err = in.Calls.Get(ctx, slices.Collect(maps.Keys(calls)), func(r callvault.Record) error {
		if r.HasOtherClient(calls[r.ID]) {
			refused = append(refused, r.ID)
		}
		return nil
	})
	return refused, err
}

// showCalls shows calls of a batch, in the order in which they came.
func (in *intake) showCalls(p *pending, calls []callvault.Call) {
	if in.Show == nil {
		return
	}
	documents := make(map[callvault.ID][]byte, len(calls))
	for i := range calls {
		documents[calls[i].ID] = calls[i].Document
	}
	for _, s := range p.spots {
		if document := documents[s.id]; document != nil {
			in.Show(document)
			delete(documents, s.id) // of several records it is the last one's
		}
	}
}

// guarded is the batch of the calls. It reports those that would replace one before them.
func (in *intake) guarded(p *pending) callvault.Batch {
	batch, refused := callvault.NewGuardedBatch(p.calls)
	for _, i := range refused {
		in.skip(p, &p.spots[i], "a record before it")
	}
	return batch
}

// refuse reports calls of a batch that the store has from other clients. It returns the rest.
func (in *intake) refuse(p *pending, batch callvault.Batch, ids []callvault.ID) []callvault.Call {
	refused := make(map[callvault.ID]*spot, len(ids))
	for _, id := range ids {
		refused[id] = nil
	}
	for i := range p.spots {
		if _, isRefused := refused[p.spots[i].id]; isRefused {
			refused[p.spots[i].id] = &p.spots[i] // the last one is in the batch
		}
	}
	for _, id := range ids {
		in.skip(p, refused[id], "the stored call")
	}
	return slices.DeleteFunc(batch.Calls(), func(c callvault.Call) bool { return refused[c.ID] != nil })
}

// skip reports a call that would replace one of another client.
func (in *intake) skip(p *pending, s *spot, other string) {
	problem := fmt.Sprintf("differs from that of %s with the id %s; give one of the two calls another id", other, s.id)
	in.Report.Skipped(place(p.files[s.file], s.line, s.number, "call", ""), []gong.FieldError{{Field: "clientUniqueId", Problem: problem}})
	s.id = callvault.ID{}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.result.Skipped++
}
