package bulk

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// firstRecords are the first records of a source: a damaged one may say that it has
// millions.
func firstRecords(in []byte, most int) string {
	r, err := newFileReader(context.Background(), inMemory(in))
	if err != nil {
		return "! " + err.Error()
	}
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
func small(t testing.TB, codec compress.Codec, pages int) []byte {
	return table(t, foreignRows()[:2], parquet.Compression(codec), parquet.DataPageVersion(pages))
}

// A file that was cut off anywhere is refused, and says so.
func TestParquetCutOff(t *testing.T) {
	in := small(t, &parquet.Zstd, 1)
	for n := len(parquetMagic); n < len(in); n++ {
		if got := firstRecords(in[:n], 10); !strings.HasPrefix(got, "! "+errParquet.Error()) {
			t.Fatalf("cut off after %d of %d bytes: %s", n, len(in), got)
		}
	}
}

// Whichever byte is wrong, reading ends with records or an error in words. A wrong byte
// of a page that has a checksum is found.
func TestParquetDamaged(t *testing.T) {
	for _, in := range [][]byte{small(t, &parquet.Zstd, 1), small(t, &parquet.Lz4Raw, 2)} {
		whole := firstRecords(in, 10)
		refused := 0
		for i := 0; i < len(in); i += 3 {
			damaged := bytes.Clone(in)
			damaged[i] ^= byte(1 + i%255)
			got := firstRecords(damaged, 10)
			if strings.Contains(got, "runtime error") {
				t.Errorf("a wrong byte %d: %s", i, got)
			}
			if got != whole {
				refused++
			}
		}
		if refused < len(in)/6 {
			t.Errorf("only %d of %d damages made a difference", refused, len(in)/3)
		}
	}
}

// A file whose parts say more than the file has is refused in little memory.
func TestHostileParquet(t *testing.T) {
	in := small(t, &parquet.Zstd, 1)
	column := func(change func(*format.ColumnMetaData)) []byte {
		return withMetadata(t, in, func(m *format.FileMetaData) { change(&m.RowGroups[0].Columns[0].MetaData) })
	}
	for _, tt := range []struct {
		name, want string
		in         []byte
	}{
		{"a footer longer than the file", "its metadata is longer than the file", append(bytes.Clone(in[:len(in)-8]), 0, 0, 0xf0, 0, 'P', 'A', 'R', '1')},
		{"a footer that is encrypted", "the Parquet file is encrypted", append(bytes.Clone(in[:len(in)-4]), "PARE"...)},
		{"a column beyond the end", "its pages are not in the file", column(func(m *format.ColumnMetaData) { m.TotalCompressedSize = math.MaxInt64 })},
		{"a column at no place", "its pages are not in the file", column(func(m *format.ColumnMetaData) { m.DataPageOffset = -1 })},
		{"a column too few", errParquet.Error(), withMetadata(t, in, func(m *format.FileMetaData) { m.RowGroups[0].Columns = m.RowGroups[0].Columns[1:] })},
		{"more rows than values", "it ends too early", withMetadata(t, in, func(m *format.FileMetaData) { m.RowGroups[0].NumRows = math.MaxInt64 })},
		{"a large page", "it needs more than 256 MiB", pageFile(pageHead(math.MaxInt32, 8, 1), make([]byte, 8))},
		{"a page of many values", "it needs more than 256 MiB", pageFile(pageHead(8, 8, math.MaxInt32), make([]byte, 8))},
		{"a page of fewer than no bytes", errLength.Error(), pageFile(pageHead(-8, 8, 1), make([]byte, 8))},
		{"a page that is not that long", errLength.Error(), pageFile(pageHead(9, 8, 1), make([]byte, 8))},
		{"a page longer than the file", errLength.Error(), pageFile(pageHead(8, math.MaxInt32, 1), make([]byte, 8))},
		{"a page with another checksum", errChecksum.Error(), pageFile(func() format.PageHeader { h := pageHead(8, 8, 1); h.CRC = 1; return h }(), make([]byte, 8))},
		{"a text longer than its page", errPage.Error(), pageFile(pageHead(8, 8, 1), binary.LittleEndian.AppendUint32(nil, math.MaxUint32), make([]byte, 4))},
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

// withMetadata is a file with other metadata.
func withMetadata(t testing.TB, in []byte, change func(*format.FileMetaData)) []byte {
	t.Helper()
	n := int(binary.LittleEndian.Uint32(in[len(in)-8:]))
	var meta format.FileMetaData
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), in[len(in)-8-n:len(in)-8], &meta); err != nil {
		t.Fatal(err)
	}
	change(&meta)
	return withFooter(in[:len(in)-8-n], compact(&meta))
}

func withFooter(body, footer []byte) []byte {
	file := append(bytes.Clone(body), footer...)
	return append(binary.LittleEndian.AppendUint32(file, uint32(len(footer))), parquetMagic...)
}

func compact(v any) []byte {
	data, err := thrift.Marshal(new(thrift.CompactProtocol), v)
	if err != nil {
		panic(err)
	}
	return data
}

// pageHead is the header of a page of plain texts.
func pageHead(plain, compressed, values int32) format.PageHeader {
	return format.PageHeader{
		Type:                 format.DataPage,
		UncompressedPageSize: plain,
		CompressedPageSize:   compressed,
		DataPageHeader:       thrift.New(format.DataPageHeader{NumValues: values, Encoding: format.Plain, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}),
	}
}

// pageFile is a file with a column id that has one page.
func pageFile(head format.PageHeader, body ...[]byte) []byte {
	page := append(compact(&head), bytes.Join(body, nil)...)
	return withFooter(append([]byte(parquetMagic), page...), compact(&format.FileMetaData{
		Version: 1,
		Schema: []format.SchemaElement{
			{Name: "schema", NumChildren: thrift.New(int32(1))},
			{Name: "id", Type: thrift.New(format.ByteArray), RepetitionType: thrift.New(format.Required)},
		},
		NumRows: 1,
		RowGroups: []format.RowGroup{{NumRows: 1, Columns: []format.ColumnChunk{{MetaData: format.ColumnMetaData{
			Type: format.ByteArray, PathInSchema: []string{"id"}, NumValues: 1, DataPageOffset: 4, TotalCompressedSize: int64(len(page)),
		}}}}},
	}))
}

// What was read of a file before its damage is kept, and the error names the row.
func TestParquetDamagedLater(t *testing.T) {
	var rows []foreign
	for i := range 3000 {
		row := foreignRows()[0]
		row.ID = int64(i + 1)
		rows = append(rows, row)
	}
	in := table(t, rows, parquet.MaxRowsPerRowGroup(1000), parquet.Compression(&parquet.Snappy))
	file, err := openParquet(bytes.NewReader(in), int64(len(in)))
	if err != nil {
		t.Fatal(err)
	}
	in[file.chunks[2][0].DataPageOffset] ^= 0xff
	var m memory
	var report recorder
	im := Import{Calls: &m, Report: &report}
	_, err = im.Run(t.Context(), []Source{source("c.parquet", bytes.NewReader(in))})
	if want := `c.parquet:2001: row 2001: the column "id": a page is damaged`; !strings.HasPrefix(fmt.Sprint(err), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if len(m.documents) != 2000 {
		t.Errorf("%d calls are kept", len(m.documents))
	}
}

func inMemory(in []byte) parquetSource {
	file, err := fstest.MapFS{"f": {Data: in}}.Open("f")
	if err != nil {
		panic(err)
	}
	return file.(parquetSource)
}
