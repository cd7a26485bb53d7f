package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/callvault/callvault/internal/bulk"
)

const exportedCall = `{"id":"1","started":"2026-01-05T08:00:00.123456789+01:00","title":"=1+1","further":[1.50]}` + "\n"

// The name of a file says what is written, unless --output does; from each comes
// back what was exported.
func TestExportFormats(t *testing.T) {
	c := newCLI(t)
	c.stdin = exportedCall
	c.must("import", "-")
	want := c.must("export")
	folder := t.TempDir()
	for name, begin := range map[string]string{
		"a.ndjson": want, "a.jsonl": want, "a": want, "a.json": "[\n{", "a.csv": "id,url,", "a.CSV": "id,url,", "a.parquet": "PAR1",
		"a.ndjson.gz": "\x1f\x8b", "a.csv.zst": "\x28\xb5\x2f\xfd", "a.gz": "\x1f\x8b",
	} {
		path := filepath.Join(folder, name)
		c.must("export", path)
		content, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(content), begin) {
			t.Errorf("%s begins with %.10q, %v", name, content, err)
		}
		other := newCLI(t)
		other.must("import", "--strict", path)
		if got := other.must("export"); got != want {
			t.Errorf("from %s came back %s", name, got)
		}
	}
	for _, f := range bulk.Formats() {
		path := filepath.Join(folder, "b.csv")
		c.must("export", "--force", "-o", string(f), path)
		content, err := os.ReadFile(path)
		if got := c.must("export", "-o", strings.ToUpper(string(f))); err != nil || got != string(content) {
			t.Errorf("%s to standard output is not what is in a file: %v", f, err)
		}
	}
	for args, problem := range map[string]string{
		"export -o xml":                    `--output "xml": use ndjson, json, csv or parquet`,
		"export a.parquet.gz":              "Parquet compresses itself",
		"export -o parquet calls.zst":      "Parquet compresses itself",
		"export -o csv --from 2026-01-02T": "is not a time",
	} {
		if got := c.run(strings.Fields(args)...); got.code != exitUsage || !strings.Contains(got.stderr, problem) {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 11 {
		t.Errorf("left are %v, %v", left, err)
	}
}
