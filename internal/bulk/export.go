package bulk

import (
	"bufio"
	"context"
	"io"

	"github.com/callvault/callvault"
)

// Export writes the calls that a query selects as NDJSON, in the one order of
// calls, as they are at one moment, and tells how many there were. Imported
// into an empty store they are the same calls, byte for byte.
func Export(ctx context.Context, calls callvault.Calls, q callvault.Query, w io.Writer) (written int, err error) {
	out := bufio.NewWriterSize(w, 64<<10)
	err = calls.Scan(ctx, q, q.Start(), -1, func(row callvault.Row) error {
		out.Write(row.Document) // an error of out stays until the next line
		written++
		return out.WriteByte('\n')
	})
	if err != nil {
		return written, err
	}
	return written, out.Flush()
}
