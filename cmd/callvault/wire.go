package main

import (
	"io"

	"github.com/callvault/callvault/internal/screen"
)

// progress shows on standard error how far a command is; a quiet one shows no bar.
func (a *app) progress(quiet bool) *screen.Progress {
	p := screen.NewProgress(a.stderr)
	if quiet {
		p.Hide()
	}
	return p
}

// commits is where a line for each commit goes: to standard output, unless a person sees a
// bar on the same terminal, or wants nothing.
func (a *app) commits(quiet bool) io.Writer {
	if quiet || screen.IsTerminal(a.stdout) && screen.IsTerminal(a.stderr) {
		return io.Discard
	}
	return a.stdout
}
