package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/screen"
)

// Console is the Report of a command: a person sees a bar, and a script reads a line for each
// commit. What is wrong with records is printed in any case.
type Console struct {
	Progress *screen.Progress
	Commits  io.Writer // for the lines
	Size     int64     // of all files, or screen.Unknown
	Most     int       // bad records to print in a pass; 0 prints all

	mu      sync.Mutex // of what follows
	kept    callvault.PutResult
	skipped int               // in this pass
	printed int               // of these
	alike   []*alike          // in the order in which they came
	by      map[string]*alike // their problems
}

// alike is bad records with the same problems.
type alike struct {
	last             Place // of those that are printed
	printed, skipped int
}

// Begin begins a pass.
func (c *Console) Begin(doing string) { c.Progress.Begin(doing, "byte", int(c.Size)) }

// Done tells how many bytes are done. A part of a file may be read twice.
func (c *Console) Done(bytes int64) { c.Progress.Set(max(0, min(bytes, c.Size)), c.Size) }

// mostProblems bounds the problems that are printed of one record.
const mostProblems = 20

// mostAlike is how many records with the same problems are printed.
const mostAlike = 3

// Skipped prints what is wrong with a record, for the first records.
func (c *Console) Skipped(at Place, problems []gong.FieldError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped++
	c.detail()
	if !c.mayPrint(at, problems) {
		return
	}
	for _, p := range problems[:min(len(problems), mostProblems)] {
		c.Progress.Note("%v: %s", at, p.Error())
	}
	if more := len(problems) - mostProblems; more > 0 {
		c.Progress.Note("%v: and %s", at, screen.Count(more, "more problem"))
	}
}

// mayPrint counts a record, and tells whether to print it. A problem of whole records, such as
// a file of another kind, is printed once.
func (c *Console) mayPrint(at Place, problems []gong.FieldError) bool {
	if c.Most == 0 {
		return true
	}
	key, most := fmt.Sprint(problems), mostAlike
	if problems[0].Field == "" {
		most = 1
	}
	like := c.by[key]
	switch {
	case like != nil && like.printed == most:
		like.skipped++
		return false
	case c.printed == c.Most:
		return false
	case like == nil:
		like = new(alike)
		c.alike = append(c.alike, like)
		if c.by == nil {
			c.by = make(map[string]*alike)
		}
		c.by[key] = like
	}
	c.printed++
	like.printed, like.last = like.printed+1, at
	return true
}

// detail shows what came of the records so far.
func (c *Console) detail() {
	text := screen.Count(c.kept.Created+c.kept.Changed+c.kept.Unchanged, "record")
	if c.skipped > 0 {
		text += ", " + screen.Number(c.skipped) + " skipped"
	}
	c.Progress.Detail("%s", text)
}

// Note tells what a person should know.
func (c *Console) Note(at Place, text string) { c.Progress.Tell("%v: %s", at, text) }

// Sorted tells how many bytes are sorted.
func (c *Console) Sorted(read int64) {
	c.Progress.Detail("sorted on the disk")
	c.Done(read)
}

// Storing begins to put what is sorted.
func (c *Console) Storing() { c.Begin("storing") }

// Committed prints what is kept.
func (c *Console) Committed(last []Place, result callvault.PutResult, read int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = c.kept.Add(result)
	c.Done(read)
	c.detail()
	for _, at := range last {
		screen.Printf(c.Commits, "committed %v\n", at)
	}
}

// End ends a pass. It prints how many bad records were not printed.
func (c *Console) End() {
	c.Progress.End()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, like := range c.alike {
		if like.skipped > 0 {
			c.Progress.Note("%v: %s with this problem", like.last, screen.Count(like.skipped, "more record"))
		}
	}
	if c.Most > 0 && c.skipped > c.printed {
		c.Progress.Note("--max-errors 0 prints all %s", screen.Count(c.skipped, "bad record"))
	}
	c.skipped, c.printed, c.alike, c.by = 0, 0, nil, nil
}

// Kept is what a store kept, in words.
func Kept(r callvault.PutResult) string {
	return fmt.Sprintf("%s created, %s changed, %s unchanged", screen.Number(r.Created), screen.Number(r.Changed), screen.Number(r.Unchanged))
}

// String is what a whole import came to, in words.
func (r Result) String() string {
	text := screen.Count(r.Read, "record") + ": " + Kept(r.PutResult)
	if n := r.Read - r.Skipped - r.Created - r.Changed - r.Unchanged; n > 0 {
		text += fmt.Sprintf(", %s superseded by a later record with the same id", screen.Number(n))
	}
	if r.Skipped > 0 {
		text += fmt.Sprintf(", %s skipped", screen.Number(r.Skipped))
	}
	return text
}

// Check reads everything once, and stores nothing.
func (c *Console) Check(ctx context.Context, im *Import, in *Files) (Result, error) {
	c.Begin("checking")
	result, err := im.Check(ctx, in.Sources(c.Done))
	c.End()
	switch {
	case err != nil && ctx.Err() != nil:
		return result, errors.New("interrupted; nothing was stored")
	case err != nil:
		return result, fmt.Errorf("%w; nothing was stored", err)
	}
	return result, nil
}

// shownCalls is how many calls Rehearse prints.
const shownCalls = 10

// Rehearse is an import that stores nothing. It prints the first calls as they would be stored.
func (c *Console) Rehearse(ctx context.Context, im *Import, in *Files, w io.Writer) (Result, error) {
	shown := 0
	im.Show = func(document []byte) {
		if shown++; shown <= shownCalls {
			fmt.Fprintf(w, "%s\n", document)
		}
	}
	result, err := c.Check(ctx, im, in)
	if err == nil {
		c.Progress.Tell("%s: %s would be imported, %s skipped; nothing was stored", screen.Count(result.Read, "record"), screen.Number(result.Read-result.Skipped), screen.Number(result.Skipped))
	}
	return result, err
}

// Import imports, and tells what was kept, also before an error, which says what to do.
func (c *Console) Import(ctx context.Context, im *Import, in *Files) (Result, error) {
	c.Begin("importing")
	return c.tell(ctx, func() (Result, error) { return im.Run(ctx, in.Sources(func(int64) {})) })
}

// Store is the end of an import that was checked.
func (c *Console) Store(ctx context.Context, im *Import) (Result, error) {
	c.Begin("storing")
	return c.tell(ctx, func() (Result, error) { return im.Put(ctx) })
}

func (c *Console) tell(ctx context.Context, put func() (Result, error)) (Result, error) {
	begun := time.Now()
	result, err := put()
	c.End()
	if err == nil {
		c.Progress.Tell("%v in %v", result, time.Since(begun).Round(10*time.Millisecond))
		return result, nil
	}
	if errors.Is(err, callvault.ErrReplaced) {
		return result, fmt.Errorf("%w; import everything again, because the calls kept so far are in the replaced files", err)
	}
	if result.PutResult != (callvault.PutResult{}) {
		c.Progress.Tell("kept so far: %s", Kept(result.PutResult))
	}
	switch {
	case ctx.Err() != nil:
		err = errors.New("interrupted; what was committed stays: run it again to finish")
	case errors.Is(err, ErrDamaged):
		err = fmt.Errorf("%w; calls stored from this file may be damaged: import a sound copy of it", err)
	}
	return result, err
}
