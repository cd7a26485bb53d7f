package main

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/screen"
)

// callsReport says how the reading of calls goes on, on standard error: to a person
// as a bar, which says too what it waits for; elsewhere each wait is a line.
type callsReport struct {
	audience
	now func() time.Time

	firstOther callvault.Time // the date of the first of others

	bar     *progressbar.ProgressBar
	drawn   time.Time
	doing   string
	thing   string // that is counted
	total   int    // of them that there are to be
	met     int    // of them
	pause   string // what is waited for
	skipped int    // calls that break the contract
	others  int    // calls of a store, where none are asked for
	missing int    // calls that the server counted but did not list, in a whole walk
}

func newCallsReport(to audience) *callsReport {
	return &callsReport{audience: to, now: time.Now}
}

// planned is told what is done, and with how many things.
func (r *callsReport) planned(doing string, total int, thing string) {
	r.doing, r.total, r.thing, r.met = doing, total, thing, 0
	if r.showBar && total > 0 {
		r.clear()
		r.bar = newBar(r.stderr, int64(total), r.width, r.description())
		r.drawn = r.now()
	}
}

// step is told of one thing that was met.
func (r *callsReport) step() { r.met++ }

// update brings the bar up to date now and then, and after a pause at once.
func (r *callsReport) update() {
	if r.bar == nil {
		return
	}
	if now := r.now(); r.pause != "" || now.Sub(r.drawn) >= drawEvery {
		r.drawn, r.pause = now, ""
		r.draw()
	}
}

// draw draws the bar. A server may list more than it said.
func (r *callsReport) draw() {
	r.bar.Set(min(r.met, r.total))
	r.bar.Describe(r.description())
}

// waiting is told of a pause that the server causes.
func (r *callsReport) waiting(pause time.Duration, cause error) {
	if pause > time.Second {
		pause = pause.Round(time.Second)
	}
	switch {
	case r.bar != nil:
		r.pause = fmt.Sprintf("waiting %v, %s", pause.Round(100*time.Millisecond), inBrief(cause))
		r.draw()
	case !r.quiet:
		screen.Printf(r.stderr, "waiting %v: %s\n", pause.Round(100*time.Millisecond), screen.Clean((&serverError{cause}).Error()))
	}
}

// inBrief is the cause of a pause, in a few words.
func inBrief(cause error) string {
	refusal := (*gong.Error)(nil)
	switch {
	case !errors.As(cause, &refusal):
		return "no answer"
	case refusal.Status == http.StatusTooManyRequests:
		return "too many requests"
	}
	return fmt.Sprintf("answered %d", refusal.Status)
}

// problem is told of a call that can't be read.
func (r *callsReport) problem(err error) {
	r.skipped++
	if r.bar != nil {
		r.bar.Clear()
	}
	screen.Printf(r.stderr, "skipped: %s\n", screen.Clean((&serverError{err}).Error()))
	if r.bar != nil {
		r.draw()
	}
}

// description is what stands before the bar, as far as there is room for it.
func (r *callsReport) description() string {
	switch {
	case r.width < 70 && r.pause != "":
		return "waiting"
	case r.width < 70:
		return r.doing
	case r.pause != "":
		return r.pause
	}
	return fmt.Sprintf("%s %s of %s", r.doing, humanize.Comma(int64(r.met)), plural(r.total, r.thing))
}

// clear removes the bar.
func (r *callsReport) clear() {
	if r.bar != nil {
		r.bar.Clear()
		r.bar = nil
	}
}

// listed says how many calls came, and of how many if the server counted more.
func (r *callsReport) listed(calls int) string {
	if r.missing == 0 {
		return plural(calls, "call")
	}
	return fmt.Sprintf("%s of %s", humanize.Comma(int64(calls)), plural(r.total, "call"))
}
