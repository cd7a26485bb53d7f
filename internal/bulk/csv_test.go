package bulk

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// rows reads a table and writes the line, id, title and further fields of each
// record, or its problems.
func rows(in io.Reader) string {
	r, err := newReader(in, Mapping{})
	if err != nil {
		return "! " + err.Error()
	}
	return rowsOf(r)
}

func rowsOf(r *Reader) string {
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
		{"a mark of UTF-8", "\ufeffid,title\n1,a\n2,b", two},
		{"line ends of old Macs", "id,title\r1,a\r", `! line 1: the column name "title\r1" has a line end; close its quotation mark, or end lines with LF`},
		{"empty lines before the header", "\n\n \nid,title\n1,a\n", `5 1 "a"`},
		{"line ends of Windows", "id,title\r\n1,a\r\n2,b\r\n", two},
		{"a carriage return is text where lines do not end with it", "id,title\n1,a\rb\n2,b\r\n", lines(`2 1 "a\rb"`, `3 2 "b"`)},
		{"carriage returns within marks", "id,title\n1,\"a\rb\"\n2,b\n", lines(`2 1 "a\rb"`, `3 2 "b"`)},

		{"semicolons", "id;title\n1;a\n2;b\n", two},
		{"tabs", "id\ttitle\n1\ta\n2\tb\n", two},
		{"bars", "id|title\n1|a\n2|b\n", two},
		{"commas within semicolons", "id;title;a,b\n1;x,y;\n", `2 1 "x,y"`},
		{"a mark within semicolons", "id;title\n1;\"x;\"\"y\"\n", `2 1 "x;\"y"`},
		{"the first column without a name, by tabs", "\tid\ttitle\n\t1\ta\n0\t2\tb\n", lines(`2 1 "a"`, `3 ! the cell "0" has no column name in the header; name its column`)},
		{"one column", "id\n1\n2\n", lines("2 1", "3 2")},

		{"delimiters at the end of rows", "id,title\n1,a,\n2,b,,,\n3,c,,x\n", lines(two, "4 ! the row has 4 cells, but the header has 2")},
		{"delimiters at the end of all lines", "id,title,,\n1,a,,\n2,b,,\n3,c,,x\n", lines(two, `4 ! the cell "x" has no column name in the header; name its column`)},
		{"rows of delimiters", "id,title\n,\n1,a\n,,,\n\n2,b\n,\n", lines(`3 1 "a"`, `6 2 "b"`)},
		{"a header alone", "id,title\n", ""},
		{"a header alone without a line end", "id,title", ""},
		{"a decimal comma", "id;duration\n1;460,0\n", `2 ! duration: "460,0" is not a whole number of at least 0; write it without a comma`},

		{"a line end in a name", "id,\"tit\nle\"\n1,a\n", "! line 1: not a CSV header: a quotation mark is not closed, or not doubled inside a cell"},
		{"a carriage return in a name", "id,\"tit\rle\"\n1,a\n", `! line 1: the column name "tit\rle" has a line end; close its quotation mark, or end lines with LF`},
		{"a mark that is not closed", "id,\"title\n1,a\n", "! line 1: not a CSV header: a quotation mark is not closed, or not doubled inside a cell"},
		{"names in another case", "id, Title,team\n1,a,b\n", `! line 1: columns differ from fields only by case or spaces; rename " Title" to title, or in CSV pass --map FIELD=COLUMN`},
		{"a name twice", "id,x,x\n", `! line 1: the column "x" appears twice; rename or remove one`},
		{"a header that is not UTF-8", "id,gesch\xe4ft\n1,a\n", "! line 1: the header is not valid UTF-8; convert the file: iconv -f WINDOWS-1252 -t UTF-8 FILE | callvault import -"},
		{"a cell that is not UTF-8", "id,title\n1,gesch\xe4ft\n2,b\n", lines("2 ! title: is not valid UTF-8", `3 2 "b"`)},
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
	if got, want := rows(strings.NewReader("c99999,"+in.String())), `! line 1: the column "c99999" appears twice; rename or remove one`; got != want {
		t.Errorf("got %.200s, want %s", got, want)
	}
}

// A file that is not read is named as what it is, with what to do.
func TestKinds(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"BZh91AY&SY", "it is bzip2; pipe it: bzip2 -dc FILE | callvault import -"},
		{"\xfd7zXZ\x00\x00\x04", "it is xz; pipe it: xz -dc FILE | callvault import -"},
		{"PK\x03\x04\x14\x00[Content_Types].xml", "it is a spreadsheet or a zip archive; save a spreadsheet as CSV UTF-8; unpack an archive and import the files in it"},
		{" <!DOCTYPE html>\n<html>", "it is HTML or XML; a server may have sent a page, such as a login, instead of the file"},
		{"SQLite format 3\x00\x10\x00", "it is a SQLite database; if it is a store: callvault export --db FILE"},
		{"\xff\xfei\x00d\x00,\x00", "it is UTF-16; convert it: iconv -f UTF-16 -t UTF-8 FILE | callvault import -"},
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
