package bulk

import "testing"

func TestFormOf(t *testing.T) {
	for _, tt := range []struct {
		format Format
		file   string
		want   Form
	}{
		{"", "-", Form{NDJSON, Uncompressed}},
		{"", "calls.jsonl", Form{NDJSON, Uncompressed}},
		{"", "calls.v2.JSON.gz", Form{JSON, Gzip}},
		{"", "folder.csv/calls.parquet", Form{Parquet, Uncompressed}},
		{"", "calls.gz", Form{NDJSON, Gzip}},
		{"", "of.2026/calls", Form{NDJSON, Uncompressed}},
		{"json", "calls.tsv", Form{JSON, Uncompressed}},
		{"csv", "calls.json.zst", Form{CSV, Zstd}},
		{"parquet", "-", Form{Parquet, Uncompressed}},
	} {
		if got, err := FormOf(tt.format, tt.file); err != nil || got != tt.want {
			t.Errorf("%+v: %+v, %v", tt, got, err)
		}
	}
}
