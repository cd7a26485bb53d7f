package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/file"
	"github.com/callvault/callvault/internal/screen"
)

// errEnough ends a walk at its limit.
var errEnough = errors.New("the limit is reached")

// errNoneKept ends a walk whose calls were all skipped: its file would be empty.
var errNoneKept = errors.New("every call was skipped")

// listing is what came of a walk.
type listing struct {
	written int
	last    callvault.Time // the date of the last call that was written
	err     error          // what ended the walk early; nil at its end or limit
}

// listCalls writes the calls. What was read before a walk ended early is made
// whole like the rest: see the help.
func (a *app) listCalls(ctx context.Context, source callSource, p callsPlan, r *callsReport) error {
	var l listing
	write := func(w io.Writer) error {
		return a.writeCalls(w, p, func(out bulk.Writer) error {
			if err := l.walk(ctx, source, p, r, out); err != nil {
				return err
			}
			if l.written == 0 {
				return l.err
			}
			return nil
		})
	}
	var target string
	var err error
	if p.file == stdinName {
		target, err = "standard output", write(a.stdout)
	} else {
		target, err = writeUnlessWorse(p.file, write, func() bool { return l.err == nil })
	}
	r.clear()
	switch {
	case l.err != nil && (err == nil || l.written == 0):
		return l.failure(ctx, p, target, r)
	case errors.Is(err, context.Canceled) && p.file != stdinName: // it waited for a pipe's reader
		return fmt.Errorf("interrupted; %s was not written", p.file)
	case err != nil:
		if on := (*fs.PathError)(nil); errors.As(err, &on) {
			err = on.Err // target is the name of the file
		}
		return fmt.Errorf("write %s: %w", target, err)
	}
	if !r.quiet {
		screen.Printf(a.stderr, "%s\n", l.summary(p, r))
	}
	if r.skipped > 0 {
		return errSkipped
	}
	return nil
}

// walk writes the calls of a source, and keeps what ended the reading; what is
// returned is an error of the writing.
func (l *listing) walk(ctx context.Context, source callSource, p callsPlan, r *callsReport, out bulk.Writer) (writing error) {
	l.err = source.walk(ctx, p.query, r, func(row callvault.Record) error {
		if writing = out.Write(row.Document); writing != nil {
			return writing
		}
		l.written++
		l.last = row.Time
		r.step()
		if l.written == p.limit {
			return errEnough
		}
		return nil
	})
	switch {
	case writing != nil || errors.Is(l.err, errEnough):
		l.err = nil
	case l.err == nil && l.written == 0 && r.skipped > 0 && p.file != stdinName:
		l.err = errNoneKept
	}
	return writing
}

// writeCalls writes a whole file: what fill writes.
func (a *app) writeCalls(w io.Writer, p callsPlan, fill func(bulk.Writer) error) error {
	if p.form.format != table {
		return p.form.write(w, fill)
	}
	out, err := bulk.NewCompressor(w, p.form.compression)
	if err != nil {
		return err
	}
	width := 0
	if p.file == stdinName && screen.IsTerminal(a.stdout) {
		width = screen.Width(a.stdout)
	}
	lines := screen.NewTable(out, p.span.From.Location(), width)
	if err := fill(lines); err != nil {
		return err
	}
	return errors.Join(lines.Close(), out.Close())
}

// failure says why a walk ended early, and where its calls are. A list that the server
// ended early is an incomplete result, as one with skipped calls is.
func (l *listing) failure(ctx context.Context, p callsPlan, target string, r *callsReport) error {
	cause := screen.Clean(l.err.Error())
	short := (*gong.ShortError)(nil)
	isShort := errors.As(l.err, &short)
	switch {
	case ctx.Err() != nil:
		cause, isShort = "interrupted", false
	case isShort:
		cause = fmt.Sprintf("the server's list ended early (%s)", short.Reason)
	}
	if l.written == 0 {
		return l.nothing(cause, p)
	}
	where := "in " + target
	if p.file == stdinName {
		where = "on " + target
	}
	through := l.last.UTC().In(p.span.From.Location()).Format(time.RFC3339Nano)
	err := fmt.Errorf("%s: %s are %s; go on with --from %s", cause, l.share(r), where, through)
	if isShort {
		return &incompleteError{err}
	}
	return err
}

// nothing is the error of a walk without calls to keep.
func (l *listing) nothing(cause string, p callsPlan) error {
	switch {
	case p.file == stdinName:
		return fmt.Errorf("%s; nothing was written", cause)
	case errors.Is(l.err, errNoneKept):
		return &incompleteError{fmt.Errorf("%s; %s was not written", cause, p.file)}
	}
	return fmt.Errorf("%s; %s was not written", cause, p.file)
}

// share is how many calls of how many were written.
func (l *listing) share(r *callsReport) string {
	if r.total == 0 { // unknown
		return plural(l.written, "call")
	}
	return fmt.Sprintf("%s of %s", humanize.Comma(int64(l.written)), plural(max(r.total, l.written), "call"))
}

// summary says what was written.
func (l *listing) summary(p callsPlan, r *callsReport) string {
	var text strings.Builder
	switch left := r.total - l.written - r.skipped; {
	case l.written == 0 && r.skipped == 0 && r.missing == 0:
		text.WriteString("no calls")
		if r.others > 0 {
			first := r.firstOther.UTC().In(p.span.From.Location()).Format(time.DateOnly)
			fmt.Fprintf(&text, "; the store has %s, the first of %s", humanize.Comma(int64(r.others)), first)
		}
	case l.written == p.limit && left > 0:
		fmt.Fprintf(&text, "the first %s of %s", humanize.Comma(int64(l.written)), plural(r.total, "call"))
		if !p.limited {
			text.WriteString("; --limit 0 shows all")
		}
	default:
		text.WriteString(r.listed(l.written))
	}
	if r.skipped > 0 {
		fmt.Fprintf(&text, ", %s skipped", humanize.Comma(int64(r.skipped)))
	}
	if p.file != stdinName {
		text.WriteString(" in " + p.file)
		if p.form.unnamed {
			text.WriteString(", as " + string(p.form.format))
		}
	}
	if r.missing > 0 {
		text.WriteString("; the server counted more than it listed")
	}
	return text.String()
}

// partialName is the name of a partial file, with the same ending and so the same format.
// File systems allow names of 255 bytes.
func partialName(path string) string {
	const partial, longest = ".partial", 255
	ending := filepath.Ext(path)
	if ending == ".gz" || ending == ".zst" {
		ending = filepath.Ext(strings.TrimSuffix(path, ending)) + ending
	}
	folder, name := filepath.Split(strings.TrimSuffix(path, ending))
	for len(name)+len(partial)+len(ending) > longest && name != "" {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return folder + name + partial + ending
}

// writeUnlessWorse writes a file whole. A complete result replaces an existing file, and
// the partial file of an earlier run; a partial result goes beside an existing file. It
// returns the name of what it wrote.
func writeUnlessWorse(path string, write func(io.Writer) error, complete func() bool) (name string, err error) {
	d, err := file.Create(path)
	if err != nil {
		return path, err
	}
	defer func() { err = errors.Join(err, d.Discard()) }()
	if err := write(d); err != nil {
		return path, err
	}
	beside := partialName(d.Target())
	if d.Replaces() && !complete() {
		return beside, d.CommitAs(beside)
	}
	if err := d.Commit(); err != nil || !d.Replaces() {
		return path, err
	}
	if err := os.Remove(beside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return path, err
	}
	return path, nil
}
