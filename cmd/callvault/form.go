package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/callvault/callvault/internal/bulk"
	"github.com/callvault/callvault/internal/screen"
)

// form is what is written of calls.
type form struct {
	format      bulk.Format
	compression bulk.Compression
	unnamed     bool // neither a flag nor the file's name says the format
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
	case f.format == "" && otherKind(file) != "":
		return f, usagef("%s: callvault writes no %s files; end the name with %s, or choose a --format", file, otherKind(file), endings())
	case f.format == "":
		f.format, f.unnamed = bulk.NDJSON, file != stdinName
	case f.format == bulk.Parquet && f.compression != bulk.Uncompressed:
		return f, usagef("%s: Parquet is compressed by itself, and is read only so; accepted is a name without .gz and .zst", file)
	case f.format == bulk.Parquet && file == stdinName && screen.IsTerminal(a.stdout):
		return f, usagef("Parquet is not for a terminal; accepted are a FILE and a pipe")
	}
	return f, nil
}

// remark names the file and the format where nobody else did.
func (f form) remark(file string) string {
	if !f.unnamed {
		return ""
	}
	return fmt.Sprintf(" to %s as %s", file, f.format)
}

// otherKind is the ending of a name that promises another kind of file.
func otherKind(file string) string {
	file = strings.ToLower(file)
	ending := filepath.Ext(file)
	if ending == ".gz" || ending == ".zst" {
		ending = filepath.Ext(strings.TrimSuffix(file, ending))
	}
	if slices.Contains([]string{".xlsx", ".xls", ".ods", ".tsv", ".tab", ".bz2", ".xz", ".zip", ".7z", ".tar", ".tgz", ".lz4"}, ending) {
		return ending
	}
	return ""
}

// endings are what a file's name may end with, for people.
func endings() string {
	names := formatNames()
	last := len(names) - 1
	return "." + strings.Join(names[:last], ", .") + " or ." + names[last]
}

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
