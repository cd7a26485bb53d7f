package screen

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const evil = "\x1b[2J\x07 \u009b31m \u202egnp\u2066 \x9b31m 会議\r\nnext\rline\ttab\x7f"

// What a terminal is given is text, however it is cut into writes.
func TestTerminal(t *testing.T) {
	const want = "�[2J� �31m gnp �31m 会議\nnext line tab�"
	for size := 1; size <= len(evil); size++ {
		var out bytes.Buffer
		terminal := newTerminal(&out)
		for rest := []byte(evil); len(rest) > 0; {
			n := min(size, len(rest))
			if written, err := terminal.Write(rest[:n]); written != n || err != nil {
				t.Fatal(written, err)
			}
			rest = rest[n:]
		}
		if got := out.String(); got != want {
			t.Errorf("in writes of %d: got %q, want %q", size, got, want)
		}
	}
}

// A line for people is one line on a terminal, and as it is elsewhere.
func TestPrintf(t *testing.T) {
	var out bytes.Buffer
	if _, err := Printf(newTerminal(&out), "%s:%d\n", "a\nb\x1b", 1); err != nil || out.String() != "a b�:1\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	if _, err := Printf(&out, "%s:%d\n", evil, 1); err != nil || out.String() != evil+":1\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if _, err := Printf(newTerminal(gone{}), "\n"); err == nil {
		t.Error("an error of writing was lost")
	}
}

// gone is a terminal that was closed.
type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// FuzzTerminal: nothing that a terminal acts on gets through, at whatever byte the
// writes are cut, and plain text does.
func FuzzTerminal(f *testing.F) {
	f.Add([]byte(evil), uint8(3))
	f.Add([]byte("会議\n"), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, at uint8) {
		var cut, whole bytes.Buffer
		n := min(int(at), len(text))
		terminal := newTerminal(&cut)
		terminal.Write(text[:n])
		terminal.Write(text[n:])
		newTerminal(&whole).Write(text)
		got := cut.String()
		if got != whole.String() || !utf8.ValidString(got) {
			t.Errorf("%q cut at %d is shown as %q, and whole as %q", text, n, got, whole.String())
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) }) {
			t.Errorf("%q is shown as %q", text, got)
		}
	})
}
