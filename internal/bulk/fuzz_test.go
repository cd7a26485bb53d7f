package bulk

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/callvault/callvault/gong"
)

// FuzzDecompress: what was compressed is read as what it was, what was cut off
// ends with an error, and whatever passes for compressed may come in any pieces.
func FuzzDecompress(f *testing.F) {
	records := lines(`{"id":"1"}`, `{"id":"2"}`)
	for _, in := range []string{"", records, string(gzipped(f, records)), string(zstandard(f, records))} {
		f.Add(in, uint(20))
		f.Add(in+in, uint(1))
	}
	f.Fuzz(func(t *testing.T, in string, cut uint) {
		whole := summary(strings.NewReader(in))
		if pieces := summary(iotest.OneByteReader(strings.NewReader(in))); pieces != whole {
			t.Errorf("one by one:\n%s\nwhole:\n%s", pieces, whole)
		}
		isCompressed := strings.HasPrefix(in, gzipMagic) || strings.HasPrefix(in, zstdMagic)
		for name, compressed := range map[string][]byte{"gzip": gzipped(t, in), "zstd": zstandard(t, in)} {
			if got := summary(bytes.NewReader(compressed)); got != whole && !isCompressed {
				t.Errorf("%s:\n%s\nplain:\n%s", name, got, whole)
			}
			if n := uint(len(compressed)); n > 4 {
				part := 4 + cut%(n-4)
				if got := summary(bytes.NewReader(compressed[:part])); !strings.Contains(got, "! ") {
					t.Errorf("%s cut off after %d of %d bytes: %s", name, part, n, got)
				}
			}
		}
	})
}

// FuzzTable: a cell of a table is the text that the field of a record is, and
// what no record may hold no cell may.
func FuzzTable(f *testing.F) {
	f.Add("a,\"b\"\nc\rd", "x")
	f.Add("", "\xff")
	f.Add("\x00", " \r\n ")
	f.Add("<&>\u2028", "0&0")
	f.Add("\ufeff", "\ud7ff\U0010ffff")
	f.Fuzz(func(t *testing.T, title, further string) {
		var table strings.Builder
		csv.NewWriter(&table).WriteAll([][]string{{"further", "id", "title"}, {further, "1", title}, {"", "2", ""}})
		r, err := newReader(strings.NewReader(table.String()), Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		record, err := r.Read()
		if err != nil {
			t.Fatalf("%q: %v", table.String(), err)
		}
		isValid := gong.ValidText(title) == nil && gong.ValidText(further) == nil
		if (record.Err == nil) != isValid {
			t.Errorf("%q: %v", table.String(), record.Err)
		}
		if isValid {
			if got, want := string(record.Call.AppendJSON(nil)), ofTexts(t, title, further); got != want {
				t.Errorf("%q is\n%s\nnot\n%s", table.String(), got, want)
			}
		}
		if next, err := r.Read(); err != nil || next.Call.ID != "2" {
			t.Errorf("%q: behind it is %+v, %v", table.String(), next, err)
		}
	})
}

// ofTexts is the document of a call with two texts, unset where they are empty.
func ofTexts(t *testing.T, title, further string) string {
	t.Helper()
	record := []byte(`{"id":"1"`)
	for name, text := range map[string]string{"title": title, "further": further} {
		if text != "" {
			text = strings.ReplaceAll(text, "\r\n", "\n") // as encoding/csv does
			record = gong.AppendString(append(record, `,"`+name+`":`...), text)
		}
	}
	call, err := gong.ParseCall(append(record, '}'))
	if err != nil {
		t.Fatal(err)
	}
	return string(call.AppendJSON(nil))
}
