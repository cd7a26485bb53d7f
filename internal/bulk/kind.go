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
	{"PK\x03\x04", "a spreadsheet or a zip archive", "save a spreadsheet as CSV UTF-8; unpack an archive and import the files in it"},
	{"SQLite format 3\x00", "a SQLite database", "if it is a store: callvault export --db FILE"},
	{"\xff\xfe", "UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 FILE | callvault import -"},
	{"\xfe\xff", "UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 FILE | callvault import -"},
	{"<", "HTML or XML", "a server may have sent a page, such as a login, instead of the file"},
}

// nameKind names the kind of a file by its first line. It is nil if that may be text.
func nameKind(line []byte) error {
	for _, k := range kinds {
		if bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte(k.begins)) {
			return fmt.Errorf("it is %s; %s", k.name, k.advice)
		}
	}
	if bytes.IndexByte(line, 0) >= 0 {
		return fmt.Errorf("it is not text: %w", errNoFormat)
	}
	return nil
}
