package api

import (
	"net/url"
	"testing"
)

// FuzzUnescape compares with net/url.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{"", "a+b", "%41%zz", "%", "%4", "100%2", "%e2%82%AC", "+%2B+", "%%41"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := unescape(s)
		want, err := url.QueryUnescape(s)
		if got != want || ok != (err == nil) {
			t.Errorf("%q: got %q, %t, want %q, %v", s, got, ok, want, err)
		}
	})
}
