package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/callvault/callvault/internal/bulk"
)

// form is what is written of calls.
type form struct {
	format      bulk.Format
	compression bulk.Compression
}

// formOf is the form that a flag names, or else that of a file's name, or else
// NDJSON. A terminal is no place for Parquet.
func (a *app) formOf(flag, file string) (f form, err error) {
	f.format, f.compression = bulk.ByName(file)
	if flag != "" {
		if f.format, err = bulk.ParseFormat(flag); err != nil {
			return f, usagef("--format: %w", err)
		}
	}
	switch {
	case f.format == "" && isSpreadsheet(file):
		return f, usagef("%s: a spreadsheet's own files are not written; accepted are %s at the end of the name, or --format", file, endings())
	case f.format == "":
		f.format = bulk.NDJSON
	case f.format == bulk.Parquet && f.compression != bulk.Uncompressed:
		return f, usagef("%s: Parquet is compressed by itself, and is read only so; accepted is a name without .gz and .zst", file)
	case f.format == bulk.Parquet && file == stdinName && isTerminal(a.stdout):
		return f, usagef("Parquet is not for a terminal; accepted are a FILE and a pipe")
	}
	return f, nil
}

// isSpreadsheet says whether a file's name promises what would not open.
func isSpreadsheet(file string) bool {
	return slices.Contains([]string{".xlsx", ".xls", ".ods"}, strings.ToLower(filepath.Ext(file)))
}

// endings are what a file's name may end with, for people.
func endings() string { return "." + strings.Join(formatNames(), ", .") }

// formatNames are the names that --format takes.
func formatNames() []string {
	var names []string
	for _, f := range bulk.Formats() {
		names = append(names, string(f))
	}
	return names
}

// write writes a whole file in this form: what fill writes.
func (f form) write(w io.Writer, fill func(bulk.Writer) error) error {
	out, err := bulk.NewCompressor(w, f.compression)
	if err != nil {
		return fmt.Errorf("%s: %w", f.compression, err)
	}
	calls, err := bulk.NewWriter(out, f.format)
	if err != nil {
		return err
	}
	if err := fill(calls); err != nil {
		return err
	}
	return errors.Join(calls.Close(), out.Close())
}
