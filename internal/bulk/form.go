package bulk

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/callvault/callvault"
)

// Form is how calls are written to a file.
type Form struct {
	Format      Format
	Compression Compression
}

// FormOf is the form of a file to be written: the format that is given, or else that of the
// file's name, or else NDJSON. The error says what is wrong with the name.
func FormOf(format Format, file string) (f Form, err error) {
	f.Format, f.Compression = ByName(file)
	if format != "" {
		f.Format = format
	}
	ending := filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(file, ".gz"), ".zst"))
	switch {
	case f.Format == "" && ending != "":
		return f, fmt.Errorf("%s: unknown extension %s; end the name with .ndjson, .json, .csv, .parquet, or pass --output", file, ending)
	case f.Format == "":
		f.Format = NDJSON
	case f.Format == Parquet && f.Compression != Uncompressed:
		return f, fmt.Errorf("%s: Parquet compresses itself; use a name without .gz or .zst", file)
	}
	return f, nil
}

// Write writes a whole file in this form: what fill writes, and in a table the names.
func (f Form) Write(w io.Writer, names callvault.EntryNames, fill func(Writer) error) error {
	out, err := NewCompressor(w, f.Compression)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Compression, err)
	}
	calls, err := NewWriter(out, f.Format, names)
	if err != nil {
		return err
	}
	if err := fill(calls); err != nil {
		return err
	}
	return errors.Join(calls.Close(), out.Close())
}
