package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
)

// IsTerminal tells whether a person sees what is written to w, or types what is read
// from it.
func IsTerminal(w any) bool {
	f, ok := raw(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width is how many cells a line of w has: 80 unless w is a terminal.
func Width(w any) int {
	if f, ok := raw(w).(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}

// raw is the writer beneath a Terminal, and everything else unchanged.
func raw(w any) any {
	if t, ok := w.(*Terminal); ok {
		return t.raw
	}
	return w
}

// Terminal is a writer to a terminal. It lets only text and line ends through, so that
// no caller can forget to clean foreign text.
type Terminal struct {
	raw io.Writer

	mu   sync.Mutex
	held []byte // an incomplete character or a CR at the end of the last write
}

// newTerminal makes a Terminal that writes to w.
func newTerminal(w io.Writer) *Terminal { return &Terminal{raw: w} }

// Shown is a Terminal for w if that is one, and otherwise w.
func Shown(w io.Writer) io.Writer {
	if IsTerminal(w) {
		return newTerminal(w)
	}
	return w
}

// Write writes text, line by line through Clean. CRLF becomes LF.
func (t *Terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := append(t.held, p...)
	whole := len(text) - unfinished(text)
	t.held = append([]byte(nil), text[whole:]...)
	lines := strings.Split(strings.ReplaceAll(string(text[:whole]), "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	if _, err := io.WriteString(t.raw, strings.Join(lines, "\n")); err != nil {
		return 0, err
	}
	return len(p), nil
}

// unfinished is how many bytes at the end of a text belong with bytes that follow.
func unfinished(text []byte) int {
	if len(text) > 0 && text[len(text)-1] == '\r' {
		return 1
	}
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		tail := text[len(text)-n:]
		if utf8.RuneStart(tail[0]) && !utf8.FullRune(tail) {
			return n
		}
	}
	return 0
}

// Text is foreign text for w: clean and on one line for a terminal, unchanged for
// anything else.
func Text(w io.Writer, text string) string {
	if _, ok := w.(*Terminal); ok {
		return Clean(text)
	}
	return text
}

// Printf writes one line, or a part of one. On a terminal it removes every line end
// but the last.
func Printf(w io.Writer, format string, args ...any) (int, error) {
	text := fmt.Sprintf(format, args...)
	line, isWhole := strings.CutSuffix(text, "\n")
	line = Text(w, line)
	if isWhole {
		line += "\n"
	}
	return io.WriteString(w, line)
}
