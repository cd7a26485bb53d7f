package file

import "testing"

func TestPartialName(t *testing.T) {
	for path, want := range map[string]string{
		"calls.json":            "calls.partial.json",
		"calls":                 "calls.partial",
		"of/2026.01/calls.csv":  "of/2026.01/calls.partial.csv",
		"january.v2.ndjson.zst": "january.v2.partial.ndjson.zst",
		"calls.gz":              "calls.partial.gz",
	} {
		if got := PartialName(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}
