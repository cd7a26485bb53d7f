package bulk

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/callvault/callvault/gong"
)

// parquetReader reads calls from the rows of a Parquet file. A row that has a
// document goes by it alone; others by the columns that the contract names, and
// further columns become further fields. The line of a record is the number of its
// row.
type parquetReader struct {
	file     *parquetFile
	fields   []*parquetField // nil for the document
	document int             // which column it is, -1 where there is none
	row      int
}

func newParquetReader(in io.ReaderAt, size int64) (*parquetReader, error) {
	r := &parquetReader{}
	err := guarded(func() (err error) {
		r.file, err = openParquet(in, size)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.document = slices.Index(r.names(), documentColumn)
	if r.document < 0 && !slices.Contains(r.names(), "id") {
		return nil, fmt.Errorf("there is neither a column id nor a column document among %.200q", r.names())
	}
	for i := range r.file.columns {
		field, err := newParquetField(&r.file.meta.Schema[1+i])
		if err != nil {
			return nil, err
		}
		r.fields = append(r.fields, field)
	}
	return r, nil
}

func (r *parquetReader) names() []string {
	names := make([]string, len(r.file.columns))
	for i, c := range r.file.columns {
		names[i] = c.name
	}
	return names
}

func (r *parquetReader) read() (record Record, err error) {
	err = guarded(func() error {
		record, err = r.next()
		return err
	})
	if err != nil && err != io.EOF {
		return Record{}, fatal(r.row, "row %d: %w", r.row, err)
	}
	return record, err
}

func (r *parquetReader) next() (record Record, err error) {
	if err := r.file.nextRow(); err != nil {
		return record, err
	}
	r.row++
	record.Line, record.Through = r.row, r.row
	isWhole := false
	if r.document >= 0 {
		v, err := r.file.columns[r.document].next()
		if err != nil {
			return record, err
		}
		if isWhole = !v.null && len(v.bytes) > 0; isWhole {
			record.Call, record.Err = parseDocument(v.bytes)
		}
	}
	var problems []gong.FieldError
	for i, c := range r.file.columns {
		if i == r.document {
			continue
		}
		v, err := c.next()
		if err != nil {
			return record, err
		}
		if isWhole {
			continue
		}
		var problem *gong.FieldError
		if errors.As(r.fields[i].set(&record.Call, v), &problem) {
			problems = append(problems, *problem)
		}
	}
	if len(problems) > 0 {
		record.Call, record.Err = gong.Call{}, &gong.CallError{Problems: problems}
	}
	return record, nil
}

func (r *parquetReader) close() { r.file.source.close() }

// guarded turns a panic into an error: the metadata of a damaged file goes through
// a library, and whatever is wrong with a file, the import ends in good order.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errParquet, p)
		}
	}()
	return f()
}
