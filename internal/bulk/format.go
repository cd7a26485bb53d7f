package bulk

import (
	"fmt"
	"slices"
	"strings"
)

// Format is the form of a file of calls.
type Format string

// The formats that calls are written in.
const (
	NDJSON  Format = "ndjson"  // a document to the line
	JSON    Format = "json"    // one array of documents
	CSV     Format = "csv"     // a table: the contract's fields, then document
	Parquet Format = "parquet" // the same table with typed columns
)

// Formats are the formats that calls are written in.
func Formats() []Format { return []Format{NDJSON, JSON, CSV, Parquet} }

// ParseFormat reads the name of a format, in any case. The error says what is
// accepted.
func ParseFormat(name string) (Format, error) {
	if f := Format(strings.ToLower(name)); slices.Contains(Formats(), f) {
		return f, nil
	}
	return "", fmt.Errorf("%.40q is no format of calls; accepted are ndjson, json, csv and parquet", name)
}
