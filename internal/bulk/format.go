package bulk

import (
	"bytes"
	"fmt"
	"strings"
)

// Format is the form of a file of calls.
type Format string

// The formats that calls are written in.
const (
	NDJSON  Format = "ndjson"  // a document to the line
	JSON    Format = "json"    // one array of documents
	CSV     Format = "csv"     // a table: the contract's fields, two names, then document
	Parquet Format = "parquet" // the same table with typed columns
)

// Formats are the formats that calls are written in.
func Formats() []Format { return []Format{NDJSON, JSON, CSV, Parquet} }

// HasNames tells whether the format shows the names of hosts and workspaces.
func (f Format) HasNames() bool { return f == CSV || f == Parquet }

// Compression is what is done to a whole file.
type Compression string

// The compressions of files.
const (
	Uncompressed Compression = ""
	Gzip         Compression = "gzip"
	Zstd         Compression = "zstd"
)

// ByName is what a file's name says that it is: calls.csv.gz is CSV in gzip. The
// format is empty when the name does not say.
func ByName(name string) (Format, Compression) {
	name = strings.ToLower(name)
	z := Uncompressed
	switch {
	case strings.HasSuffix(name, ".gz"):
		name, z = strings.TrimSuffix(name, ".gz"), Gzip
	case strings.HasSuffix(name, ".zst"):
		name, z = strings.TrimSuffix(name, ".zst"), Zstd
	}
	if strings.HasSuffix(name, ".jsonl") {
		return NDJSON, z
	}
	for _, f := range Formats() {
		if strings.HasSuffix(name, "."+string(f)) {
			return f, z
		}
	}
	return "", z
}

// unread are kinds of files that import does not read, by their first bytes, with what to
// do.
var unread = [...]struct{ begins, name, advice string }{
	{"BZh", "bzip2", "pipe it: bzip2 -dc FILE | callvault import -"},
	{"\xfd7zXZ\x00", "xz", "pipe it: xz -dc FILE | callvault import -"},
	{"PK\x03\x04", "a spreadsheet or a zip archive", "save a spreadsheet as CSV UTF-8; unpack an archive and import the files in it"},
	{"SQLite format 3\x00", "a SQLite database", "if it is a store: callvault export --db FILE"},
	{"\xff\xfe", "UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 FILE | callvault import -"},
	{"\xfe\xff", "UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 FILE | callvault import -"},
	{"<", "HTML or XML", "a server may have sent a page, such as a login, instead of the file"},
}

// nameKind names the kind of a file by its first line. It is nil if that may be text.
func nameKind(line []byte) error {
	for _, k := range unread {
		if bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte(k.begins)) {
			return fmt.Errorf("it is %s; %s", k.name, k.advice)
		}
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return fmt.Errorf("it is not text: %w", errNoFormat)
	}
	return nil
}
