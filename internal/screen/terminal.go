package screen

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// Terminal is a terminal that people read. Whatever is written to it, only text and
// line ends get through, so that no caller can forget to clean foreign text.
type Terminal struct {
	raw io.Writer

	mu   sync.Mutex
	held []byte // the beginning of a character, or a CR, that the next write completes
}

// NewTerminal is a terminal that is written to by w.
func NewTerminal(w io.Writer) *Terminal { return &Terminal{raw: w} }

// Raw is the terminal for what moves the cursor, such as a bar. No foreign text may
// be written to it.
func (t *Terminal) Raw() io.Writer { return t.raw }

// Write shows text. Every line end becomes that of the terminal.
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

// unfinished is how many bytes at the end of a text need those that follow.
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

// Text is foreign text as it is written to w: clean, and on one line, to a terminal,
// and byte for byte elsewhere.
func Text(w io.Writer, text string) string {
	if _, ok := w.(*Terminal); ok {
		return Clean(text)
	}
	return text
}

// Printf writes one line, or a part of one: what it says has no line ends on a
// terminal but the last.
func Printf(w io.Writer, format string, args ...any) (int, error) {
	text := fmt.Sprintf(format, args...)
	line, isWhole := strings.CutSuffix(text, "\n")
	line = Text(w, line)
	if isWhole {
		line += "\n"
	}
	return io.WriteString(w, line)
}
