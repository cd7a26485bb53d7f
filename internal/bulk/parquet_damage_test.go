package bulk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	parquetthrift "github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/callvault/callvault/gong"
)

// firstRecords is what the first records of a source are: what is damaged may say
// that it has millions.
func firstRecords(in []byte, most int) string {
	r, err := NewReader(bytes.NewReader(in))
	if err != nil {
		return "! " + err.Error()
	}
	defer r.Close()
	var all []string
	for range most {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return lines(append(all, "! "+err.Error())...)
		}
		all = append(all, fmt.Sprintf("%d %s %v", record.Line, record.Call.AppendJSON(nil), record.Err))
	}
	return lines(all...)
}

// small is a Parquet file of a few rows, for damage.
func small(t testing.TB) []byte {
	return table(t, foreignRows()[:2], parquet.Compression(&parquet.Zstd), parquet.DataPageVersion(1))
}

// A file that was cut off anywhere is refused, and says so.
func TestParquetCutOff(t *testing.T) {
	in := small(t)
	for n := len(parquetMagic); n < len(in); n++ {
		if got := firstRecords(in[:n], 10); !strings.HasPrefix(got, "! "+errParquet.Error()) {
			t.Fatalf("cut off after %d of %d bytes: %s", n, len(in), got)
		}
	}
}

// Whatever byte is wrong, reading ends, in a memory that does not depend on what
// the file says of itself. A wrong byte of a page that has a checksum is found.
func TestParquetDamaged(t *testing.T) {
	in := small(t)
	whole := firstRecords(in, 10)
	var before, after runtime.MemStats
	refused := 0
	for i := range in {
		damaged := bytes.Clone(in)
		damaged[i] ^= byte(1 + i%255)
		runtime.ReadMemStats(&before)
		got := firstRecords(damaged, 10)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 2*maxHeld {
			t.Errorf("a wrong byte %d took %d MiB", i, n>>20)
		}
		if strings.Contains(got, "runtime error") {
			t.Errorf("a wrong byte %d: %s", i, got)
		}
		if got != whole {
			refused++
		}
	}
	if refused < len(in)/2 {
		t.Errorf("only %d of %d damages made a difference", refused, len(in))
	}
}

// Metadata that would take gigabytes is refused before it does.
func TestHostileParquet(t *testing.T) {
	in := small(t)
	footer := func(change func(*format.FileMetaData)) []byte {
		n := int(binary.LittleEndian.Uint32(in[len(in)-8:]))
		var meta format.FileMetaData
		if err := parquetthrift.Unmarshal(new(parquetthrift.CompactProtocol), in[len(in)-8-n:len(in)-8], &meta); err != nil {
			t.Fatal(err)
		}
		change(&meta)
		data, err := parquetthrift.Marshal(new(parquetthrift.CompactProtocol), &meta)
		if err != nil {
			t.Fatal(err)
		}
		return withFooter(in[:len(in)-8-n], data)
	}
	for _, tt := range []struct {
		name, want string
		in         []byte
	}{
		{"a list of 2^31 row groups", errThriftLarge.Error(), withFooter([]byte(parquetMagic), append([]byte{0x49, 0xfc}, binary.AppendUvarint(nil, math.MaxInt32)...))},
		{"lists in lists", errThrift.Error(), withFooter([]byte(parquetMagic), append([]byte{0x19}, bytes.Repeat([]byte{0x19}, 1000)...))},
		{"a footer longer than the file", errThriftShort.Error(), append(bytes.Clone(in[:len(in)-8]), 0, 0, 0xf0, 0, 'P', 'A', 'R', '1')},
		{"a column beyond the end", "is not within it", footer(func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalCompressedSize = math.MaxInt64 })},
		{"a column at no place", "is not within it", footer(func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.DataPageOffset = -1 })},
		{"a column of another type", "is not within it", footer(func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.Type = format.Boolean })},
		{"a column too few", "does not have the columns", footer(func(m *format.FileMetaData) { m.RowGroups[0].Columns = m.RowGroups[0].Columns[1:] })},
		{"more rows than values", "there are fewer values than rows", footer(func(m *format.FileMetaData) { m.RowGroups[0].NumRows = math.MaxInt64 })},
		{"a large page", errPageLarge.Error(), pageFile(pageHead(math.MaxInt32, 8, 1), make([]byte, 8))},
		{"a page that is not that long", "it is not as long as it says", pageFile(pageHead(9, 8, 1), make([]byte, 8))},
		{"a page longer than the file", errPageShort.Error(), pageFile(pageHead(8, math.MaxInt32, 1), make([]byte, 8))},
		{"a page with another checksum", "its checksum is wrong", pageFile(func() format.PageHeader { h := pageHead(8, 8, 1); h.CRC = 1; return h }(), make([]byte, 8))},
		{"a text longer than its page", errPageShort.Error(), pageFile(pageHead(8, 8, 1), binary.LittleEndian.AppendUint32(nil, math.MaxUint32), make([]byte, 4))},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := firstRecords(tt.in, 10)
		runtime.ReadMemStats(&after)
		if !strings.Contains(got, "! ") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
			t.Errorf("%s: it took %d MiB", tt.name, n>>20)
		}
	}
}

// withFooter is a file with a footer.
func withFooter(body, footer []byte) []byte {
	file := append(bytes.Clone(body), footer...)
	return append(binary.LittleEndian.AppendUint32(file, uint32(len(footer))), parquetMagic...)
}

// pageHead is the header of a page of plain texts.
func pageHead(plain, compressed, values int32) format.PageHeader {
	return format.PageHeader{
		Type:                 format.DataPage,
		UncompressedPageSize: plain,
		CompressedPageSize:   compressed,
		DataPageHeader:       parquetthrift.New(format.DataPageHeader{NumValues: values, Encoding: format.Plain, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}),
	}
}

// pageFile is a file with a column id that has one page.
func pageFile(head format.PageHeader, body ...[]byte) []byte {
	page, err := parquetthrift.Marshal(new(parquetthrift.CompactProtocol), &head)
	if err != nil {
		panic(err)
	}
	page = append(page, bytes.Join(body, nil)...)
	footer, err := parquetthrift.Marshal(new(parquetthrift.CompactProtocol), &format.FileMetaData{
		Version: 1,
		Schema: []format.SchemaElement{
			{Name: "schema", NumChildren: parquetthrift.New(int32(1))},
			{Name: "id", Type: parquetthrift.New(format.ByteArray), RepetitionType: parquetthrift.New(format.Required)},
		},
		NumRows: 1,
		RowGroups: []format.RowGroup{{NumRows: 1, Columns: []format.ColumnChunk{{MetaData: format.ColumnMetaData{
			Type: format.ByteArray, PathInSchema: []string{"id"}, NumValues: 1, DataPageOffset: 4, TotalCompressedSize: int64(len(page)),
		}}}}},
	})
	if err != nil {
		panic(err)
	}
	return withFooter(append([]byte(parquetMagic), page...), footer)
}

// FuzzParquet: whatever a file holds, reading ends, without a panic even within,
// and a record that is good can be written and read again.
func FuzzParquet(f *testing.F) {
	f.Add(small(f))
	f.Add(table(f, foreignRows(), parquet.Compression(&parquet.Snappy)))
	f.Add(table(f, foreignRows(), parquet.Compression(&parquet.Gzip), parquet.DataPageVersion(1)))
	f.Add(written(f, Parquet, oddDocuments(f)[:5]))
	f.Add(pageFile(pageHead(5, 5, 1), []byte{1, 0, 0, 0, '7'}))
	f.Add([]byte(parquetMagic))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := newParquetReader(bytes.NewReader(in), int64(len(in)))
		if err != nil {
			if strings.Contains(err.Error(), "runtime error") && !strings.Contains(err.Error(), errThrift.Error()) {
				t.Fatal(err)
			}
			return
		}
		defer r.close()
		for range 1000 {
			record, err := r.read()
			if err == io.EOF {
				return
			}
			if err != nil {
				if strings.Contains(err.Error(), "runtime error") {
					t.Fatal(err)
				}
				return
			}
			if record.Err != nil {
				continue
			}
			document := record.Call.AppendJSON(nil)
			if call, err := gong.ParseCall(document); err == nil && !bytes.Equal(call.AppendJSON(nil), document) {
				t.Fatalf("%s comes back as %s", document, call.AppendJSON(nil))
			}
		}
	})
}
