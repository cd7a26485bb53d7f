package main

import (
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/schollz/progressbar/v3"
)

// stages shows a person on standard error which stage a command is in, and how far it
// has come.
type stages struct {
	audience
	bar   *progressbar.ProgressBar
	doing string
	thing string // what is counted
	total int    // -1 if unknown
	done  int
}

// begin begins a stage of so many things, -1 if unknown.
func (s *stages) begin(doing string, total int, thing string) {
	s.clear()
	s.doing, s.total, s.thing, s.done = doing, total, thing, 0
	s.draw()
}

func (s *stages) draw() {
	if s.showBar && s.total != 0 {
		s.bar = newBar(s.stderr, int64(s.total), s.width, s.description(), progressbar.OptionThrottle(drawEvery))
	}
}

// passed counts n more things as done.
func (s *stages) passed(n int) {
	s.done += n
	if s.bar != nil {
		s.bar.Describe(s.description())
		s.bar.Set(min(s.done, max(s.total, 0)))
	}
}

// line prints something in place of the bar.
func (s *stages) line(print func()) {
	s.clear()
	print()
	if s.doing != "" {
		s.draw()
	}
}

// description is the text before the bar, shortened to the width.
func (s *stages) description() string {
	if s.width < 70 || s.total < 0 {
		return s.doing
	}
	return fmt.Sprintf("%s %s of %s", s.doing, humanize.Comma(int64(s.done)), plural(s.total, s.thing))
}

// clear removes the bar.
func (s *stages) clear() {
	if s.bar != nil {
		s.bar.Clear()
		s.bar = nil
	}
}

// end removes the bar for good.
func (s *stages) end() {
	s.clear()
	s.doing = ""
}
