package bulk

import (
	"bytes"
	"fmt"
)

// kinds are kinds of files that import does not read, by their first bytes, with what to
// do.
var kinds = [...]struct{ begins, name, advice string }{
	{"BZh", "bzip2", "pipe it: bzip2 -dc FILE | callvault import -"},
	{"\xfd7zXZ\x00", "xz", "pipe it: xz -dc FILE | callvault import -"},
	{"\x04\x22\x4d\x18", "lz4", "pipe it: lz4 -dc FILE | callvault import -"},
	{"\x1f\x9d", "compressed by compress (.Z)", "pipe it: gzip -dc FILE | callvault import -"},
	{"\x1f\x8b", "gzip", "it was compressed twice: unpack it once"},
	{"\x28\xb5\x2f\xfd", "zstd", "it was compressed twice: unpack it once"},
	{"PK\x03\x04", "a spreadsheet or a zip archive", "save a spreadsheet as CSV UTF-8; unpack an archive and import the files in it"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and import the files in it"},
	{"Rar!", "a RAR archive", "unpack it and import the files in it"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file, such as xls", "save it as CSV UTF-8"},
	{"%PDF-", "a PDF", "it holds no records"},
	{"SQLite format 3\x00", "a SQLite database", "if it is a store: callvault export --db FILE"},
	{"Obj\x01", "Avro", "convert it to NDJSON"},
	{"ARROW1", "Arrow", "convert it to Parquet or NDJSON"},
	{"\xff\xfe\x00\x00", "UTF-32", "convert it: iconv -f UTF-32 -t UTF-8 FILE | callvault import -"},
	{"\x00\x00\xfe\xff", "UTF-32", "convert it: iconv -f UTF-32 -t UTF-8 FILE | callvault import -"},
	{"<?xml", "XML", "convert it to CSV or NDJSON"},
	{"<", "HTML", "a server may have sent a page, such as a login, instead of the file"},
}

const (
	tarMagic = "ustar"
	tarAt    = 257
)

// kindError names a kind of file that import does not read, and what to do.
type kindError struct {
	name, advice string
	within       string // the compression, if any
}

func (e *kindError) Error() string {
	if e.within != "" {
		return fmt.Sprintf("it is %s within %s; %s", e.name, e.within, e.advice)
	}
	return fmt.Sprintf("it is %s; %s", e.name, e.advice)
}

// nameKind names the kind of a file by its first line. It is nil if that may be text.
func nameKind(line []byte) error {
	for _, k := range kinds {
		if bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte(k.begins)) {
			return &kindError{name: k.name, advice: k.advice}
		}
	}
	switch {
	case len(line) > tarAt && bytes.HasPrefix(line[tarAt:], []byte(tarMagic)):
		return &kindError{name: "a tar archive", advice: "unpack it (tar -xf FILE) and import the files in it"}
	case bytes.IndexByte(line, 0) >= 0:
		return fmt.Errorf("it is not text: %w", errNoFormat)
	}
	return nil
}
