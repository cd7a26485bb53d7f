package screen

import (
	"bytes"
	"testing"
)

// Cells stand below each other, whatever characters they have, and a terminal gets no
// foreign line end.
func TestColumns(t *testing.T) {
	rows := [][]string{{"ID", "NAME", "SCOPES"}, {"1", "日本", "a"}, {"22", "", "b\nc"}}
	var file, drawn bytes.Buffer
	if err := Columns(&file, rows); err != nil {
		t.Fatal(err)
	}
	if err := Columns(newTerminal(&drawn), rows); err != nil {
		t.Fatal(err)
	}
	const head = "ID  NAME  SCOPES\n1   日本  a\n22        b"
	if got, want := file.String(), head+"\nc\n"; got != want {
		t.Errorf("a file: got\n%s\nwant\n%s", got, want)
	}
	if got, want := drawn.String(), head+" c\n"; got != want {
		t.Errorf("a terminal: got\n%s\nwant\n%s", got, want)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 calls", 1: "1 call", 1234: "1,234 calls"} {
		if got := Count(n, "call"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
