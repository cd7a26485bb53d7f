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
	"github.com/callvault/callvault/internal/spool"
)

// Source is a file of calls. Open begins a pass over it.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Place is a file and the number of a line in it, and where several records share that
// line, the record. Without a line it is the whole file.
type Place struct {
	File   string
	Line   int
	Record string // such as call 57 (id "57"), or empty
}

func (p Place) String() string {
	switch {
	case p.Record != "":
		return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Record)
	case p.Line == 0:
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Report is told what an import comes to. Its methods are called by two goroutines, one of
// which reads. Nothing is called when Check or Run has returned.
type Report interface {
	// Skipped is called once for each record that is skipped. A problem without a field
	// is one of the whole record.
	Skipped(at Place, problems []gong.FieldError)

	// Note is told what a person should know though nothing is wrong.
	Note(at Place, text string)

	// Sorted is called after each part of the input that is sorted on the disk, with the
	// bytes read for it, and Storing before the sorted records are put.
	Sorted(read int64)
	Storing()

	// Committed is called after each batch, and after lines with only bad or known records.
	// Each place says that every record which begins at or before its line is kept, or every
	// record of a file without a line. Read is the bytes read for it, or of sorted records
	// the share of all bytes that is put.
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
	Show    func(document []byte) // for a Check without a Put: is shown sound records, at least the first ones; may be nil

	Endless bool   // a source may never end, so that Run puts records as they come
	Folder  string // for what is sorted on the disk; empty for that of temporary files

	checked *intake // has what Put puts
	most    int     // calls of a batch; 0 is maxCalls
	free    func(folder string) (bytes int64, known bool)
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

// Check reads all sources, reports what is wrong, and puts nothing. Put puts what it has read.
func (im *Import) Check(ctx context.Context, sources []Source) (Result, error) {
	in := newIntake(im)
	in.onlyChecks = true
	im.checked = in
	err := in.readAll(ctx, sources, in.sort)
	if err == nil {
		err = in.compare(ctx)
	}
	return in.close(), err
}

// Put puts what Check has read, as Run does.
func (im *Import) Put(ctx context.Context) (Result, error) {
	in := im.checked
	in.onlyChecks = false
	err := in.finish(ctx, true)
	return in.close(), errors.Join(err, im.Close())
}

// Run reads all sources and puts their calls in batches, each of which is kept or absent as a
// whole; they are shorter while others write. An input that is longer than a batch and in no
// order of time is sorted on the disk first. Of several records with one id the last one wins.
// Bad records are reported and skipped.
// On an error, what was committed stays; to run the import again completes it.
func (im *Import) Run(ctx context.Context, sources []Source) (Result, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	in := newIntake(im)
	im.checked = in
	take := in.sort
	if im.Endless {
		take = in.putAtOnce
	}
	err := in.readAll(ctx, sources, take)
	if ctx.Err() == nil && !in.failed {
		if failed := in.finish(ctx, err == nil); failed != nil {
			err = failed
		}
	}
	// A Read that waits for a pipe may outlive this, and finds the intake closed.
	return in.close(), errors.Join(err, im.Close())
}

// Close removes what Check has read, unless it was put.
func (im *Import) Close() error {
	in := im.checked
	im.checked = nil
	if in == nil || in.order.spool == nil {
		return nil
	}
	return in.order.spool.Close()
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

// putAtOnce puts records as they come.
func (in *intake) putAtOnce(ctx context.Context, p *pending) error {
	return in.putOne(ctx, p, in.bytesRead())
}

// bytesRead is how many bytes of the sources were read.
func (in *intake) bytesRead() int64 {
	if in.Read == nil {
		return 0
	}
	return in.Read()
}

// putOne puts records, acknowledges them and gives their memory back. Calls that would replace
// one of another client are reported, and the rest is put. Without records it acknowledges
// lines whose records are bad, or were put before.
func (in *intake) putOne(ctx context.Context, p *pending, read int64) error {
	defer in.recycle(p)
	if p.isEmpty() {
		return nil
	}
	result, err := in.putCalls(ctx, p)
	for _, kind := range callvault.Kinds() {
		if err == nil && len(p.entries[kind]) > 0 {
			var put callvault.PutResult
			put, err = in.Directory.Put(ctx, kind, p.entries[kind])
			result = result.Add(put)
		}
	}
	in.kept = in.kept.Add(result) // of calls, also if users fail
	if err != nil {
		return err
	}
	in.Report.Committed(p.places, result, read)
	return nil
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

// show shows the first run, in the order in which its records came: the calls that would be
// kept of it, and then the entries.
func (in *intake) show(ctx context.Context, p *pending) error {
	batch, _ := callvault.NewGuardedBatch(slices.Clone(p.calls))
	refused, err := in.refused(ctx, batch)
	if err != nil {
		return err
	}
	documents := make(map[callvault.ID][]byte, batch.Len())
	for _, c := range batch.Calls() {
		documents[c.ID] = c.Document
	}
	for _, id := range refused {
		delete(documents, id)
	}
	for _, s := range p.spots {
		if document := documents[s.ID]; document != nil {
			in.Show(document)
			delete(documents, s.ID) // of several records it is the last one's
		}
	}
	for _, kind := range callvault.Kinds() {
		for _, e := range p.entries[kind] {
			in.Show(e.Document)
		}
	}
	return nil
}

// guarded is the batch of the calls. It reports those that would replace one before them.
func (in *intake) guarded(p *pending) callvault.Batch {
	batch, refused := callvault.NewGuardedBatch(p.calls)
	p.calls = batch.Calls()
	for _, i := range refused {
		in.skip(p.files, &p.spots[i], before)
	}
	return batch
}

// refuse reports calls of a batch that the store has from other clients. It returns the rest.
func (in *intake) refuse(p *pending, batch callvault.Batch, ids []callvault.ID) []callvault.Call {
	refused := make(map[callvault.ID]*spool.Spot, len(ids))
	for _, id := range ids {
		refused[id] = nil
	}
	for i := range p.spots {
		if _, isRefused := refused[p.spots[i].ID]; isRefused {
			refused[p.spots[i].ID] = &p.spots[i] // the last one is in the batch
		}
	}
	for _, id := range ids {
		in.skip(p.files, refused[id], stored)
	}
	return slices.DeleteFunc(batch.Calls(), func(c callvault.Call) bool { return refused[c.ID] != nil })
}

// What a call that is skipped would replace.
const (
	before = "a record before it"
	stored = "the stored call"
)

// skip reports a call that would replace one of another client.
func (in *intake) skip(files []string, s *spool.Spot, other string) {
	problem := fmt.Sprintf("differs from that of %s with the id %s; give one of the two calls another id", other, s.ID)
	in.Report.Skipped(place(files[s.File], s.Line, s.Number, "call", ""), []gong.FieldError{{Field: "clientUniqueId", Problem: problem}})
	s.ID = callvault.ID{}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.result.Skipped++
}
