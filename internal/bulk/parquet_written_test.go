package bulk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/callvault/callvault"
	"github.com/callvault/callvault/gong"
	"github.com/callvault/callvault/internal/storetest"
)

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
	PrimaryUserName *string `parquet:"primaryUserName,optional,dict"`
	WorkspaceName   *string `parquet:"workspaceName,optional,dict"`
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
			(*string)(c.Media), c.Language, c.WorkspaceID, c.SDRDisposition, c.ClientUniqueID, c.CustomData, c.Purpose, c.MeetingURL, c.IsPrivate, c.CalendarEventID,
			writtenName(callvault.Users, c.PrimaryUserID), writtenName(callvault.Workspaces, c.WorkspaceID), want[i],
		}
		if diff := cmp.Diff(expect, row); diff != "" {
			t.Errorf("row %d: %s", i, diff)
		}
	}
}

func writtenName(kind callvault.Kind, id *string) *string {
	if id == nil || writtenNames.Of(kind, *id) == "" {
		return nil
	}
	return new(writtenNames.Of(kind, *id))
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
	if _, err := newReader(cut, Mapping{}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if left, err := os.ReadDir(spool); err != nil || len(left) > 0 {
		t.Errorf("behind an error left is %v, %v", left, err)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }
