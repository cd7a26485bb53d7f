package bulk

import (
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
	skipped int // in this pass
}

// Begin begins a pass.
func (c *Console) Begin(doing string) { c.Progress.Begin(doing, "byte", int(c.Size)) }

// Done tells how many bytes are done. A part of a file may be read twice.
func (c *Console) Done(bytes int64) { c.Progress.Set(max(0, min(bytes, c.Size)), c.Size) }

// mostProblems bounds the problems that are printed of one record.
const mostProblems = 20

// Skipped prints what is wrong with a record, for the first records.
func (c *Console) Skipped(at Place, problems []gong.FieldError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skipped++
	c.detail()
	if c.Most > 0 && c.skipped > c.Most {
		return
	}
	for _, p := range problems[:min(len(problems), mostProblems)] {
		c.Progress.Note("%v: %s", at, p.Error())
	}
	if more := len(problems) - mostProblems; more > 0 {
		c.Progress.Note("%v: and %s", at, screen.Count(more, "more problem"))
	}
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
func (c *Console) End() time.Duration {
	took := c.Progress.End()
	c.mu.Lock()
	defer c.mu.Unlock()
	if more := c.skipped - c.Most; c.Most > 0 && more > 0 {
		c.Progress.Note("and %s; --max-errors 0 prints all", screen.Count(more, "more bad record"))
	}
	c.skipped = 0
	return took
}

// Kept is what a store kept, in words.
func Kept(r callvault.PutResult) string {
	return fmt.Sprintf("%s created, %s changed, %s unchanged", screen.Number(r.Created), screen.Number(r.Changed), screen.Number(r.Unchanged))
}

// String is what a whole import came to, in words.
func (r Result) String() string {
	text := screen.Count(r.Read, "record") + ": " + Kept(r.PutResult)
	if n := r.Read - r.Skipped - r.Created - r.Changed - r.Unchanged; n > 0 {
		text += fmt.Sprintf(", %s replaced by a later one with the same id", screen.Number(n))
	}
	if r.Skipped > 0 {
		text += fmt.Sprintf(", %s skipped", screen.Number(r.Skipped))
	}
	return text
}
