package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"

	"github.com/callvault/callvault"
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

// What other programs write is read by the types of its columns: in every codec, both
// kinds of pages, and the encodings that they use.
func TestForeignParquet(t *testing.T) {
	want := lines(
		`1 {"id":"7782342274025937895","title":"a","scheduled":"2018-02-18T02:30:00.123456789Z","started":"2018-02-18T02:30:00.123Z","duration":460,"primaryUserId":"4294967295","direction":"Inbound","workspaceId":"18446744073709551615","isPrivate":true,"team":"","seats":-3,"score":1.5,"won":false,"day":"1969-12-31","at":"1969-12-31T23:59:59.999999Z"}`,
		`2 {"id":"2","title":"","scheduled":"1970-01-01T00:00:00Z","started":"2018-02-18T02:30:00.123Z","direction":"Unknown","day":"2018-02-18","at":"1970-01-01T00:00:00Z"}`,
		`3 duration: "0.5" is not a whole number of at least 0`,
		`4 direction: "" is not one of Inbound, Outbound, Conference, Unknown`,
	)
	for name, codec := range map[string]compress.Codec{"none": &parquet.Uncompressed, "snappy": &parquet.Snappy, "gzip": &parquet.Gzip, "zstd": &parquet.Zstd} {
		for version := 1; version <= 2; version++ {
			in := table(t, foreignRows(), parquet.Compression(codec), parquet.DataPageVersion(version))
			if got := documents(t, bytes.NewReader(in)); got != want {
				t.Errorf("%s, pages of form %d: %s", name, version, cmp.Diff(want, got))
			}
		}
	}
	r, err := NewReader(bytes.NewReader(table(t, foreignRows())))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, want := fmt.Sprint(r.Unknown), "[team seats score won day at]"; got != want {
		t.Errorf("unknown columns: %s", got)
	}
}

// documents is every record as its line and its document without nulls, or its
// problems.
func documents(t testing.TB, in io.Reader) string {
	t.Helper()
	r, err := NewReader(in)
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
		Document *string `parquet:"document,optional"`
	}
	document := string(storetest.NewCall(t, storetest.Filled("5")).Document)
	got := documents(t, bytes.NewReader(table(t, []row{
		{"nonsense", "x", new("'=1"), &document},
		{"2", "2018-02-18T02:30Z", new("'=1"), nil},
		{"3", "2018-02-18", nil, new("")},
		{"4", "2018-02-18", nil, new("{")},
	})))
	call, err := gong.ParseCall([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	want := lines("1 "+string(call.AppendJSON(nil)), `2 {"id":"2","title":"'=1","started":"2018-02-18T02:30:00Z"}`,
		`3 started: "2018-02-18" has no time of day and no UTC offset; accepted is ISO-8601 with a UTC offset, such as 2018-02-18T08:00:00Z or 2018-02-18T02:30:00-07:00`,
		`4 document: not valid JSON: it ends too early; this column is for whole calls, as JSON`)
	if got != want {
		t.Error(cmp.Diff(want, got))
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
	type decimals struct {
		ID   string `parquet:"id"`
		Cost int64  `parquet:"cost,decimal(2:10)"`
	}
	type nobody struct {
		Name string `parquet:"name"`
	}
	for want, in := range map[string][]byte{
		`the column "teams" is nested`:                                    table(t, []nested{{}}),
		`the column "started" has times without a zone; accepted are`:     table(t, []local{{}}),
		`the column "started" has dates without a time; accepted are`:     table(t, []dates{{}}),
		`the column "id" has numbers with a fraction; accepted are texts`: table(t, []fractions{{}}),
		`the column "started" has whole numbers; accepted are timestamps`: table(t, []epochs{{}}),
		`the column "cost" has values of a type that is not read`:         table(t, []decimals{{}}),
		`there is neither a column id nor a column document among`:        table(t, []nobody{{}}),
		`it is compressed by BROTLI; accepted are`:                        table(t, foreignRows(), parquet.Compression(&parquet.Brotli)),
	} {
		if got := documents(t, bytes.NewReader(in)); !strings.Contains(got, "! ") || !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// parquetRow is the table as its readers see it.
type parquetRow struct {
	ID              string  `parquet:"id"`
	URL             *string `parquet:"url,optional"`
	Title           *string `parquet:"title,optional"`
	Scheduled       *int64  `parquet:"scheduled,optional,timestamp(microsecond)"`
	Started         *int64  `parquet:"started,optional,timestamp(microsecond)"`
	Duration        *int64  `parquet:"duration,optional"`
	PrimaryUserID   *string `parquet:"primaryUserId,optional"`
	Direction       *string `parquet:"direction,optional,dict"`
	System          *string `parquet:"system,optional"`
	Scope           *string `parquet:"scope,optional,dict"`
	Media           *string `parquet:"media,optional,dict"`
	Language        *string `parquet:"language,optional"`
	WorkspaceID     *string `parquet:"workspaceId,optional,dict"`
	SDRDisposition  *string `parquet:"sdrDisposition,optional"`
	ClientUniqueID  *string `parquet:"clientUniqueId,optional"`
	CustomData      *string `parquet:"customData,optional"`
	Purpose         *string `parquet:"purpose,optional"`
	MeetingURL      *string `parquet:"meetingUrl,optional"`
	IsPrivate       *bool   `parquet:"isPrivate,optional"`
	CalendarEventID *string `parquet:"calendarEventId,optional"`
	Document        string  `parquet:"document"`
}

// The types of columns, and what they are for readers that prune.
func TestParquetColumns(t *testing.T) {
	want := oddDocuments(t)
	in := written(t, Parquet, want)
	file, err := parquet.OpenFile(bytes.NewReader(in), int64(len(in)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := file.Metadata().CreatedBy, "callvault version 1(build 0)"; got != want {
		t.Errorf("it is made by %q", got)
	}
	if got, want := file.Schema().Fields(), parquet.SchemaOf(parquetRow{}).Fields(); len(got) != len(want) {
		t.Errorf("there are %d columns", len(got))
	} else {
		for i := range want {
			if got, want := fmt.Sprint(got[i].Name(), " ", got[i].Type(), got[i].Optional()), fmt.Sprint(want[i].Name(), " ", want[i].Type(), want[i].Optional()); got != want {
				t.Errorf("a column is %s, not %s", got, want)
			}
		}
	}
	rows, err := parquet.Read[parquetRow](bytes.NewReader(in), int64(len(in)))
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows {
		c, err := gong.ParseCall([]byte(want[i]))
		if err != nil {
			t.Fatal(err)
		}
		if row.Document != want[i] {
			t.Errorf("row %d has the document %s, not %s", i, row.Document, want[i])
		}
		expect := parquetRow{
			c.ID, c.URL, c.Title, micros(c.Scheduled), micros(c.Started), c.Duration, c.PrimaryUserID, (*string)(c.Direction), c.System, (*string)(c.Scope),
			(*string)(c.Media), c.Language, c.WorkspaceID, c.SDRDisposition, c.ClientUniqueID, c.CustomData, c.Purpose, c.MeetingURL, c.IsPrivate, c.CalendarEventID, want[i],
		}
		if diff := cmp.Diff(expect, row); diff != "" {
			t.Errorf("row %d: %s", i, diff)
		}
	}
}

func micros(t *gong.Time) *int64 {
	if t == nil {
		return nil
	}
	return new(int64(callvault.FloorTime(t.Instant())))
}

// Each row group and each page says which times it has, and a group has no more
// than it may.
func TestParquetBounds(t *testing.T) {
	var all []string
	started := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	title := strings.Repeat("long ", 1000)
	for bytes := 0; bytes < groupBytes*9/8; bytes += len(all[len(all)-1]) {
		i := len(all)
		call := gong.Call{ID: fmt.Sprint(i + 1), Title: &title, Started: new(gong.TimeOf(started.Add(time.Duration(i) * time.Second)))}
		all = append(all, string(storetest.NewCall(t, call).Document))
	}
	in := written(t, Parquet, all)
	file, err := parquet.OpenFile(bytes.NewReader(in), int64(len(in)))
	if err != nil {
		t.Fatal(err)
	}
	row := 0
	for _, g := range file.RowGroups() {
		if g.NumRows() > groupBytes/int64(len(title)) {
			t.Errorf("a group has %d rows", g.NumRows())
		}
		chunk := g.ColumnChunks()[startedField]
		index, err := chunk.ColumnIndex()
		if err != nil {
			t.Fatal(err)
		}
		offsets, err := chunk.OffsetIndex()
		if err != nil {
			t.Fatal(err)
		}
		for i := range index.NumPages() {
			first, next := offsets.FirstRowIndex(i), g.NumRows()
			if i+1 < index.NumPages() {
				next = offsets.FirstRowIndex(i + 1)
			}
			low, high := started.Add(time.Duration(row+int(first))*time.Second), started.Add(time.Duration(row+int(next)-1)*time.Second)
			if index.MinValue(i).Int64() != low.UnixMicro() || index.MaxValue(i).Int64() != high.UnixMicro() {
				t.Errorf("page %d of rows from %d has the bounds %v and %v", i, row, index.MinValue(i), index.MaxValue(i))
			}
		}
		row += int(g.NumRows())
	}
	if len(file.RowGroups()) != 2 || row != len(all) {
		t.Errorf("%d rows in %d groups", row, len(file.RowGroups()))
	}
}

// A file on the disk is read where it is, and what is not is spooled to a file that
// is gone afterwards.
func TestParquetSources(t *testing.T) {
	spool := t.TempDir()
	t.Setenv("TMPDIR", spool)
	want := oddDocuments(t)
	in := written(t, Parquet, want)
	path := filepath.Join(t.TempDir(), "calls.parquet")
	if err := os.WriteFile(path, in, 0o600); err != nil {
		t.Fatal(err)
	}
	onDisk := Source{Name: "disk", Open: func() (io.ReadCloser, error) { return os.Open(path) }}
	for name, s := range map[string]Source{
		"a file": onDisk,
		"a pipe": source("pipe", bytes.NewReader(in)),
		"gzip":   source("gzip", bytes.NewReader(gzipped(t, string(in)))),
		"zstd":   source("zstd", bytes.NewReader(zstandard(t, string(in)))),
	} {
		var m memory
		var report recorder
		im := Import{Calls: &m, Report: &report}
		result, err := im.Run(t.Context(), []Source{s})
		if err != nil || result.Skipped != 0 {
			t.Fatalf("%s: %+v, %v", name, result, err)
		}
		if diff := cmp.Diff(want, m.documents); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got, want := report.all(), fmt.Sprintf("committed [%s:%d] {Created:%d Changed:0 Unchanged:0}", s.Name, len(want), len(want)); len(got) != 1 || got[0] != want {
			t.Errorf("%s: it said %q, want %q", name, got, want)
		}
		if left, err := os.ReadDir(spool); err != nil || len(left) > 0 {
			t.Errorf("%s: left is %v, %v", name, left, err)
		}
	}
	broken := errors.New("disk on fire")
	cut := io.MultiReader(bytes.NewReader(in[:len(in)/2]), errorReader{broken})
	if _, err := NewReader(cut); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(spool); err != nil || len(left) > 0 {
		t.Errorf("behind an error left is %v, %v", left, err)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }
