package screen

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"Quarterly review":                 "Quarterly review",
		"two\nlines\tand a tab\r\n":        "two lines and a tab  ",
		"\x1b[2J\x1b[1;1Hwiped":            "�[2J�[1;1Hwiped",
		"\x1b]0;title\x07bell":             "�]0;title�bell",
		"C1 \u009b31m and \u0085 and \x7f": "C1 �31m and   and �",
		"turned \u202egnp.exe\u202c":       "turned gnp.exe",
		"\u2066isolated\u2069 \ufeffBOM":   "isolated BOM",
		"line\u2028separator":              "line separator",
		"broken \xff\xfe":                  "broken ��",
		"👩\u200d👩\u200d👧 می\u200cخواهم":    "👩\u200d👩\u200d👧 می\u200cخواهم",
		"": "",
	} {
		if got := Clean(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"review", 6, "review"},
		{"reviews", 6, "revie…"},
		{"会議の記録", 10, "会議の記録"},
		{"会議の記録", 9, "会議の記…"},
		{"会議の記録", 8, "会議の…"}, // half a character is none
		{"e\u0301te\u0301 e\u0301te\u0301", 4, "e\u0301te\u0301…"},
		{"👩\u200d👩\u200d👧 call", 4, "👩\u200d👩\u200d👧 …"},
		{"🇩🇪🇫🇷🇯🇵", 5, "🇩🇪🇫🇷…"},
		{"review", 1, "…"},
	} {
		if got := cut(tt.text, tt.width); got != tt.want {
			t.Errorf("%q at %d: got %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}

func TestPad(t *testing.T) {
	for text, want := range map[string]string{"ab": "ab    ", "会議": "会議  ", "e\u0301": "e\u0301     ", "too long": "too long"} {
		if got := pad(text, 6); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := padLeft("会議", 6); got != "  会議" {
		t.Errorf("got %q", got)
	}
}

// FuzzText: whatever a text is, what is shown of it has nothing that a terminal acts
// on, and is no wider than it may be.
func FuzzText(f *testing.F) {
	for _, text := range []string{"review", "\x1b[31mred", "会議の記録", "e\u0301\u0301\u0301", "👩\u200d👩\u200d👧", "\u202eturned", "\xff", "🇩🇪🇫", "\u200d\u200d"} {
		f.Add(text, uint8(4))
	}
	f.Fuzz(func(t *testing.T, text string, cells uint8) {
		width := 1 + int(cells)
		got := cut(Clean(text), width)
		if uniseg.StringWidth(got) > width {
			t.Errorf("%q at %d has %d cells", text, width, uniseg.StringWidth(got))
		}
		if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u202e' }) {
			t.Errorf("%q is shown as %q", text, got)
		}
		if whole := Clean(text); uniseg.StringWidth(whole) <= width && got != whole {
			t.Errorf("%q fits into %d, but is cut to %q", text, width, got)
		}
	})
}
