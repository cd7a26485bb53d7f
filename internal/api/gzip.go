package api

import (
	"bytes"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// minGzip is the largest body that is sent uncompressed: it fits one packet anyway.
const minGzip = 1 << 10

// compressor is a gzip writer and the buffer it writes to. The body is
// compressed whole, so that its length is known before it is sent.
type compressor struct {
	out    bytes.Buffer
	writer *gzip.Writer
	body   [1][]byte
}

// compressors keeps compressors, which are large, from one body to the next.
var compressors = sync.Pool{New: func() any {
	z := &compressor{}
	// The level is valid, so there is no error. The fastest already makes a page
	// six times smaller. A better one costs more than it saves.
	z.writer, _ = gzip.NewWriterLevel(&z.out, gzip.BestSpeed)
	return z
}}

// compress returns a body compressed, in one part. It is good until the next call.
func (z *compressor) compress(body [][]byte) [][]byte {
	if z.out.Cap() > maxKept {
		z.out = bytes.Buffer{}
	}
	z.out.Reset()
	z.writer.Reset(&z.out)
	for _, part := range body {
		z.writer.Write(part) // a bytes.Buffer takes everything
	}
	z.writer.Close()
	z.body[0] = z.out.Bytes()
	return z.body[:]
}

// acceptsGzip reports whether Accept-Encoding prefers gzip: it names gzip or "*" with
// a weight that is not 0 and not less than the weight of identity.
func acceptsGzip(values []string) bool {
	gzip, identity, others := -1.0, -1.0, -1.0 // not named
	for _, value := range values {
		for item := range strings.SplitSeq(value, ",") {
			coding, parameter, _ := strings.Cut(item, ";")
			weight := quality(parameter)
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				gzip = weight
			case "identity":
				identity = weight
			case "*":
				others = weight
			}
		}
	}
	if gzip < 0 {
		gzip = others
	}
	return gzip > 0 && gzip >= identity
}

// quality is the weight in the parameters of a coding: 1 if there is none, 0 if it is
// malformed.
func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		if weight, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && 0 <= weight && weight <= 1 {
			return weight
		}
		return 0
	}
	return 1
}
