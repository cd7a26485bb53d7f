package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/callvault/callvault/internal/screen"
)

// audience is who is told how a run goes on: a person by a bar on standard error,
// a program by lines on standard output, or nobody.
type audience struct {
	stdout, stderr io.Writer
	quiet          bool
	showBar        bool // standard error is a terminal
	showLines      bool // standard output is not the terminal that shows the bar
	width          int  // of the terminal, in characters
}

func (a *app) audience() audience {
	bar := screen.IsTerminal(a.stderr)
	return audience{
		stdout:    a.stdout,
		stderr:    a.stderr,
		showBar:   bar,
		showLines: !bar || !screen.IsTerminal(a.stdout),
		width:     screen.Width(a.stderr),
	}
}

// hush lets it be told only what is wrong.
func (to *audience) hush() { to.quiet, to.showBar, to.showLines = true, false, false }

// drawEvery is the time between two drawings of a bar, at least.
const drawEvery = 100 * time.Millisecond

// newBar draws a bar on a terminal that is so wide. The size is -1 when it isn't
// known.
func newBar(w io.Writer, size int64, width int, description string, options ...progressbar.Option) *progressbar.ProgressBar {
	if t, ok := w.(*screen.Terminal); ok {
		w = t.Raw() // a bar moves the cursor; its words are our own
	}
	return progressbar.NewOptions64(size, append(options,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(barWidth(width)),
		progressbar.OptionSetSpinnerChangeInterval(0), // nothing is drawn but by us
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetDescription(description),
	)...)
}

// barWidth is what the words leave of a line.
func barWidth(width int) int {
	words := 90
	if width < 100 {
		words = 66
	}
	return max(4, min(24, width-words))
}
