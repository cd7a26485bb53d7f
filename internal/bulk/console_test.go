package bulk

import (
	"errors"
	"slices"
	"testing"

	"github.com/callvault/callvault"
)

// readWith writes down how many bytes were read for what is committed.
type readWith struct {
	recorder
	read []int64
}

func (r *readWith) Committed(_ []Place, _ callvault.PutResult, read int64) {
	r.read = append(r.read, read)
}

// What the bar shows was read before the batch was put that is committed, and not since.
func TestCommittedBytes(t *testing.T) {
	for _, fault := range []error{nil, errors.New("disk on fire")} {
		read, want := int64(100), []int64{100}
		if fault != nil {
			want = nil
		}
		var r readWith
		m := memory{put: func() error { read = 300; return fault }}
		im := Import{Calls: &m, Report: &r, Read: func() int64 { return read }}
		if _, err := im.Run(t.Context(), []Source{text("a.ndjson", calls(1, 1, ""))}); !errors.Is(err, fault) || !slices.Equal(r.read, want) {
			t.Errorf("%v: read %v, want %v", err, r.read, want)
		}
	}
}
