package bulk

import (
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// NewCompressor compresses what is written to it; to close it completes that, and
// leaves w open. The same bytes come to the same bytes, on every machine: no time,
// no name, and one encoder however many processors there are.
func NewCompressor(w io.Writer, z Compression) (io.WriteCloser, error) {
	switch z {
	case Gzip:
		return gzip.NewWriter(w), nil
	case Zstd:
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	}
	return asItIs{w}, nil
}

// asItIs is not compressed.
type asItIs struct{ io.Writer }

func (asItIs) Close() error { return nil }
