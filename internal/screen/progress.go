package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
)

// Unknown stands for a total that is not known.
const Unknown = -1

const (
	patience  = time.Second // a shorter command needs no bar
	drawEvery = 100 * time.Millisecond
	barCells  = 10
	figures   = 22 // cells of a line for the percentage and the bar

	clearLine = "\x1b[2K\r" // removes a line of a terminal
)

// Progress shows a person what a command does and how far it has come: as a bar on a
// terminal, from the second second on, and nowhere else. Notes are printed in any case.
// It is safe for concurrent use.
type Progress struct {
	out   io.Writer // for notes
	raw   io.Writer // for the bar; nil shows none
	width int
	quiet bool

	mu                   sync.Mutex // also keeps notes and the bar from mixing
	drawn                bool
	doing, thing, detail string
	done, total          int64
	first, begun         time.Time     // of the command, and of what it does now
	stop                 chan struct{} // ends the drawing; nil when nothing is drawn
}

// NewProgress makes a Progress that writes to w.
func NewProgress(w io.Writer) *Progress {
	p := &Progress{out: w, first: time.Now()}
	if IsTerminal(w) {
		p.raw, p.width = raw(w).(io.Writer), Width(w)
	}
	return p
}

// Quiet keeps everything but notes from being shown. It is called before anything is.
func (p *Progress) Quiet() {
	p.quiet = true
	p.hide()
}

// hide shows no bar any more.
func (p *Progress) hide() {
	p.End()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raw = nil
}

// Begin shows what the command does now, as in Begin("copying", "record", 1200). The thing
// "byte" gets units. Of a total of 0 nothing is shown.
func (p *Progress) Begin(doing, thing string, total int) {
	p.End()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing, p.thing, p.detail, p.done, p.total = doing, thing, "", 0, int64(total)
	p.begun = time.Now()
	if p.raw == nil || total == 0 {
		return
	}
	p.stop = make(chan struct{})
	go p.watch(p.stop)
}

// watch draws the bar until it is stopped.
func (p *Progress) watch(stop <-chan struct{}) {
	ticker := time.NewTicker(drawEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case now := <-ticker.C:
			if now.Sub(p.first) >= patience {
				p.draw()
			}
		}
	}
}

func (p *Progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop == nil {
		return
	}
	p.drawn = true
	line := p.words()
	if p.total > 0 {
		done := int(min(p.done, p.total))
		line += fmt.Sprintf(" %3d%% |%s|", int64(done)*100/p.total, pad(drawn(done, int(p.total), barCells), barCells))
	}
	io.WriteString(p.raw, clearLine+line)
}

// words is what stands before the bar, as far as there is room for it.
func (p *Progress) words() string {
	text, before := p.doing, " "
	if p.detail != "" {
		before = ": "
	}
	for _, part := range append([]string{p.detail}, p.counts()...) {
		if part == "" {
			continue
		}
		if len(text+before+part) > p.width-figures {
			break
		}
		text, before = text+before+part, ", "
	}
	return text
}

// counts is how much is done and how fast, and how long the rest takes if it goes on like
// that. Before the first thing is done it is how long it has taken.
func (p *Progress) counts() []string {
	passed := time.Since(p.begun)
	if p.done == 0 || passed <= 0 {
		return []string{passed.Truncate(time.Second).String()}
	}
	count, left := p.count(p.done), ""
	if p.total > 0 {
		count += " of " + p.count(p.total)
		rest := time.Duration(float64(passed) * (float64(p.total)/float64(p.done) - 1))
		left = max(0, rest).Round(time.Second).String() + " left"
	}
	if p.thing != "byte" {
		count += " " + p.thing + "s"
	}
	return []string{count, left, p.count(int64(float64(p.done)/passed.Seconds())) + "/s"}
}

func (p *Progress) count(n int64) string {
	if p.thing == "byte" {
		return humanize.IBytes(uint64(n))
	}
	return humanize.Comma(n)
}

// Add counts n more things as done.
func (p *Progress) Add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += int64(n)
}

// Set says how many things are done, and how many there are to be.
func (p *Progress) Set(done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.total = done, total
}

// Detail is shown behind what is done, such as what it waits for, until another one is set.
func (p *Progress) Detail(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.detail = Clean(fmt.Sprintf(format, args...))
}

// Note prints a line, and the bar goes on below it.
func (p *Progress) Note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	Printf(p.out, strings.TrimSuffix(format, "\n")+"\n", args...)
}

// Tell is Note, unless the person wants it quiet.
func (p *Progress) Tell(format string, args ...any) {
	if !p.quiet {
		p.Note(format, args...)
	}
}

// Pause tells why the command waits: in brief beside the bar of a terminal, and elsewhere
// in a line.
func (p *Progress) Pause(brief, whole string) {
	if IsTerminal(p.out) {
		p.Detail("%s", brief)
	} else {
		p.Tell("%s", whole)
	}
}

func (p *Progress) clear() {
	if p.drawn {
		io.WriteString(p.raw, clearLine)
		p.drawn = false
	}
}

// End removes the bar and returns how long it took since Begin. To end again does nothing.
func (p *Progress) End() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		p.clear()
		close(p.stop)
		p.stop = nil
	}
	return time.Since(p.begun).Round(10 * time.Millisecond)
}

// Before wraps the output of the command. The first byte removes the bar for good, because
// the reader of a pipe may write to the same terminal. A file on a disk keeps the bar.
func (p *Progress) Before(w io.Writer) io.Writer {
	if f, ok := raw(w).(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return w
		}
	}
	return &first{w, p}
}

// Commits is where a line for each commit goes: to the output of the command, unless a
// person sees the bar on the same terminal, or wants it quiet.
func (p *Progress) Commits(w io.Writer) io.Writer {
	if p.quiet || IsTerminal(w) && IsTerminal(p.out) {
		return io.Discard
	}
	return p.Before(w)
}

// first is a writer that hides a Progress when it is written to.
type first struct {
	io.Writer
	progress *Progress
}

func (w *first) Write(b []byte) (int, error) {
	w.progress.hide()
	return w.Writer.Write(b)
}
