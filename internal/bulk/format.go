package bulk

import (
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
