package bulk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/storetest"
)

// table is a Parquet file of somebody else's.
func table[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// foreign is a table as other programs write one: ids as numbers or texts, times as
// timestamps of any unit, columns of their own.
type foreign struct {
	ID        int64     `parquet:"id"`
	Workspace *uint64   `parquet:"workspaceId,optional"`
	User      *uint32   `parquet:"primaryUserId,optional"`
	Title     *string   `parquet:"title,optional,dict"`
	Direction string    `parquet:"direction,enum"`
	Started   time.Time `parquet:"started,timestamp(millisecond)"`
	Scheduled int64     `parquet:"scheduled,timestamp(nanosecond)"`
	Duration  float64   `parquet:"duration"`
	Private   *bool     `parquet:"isPrivate,optional"`
	Team      *string   `parquet:"team,optional"`
	Seats     *int32    `parquet:"seats,optional"`
	Score     *float32  `parquet:"score,optional"`
	Won       *bool     `parquet:"won,optional"`
	Day       int32     `parquet:"day,date"`
	At        int64     `parquet:"at,timestamp(microsecond)"`
}

func foreignRows() []foreign {
	started := time.Date(2018, 2, 18, 2, 30, 0, 123e6, time.UTC)
	return []foreign{
		{
			ID: 7782342274025937895, Workspace: new(uint64(math.MaxUint64)), User: new(uint32(math.MaxUint32)), Title: new("a"), Direction: "inbound",
			Started: started, Scheduled: started.UnixNano() + 456789, Duration: 460, Private: new(true), Team: new(""), Seats: new(int32(-3)),
			Score: new(float32(1.5)), Won: new(false), Day: -1, At: -1,
		},
		{ID: 2, Title: new(""), Direction: "Unknown", Started: started, Duration: math.NaN(), Day: 17580},
		{ID: 3, Direction: "Outbound", Started: started, Duration: 0.5},
		{ID: -4, Direction: "", Started: started},
	}
}

// What other programs write is read by the types of its columns, in every compression
// and both forms of pages.
func TestForeignParquet(t *testing.T) {
	want := lines(
		`1 {"id":"7782342274025937895","title":"a","scheduled":"2018-02-18T02:30:00.123456789Z","started":"2018-02-18T02:30:00.123Z","duration":460,"primaryUserId":"4294967295","direction":"Inbound","workspaceId":"18446744073709551615","isPrivate":true,"team":"","seats":-3,"score":1.5,"won":false,"day":"1969-12-31","at":"1969-12-31T23:59:59.999999Z"}`,
		`2 {"id":"2","title":"","scheduled":"1970-01-01T00:00:00Z","started":"2018-02-18T02:30:00.123Z","direction":"Unknown","day":"2018-02-18","at":"1970-01-01T00:00:00Z"}`,
		`3 duration: "0.5" is not a whole number of at least 0`,
		`4 direction: "" is not one of Inbound, Outbound, Conference, Unknown`,
	)
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd, &parquet.Brotli, &parquet.Lz4Raw} {
		for version := 1; version <= 2; version++ {
			in := table(t, foreignRows(), parquet.Compression(codec), parquet.DataPageVersion(version))
			if got := documents(t, bytes.NewReader(in)); got != want {
				t.Errorf("%v, pages of form %d: %s", codec, version, cmp.Diff(want, got))
			}
		}
	}
	r, err := newReader(bytes.NewReader(table(t, foreignRows())), Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, want := strings.Join(r.header.notes(), "\n"), `unknown columns are kept as further fields: "team", "seats", "score", "won", "day", "at"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// documents is every record as its line and its document without nulls, or its
// problems.
func documents(t testing.TB, in io.Reader) string {
	t.Helper()
	r, err := newReader(in, Mapping{})
	if err != nil {
		return "! " + err.Error()
	}
	defer r.Close()
	var all []string
	for {
		record, err := r.Read()
		if err == io.EOF {
			return lines(all...)
		}
		if err != nil {
			return lines(append(all, "! "+err.Error())...)
		}
		text := fmt.Sprint(record.Err)
		if record.Err == nil {
			text = string(record.Call.AppendJSON(nil))
			for _, name := range gong.FieldNames() {
				text = strings.Replace(text, fmt.Sprintf(",%q:null", name), "", 1)
			}
		}
		all = append(all, fmt.Sprintf("%d %s", record.Line, text))
	}
}

// A row that has a document goes by it alone, others by their columns.
func TestParquetDocumentWins(t *testing.T) {
	type row struct {
		ID       string  `parquet:"id"`
		Started  string  `parquet:"started"`
		Title    *string `parquet:"title,optional"`
		Name     *string `parquet:"workspaceName,optional"` // import ignores it in a table with a document
		Document *string `parquet:"document,optional"`
	}
	document := string(storetest.NewCall(t, storetest.Filled("5")).Document)
	got := documents(t, bytes.NewReader(table(t, []row{
		{"nonsense", "x", new("'=1"), nil, &document},
		{"2", "2018-02-18T02:30Z", new("'=1"), new("Sales"), nil},
		{"3", "2018-02-18", nil, nil, new("")},
		{"4", "2018-02-18", nil, nil, new("{")},
	})))
	call, err := gong.ParseCall([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	want := lines("1 "+string(call.AppendJSON(nil)), `2 {"id":"2","title":"'=1","started":"2018-02-18T02:30:00Z"}`,
		`3 started: "2018-02-18" has no time of day and no UTC offset; use ISO-8601 with a UTC offset, such as 2018-02-18T08:00:00Z or 2018-02-18T02:30:00-07:00`,
		`4 document: not valid JSON: it ends too early; this column is for whole calls, as JSON`)
	if got != want {
		t.Error(cmp.Diff(want, got))
	}
}

// rare is a table with the types and encodings of Spark, Snowflake and pandas.
type rare struct {
	ID       [16]byte         `parquet:"id,decimal(0:38)"`
	Started  deprecated.Int96 `parquet:"started"`
	Duration int64            `parquet:"duration,decimal(2:18)"`
	Title    string           `parquet:"title,delta"`
	Purpose  []byte           `parquet:"purpose"` // without a type
	Price    int32            `parquet:"price,decimal(3:9)"`
	Score    float64          `parquet:"score,split"`
	Seats    int64            `parquet:"seats,delta"`
	Local    int64            `parquet:"local,timestamp(microsecond:local)"`
	Large    int64            `parquet:"large,timestamp(millisecond)"`
	Nothing  *int32           `parquet:"nothing,optional"`
}

func rareRows() []rare {
	nanos := uint64(2*time.Hour + 30*time.Minute + 1)
	started := deprecated.Int96{uint32(nanos), uint32(nanos >> 32), 2458168}
	id := func(n int64) (all [16]byte) {
		binary.BigEndian.PutUint64(all[:8], uint64(n>>63))
		binary.BigEndian.PutUint64(all[8:], uint64(n))
		return all
	}
	return []rare{
		{ID: id(math.MaxInt64), Started: started, Duration: 46000, Title: "a", Purpose: []byte("b"), Price: -1230, Score: 0.1, Seats: -3, Local: -1, Large: 253402300799999},
		{ID: id(-2), Started: started, Title: "ab", Price: 5, Score: 1e300, Large: -62135596800000},
		{ID: id(3), Started: started, Title: "abc", Purpose: []byte("\xff"), Score: math.Inf(1)},
	}
}

func TestRareParquet(t *testing.T) {
	in := withMetadata(t, table(t, rareRows()), func(m *format.FileMetaData) {
		m.Schema[len(m.Schema)-1].LogicalType.Value = new(format.NullType) // as pandas has a column without values
	})
	want := lines(
		`1 {"id":"9223372036854775807","title":"a","started":"2018-02-18T02:30:00.000000001Z","duration":460,"purpose":"b","price":-1.23,"score":0.1,"seats":-3,"local":"1969-12-31T23:59:59.999999","large":"9999-12-31T23:59:59.999Z"}`,
		`2 {"id":"-2","title":"ab","started":"2018-02-18T02:30:00.000000001Z","duration":0,"purpose":"","price":0.005,"score":1e+300,"seats":0,"local":"1970-01-01T00:00:00","large":"0001-01-01T00:00:00Z"}`,
		`3 purpose: is not valid UTF-8; score: is infinite`,
	)
	if got := documents(t, bytes.NewReader(in)); got != want {
		t.Error(cmp.Diff(want, got))
	}
}

// Pages of every compression are read whole, however little they are compressed, also
// where a row group is compressed in another way, which no page tells.
func TestParquetCompressions(t *testing.T) {
	type row struct {
		ID    string `parquet:"id"`
		Title string `parquet:"title"`
	}
	random := rand.New(rand.NewPCG(1, 2))
	var rows []row
	for i := range 3000 {
		rows = append(rows, row{fmt.Sprint(i + 1), strings.Repeat(fmt.Sprintf("%x", random.Uint64()), 1+i%3)})
	}
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd, &parquet.Brotli, &parquet.Lz4Raw} {
		in := table(t, rows, parquet.Compression(codec), parquet.MaxRowsPerRowGroup(1000), parquet.PageBufferSize(10_000))
		r, err := newReader(bytes.NewReader(in), Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			if record, err := r.Read(); err != nil || record.Line != i+1 || record.Call.ID != rows[i].ID || *record.Call.Title != rows[i].Title {
				t.Fatalf("%v: row %d is %+v, %v", codec, i+1, record, err)
			}
		}
		if _, err := r.Read(); err != io.EOF {
			t.Errorf("%v: it ends with %v", codec, err)
		}
		r.Close()
	}
}

// Columns that could only be guessed at are refused, by their names.
func TestRefusedParquet(t *testing.T) {
	type nested struct {
		ID    string   `parquet:"id"`
		Teams []string `parquet:"teams,list"`
	}
	type local struct {
		ID      string `parquet:"id"`
		Started int64  `parquet:"started,timestamp(microsecond:local)"`
	}
	type dates struct {
		ID      string `parquet:"id"`
		Started int32  `parquet:"started,date"`
	}
	type fractions struct {
		ID float64 `parquet:"id"`
	}
	type epochs struct {
		ID      string `parquet:"id"`
		Started int64  `parquet:"started"`
	}
	type unique struct {
		ID  string   `parquet:"id"`
		Key [16]byte `parquet:"key,uuid"`
	}
	type snowflake struct {
		ID      string `parquet:"ID"`
		Started string `parquet:"STARTED"`
	}
	for want, in := range map[string][]byte{
		`the column "teams" is nested: a list, a map or a structure; leave it out, or make it text`:                   table(t, []nested{{}}),
		`the column "started" has times without a zone; make them timestamps in UTC or texts`:                         table(t, []local{{}}),
		`the column "started" has dates without a time; make them timestamps in UTC or texts`:                         table(t, []dates{{}}),
		`the column "id" has numbers with a fraction; make them texts or whole numbers or decimals`:                   table(t, []fractions{{}}),
		`the column "started" has whole numbers; make them timestamps in UTC or texts`:                                table(t, []epochs{{}}),
		`the column "key" has values of the type UUID; leave it out, or make it text`:                                 table(t, []unique{{}}),
		`columns differ from fields only by case or spaces; rename "ID" to id, "STARTED" to star`:                     table(t, []snowflake{{}}),
		`the name of column 1, "i\xff", is not valid UTF-8`:                                                           withMetadata(t, table(t, []snowflake{{}}), func(m *format.FileMetaData) { m.Schema[1].Name = "i\xff" }),
		`row 1: the column "id": its compression is LZO, which callvault does not read; write it with zstd or snappy`: relabelled(t, foreignRows(), format.LZO),
	} {
		if got := documents(t, bytes.NewReader(in)); !strings.Contains(got, "! ") || !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// relabelled is a table whose metadata names another compression than it has.
func relabelled[T any](t testing.TB, rows []T, codec format.CompressionCodec) []byte {
	return withMetadata(t, table(t, rows, parquet.Compression(&parquet.Uncompressed)), func(m *format.FileMetaData) {
		for i := range m.RowGroups[0].Columns {
			m.RowGroups[0].Columns[i].MetaData.Codec = codec
		}
	})
}

// The columns of Parquet are told of as those of CSV are.
func TestParquetColumnNotes(t *testing.T) {
	type misspelt struct {
		ID       string `parquet:"id"`
		Started  string `parquet:"started"`
		Duration int64  `parquet:"duraton"`
		Team     string `parquet:"team"`
	}
	type nearly struct {
		ID      string `parquet:"id"`
		Started string `parquet:"strated"`
	}
	var r recorder
	im := &Import{Calls: &memory{}, Report: &r}
	_, err := im.Check(t.Context(), []Source{source("c.parquet", bytes.NewReader(table(t, []misspelt{{ID: "1", Started: "2018-02-18T02:30Z"}})))})
	want := []string{`c.parquet:1: unknown columns are kept as further fields: "duraton", "team"`}
	if diff := cmp.Diff(want, r.all()); diff != "" || err != nil {
		t.Error(diff, err)
	}
	_, err = im.Run(t.Context(), []Source{source("c.parquet", bytes.NewReader(table(t, []nearly{{ID: "1"}})))})
	if want := `c.parquet: column started or scheduled not found in the header "id,strated"; name the columns as fields, such as id, started, title`; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
