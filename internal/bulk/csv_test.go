package bulk

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// rows reads a table and writes the line, id, title and further fields of each
// record, or its problems.
func rows(in io.Reader) string {
	r, err := NewReader(in)
	if err != nil {
		return "! " + err.Error()
	}
	defer r.Close()
	var lines []string
	for {
		record, err := r.Read()
		switch {
		case err == io.EOF:
			return strings.Join(lines, "\n")
		case err != nil:
			return strings.Join(append(lines, "! "+err.Error()), "\n")
		case record.Err != nil:
			lines = append(lines, fmt.Sprintf("%d ! %v", record.Line, record.Err))
			continue
		}
		text := fmt.Sprintf("%d %s", record.Line, record.Call.ID)
		if record.Call.Title != nil {
			text += fmt.Sprintf(" %q", *record.Call.Title)
		}
		for _, f := range record.Call.Further {
			text += " " + f.Name + "=" + string(f.Value)
		}
		lines = append(lines, text)
	}
}

// CSV as people have it.
func TestTables(t *testing.T) {
	two := lines(`2 1 "a"`, `3 2 "b"`)
	for _, tt := range []struct{ name, in, want string }{
		{"line ends of old Macs", "id,title\r1,a\r2,b\r", two},
		{"the last one missing", "id,title\r1,a\r2,b", two},
		{"line ends of Windows", "id,title\r\n1,a\r\n2,b\r\n", two},
		{"mixed line ends", "id,title\r1,a\n2,b\r\n3,c\r4,d", lines(two, `4 3 "c"`, `5 4 "d"`)},
		{"a carriage return is text where lines do not end with it", "id,title\n1,a\rb\n2,b\r\n", lines(`2 1 "a\rb"`, `3 2 "b"`)},
		{"carriage returns within marks", "id,title\n1,\"a\rb\"\n2,b\n", lines(`2 1 "a\rb"`, `3 2 "b"`)},
		{"carriage returns within marks and at the ends", "id,title\r1,\"a\r\"\"b\"\r2,b\r", lines(`2 1 "a\n\"b"`, `4 2 "b"`)},
		{"empty lines of old Macs", "\r\rid,title\r\r1,a\r\r\r2,b\r\r", lines(`5 1 "a"`, `8 2 "b"`)},
		{"a stray mark among line ends of old Macs", "id,title\r1,a\"b,\"c\r2,b\r", lines("2 ! a quotation mark stands inside a cell that is not quoted; quote the cell and double the mark", `3 2 "b"`)},
		{"a mark behind a mark among line ends of old Macs", "id,title\r1,\"a\"b,\"c\r2,b\r", lines("2 ! a quotation mark is not closed, or not doubled inside a cell", `3 2 "b"`)},

		{"semicolons", "id;title\n1;a\n2;b\n", two},
		{"tabs", "id\ttitle\n1\ta\n2\tb\n", two},
		{"bars", "id|title\n1|a\n2|b\n", two},
		{"commas within semicolons", "id;title;a,b\n1;x,y;\n", `2 1 "x,y"`},
		{"a mark within semicolons", "id;title\n1;\"x;\"\"y\"\n", `2 1 "x;\"y"`},
		{"sep=", "sep=;\r\nid;title\r\n1;a\r\n", `3 1 "a"`},
		{"sep= behind a mark of UTF-8", "\xef\xbb\xbfsep=;\nid;title\n1;a\n", `3 1 "a"`},
		{"sep= in quotation marks, in capitals", "\"SEP=^\"\rid^title\r1^a\r", `3 1 "a"`},
		{"sep= alone", "sep=;", "! line 2: the header after the line sep= is missing"},
		{"the first column without a name, by tabs", "\tid\ttitle\n\t1\ta\n0\t2\tb\n", lines(`2 1 "a"`, `3 ! the cell "0" has no column name in the header`)},
		{"one column", "id\n1\n2\n", lines("2 1", "3 2")},
		{"one column and lines of spaces", "id\n1\n  \n2\n", lines("2 1", "4 2")},

		{"delimiters at the end of rows", "id,title\n1,a,\n2,b,,,\n3,c,,x\n", lines(two, "4 ! the row has 4 cells and the header 2")},
		{"delimiters at the end of all lines", "id,title,,\n1,a,,\n2,b,,\n3,c,,x\n", lines(two, `4 ! the cell "x" has no column name in the header`)},
		{"rows of delimiters", "id,title\n,\n1,a\n,,,\n\n2,b\n,\n", lines(`3 1 "a"`, `6 2 "b"`)},
		{"the header again", "id,title\n1,a\nid,title\n2,b\n", lines(`2 1 "a"`, `4 2 "b"`)},
		{"a header alone", "id,title\n", ""},
		{"a header alone without a line end", "id,title", ""},
		{"no header", "1,2026-01-01T00:00:00Z,a\n", `! line 1: column id and column started or scheduled not found in the header "1,2026-01-01T00:00:00Z,a"; name the columns as fields, such as id, started, title`},
		{"a decimal comma", "id;duration\n1;460,0\n", `2 ! duration: "460,0" is not a whole number of at least 0; write it without a comma`},

		{"a line end in a name", "id,\"tit\nle\"\n1,a\n", `! line 2: the column name "tit\nle" has a line end; a quotation mark may not be closed`},
		{"a carriage return in a name", "id,\"tit\rle\"\n1,a\n", `! line 1: the column name "tit\rle" has a line end; a quotation mark may not be closed`},
		{"a mark that is not closed", "id,\"title\n1,a\n", "! line 2: a quotation mark in the header is not closed"},
		{"names in another case", "ID,Title,team\n1,a,b\n", `! line 1: columns differ from fields only by case, spaces or invisible characters; rename "ID" to id, "Title" to title`},
		{"names with spaces", "id, primary user id \n1,a\n", `! line 1: columns differ from fields only by case, spaces or invisible characters; rename " primary user id " to primaryUserId`},
		{"invisible characters in names", "\u200bid\u00a0,ti\u00adtle,Document\ufe0f\n1,a,b\n", `! line 1: columns differ from fields only by case, spaces or invisible characters; rename "\u200bid\u00a0" to id, "ti\u00adtle" to title, "Document️" to document`},
		{"names in another case, by semicolons", "Id;title\n", `! line 1: columns differ from fields only by case, spaces or invisible characters; rename "Id" to id`},
		{"two delimiters", "id;started,title\n1;2026-01-01T00:00:00Z,a\n", `! line 1: the header mixes the delimiters ';' and ',', in "started,title"; use one of them throughout`},
		{"an id that is nearly named so", "ids,started\n1,2026-01-01T00:00:00Z\n", `! line 1: column id not found in the header "ids,started"; "ids": did you mean id?`},
		{"a name twice", "id,x,x\n", `! line 1: the column "x" appears twice`},
		{"a header that is not UTF-8", "id,gesch\xe4ft\n1,a\n", "! line 1: the header is not valid UTF-8; convert the file: iconv -f WINDOWS-1252 -t UTF-8 FILE | callvault import -"},
		{"a cell that is not UTF-8", "id,title\n1,gesch\xe4ft\n2,b\n", lines("2 ! title: is not valid UTF-8", `3 2 "b"`)},
		{"a column of Airbyte", "_airbyte_ab_id,_airbyte_data\na,\"{}\"\n", "! line 1: the column _airbyte_data holds the calls; rename it to document"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, in := range map[string]io.Reader{
				"whole":      strings.NewReader(tt.in),
				"one by one": iotest.OneByteReader(strings.NewReader(tt.in)),
				"halves":     iotest.HalfReader(strings.NewReader(tt.in)),
			} {
				if got := rows(in); got != tt.want {
					t.Errorf("%s: %q\n got %s\nwant %s", name, tt.in, got, tt.want)
				}
			}
		})
	}
}

// A header of many columns is looked at in linear time: each name once.
func TestManyColumns(t *testing.T) {
	var in strings.Builder
	in.WriteString("id")
	for i := range 100_000 {
		fmt.Fprintf(&in, ",c%d", i)
	}
	in.WriteString("\n1" + strings.Repeat(",", 100_000) + "\n")
	if got := rows(strings.NewReader(in.String())); got != "2 1" {
		t.Errorf("got %.200s", got)
	}
	if got, want := rows(strings.NewReader("c99999,"+in.String())), `! line 1: the column "c99999" appears twice`; got != want {
		t.Errorf("got %.200s, want %s", got, want)
	}
}

func utf16Text(text string, order binary.AppendByteOrder) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

// UTF-16 is read in either order, with a mark or without, as a table or as JSON.
func TestUTF16(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, mark := range []string{"\ufeff", ""} {
			for _, tt := range []struct{ in, want string }{
				{"id\ttitle\r\n1\té😀\r\n2\tb\r\n", lines(`2 1 "é😀"`, `3 2 "b"`)},
				{"id;title\r1;a\r", `2 1 "a"`},
				{lines(`{"id":"1","title":"😀"}`, `{"id":"2"}`), lines(`1 1 "😀"`, "2 2")},
				{`[{"id":"1"}]`, "1 1"},
			} {
				in := utf16Text(mark+tt.in, order)
				for name, r := range map[string]io.Reader{
					"whole":      strings.NewReader(in),
					"one by one": iotest.OneByteReader(strings.NewReader(in)),
				} {
					if got := rows(r); got != tt.want {
						t.Errorf("%v, %q, %s:\n got %s\nwant %s", order, mark+tt.in, name, got, tt.want)
					}
				}
			}
		}
		lone := utf16Text("\ufeffid,title\n1,a", order) + string(order.AppendUint16(nil, 0xd83d)) + utf16Text("b\n2,c\n", order)
		if got, want := rows(strings.NewReader(lone)), lines("2 ! title: is not valid UTF-8", `3 2 "c"`); got != want {
			t.Errorf("a lone surrogate: %s", got)
		}
		odd := utf16Text("\ufeffid,title\n1,a\n2,b", order) + "c"
		if got, want := rows(strings.NewReader(odd)), lines(`2 1 "a"`, "3 ! title: is not valid UTF-8"); got != want {
			t.Errorf("half a character: %s", got)
		}
	}
}

// A file that is not read is named as what it is, with what to do.
func TestKinds(t *testing.T) {
	tar := "calls.ndjson" + strings.Repeat("\x00", 245) + "ustar\x0000" + strings.Repeat("\x00", 248) + "{\"id\":\"1\"}\n"
	for _, tt := range []struct{ in, want string }{
		{"BZh91AY&SY", "it is bzip2; pipe it: bzip2 -dc FILE | callvault import -"},
		{"\xfd7zXZ\x00\x00\x04", "it is xz; pipe it: xz -dc FILE | callvault import -"},
		{tar, "it is a tar archive; unpack it (tar -xf FILE) and import the files in it"},
		{string(gzipped(t, tar)), "it is a tar archive within gzip; unpack it (tar -xf FILE) and import the files in it"},
		{string(gzipped(t, string(gzipped(t, "{}")))), "it is gzip within gzip; it was compressed twice: unpack it once"},
		{string(zstandard(t, "a,b\n")), `column id and column started or scheduled not found in the header "a,b"; name the columns as fields, such as id, started, title`},
		{"PK\x03\x04\x14\x00[Content_Types].xml", "it is a spreadsheet or a zip archive; save a spreadsheet as CSV UTF-8; unpack an archive and import the files in it"},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", "it is an old Office file, such as xls; save it as CSV UTF-8"},
		{"%PDF-1.7\n%", "it is a PDF; it holds no records"},
		{" <!DOCTYPE html>\n<html>", "it is HTML; a server may have sent a page, such as a login, instead of the file"},
		{"<?xml version=\"1.0\"?>", "it is XML; convert it to CSV or NDJSON"},
		{"SQLite format 3\x00\x10\x00", "it is a SQLite database; if it is a store: callvault export --db FILE"},
		{"\xff\xfe\x00\x00i\x00\x00\x00d\x00\x00\x00\n\x00\x00\x00", "it is UTF-32; convert it: iconv -f UTF-32 -t UTF-8 FILE | callvault import -"},
		{"\x00\x00\xfe\xff\x00\x00\x00i", "it is UTF-32; convert it: iconv -f UTF-32 -t UTF-8 FILE | callvault import -"},
		{"\x7fELF\x00\x01\n", "it is not text: " + errNoFormat.Error()},
	} {
		for name, in := range map[string]io.Reader{
			"whole":      strings.NewReader(tt.in),
			"one by one": iotest.OneByteReader(strings.NewReader(tt.in)),
		} {
			if got, want := rows(in), "! line 1: "+tt.want; got != want {
				t.Errorf("%s: %.20q\n got %s\nwant %s", name, tt.in, got, want)
			}
		}
	}
}
