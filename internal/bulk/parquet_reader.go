package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/parquet-go/parquet-go"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/file"
)

// parquetReader reads calls from the rows of a Parquet file: from the column
// document if a row has one, otherwise from all others. The line of a record is the
// number of its row. It holds one page and the dictionary of each column.
type parquetReader struct {
	ctx      context.Context
	file     *parquetFile
	columns  []*parquetColumn
	document *parquetColumn // one of them, or nil
	group    int            // the next row group
	left     int64          // rows of the group before it
	row      int            // rows read of all groups
}

// parquetSource is a file that can be read at any place, such as an *os.File.
type parquetSource interface {
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// isParquet tells whether a file is Parquet and can be read where it is, as a pipe
// cannot.
func isParquet(f parquetSource) bool {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	magic := make([]byte, len(parquetMagic))
	n, _ := f.ReadAt(magic, 0)
	return string(magic[:n]) == parquetMagic
}

// newSpooledReader copies Parquet to a temporary file and reads it there.
func newSpooledReader(in io.Reader) (r *Reader, err error) {
	copied, err := file.NewScratch(os.TempDir())
	if err != nil {
		return nil, err
	}
	if _, err = io.Copy(copied, in); err == nil {
		r, err = newFileReader(context.Background(), copied)
	}
	if err != nil {
		return nil, errors.Join(err, copied.Close())
	}
	r.close = func() { copied.Close() }
	return r, nil
}

// newFileReader reads Parquet where it is, until ctx is done.
func newFileReader(ctx context.Context, f parquetSource) (*Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	r := &parquetReader{ctx: ctx}
	var names []string
	err = guarded(func() error {
		if r.file, err = openParquet(f, info.Size()); err != nil {
			return err
		}
		for i, leaf := range r.file.Root().Columns() {
			name := leaf.Name()
			names = append(names, name)
			if err := gong.ValidText(name); err != nil {
				return fmt.Errorf("the name of column %d, %.40q, %w", i+1, name, err)
			}
			if !leaf.Leaf() || leaf.Repeated() {
				return fmt.Errorf("the column %.40q is nested: a list, a map or a structure; leave it out, or make it text", name)
			}
			c := &parquetColumn{column: column{name: name, isField: gong.IsField(name)}, parquetType: typeOf(leaf.Type()), index: i, file: r.file}
			if err := c.check(name); err != nil {
				return err
			}
			if r.columns = append(r.columns, c); name == documentColumn {
				r.document = c
			}
		}
		for _, c := range r.columns {
			c.ignored = isName(c.name, names)
		}
		return checkNames(names)
	})
	if err != nil {
		return nil, err
	}
	return &Reader{header: header{sent: names, names: names}, read: r.read, close: func() {}}, nil
}

func (r *parquetReader) read() (record Record, err error) {
	err = guarded(func() error {
		if r.ctx.Err() != nil {
			return context.Cause(r.ctx)
		}
		record, err = r.record()
		return err
	})
	if err != nil && err != io.EOF {
		return Record{}, fatal(r.row, "row %d: %w", r.row, err)
	}
	return record, err
}

func (r *parquetReader) record() (record Record, err error) {
	for r.left == 0 {
		groups := r.file.RowGroups()
		if r.group == len(groups) {
			return record, io.EOF
		}
		for _, c := range r.columns {
			c.begin(r.group, r.row)
		}
		r.left = groups[r.group].NumRows()
		r.group++
	}
	r.left--
	r.row++
	record.Line, record.Through = r.row, r.row
	if r.document != nil {
		v, err := r.document.value(r.row)
		if err != nil {
			return record, err
		}
		if len(v.ByteArray()) > 0 {
			record.Call, record.Err = parseDocument(v.ByteArray())
			return record, nil
		}
	}
	var problems []gong.FieldError
	for _, c := range r.columns {
		if c == r.document || c.ignored {
			continue
		}
		v, err := c.value(r.row)
		if err != nil {
			return record, err
		}
		if problem := c.set(&record.Call, v); problem != "" {
			problems = append(problems, gong.FieldError{Field: c.name, Problem: problem})
		}
	}
	if len(problems) > 0 {
		record.Err = &gong.CallError{Problems: problems}
	}
	return record, nil
}

// parquetColumn is a column of the file. It is opened in a row group when its first
// value is requested: a file with a document in each row is read by that column alone.
type parquetColumn struct {
	column
	parquetType
	index  int
	file   *parquetFile
	group  int
	values parquet.ValueReader // nil until the column is opened
	buffer [64]parquet.Value
	ahead  []parquet.Value // of buffer
	passed int             // rows before them
}

func (c *parquetColumn) begin(group, row int) {
	c.values, c.ahead, c.group, c.passed = nil, nil, group, row
}

// value is the value of a row, whose numbers only rise. It is valid until the next
// is requested.
func (c *parquetColumn) value(row int) (v parquet.Value, err error) {
	if c.values == nil {
		if c.values, err = c.file.values(c.group, c.index); err != nil {
			return v, fmt.Errorf("the column %.40q: %w", c.name, err)
		}
	}
	for row > c.passed+len(c.ahead) {
		c.passed += len(c.ahead)
		n, err := c.values.ReadValues(c.buffer[:])
		if n == 0 {
			return v, fmt.Errorf("the column %.40q: %w", c.name, damaged(err))
		}
		c.ahead = c.buffer[:n]
	}
	v = c.ahead[row-c.passed-1]
	c.ahead, c.passed = c.ahead[row-c.passed:], row
	return v, nil
}

// set sets a field of a call. pandas writes NaN where a number is missing. It returns
// what is wrong with the value, if anything.
func (c *parquetColumn) set(call *gong.Call, v parquet.Value) (problem string) {
	if v.IsNull() {
		return ""
	}
	switch text := c.text(v); {
	case text == "NaN" && c.words == fractions:
		return ""
	case c.isField || !c.isJSON():
		return c.column.set(call, text)
	case text == "+Inf" || text == "-Inf":
		return "is infinite"
	default:
		call.Further = append(call.Further, gong.Field{Name: c.name, Value: json.RawMessage(text)})
		return ""
	}
}
